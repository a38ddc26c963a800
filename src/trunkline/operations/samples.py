"""Samples: what happened in each minute of the last day, by account, for charts."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from trunkline.operations.events import Event, EventKind

MINUTE_S: Final = 60.0
KEPT_MINUTES: Final = 1_440
_MOST_CODES: Final = 100

_COUNTED: Final = {
    EventKind.REGISTERED: "registered",
    EventKind.EXPIRED: "gone",
    EventKind.UNREGISTERED: "gone",
    EventKind.CALL_STARTED: "started",
    EventKind.CALL_ANSWERED: "answered",
    EventKind.CALL_ENDED: "ended",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One minute of an account; ``at`` is its beginning in epoch seconds.

    ``registrations`` and ``calls`` are how many there were when it ended; the others count what happened in it.
    ``refused`` counts by rejection code, calls and registrations together.
    """

    at: float
    registrations: int = 0
    calls: int = 0
    registered: int = 0
    gone: int = 0
    started: int = 0
    answered: int = 0
    ended: int = 0
    talked_s: float = 0.0
    refused: dict[str, int] = field(default_factory=dict)


class SampleStore(Protocol):
    """Port: samples on disk."""

    async def write(self, samples: Sequence[tuple[int, Sample]]) -> None:
        """Write samples of accounts; one of the same minute is replaced."""
        ...

    async def load(self, since: float) -> Sequence[tuple[int, Sample]]:
        """The samples of all accounts from a time on, the oldest first."""
        ...

    async def trim(self, before: float) -> None:
        """Forget what is older."""
        ...


class Counting:
    """What has been counted in the minute that runs, for one account."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(("registered", "gone", "started", "answered", "ended"), 0)
        self.talked_s = 0.0
        self.refused: dict[str, int] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened."""
        return not any(self.counts.values()) and not self.refused

    def add(self, event: Event) -> None:
        """Count an event."""
        name = _COUNTED.get(event.kind)
        if name is not None:
            self.counts[name] += 1
        if event.kind is EventKind.CALL_ENDED:
            duration = event.data.get("duration_s")
            self.talked_s += duration if isinstance(duration, int | float) else 0.0
        elif event.kind in (EventKind.REFUSED, EventKind.LIMIT_REACHED):
            code = str(event.data.get("code", ""))
            if code in self.refused or len(self.refused) < _MOST_CODES:
                self.refused[code] = self.refused.get(code, 0) + 1

    def resume(self, sample: Sample) -> None:
        """Go on with a minute that was begun before a restart."""
        for name in self.counts:
            self.counts[name] += getattr(sample, name)
        self.talked_s += sample.talked_s
        for code, count in sample.refused.items():
            self.refused[code] = self.refused.get(code, 0) + count

    def sample(self, at: float, registrations: int, calls: int) -> Sample:
        """The minute as it is now."""
        return Sample(
            at,
            registrations,
            calls,
            talked_s=round(self.talked_s, 3),
            refused=dict(self.refused),
            **self.counts,
        )


class SampleSeries:
    """The last day of each account, and the minute that runs."""

    def __init__(self) -> None:
        self._past: dict[int, deque[Sample]] = {}
        self.running: dict[int, Counting] = {}

    def count(self, event: Event) -> None:
        """Count an event for its account."""
        if event.account_id is not None:
            self.running.setdefault(event.account_id, Counting()).add(event)

    def load(self, samples: Sequence[tuple[int, Sample]], minute: float) -> None:
        """Take in what was kept over a restart; the minute that runs goes on."""
        for account_id, sample in samples:
            if sample.at == minute:
                self.running.setdefault(account_id, Counting()).resume(sample)
            else:
                self._of(account_id).append(sample)

    def close_minute(
        self, at: float, registrations: dict[int, int], calls: dict[int, int]
    ) -> list[tuple[int, Sample]]:
        """End a minute that began at a time: the samples of all accounts that have, or had, anything in it."""
        closed = self.snapshot(at, registrations, calls)
        for account_id, sample in closed:
            self._of(account_id).append(sample)
        self.running.clear()
        return closed

    def snapshot(
        self, at: float, registrations: dict[int, int], calls: dict[int, int]
    ) -> list[tuple[int, Sample]]:
        """The minute that runs, as :meth:`close_minute` would end it now."""
        taken: list[tuple[int, Sample]] = []
        for account_id in {*self.running, *registrations, *calls}:
            counting = self.running.get(account_id) or Counting()
            sample = counting.sample(at, registrations.get(account_id, 0), calls.get(account_id, 0))
            taken.append((account_id, sample))
        return taken

    def of(self, account_id: int, since: float) -> tuple[Sample, ...]:
        """The ended minutes of an account from a time on; minutes without anything are left out."""
        return tuple(sample for sample in self._past.get(account_id, ()) if sample.at >= since)

    def _of(self, account_id: int) -> deque[Sample]:
        return self._past.setdefault(account_id, deque(maxlen=KEPT_MINUTES))
