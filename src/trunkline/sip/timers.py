"""Timers: one heap that everything which waits shares, and the durations RFC 3261 builds its timers from."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Final

TIMER_A: Final = "A"
"""INVITE request retransmission, unreliable transports only (RFC 3261 §17.1.1.2)."""
TIMER_B: Final = "B"
"""INVITE client gives up (§17.1.1.2)."""
TIMER_D: Final = "D"
"""INVITE client waits for repeated non-2xx finals (§17.1.1.2)."""
TIMER_E: Final = "E"
"""Non-INVITE request retransmission, unreliable transports only (§17.1.2.2)."""
TIMER_F: Final = "F"
"""Non-INVITE client gives up (§17.1.2.2)."""
TIMER_G: Final = "G"
"""INVITE server repeats a non-2xx final, unreliable transports only (§17.2.1)."""
TIMER_H: Final = "H"
"""INVITE server stops waiting for the ACK to a non-2xx final (§17.2.1)."""
TIMER_I: Final = "I"
"""INVITE server absorbs repeated ACKs (§17.2.1)."""
TIMER_J: Final = "J"
"""Non-INVITE server absorbs repeated requests (§17.2.2)."""
TIMER_K: Final = "K"
"""Non-INVITE client absorbs repeated finals (§17.1.2.2)."""
TIMER_L: Final = "L"
"""INVITE server in Accepted: absorbs repeated INVITEs, waits for the ACK (RFC 6026 §8.7)."""
TIMER_M: Final = "M"
"""INVITE client in Accepted: repeated and forked 2xx go to the user (RFC 6026 §8.4)."""
TIMER_TRYING: Final = "100"
"""INVITE server says 100 when its user has said nothing for 200 ms (RFC 3261 §17.2.1)."""
TIMER_ANSWER: Final = "2xx"
"""A 2xx to an INVITE is repeated until its ACK comes (§13.3.1.4)."""
TIMER_CANCELLED: Final = "CANCEL"
"""A cancelled INVITE gets no final response (§9.1)."""
TIMER_PRACK: Final = "PRACK"
"""A reliable provisional response is repeated until its PRACK comes (RFC 3262 §3)."""
TIMER_PRACK_MISSING: Final = "PRACK missing"
"""A reliable provisional response was never acknowledged (RFC 3262 §3)."""

TRYING_AFTER_S: Final = 0.2
"""How long an INVITE server leaves it to its user to say something."""


class Timings:
    """T1, T2 and T4 in seconds (RFC 3261 §17.1.1.1). ``timeout`` is 64*T1: timers B, D, F, H, J, L and M."""

    def __init__(self, t1: float = 0.5, t2: float = 4.0, t4: float = 5.0) -> None:
        self.t1: Final = t1
        self.t2: Final = t2
        self.t4: Final = t4
        self.timeout: Final = 64 * t1


DEFAULT_TIMINGS: Final = Timings()


class Timer:
    """One running timer. ``owner`` is let go of as soon as it fires or is cancelled."""

    def __init__(self, due: float, kind: str, owner: object) -> None:
        self.due: Final = due
        self.kind: Final = kind
        self.owner: object | None = owner
        self.is_pending = True


class TimerHeap:
    """Every timer, earliest first.

    Cancelling costs nothing: the entry is thrown away when its turn comes, or all at once when most entries
    are dead.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._sequence = 0
        self._cancelled = 0

    def __len__(self) -> int:
        """How many timers are running."""
        return len(self._heap) - self._cancelled

    def start(self, due: float, kind: str, owner: object) -> Timer:
        """Run a timer that is due at this time; of two due together the one started first fires first."""
        timer = Timer(due, kind, owner)
        self._sequence += 1
        heappush(self._heap, (due, self._sequence, timer))
        return timer

    def cancel(self, timer: Timer | None) -> None:
        """Stop a timer. One that has fired, was cancelled before, or is None is left alone."""
        if timer is None or not timer.is_pending:
            return
        timer.is_pending = False
        timer.owner = None
        self._cancelled += 1
        if self._cancelled > 256 and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].is_pending]
            heapify(self._heap)
            self._cancelled = 0

    def next_due(self) -> float | None:
        """When the earliest timer is due; None when none runs."""
        heap = self._heap
        while heap:
            if heap[0][2].is_pending:
                return heap[0][0]
            heappop(heap)
            self._cancelled -= 1
        return None

    def pop_expired(self, now: float) -> Timer | None:
        """Take the earliest timer that is due; None when there is none.

        Taken one by one, a timer that is cancelled by the handling of an earlier one is never seen.
        """
        heap = self._heap
        while heap:
            timer = heap[0][2]
            if not timer.is_pending:
                heappop(heap)
                self._cancelled -= 1
                continue
            if heap[0][0] > now:
                return None
            heappop(heap)
            timer.is_pending = False
            return timer
        return None

    def expired(self, now: float) -> list[Timer]:
        """Take every timer that is due now, earliest first."""
        found: list[Timer] = []
        timer = self.pop_expired(now)
        while timer is not None:
            found.append(timer)
            timer = self.pop_expired(now)
        return found
