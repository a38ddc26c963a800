"""Ladders of running and past calls: drawn from the capture, kept when a call has ended, exported."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol, TypeVar

import structlog

from trunkline.domain.cdr import Cdr
from trunkline.domain.clock import Clock
from trunkline.operations.capture import Capture, Captured
from trunkline.operations.ladder import Ladder, Mask, draw, masked, pack, unpack
from trunkline.operations.ladder_text import print_ladder
from trunkline.operations.pcap import write_pcap
from trunkline.operations.ports import CdrSearch, LiveCalls

KEEP_AFTER_S: Final = 2.0
"""What is said about a call after its end (the answer to its BYE) is waited for so long."""

KEEP_EVERY_S: Final = 1.0
MOST_AT_ONCE: Final = 25
"""Ladders that are kept in a second; of more, the oldest are not: calls come before their pictures."""

_MOST_HERE: Final = 40
_MOST_WAITING: Final = 500
_TRIM_EVERY: Final = 500

_T = TypeVar("_T")
_log: Final = structlog.get_logger("trunkline.ladders")


@dataclass(frozen=True, slots=True)
class KeptLadder:
    """A ladder as it goes on disk."""

    call_id: str
    account_id: int
    ended_at: float
    packed: bytes


class LadderStore(Protocol):
    """Port: ladders on disk."""

    async def keep(self, ladders: Sequence[KeptLadder]) -> None:
        """Write some."""
        ...

    async def find(self, call_id: str) -> KeptLadder | None:
        """The kept ladder of a call; None when there is none."""
        ...

    async def trim(self, most: int, oldest: float) -> None:
        """Leave the newest so many, and none of a call that ended before ``oldest``."""
        ...


@dataclass(frozen=True, slots=True)
class LadderPolicy:
    """``megabytes`` of messages in memory, 0 for no ladders; none older than ``age_s``.

    ``kept`` ladders of ended calls on disk, 0 for none, for ``kept_s`` seconds at most.
    """

    megabytes: int = 16
    age_s: float = 4 * 3600.0
    kept: int = 10_000
    kept_s: float = 7 * 86_400.0


class Ladders:
    """See the module."""

    def __init__(
        self, *, capture: Capture | None, live: LiveCalls, cdrs: CdrSearch, store: LadderStore, mask: Mask,
        clock: Clock, policy: LadderPolicy,
    ) -> None:  # fmt: skip
        self._capture = capture
        self._live = live
        self._cdrs = cdrs
        self._store = store
        self._mask = mask
        self._clock = clock
        self._policy = policy
        self._ended: dict[str, Cdr] = {}
        self._since_trim = _TRIM_EVERY
        self.kept = 0
        self.dropped = 0

    async def of(self, account_id: int, call_id: str) -> Ladder | None:
        """The ladder of a call, running or past; None when there is no such call, or it is another account's.

        Of a past call whose messages are gone there are only notes.
        """
        call = self._live.get(call_id)
        cdr = call.cdr if call is not None else self._ended.get(call_id)
        if cdr is None:
            kept = await self._store.find(call_id)
            if kept is not None:
                mine = kept.account_id == account_id
                work = partial(_unpacked, kept.packed, self._mask)
                return await _worked_out(work, len(kept.packed) // 300) if mine else None
            cdr = await self._cdrs.find(call_id)
        if cdr is None or cdr.account_id != account_id:
            return None
        media = await self._live.media(call_id) if call is not None else None
        messages = await self._messages(cdr)
        return await _worked_out(partial(draw, cdr, messages, self._mask, media), len(messages))

    async def text(self, account_id: int, call_id: str) -> str | None:
        """A ladder as text; None as for :meth:`of`."""
        ladder = await self.of(account_id, call_id)
        return (
            None if ladder is None else await _worked_out(partial(print_ladder, ladder), len(ladder.messages))
        )

    async def pcap(self, account_id: int, call_id: str) -> bytes | None:
        """A ladder as a capture file; None as for :meth:`of`."""
        ladder = await self.of(account_id, call_id)
        return (
            None if ladder is None else await _worked_out(partial(write_pcap, ladder), len(ladder.messages))
        )

    # Keeping.

    def ended(self, cdr: Cdr) -> None:
        """A call has ended: its ladder is kept in a moment."""
        if self._capture is None or not self._policy.kept or cdr.account_id is None:
            return
        self._ended[cdr.call_id] = cdr
        if len(self._ended) > _MOST_WAITING:
            self.dropped += 1
            del self._ended[next(iter(self._ended))]

    async def run(self) -> None:
        """Keep what has ended, until cancelled."""
        while True:
            await asyncio.sleep(KEEP_EVERY_S)
            try:
                await self.keep(self._clock.now() - KEEP_AFTER_S, MOST_AT_ONCE)
            except Exception as error:  # noqa: BLE001 - the boundary: without ladders calls go on
                _log.error("ladders could not be kept", error=str(error))

    async def close(self) -> None:
        """Keep what still waits."""
        try:
            await self.keep(float("inf"), _MOST_WAITING)
        except Exception as error:  # noqa: BLE001 - see run
            _log.error("ladders could not be kept", error=str(error))

    async def keep(self, ended_before: float, most: int) -> None:
        """Write the ladders of calls that ended before a time, at most so many."""
        due = [cdr for cdr in self._ended.values() if (cdr.ended_at or 0.0) <= ended_before][:most]
        if not due:
            return
        rows: list[KeptLadder] = []
        for cdr in due:
            try:
                packed = await self._packed(cdr)
            except Exception:  # noqa: BLE001 - the boundary: a bug costs one ladder, not all that wait behind it
                _log.exception("a ladder could not be drawn", call_id=cdr.call_id)
                self._ended.pop(cdr.call_id, None)
            else:
                rows.append(KeptLadder(cdr.call_id, cdr.account_id or 0, cdr.ended_at or 0.0, packed))
        await self._store.keep(rows)
        for row in rows:
            self._ended.pop(row.call_id, None)
        self.kept += len(rows)
        self._since_trim += len(rows)
        if self._since_trim >= _TRIM_EVERY:
            await self.trim()

    async def trim(self) -> None:
        """Bring what is kept to its bounds, also what was kept when the bounds were wider."""
        self._since_trim = 0
        await self._store.trim(self._policy.kept, self._clock.now() - self._policy.kept_s)

    async def _packed(self, cdr: Cdr) -> bytes:
        messages = await self._messages(cdr)
        return await _worked_out(lambda: pack(draw(cdr, messages, self._mask)), len(messages))

    async def _messages(self, cdr: Cdr) -> list[Captured]:
        if self._capture is None:
            return []
        return await self._capture.of_call_ids({leg.sip_call_id for leg in cdr.legs})


def _unpacked(packed: bytes, mask: Mask) -> Ladder:
    """A kept ladder, masked as it would be now: it may have been kept when more was shown."""
    ladder = unpack(packed)
    return replace(
        ladder, messages=tuple(replace(one, data=masked(one.data, mask)) for one in ladder.messages)
    )


async def _worked_out(work: Callable[[], _T], messages: int) -> _T:
    """Do what takes some 40 us a message: here while that is soon done, else in a thread.

    A thread would hold SIP up for longer, by the interpreter's lock, than a few messages do here.
    """
    await asyncio.sleep(0)
    return work() if messages <= _MOST_HERE else await asyncio.to_thread(work)
