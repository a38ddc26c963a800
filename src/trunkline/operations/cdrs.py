"""Past calls: searched, looked at, and exported as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from trunkline.domain.cdr import Cdr
from trunkline.domain.cdr_search import CdrFilter, CdrPage
from trunkline.operations.pages import page_size
from trunkline.operations.ports import CdrSearch

_ROWS_AT_ONCE: Final = 200

_ACTIVE: Final = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula."""

COLUMNS: Final = (
    "call_id", "sip_call_id", "started_at", "rang_at", "answered_at", "ended_at", "duration_s", "caller", "callee",
    "source", "user_agent", "credential_id", "inbound_trunk_id", "trunk_id", "end_cause", "status", "rejection",
    "detail", "relayed_packets", "caller_lost", "callee_lost", "caller_jitter_ms", "callee_jitter_ms",
)  # fmt: skip


class Cdrs:
    """See the module."""

    def __init__(self, search: CdrSearch) -> None:
        self._search = search

    async def page(
        self, account_id: int, wanted: CdrFilter | None = None, *, after: str = "", limit: int = 50
    ) -> CdrPage:
        """One page of an account's calls, the newest first; running calls that were answered are among them."""
        mine = replace(wanted or CdrFilter(), account_id=account_id)
        return await self._search.page(mine, after=after, limit=page_size(limit))

    async def get(self, account_id: int, call_id: str) -> Cdr | None:
        """The record of a call; None when there is none, or it is another account's."""
        cdr = await self._search.find(call_id)
        return cdr if cdr is not None and cdr.account_id == account_id else None

    async def csv(self, account_id: int, wanted: CdrFilter | None = None) -> AsyncIterator[str]:
        """Every record of a search as lines of CSV (RFC 4180), the names of the columns first.

        What a spreadsheet would take for a formula gets an apostrophe before it.
        """
        yield csv_line(COLUMNS)
        mine = replace(wanted or CdrFilter(), account_id=account_id)
        after = ""
        while True:
            page = await self._search.page(mine, after=after, limit=_ROWS_AT_ONCE)
            for cdr in page.cdrs:
                yield csv_line(_cells(cdr))
            after = page.after
            if not after:
                return


def csv_line(cells: tuple[object, ...]) -> str:
    """One line of CSV with its line end; None is an empty cell, text is made harmless for spreadsheets."""
    line = io.StringIO()
    csv.writer(line).writerow(["" if cell is None else _harmless(cell) for cell in cells])
    return line.getvalue()


def _harmless(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    text = cell.replace("\0", "")
    return f"'{text}" if text.lstrip(" ").startswith(_ACTIVE) or text.startswith(_ACTIVE) else text


def _cells(cdr: Cdr) -> tuple[object, ...]:
    media = cdr.media
    return (
        cdr.call_id, cdr.sip_call_id, _instant(cdr.started_at), _instant(cdr.rang_at), _instant(cdr.answered_at),
        _instant(cdr.ended_at), round(cdr.duration_s, 3), cdr.caller, cdr.callee, cdr.source, cdr.user_agent,
        cdr.credential_id, cdr.inbound_trunk_id, cdr.trunk_id,
        None if cdr.end_cause is None else cdr.end_cause.value, cdr.status, cdr.rejection, cdr.detail,
        *((None,) * 5 if media is None else (
            media.relayed, media.caller.lost, media.callee.lost, media.caller.jitter_ms, media.callee.jitter_ms,
        )),
    )  # fmt: skip


def _instant(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
