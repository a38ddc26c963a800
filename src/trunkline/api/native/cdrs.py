"""Operations on call detail records."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime
from starlette.responses import Response, StreamingResponse

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import AskedNow
from trunkline.api.native.documents import LARGEST_ID, NO_CONTROLS, Page, answer, page_answer
from trunkline.api.native.paging import After, Limit, cursor, invalid_cursor, position
from trunkline.api.native.parameters import Reference
from trunkline.api.native.problems import not_known
from trunkline.api.native.schemas.calls import CdrDocument, cdr_document
from trunkline.domain.cdr import EndCause
from trunkline.domain.cdr_search import CdrFilter

router: Final = APIRouter(route_class=NativeRoute, tags=["Past calls"], prefix="/accounts/{account}/cdrs")

CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "Lines of CSV (RFC 4180)"}
}
_Word = Annotated[str, Query(max_length=320, pattern=NO_CONTROLS)]
_Id = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]
_Seconds = Annotated[float | None, Query(ge=0, le=1e9, allow_inf_nan=False)]


def wanted(
    since: Annotated[AwareDatetime | None, Query(description="Calls that began then or later.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Calls that began before.")] = None,
    party: Annotated[_Word, Query(description="A piece of the caller or callee.", examples=["+1555"])] = "",
    source: Annotated[_Word, Query(description="A piece of the caller's address or User-Agent.")] = "",
    sip_call_id: Annotated[_Word, Query(description="The whole Call-ID of any leg.")] = "",
    credential_id: _Id = None,
    trunk_id: Annotated[_Id, Query(description="It came in from there or went out through it.")] = None,
    end_cause: EndCause | None = None,
    rejection: Annotated[_Word, Query(description="The code of our refusal.", examples=["no-trunk"])] = "",
    answered: bool | None = None,
    status: Annotated[int | None, Query(ge=0, le=699)] = None,
    at_least_s: Annotated[_Seconds, Query(description="Seconds from answer to end.")] = None,
    at_most_s: _Seconds = None,
) -> CdrFilter:
    """What to search for; all conditions together."""
    return CdrFilter(
        credential_id=credential_id,
        trunk_id=trunk_id,
        since=None if since is None else since.timestamp(),
        until=None if until is None else until.timestamp(),
        party=party,
        end_cause=end_cause,
        rejection=rejection,
        answered=answered,
        source=source,
        sip_call_id=sip_call_id,
        status=status,
        at_least_s=at_least_s,
        at_most_s=at_most_s,
    )


Wanted = Annotated[CdrFilter, Depends(wanted)]


@router.get("", response_model=Page[CdrDocument])
async def list_cdrs(asked: AskedNow, search: Wanted, after: After = "", limit: Limit = 100) -> Response:
    """Past calls and those that were answered and still run, the newest first."""
    page = await asked.operations.cdrs.page(asked.account_id, search, after=_position(after), limit=limit)
    return await page_answer(cdr_document, page.cdrs, cursor(page.after) if page.after else None)


@router.get(".csv", response_class=Response, responses=CSV)
async def export_cdrs(asked: AskedNow, search: Wanted) -> Response:
    """All calls of a search as CSV, sent while it is read. What a spreadsheet would take for a formula is defused."""
    lines = asked.operations.cdrs.csv(asked.account_id, search)
    headers = {"Content-Disposition": 'attachment; filename="cdrs.csv"'}
    return StreamingResponse(lines, 200, headers, "text/csv")


@router.get("/{call}", response_model=CdrDocument)
async def show_cdr(asked: AskedNow, call: Reference) -> Response:
    """The record of a call."""
    found = await asked.operations.cdrs.get(asked.account_id, call)
    if found is None:
        raise not_known("call record")
    return answer(cdr_document(found))


def _position(after: str) -> str:
    """The store's own form is ``seconds~id``."""
    text = position(after)
    seconds, tilde, _ = text.partition("~")
    try:
        if text and (not tilde or not 0 <= float(seconds) < 1e12):
            raise invalid_cursor()
    except ValueError:
        raise invalid_cursor() from None
    return text
