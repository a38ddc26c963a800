"""The ladder of a call: as JSON, as text, and as a capture file."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import AskedNow
from trunkline.api.native.documents import answer
from trunkline.api.native.parameters import Reference
from trunkline.api.native.problems import not_known
from trunkline.api.native.schemas.ladders import LadderDocument, ladder_document

router: Final = APIRouter(
    route_class=NativeRoute, tags=["Ladders"], prefix="/accounts/{account}/calls/{call}/ladder"
)
PCAP: Final = "application/vnd.tcpdump.pcap"
_TEXT: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Text"}
}
_PCAP: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {PCAP: {"schema": {"type": "string", "format": "binary"}}},
        "description": "A capture file",
    }
}


@router.get("", response_model=LadderDocument)
async def show_ladder(asked: AskedNow, call: Reference) -> Response:
    """Every SIP message of a running or past call on all its legs, with what was decided and measured between."""
    ladder = await asked.operations.ladders.of(asked.account_id, call)
    if ladder is None:
        raise not_known("call")
    return answer(ladder_document(ladder))


@router.get(".txt", response_class=Response, responses=_TEXT)
async def show_ladder_text(asked: AskedNow, call: Reference) -> Response:
    """The ladder as text that can be pasted into a letter."""
    text = await asked.operations.ladders.text(asked.account_id, call)
    if text is None:
        raise not_known("call")
    return Response(text.encode("utf-8", "replace"), 200, media_type="text/plain")


@router.get(".pcap", response_class=Response, responses=_PCAP)
async def show_ladder_pcap(asked: AskedNow, call: Reference) -> Response:
    """The messages as a capture file for Wireshark, secrets starred out."""
    octets = await asked.operations.ladders.pcap(asked.account_id, call)
    if octets is None:
        raise not_known("call")
    headers = {"Content-Disposition": 'attachment; filename="ladder.pcap"'}
    return Response(octets, 200, headers, PCAP)
