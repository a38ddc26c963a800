"""The overview: how an account does now, and how it did in the last day."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

import structlog

from trunkline.domain.clock import Clock
from trunkline.domain.trunk import Trunk
from trunkline.operations.events import Event, EventHub, EventKind
from trunkline.operations.ownership import Owners, account_of_aor
from trunkline.operations.pages import in_pieces
from trunkline.operations.ports import LiveBindings
from trunkline.operations.samples import KEPT_MINUTES, MINUTE_S, Sample, SampleSeries, SampleStore
from trunkline.operations.trunk_history import TrunkHistory, TrunkSlot

DAY_S: Final = KEPT_MINUTES * MINUTE_S
_COUNT_GOOD_S: Final = 2.0
"""Devices are not counted again for so long: many pages may be open."""

_log: Final = structlog.get_logger("trunkline.overview")


class Provisioned(Owners, Protocol):
    """Port: what is provisioned; :class:`~trunkline.domain.directory.Directory` is one."""

    @property
    def trunks(self) -> Mapping[int, Trunk]:
        """Trunks by id."""
        ...


class CallsCounted(Protocol):
    """Port: what of calls and trunks the running server knows."""

    def counts(self) -> dict[int, int]:
        """Running calls by account."""
        ...

    def trunk_calls(self, trunk_id: int) -> int:
        """Running calls that count against a trunk's limits."""
        ...

    def trunk_rests_s(self, trunk_id: int, now: float) -> float:
        """Seconds that a trunk still rests since it asked to be left alone; 0 when it may be tried."""
        ...

    def resting_addresses(self, trunk_id: int, now: float) -> dict[str, float]:
        """The addresses of a trunk that failed lately, with the seconds that they still rest."""
        ...


@dataclass(frozen=True, slots=True)
class TrunkHealth:
    """How a trunk does. Times are epoch seconds, None where it did not happen since the server was started.

    ``rests_s``: so long the whole trunk is still left alone, 0 when it is not; ``resting`` are its addresses that are,
    with the seconds. ``failure`` says what the last failure was. Good means that somebody over there answered, be it
    with a refusal; ``tries`` and ``failures`` count since the start. ``round_trip_s`` is None: trunks are not pinged.
    """

    trunk_id: int
    name: str
    enabled: bool
    calls: int
    rests_s: float
    resting: dict[str, float]
    tries: int = 0
    failures: int = 0
    good_at: float | None = None
    failed_at: float | None = None
    failure: str = ""
    round_trip_s: float | None = None


@dataclass(frozen=True, slots=True)
class OverviewNow:
    """An account at a moment. ``refusals`` counts by rejection code over the last day."""

    at: float
    registrations: int
    calls: int
    refusals: dict[str, int]
    trunks: tuple[TrunkHealth, ...]


class _TrunkRecord:
    """What was heard of a trunk since the start."""

    def __init__(self) -> None:
        self.tries = 0
        self.failures = 0
        self.good_at: float | None = None
        self.failed_at: float | None = None
        self.failure = ""

    def tried(self, status: int, at: float) -> bool:
        """Count a try; returns whether somebody over there answered."""
        self.tries += 1
        if status in (0, 408) or 500 <= status < 600:
            self.failures += 1
            self.failed(at, f"status {status}" if status else "no answer")
            return False
        self.good_at = at
        return True

    def failed(self, at: float, why: str) -> None:
        self.failed_at, self.failure = at, why


class Overview:
    """See the module."""

    def __init__(
        self, *, bindings: LiveBindings, calls: CallsCounted, directory: Provisioned, events: EventHub,
        store: SampleStore, clock: Clock,
    ) -> None:  # fmt: skip
        self._bindings = bindings
        self._calls = calls
        self._directory = directory
        self._store = store
        self._clock = clock
        self._series = SampleSeries()
        self._trunks: dict[int, _TrunkRecord] = {}
        self._history = TrunkHistory()
        self._counted: tuple[float, dict[int, int]] = (float("-inf"), {})
        self._minute = clock.now() // MINUTE_S * MINUTE_S
        events.subscribe(self._heard)

    async def now(self, account_id: int) -> OverviewNow:
        """How an account does."""
        now = self._clock.now()
        refusals: dict[str, int] = {}
        for sample in await self.series(account_id):
            for code, count in sample.refused.items():
                refusals[code] = refusals.get(code, 0) + count
        registrations = (await self._registrations()).get(account_id, 0)
        calls = self._calls.counts().get(account_id, 0)
        return OverviewNow(now, registrations, calls, refusals, self.trunks(account_id))

    def trunks(self, account_id: int) -> tuple[TrunkHealth, ...]:
        """How the trunks of an account do."""
        mine = [trunk for trunk in self._directory.trunks.values() if trunk.account_id == account_id]
        return tuple(self._health(trunk) for trunk in mine)

    def trunk_days(self, account_id: int) -> dict[int, tuple[TrunkSlot, ...]]:
        """The last day of each trunk of an account in half hours, by id, as far as it was since the start."""
        now = self._clock.now()
        mine = (trunk.id for trunk in self._directory.trunks.values() if trunk.account_id == account_id)
        return {trunk_id: self._history.of(trunk_id, now) for trunk_id in mine}

    async def series(self, account_id: int, *, since: float | None = None) -> tuple[Sample, ...]:
        """The last day minute by minute, the minute that runs at its end; minutes without anything are left out."""
        start = max(since or 0.0, self._clock.now() - DAY_S)
        running = dict(self._series.snapshot(self._minute, await self._registrations(), self._calls.counts()))
        last = running.get(account_id)
        return (*self._series.of(account_id, start), *((last,) if last is not None else ()))

    # What goes on all the time.

    async def load(self) -> None:
        """Take in what was kept over a restart."""
        self._series.load(await self._store.load(self._clock.now() - DAY_S), self._minute)

    async def run(self) -> None:
        """End each minute when it is over, until cancelled."""
        while True:
            await asyncio.sleep(self._minute + MINUTE_S - self._clock.now())
            await self.end_minute()

    async def end_minute(self) -> None:
        """Write down the minute that is over; nothing happens while it is not."""
        now = self._clock.now()
        if now < self._minute + MINUTE_S:
            return
        registrations = await self._registrations()
        closed = self._series.close_minute(self._minute, registrations, self._calls.counts())
        self._minute = now // MINUTE_S * MINUTE_S
        await self._write(closed)

    async def close(self) -> None:
        """Write down the minute that runs: it goes on after a restart."""
        await self._write(
            self._series.snapshot(self._minute, await self._registrations(), self._calls.counts())
        )

    async def _write(self, samples: list[tuple[int, Sample]]) -> None:
        try:
            await self._store.write(samples)
            await self._store.trim(self._clock.now() - DAY_S - MINUTE_S)
        except Exception as error:  # noqa: BLE001 - the boundary: a chart with a gap is better than none
            _log.warning("the figures of a minute could not be written", error=str(error))

    # What is heard.

    def _heard(self, event: Event) -> None:
        self._series.count(event)
        if event.kind is EventKind.CALL_ENDED:
            self._count_attempts(event)
        elif event.kind is EventKind.TRUNK_RESTING:
            trunk_id = event.data.get("trunk_id")
            if isinstance(trunk_id, int):
                self._record(trunk_id).failed(event.at, str(event.data.get("why", "")))

    def _count_attempts(self, event: Event) -> None:
        attempts = event.data.get("attempts")
        for attempt in attempts if isinstance(attempts, list) else []:
            if isinstance(attempt, list) and isinstance(attempt[0], int) and isinstance(attempt[1], int):
                is_good = self._record(attempt[0]).tried(attempt[1], event.at)
                self._history.tried(attempt[0], event.at, is_good=is_good)
        trunk_id = event.data.get("trunk_id")
        if isinstance(trunk_id, int) and event.data.get("answered"):
            self._record(trunk_id).good_at = event.at

    def _record(self, trunk_id: int) -> _TrunkRecord:
        return self._trunks.setdefault(trunk_id, _TrunkRecord())

    def _health(self, trunk: Trunk) -> TrunkHealth:
        now, record = self._clock.now(), self._trunks.get(trunk.id)
        health = TrunkHealth(
            trunk.id,
            trunk.name,
            trunk.enabled,
            self._calls.trunk_calls(trunk.id),
            self._calls.trunk_rests_s(trunk.id, now),
            self._calls.resting_addresses(trunk.id, now),
        )
        if record is None:
            return health
        return replace(
            health,
            tries=record.tries,
            failures=record.failures,
            good_at=record.good_at,
            failed_at=record.failed_at,
            failure=record.failure,
        )

    async def _registrations(self) -> dict[int, int]:
        """Registered devices by account, counted a moment ago at most."""
        now = self._clock.now()
        if now - self._counted[0] < _COUNT_GOOD_S:
            return self._counted[1]
        counts: dict[int, int] = {}
        async for aors in in_pieces(self._bindings.aors()):
            for aor in aors:
                account_id = account_of_aor(self._directory, aor)
                if account_id is not None:
                    live = sum(one.expires_at > now for one in self._bindings.bindings_of(aor))
                    counts[account_id] = counts.get(account_id, 0) + live
        self._counted = (now, counts)
        return counts
