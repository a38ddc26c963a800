"""Sending: in order, again after failures, less and less often, and not for ever."""

import logging
from dataclasses import replace

import pytest

from fakes.clock import FakeClock
from fakes.webhooks import FakeOutbox, FakeReceiver, FakeWebhookSource
from trunkline.domain.webhook import Delivery, DeliveryState, Webhook, WebhookEvent, WebhookStanding
from trunkline.webhooks.courier import Courier
from trunkline.webhooks.recorder import Recorder
from trunkline.webhooks.sender import Outcome
from trunkline.webhooks.table import WebhookTable

HOOK = Webhook("webhook-1", 7, "https://app.example/", frozenset(WebhookEvent), "whsec_a")
DOWN = Outcome(None, "No connection: it is refused.")
REFUSED = Outcome(500, "It answered 500.")
OK = Outcome(200)
DAY = 86_400.0


class Round:
    """A courier with a receiver, and time in the test's hands."""

    def __init__(self, *outcomes, webhooks=(HOOK,)):
        self.clock = FakeClock()
        self.source = FakeWebhookSource(*webhooks)
        self.outbox = FakeOutbox()
        self.receiver = FakeReceiver(*outcomes)
        self.paused = []
        self.begin()

    def begin(self):
        """Start, as a new process does."""
        table = WebhookTable(self.source)
        self.recorder = Recorder(table, self.outbox, self.clock)
        self.courier = Courier(
            table=table, outbox=self.outbox, recorder=self.recorder, sender=self.receiver, clock=self.clock,
            pause=self._pause, chance=lambda: 0.0, per_second=1e9,
        )  # fmt: skip

    async def _pause(self, webhook_id, why):
        self.paused.append(why)
        self.source.put(replace(self.source.rows[webhook_id], paused_why=why))

    def put(self, *events, webhook=HOOK):
        for number in events:
            now = self.clock.now()
            self.outbox.put(
                lambda number=number, now=now: Delivery(webhook.id, number, "moved", "{}", now, now)
            )

    async def go(self, seconds=0.0):
        """Let so many seconds pass, look, and wait until nothing is being sent."""
        self.clock.advance(seconds)
        for _ in range(100):
            before = len(self.receiver.got)
            await self.courier.look()
            await self.courier.idle()
            if len(self.receiver.got) == before:
                return

    @property
    def events(self):
        return [number for _, number in self.receiver.got]

    def state(self, number):
        return next(one for one in self.outbox.rows.values() if one.event_id == number)

    @property
    def standing(self):
        return self.outbox.kept_standings[HOOK.id]


async def test_everything_is_sent_once_in_the_order_of_the_events():
    way = Round()
    way.put(*range(1, 51))
    await way.go()
    await way.go(DAY)
    assert way.events == list(range(1, 51))
    assert {one.state for one in way.outbox.rows.values()} == {DeliveryState.DELIVERED}
    assert way.courier.delivered == way.standing.delivered == 50
    assert way.standing.last_delivered_at == FakeClock().now()


async def test_what_waits_is_counted_down_as_it_is_delivered():
    way = Round(OK, REFUSED)
    way.put(1, 2, 3)
    await way.courier.look()
    await way.courier.idle()
    assert way.courier._table.waiting == {HOOK.id: 2}


async def test_a_receiver_that_recovers_gets_what_it_missed_in_order():
    way = Round(DOWN, DOWN, DOWN, DOWN, OK)
    way.put(1, 2, 3)
    for seconds in (0, 10, 60, 300):
        await way.go(seconds)
    assert len(way.events) == 4
    assert way.courier.resting == 1
    way.put(4)
    await way.go(600)
    assert {one.state for one in way.outbox.rows.values()} == {DeliveryState.DELIVERED}
    assert way.events.count(4) == 1
    assert (way.standing.failures, way.standing.failing_since, way.courier.resting) == (0, None, 0)
    assert way.courier.failed == 4


async def test_a_receiver_that_is_down_is_tried_rarely_however_much_waits():
    way = Round(DOWN)
    way.put(*range(1000))
    for _ in range(3600):
        await way.go(1)
    assert 12 <= len(way.events) <= 32


async def test_very_many_are_sent_side_by_side_and_none_is_lost_when_some_fail():
    way = Round(OK, OK, REFUSED, OK, DOWN, *[OK] * 3)
    way.put(*range(100))
    await way.courier.look()
    await way.courier.idle()
    assert way.events == list(range(8))
    assert (way.standing.failures, way.standing.delivered, way.courier.failed) == (2, 6, 2)
    for _ in range(10):
        await way.go(30)
    assert sorted(way.events) == sorted([*range(100), 2, 4])
    assert {one.state for one in way.outbox.rows.values()} == {DeliveryState.DELIVERED}


async def test_an_event_that_is_refused_does_not_hold_up_the_others():
    way = Round(REFUSED, OK)
    way.put(1, 2, 3)
    await way.go()
    await way.go(2)
    assert way.events == [1, 2, 3]
    assert way.state(1).status == 500
    await way.go(5)
    assert way.events == [1, 2, 3, 1]


async def test_a_delivery_is_given_up_after_a_day_and_shown_so():
    way = Round(REFUSED)
    way.put(1)
    for _ in range(300):
        await way.go(300)
    given_up = way.state(1)
    assert given_up.state is DeliveryState.FAILED
    assert given_up.detail == "It answered 500."
    assert 8 <= given_up.attempts <= 14
    assert way.courier.given_up == way.standing.given_up == 1
    assert not way.paused


async def test_a_webhook_that_only_fails_is_paused_and_nothing_is_sent_until_it_is_enabled():
    way = Round(REFUSED)
    for number in range(200):
        way.put(number)
        await way.go(3600)
        if way.paused:
            break
    assert way.clock.now() - FakeClock().now() >= 3 * DAY
    assert way.paused[0].startswith("Nothing got through since 2023-11-")
    assert way.paused[0].endswith("It answered 500.")
    tried = len(way.events)
    await way.go(3600)
    assert len(way.events) == tried
    way.begin()
    way.source.put(HOOK)
    way.put(999)
    await way.go(3600)
    assert len(way.events) > tried
    assert len(way.paused) == 1


async def test_a_receiver_that_is_gone_is_paused_at_once():
    way = Round(Outcome(410, "It answered 410."))
    way.put(1, 2)
    await way.go()
    assert way.events == [1]
    assert way.paused == ["The receiver answered 410 Gone: it wants nothing more."]


async def test_a_receiver_that_asks_for_time_gets_it():
    way = Round(Outcome(429, "It answered 429.", 120.0), OK)
    way.put(1, 2)
    await way.go()
    await way.go(119)
    assert way.events == [1]
    await way.go(2)
    assert sorted(way.events) == [1, 1, 2]


async def test_what_was_not_noted_is_sent_again():
    way = Round()
    way.put(1)
    await way.courier.look()
    way.outbox.failure = OSError("the disk is full")
    await way.courier.idle()
    way.outbox.failure = None
    await way.go(10)
    assert way.events == [1, 1]
    assert way.state(1).state is DeliveryState.DELIVERED


async def test_another_process_goes_on_where_this_one_was_killed():
    way = Round(DOWN, DOWN, DOWN, OK)
    way.put(1)
    for seconds in (0, 10, 60):
        await way.go(seconds)
    way.begin()
    await way.go(200)
    assert way.events == [1, 1, 1, 1]
    assert way.standing == replace(way.standing, failures=0, delivered=1, failing_since=None)


async def test_a_webhook_that_was_removed_gets_nothing():
    way = Round()
    await way.go()
    way.put(1)
    way.source.remove(HOOK.id)
    await way.go()
    assert way.events == []
    assert way.outbox.forgotten == [HOOK.id]


async def test_a_webhook_that_is_off_gets_what_waits_when_it_is_on_again_unless_it_is_too_old():
    way = Round()
    way.source.put(replace(HOOK, enabled=False))
    way.put(1)
    await way.go(3600)
    assert way.events == []
    way.source.put(HOOK)
    await way.go()
    assert way.events == [1]
    way.source.put(replace(HOOK, enabled=False))
    way.put(2)
    await way.go(2 * DAY)
    assert way.state(2).state is DeliveryState.FAILED


async def test_each_webhook_has_its_own_lane_and_there_are_only_so_many_at_once():
    webhooks = [replace(HOOK, id=f"webhook-{number}") for number in range(40)]
    way = Round(webhooks=webhooks)
    for one in webhooks:
        way.put(1, webhook=one)
    await way.courier.look()
    assert len(way.courier._lanes) == 16
    await way.go()
    assert sorted(name for name, _ in way.receiver.got) == sorted(one.id for one in webhooks)


async def test_failing_leaves_a_line_when_it_begins_and_one_when_it_is_over(caplog):
    caplog.set_level(logging.INFO)
    way = Round(*[DOWN] * 5, OK)
    way.put(1)
    for _ in range(40):
        await way.go(600)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert "fails: No connection" in said[0]
    assert "works again after 5 failures" in said[1]


async def test_one_failure_is_not_worth_a_line(caplog):
    way = Round(DOWN, OK)
    way.put(1, 2)
    for _ in range(5):
        await way.go(10)
    assert not caplog.records


async def test_what_is_over_is_trimmed_now_and_then():
    way = Round()
    way.put(*range(250))
    await way.go()
    assert way.outbox.trimmed == 2


async def test_closing_lets_what_is_being_sent_come_to_its_end():
    way = Round()
    way.put(1, 2)
    await way.courier.look()
    await way.courier.close()
    await way.courier.look()
    assert not way.courier._lanes
    assert way.events in ([], [1], [1, 2])


@pytest.mark.parametrize("failures", [0, 5])
def test_who_fails_is_counted(failures):
    way = Round()
    way.courier._standings = {"a": WebhookStanding("a", failures=failures)}
    assert way.courier.resting == bool(failures)
