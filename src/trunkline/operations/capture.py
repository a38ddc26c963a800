"""The capture: the SIP messages of the last while in memory, from which ladders are drawn.

A message costs the driver one tuple in a ring; what is asked of it later is worked out later. REGISTER and OPTIONS have
a ring of their own, so that a storm of them pushes no call out; and of a storm of REGISTERs only samples are kept, since
a ring full of the last half second would help nobody and slow every one of them.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from typing import Final

from trunkline.domain.clock import Clock
from trunkline.sip.flow import Flow

Captured = tuple[float, bool, Flow, bytes]
"""When, whether it was we who sent it, over which flow, and what."""

OVERHEAD: Final = 200
"""Octets that a message costs in memory besides its own."""

SORT_EVERY_S: Final = 0.1
_SORTED_AT_ONCE: Final = 500
"""Less than a millisecond's work."""

MOST_UNSORTED: Final = 10_000

MOST_REGISTERS: Final = 50
"""How many REGISTERs, with their answers, are kept of those between two sortings: 500 a second."""

_CALL_ID: Final = re.compile(rb"\r\n(?i:call-id|i)[ \t]*:[ \t]*([^\r\n]*)")


class Ring:
    """Messages in the order they came, each with the messages of its Call-ID where those are wanted."""

    def __init__(self, most_octets: int) -> None:
        self.most_octets: Final = most_octets
        self.octets = 0
        self.messages: deque[tuple[Captured, deque[Captured] | None]] = deque()


class Capture:
    """Fills the driver's ``Trace``.

    ``megabytes`` is what the messages of calls may take; a quarter of it on top is for REGISTER and OPTIONS; ``age_s``
    is how long a message is kept at most; ``most_unsorted`` is how many may wait to be sorted in.
    """

    def __init__(
        self, clock: Clock, megabytes: int, age_s: float, most_unsorted: int = MOST_UNSORTED
    ) -> None:
        self._now: Final = clock.now
        self._most_unsorted: Final = most_unsorted
        self._registers = 0
        self._age_s: Final = age_s
        self._calls: Final = Ring(megabytes * 1_000_000)
        self._others: Final = Ring(megabytes * 250_000)
        self._unsorted: deque[Captured] = deque()
        self._by_call_id: dict[bytes, deque[Captured]] = {}

    # The driver's side.

    def received(self, flow: Flow, data: bytes) -> None:
        """A message came."""
        if data.startswith(b"REGISTER "):
            self._registers += 1
            if self._registers > MOST_REGISTERS:
                return
        self._keep((self._now(), False, flow, data))

    def sent(self, flow: Flow, data: bytes) -> None:
        """A message goes."""
        if self._registers > MOST_REGISTERS and b" REGISTER\r\n" in data:
            return
        self._keep((self._now(), True, flow, data))

    # The readers' side.

    def __len__(self) -> int:
        """How many messages are kept."""
        return len(self._calls.messages) + len(self._others.messages) + len(self._unsorted)

    @property
    def octets(self) -> int:
        """How much memory the kept messages take, but for those that came just now."""
        return self._calls.octets + self._others.octets

    async def of_call_ids(self, call_ids: set[str]) -> list[Captured]:
        """The messages of calls with one of these Call-IDs, in the order they came."""
        await self.catch_up()
        found: list[Captured] = []
        for call_id in call_ids:
            found += self._by_call_id.get(call_id.encode("utf-8", "surrogateescape"), ())
        found.sort(key=_time)
        return found

    async def registers_with(self, host: str, limit: int = 200) -> list[Captured]:
        """The newest REGISTERs, OPTIONS and their answers exchanged with an address, the newest first."""
        await self.catch_up()
        found: list[Captured] = []
        for number, (message, _) in enumerate(reversed(tuple(self._others.messages)), 1):
            if message[2].host == host:
                found.append(message)
                if len(found) >= limit:
                    break
            if not number % 5_000:
                await asyncio.sleep(0)
        return found

    async def catch_up(self) -> None:
        """Sort in what came since the last look, a piece at a time."""
        while self._unsorted:
            self._sort(_SORTED_AT_ONCE)
            if self._unsorted:
                await asyncio.sleep(0)

    async def run(self) -> None:
        """Sort in what comes, and drop what is too old, until cancelled."""
        while True:
            await asyncio.sleep(SORT_EVERY_S)
            self.allow_registers()
            await self.catch_up()
            self.drop_old()

    def allow_registers(self) -> None:
        """Keep the next REGISTERs again."""
        self._registers = 0

    def drop_old(self) -> None:
        """Forget what is older than it may be, some hundred messages at a time."""
        oldest = self._now() - self._age_s
        for ring in (self._calls, self._others):
            for _ in range(_SORTED_AT_ONCE):
                if not ring.messages or ring.messages[0][0][0] >= oldest:
                    break
                self._drop_oldest(ring)

    def _keep(self, message: Captured) -> None:
        self._unsorted.append(message)
        if len(self._unsorted) > self._most_unsorted:
            self._sort(_SORTED_AT_ONCE)

    def _sort(self, most: int) -> None:
        unsorted, by_call_id, calls, others = self._unsorted, self._by_call_id, self._calls, self._others
        for _ in range(min(most, len(unsorted))):
            message = unsorted.popleft()
            data = message[3]
            if data.startswith(b"REGISTER "):
                others.octets += len(data) + OVERHEAD
                others.messages.append((message, None))
                continue
            call_id = call_id_of(data)
            held = by_call_id.get(call_id)
            if held is None:
                # An OPTIONS within a call is one of the call's messages; others are not.
                if data.startswith(b"OPTIONS ") or (data.startswith(b"SIP/2.0 ") and _answers_other(data)):
                    others.octets += len(data) + OVERHEAD
                    others.messages.append((message, None))
                    continue
                held = by_call_id[call_id] = deque()
            held.append(message)
            calls.octets += len(data) + OVERHEAD
            calls.messages.append((message, held))
        for ring in (calls, others):
            while ring.octets > ring.most_octets:
                self._drop_oldest(ring)

    def _drop_oldest(self, ring: Ring) -> None:
        message, held = ring.messages.popleft()
        ring.octets -= len(message[3]) + OVERHEAD
        if held is not None:
            held.popleft()
            if not held:
                del self._by_call_id[call_id_of(message[3])]


def _answers_other(data: bytes) -> bool:
    """Whether a response is to a REGISTER or OPTIONS."""
    return b" REGISTER\r\n" in data or b" OPTIONS\r\n" in data


def call_id_of(data: bytes) -> bytes:
    """The Call-ID of a message as it is written; empty when it has none."""
    start = data.find(b"\r\nCall-ID: ")
    if start >= 0:
        end = data.find(b"\r\n", start + 11)
        return data[start + 11 : end if end >= 0 else len(data)].strip()
    found = _CALL_ID.search(data)
    return found[1].strip() if found is not None else b""


def _time(message: Captured) -> float:
    return message[0]
