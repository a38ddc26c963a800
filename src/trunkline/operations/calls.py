"""Running calls: which there are, how one does, and hanging it up."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, replace

from trunkline.operations.pages import in_pieces, page_size
from trunkline.operations.ports import LiveCall, LiveCalls

_BUILT_AT_ONCE = 100
"""Calls that are described before SIP gets its turn again."""


@dataclass(frozen=True, slots=True)
class CallPage:
    """Running calls, the newest first; ``total`` counts those of the search.

    ``after`` is where to go on, empty behind the last.
    """

    calls: tuple[LiveCall, ...]
    after: str
    total: int


class Calls:
    """See the module."""

    def __init__(self, live: LiveCalls) -> None:
        self._live = live

    async def page(self, account_id: int, *, search: str = "", after: str = "", limit: int = 50) -> CallPage:
        """Running calls of an account, without their RTP figures.

        ``search`` is a piece of caller, callee, source, User-Agent, a leg's address or party, or the whole of a
        Call-ID or call id.
        """
        size = page_size(limit)
        ids = self._live.ids(account_id)[::-1]
        wanted = search.strip().lower()
        if wanted:
            ids = [call.call_id for call in await self._described(ids) if _has(call, wanted)]
        total = len(ids)
        if after:
            ids = ids[self._position(ids, after) :]
        calls = await self._described(ids[:size])
        goes_on = len(ids) > size and calls
        return CallPage(tuple(calls), _cursor(calls[-1]) if goes_on else "", total)

    def count(self, account_id: int) -> int:
        """How many calls of an account run now."""
        return len(self._live.ids(account_id))

    async def get(self, account_id: int, call_id: str) -> LiveCall | None:
        """A running call with its RTP figures; None when it is over, or another account's."""
        call = self._live.get(call_id)
        if call is None or call.cdr.account_id != account_id:
            return None
        return replace(call, media=await self._live.media(call_id))

    def hang_up(self, account_id: int, call_id: str) -> bool:
        """End a call, with the cause *operator*; False when it is over, or another account's."""
        call = self._live.get(call_id)
        return call is not None and call.cdr.account_id == account_id and self._live.end(call_id)

    async def _described(self, ids: list[str]) -> list[LiveCall]:
        found: list[LiveCall] = []
        async for piece in in_pieces(ids, _BUILT_AT_ONCE):
            found += [call for call in map(self._live.get, piece) if call is not None]
        return found

    def _position(self, ids: list[str], after: str) -> int:
        """Where the page behind a cursor begins; the call that it names may have ended meanwhile."""
        started, _, call_id = after.partition("~")
        if call_id in ids:
            return ids.index(call_id) + 1
        try:
            return bisect.bisect_left(ids, -float(started), key=self._age)
        except ValueError:
            return len(ids)

    def _age(self, call_id: str) -> float:
        """What grows from the newest call to the oldest."""
        call = self._live.get(call_id)
        return -call.cdr.started_at if call is not None else 0.0


def _cursor(call: LiveCall) -> str:
    return f"{call.cdr.started_at!r}~{call.call_id}"


def _has(call: LiveCall, wanted: str) -> bool:
    cdr = call.cdr
    texts = (cdr.caller, cdr.callee, cdr.source, cdr.user_agent)
    if any(wanted in text.lower() for text in texts) or wanted == cdr.call_id.lower():
        return True
    return any(
        wanted in leg.address or wanted in leg.party.lower() or wanted == leg.sip_call_id.lower()
        for leg in call.legs
    )
