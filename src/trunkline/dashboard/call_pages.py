"""Calls: those that run and those that are over, one of them with its ladder, and hanging one up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from trunkline.dashboard.call_search import CAUSES, REFUSALS, WINDOWS, filter_of, words_of
from trunkline.dashboard.forms import Form
from trunkline.dashboard.ladder_view import view_of
from trunkline.dashboard.page import Page
from trunkline.dashboard.search_words import address
from trunkline.dashboard.visit import Visit
from trunkline.domain.cdr import Cdr
from trunkline.domain.cdr_search import CdrPage
from trunkline.domain.media import MediaStatistics
from trunkline.domain.role import Permission
from trunkline.operations.ports import LiveCall
from trunkline.provisioning.faults import ProvisioningFault

PAGE_SIZE: Final = 50
LIVE_SIZE: Final = 50
LINES_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class ShownCall:
    """A call, running or past, for its page."""

    cdr: Cdr
    live: LiveCall | None

    @property
    def media(self) -> MediaStatistics | None:
        """What is known of its sound."""
        return self.live.media if self.live is not None and self.live.media is not None else self.cdr.media


async def list_calls(visit: Visit) -> Response:
    """Running calls above the past ones; a script asks for them alone."""
    words, after = words_of(visit), _cursor(visit)
    form = Form(words)
    wanted = await filter_of(visit, form)
    account, path = visit.account.id, visit.path("calls")
    past = await visit.operations.cdrs.page(account, wanted, after=after, limit=PAGE_SIZE)
    # Running calls have no end, cause or refusal yet: they stand above a search that could mean them.
    is_now = not after and not any(words[name] for name in words if name != "party")
    running = (
        await visit.operations.calls.page(account, search=words["party"], limit=LIVE_SIZE) if is_now else None
    )
    return await visit.long_page(
        "calls/rows.html" if visit.is_fragment else "calls/list.html",
        form=form,
        running=running,
        past=_over(past),
        after=after,
        trunks=await _trunk_names(visit),
        windows=[(name, text) for name, (text, _) in WINDOWS.items()],
        causes=CAUSES,
        refusals=REFUSALS,
        is_narrowed=any(words.values()),
        here=address(path, {**words, "after": after}),
        first=address(path, words),
        following=address(path, {**words, "after": past.after}) if past.after else "",
        export=address(visit.path("calls.csv"), words),
    )


async def export(visit: Visit) -> Response:
    """The calls of a search as CSV, as long as they are."""
    wanted = await filter_of(visit, Form(words_of(visit)))
    headers = {"content-disposition": 'attachment; filename="calls.csv"'}
    lines = visit.operations.cdrs.csv(visit.account.id, wanted)
    return StreamingResponse(_in_pieces(lines), 200, headers, "text/csv; charset=utf-8")


async def show(visit: Visit) -> Response:
    """One call with its ladder; a script asks for what may have changed alone."""
    call = await _call(visit)
    ladder = await visit.operations.ladders.of(visit.account.id, call.cdr.call_id)
    trunks = await _trunk_names(visit)
    return await visit.long_page(
        "calls/call.html" if visit.is_fragment else "calls/detail.html",
        call=call,
        cdr=call.cdr,
        ladder=None if ladder is None else await view_of(ladder),
        credential=await _credential_name(visit, call.cdr),
        inbound=trunks.get(call.cdr.inbound_trunk_id or 0, ""),
        trunk=trunks.get(call.cdr.trunk_id or 0, ""),
        trunks=trunks,
        diagnosis=await visit.operations.diagnosis.of_call(visit.account.id, call.cdr.call_id),
        here=visit.path(f"calls/{call.cdr.call_id}"),
        now=visit.desk.clock.now(),
    )


async def show_text(visit: Visit) -> Response:
    """The ladder of a call as text."""
    text = await visit.operations.ladders.text(visit.account.id, visit.part("call"))
    if text is None:
        raise _unknown()
    headers = _attachment(visit, "txt")
    return Response(text, headers=headers, media_type="text/plain; charset=utf-8")


async def show_pcap(visit: Visit) -> Response:
    """The ladder of a call as a capture file."""
    data = await visit.operations.ladders.pcap(visit.account.id, visit.part("call"))
    if data is None:
        raise _unknown()
    return Response(data, headers=_attachment(visit, "pcap"), media_type="application/vnd.tcpdump.pcap")


async def ask_hang_up(visit: Visit) -> Response:
    """Say who will be cut off."""
    return visit.dialog("calls/hang_up.html", cdr=(await _call(visit)).cdr)


async def hang_up(visit: Visit) -> Response:
    """End a running call."""
    call_id = visit.part("call")
    ended = visit.operations.calls.hang_up(visit.account.id, call_id)
    return visit.go(
        f"calls/{call_id}" if ended else "calls", "It was hung up." if ended else "The call is over already."
    )


async def _call(visit: Visit) -> ShownCall:
    account, call_id = visit.account.id, visit.part("call")
    live = await visit.operations.calls.get(account, call_id)
    cdr = live.cdr if live is not None else await visit.operations.cdrs.get(account, call_id)
    if cdr is None:
        raise _unknown()
    return ShownCall(cdr, live)


def _cursor(visit: Visit) -> str:
    """Where the page begins; a cursor that no page gave begins at the top."""
    text = visit.query("after")[:200]
    try:
        float(text.partition("~")[0])
    except ValueError:
        return ""
    return text


def _unknown() -> HTTPException:
    return HTTPException(404, "There is no such call, or nothing is kept of it any more.")


def _over(found: CdrPage) -> tuple[Cdr, ...]:
    """Those that are over: the others stand above."""
    return tuple(cdr for cdr in found.cdrs if cdr.ended_at is not None)


async def _trunk_names(visit: Visit) -> dict[int, str]:
    return {trunk.id: trunk.name for trunk in await visit.provisioning.trunks.of(visit.account.id)}


async def _credential_name(visit: Visit, cdr: Cdr) -> str:
    """The address of the credential that called; empty when it was none, or it is gone."""
    if cdr.credential_id is None:
        return ""
    try:
        return (await visit.provisioning.credentials.get(visit.account.id, cdr.credential_id)).aor
    except ProvisioningFault:
        return ""


def _attachment(visit: Visit, ending: str) -> dict[str, str]:
    name = "".join(sign for sign in visit.part("call") if sign.isascii() and (sign.isalnum() or sign in "-_"))
    return {"content-disposition": f'attachment; filename="call-{name[:60]}.{ending}"'}


async def _in_pieces(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    piece: list[str] = []
    async for line in lines:
        piece.append(line)
        if len(piece) >= LINES_AT_ONCE:
            yield "".join(piece)
            piece.clear()
            await asyncio.sleep(0)
    yield "".join(piece)


PAGES: Final = (
    Page("GET", "calls", Permission.READ, list_calls),
    Page("GET", "calls.csv", Permission.READ, export),
    Page("GET", "calls/{call}", Permission.READ, show),
    Page("GET", "calls/{call}/ladder.txt", Permission.READ, show_text),
    Page("GET", "calls/{call}/ladder.pcap", Permission.READ, show_pcap),
    Page("GET", "calls/{call}/hang-up", Permission.OPERATE, ask_hang_up),
    Page("POST", "calls/{call}/hang-up", Permission.OPERATE, hang_up),
)
