"""How an account does, and did."""

import pytest

from fakes.clock import FakeClock
from fakes.operations import NOW, OURS, THEIRS, FakeBindings, binding, directory
from trunkline.domain.trunk import Trunk
from trunkline.operations.events import EventHub, EventKind
from trunkline.operations.overview import DAY_S, Overview
from trunkline.operations.samples import Sample

MINUTE = NOW // 60 * 60


class SampleShelf:
    """A ``SampleStore``."""

    def __init__(self):
        self.held = {}
        self.fails = False

    async def write(self, samples):
        if self.fails:
            raise OSError("no disk")
        self.held |= {(account, sample.at): sample for account, sample in samples}

    async def load(self, since):
        return [(account, one) for (account, at), one in sorted(self.held.items()) if at >= since]

    async def trim(self, before):
        self.held = {key: one for key, one in self.held.items() if key[1] >= before}


class Place:
    """``CallsCounted`` is this itself."""

    def __init__(self, shelf=None, clock=None):
        self.clock = clock or FakeClock(MINUTE + 10)
        self.shelf = shelf or SampleShelf()
        self.hub = EventHub(self.clock)
        self.running = {}
        self.directory = directory()
        self.directory.apply([Trunk(3, OURS, "chicago", ()), Trunk(4, THEIRS, "denver", (), enabled=False)])
        expires_at = MINUTE + 10 * DAY_S
        self.bindings = FakeBindings(
            binding("alice@atlanta.example", expires_at=expires_at),
            binding("bob@biloxi.example", expires_at=expires_at),
        )
        self.overview = Overview(
            bindings=self.bindings, calls=self, directory=self.directory, events=self.hub, store=self.shelf,
            clock=self.clock,
        )  # fmt: skip

    def counts(self):
        return self.running

    def trunk_calls(self, trunk_id):
        return 2

    def trunk_rests_s(self, trunk_id, now):
        return 5.0 if trunk_id == 3 else 0.0

    def resting_addresses(self, trunk_id, now):
        return {"udp:198.51.100.7:5060": 9.0}

    def ended(self, account=OURS, **data):
        self.hub.publish(EventKind.CALL_ENDED, "one", account, {"duration_s": 2.5, **data})


async def test_the_overview_counts_what_the_account_has_now():
    here = Place()
    here.running = {OURS: 3, THEIRS: 1}
    here.hub.publish(EventKind.REFUSED, "x", OURS, {"code": "wrong-password"})
    here.hub.publish(EventKind.LIMIT_REACHED, "x", OURS, {"code": "too-many-calls"})
    here.hub.publish(EventKind.REFUSED, "x", THEIRS, {"code": "no-trunk"})
    here.hub.publish(EventKind.REFUSED, "x", None, {"code": "unknown-realm"})
    now = await here.overview.now(OURS)
    assert (now.registrations, now.calls) == (1, 3)
    assert now.refusals == {"wrong-password": 1, "too-many-calls": 1}
    assert [trunk.name for trunk in now.trunks] == ["chicago"]


async def test_a_minute_is_ended_once_and_written():
    here = Place()
    here.hub.publish(EventKind.CALL_STARTED, "one", OURS)
    here.hub.publish(EventKind.CALL_ANSWERED, "one", OURS)
    here.ended()
    await here.overview.end_minute()
    assert here.shelf.held == {}
    here.clock.advance(50)
    await here.overview.end_minute()
    await here.overview.end_minute()
    expected = Sample(MINUTE, registrations=1, started=1, answered=1, ended=1, talked_s=2.5)
    assert here.shelf.held[(OURS, MINUTE)] == expected
    assert await here.overview.series(OURS) == (expected, Sample(MINUTE + 60, registrations=1))
    assert (await here.overview.series(THEIRS))[0].started == 0


async def test_the_series_ends_with_the_minute_that_runs_and_begins_a_day_ago():
    here = Place()
    for _ in range(1500):
        here.ended()
        here.clock.advance(60)
        await here.overview.end_minute()
    series = await here.overview.series(OURS)
    assert len(series) == 1440
    assert series[-1].at == here.clock.time - 10
    assert len(await here.overview.series(OURS, since=here.clock.time - 600)) == 10
    assert len([key for key in here.shelf.held if key[0] == OURS]) <= 1442


async def test_the_series_survives_a_restart_within_a_minute():
    first = Place()
    first.ended()
    first.clock.advance(60)
    await first.overview.end_minute()
    first.ended()
    first.hub.publish(EventKind.REFUSED, "x", OURS, {"code": "no-trunk"})
    await first.overview.close()
    second = Place(first.shelf, first.clock)
    await second.overview.load()
    second.ended()
    series = await second.overview.series(OURS)
    assert [(one.at - MINUTE, one.ended) for one in series] == [(0, 1), (60, 2)]
    assert (await second.overview.now(OURS)).refusals == {"no-trunk": 1}


async def test_a_failing_disk_leaves_the_series_in_memory():
    here = Place()
    here.shelf.fails = True
    here.ended()
    here.clock.advance(60)
    await here.overview.end_minute()
    assert (await here.overview.series(OURS))[0].ended == 1


@pytest.mark.parametrize(
    ("status", "failures", "failure"),
    [
        (0, 1, "no answer"),
        (503, 1, "status 503"),
        (408, 1, "status 408"),
        (486, 0, ""),
        (404, 0, ""),
        (603, 0, ""),
    ],
)
def test_a_trunk_is_well_when_somebody_over_there_answers(status, failures, failure):
    here = Place()
    here.ended(attempts=[[3, status]], trunk_id=None)
    (health,) = here.overview.trunks(OURS)
    assert (health.tries, health.failures, health.failure) == (1, failures, failure)
    assert (health.good_at is None) == bool(failures)
    assert (health.calls, health.rests_s, health.resting) == (2, 5.0, {"udp:198.51.100.7:5060": 9.0})


def test_a_trunk_that_carried_a_call_and_one_that_was_put_to_rest_are_known():
    here = Place()
    here.ended(attempts=[], trunk_id=3, answered=True)
    here.clock.advance(1)
    here.hub.publish(EventKind.TRUNK_RESTING, "chicago", OURS, {"trunk_id": 3, "why": "unreachable"})
    (health,) = here.overview.trunks(OURS)
    assert (health.good_at, health.failed_at, health.failure) == (MINUTE + 10, MINUTE + 11, "unreachable")
    assert here.overview.trunks(999) == ()


async def test_devices_are_not_counted_at_every_look():
    here = Place()
    looks = []
    aors = here.bindings.aors
    here.bindings.aors = lambda: looks.append(1) or aors()
    for _ in range(5):
        await here.overview.now(OURS)
    assert len(looks) == 1
