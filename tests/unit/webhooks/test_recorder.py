"""Events become deliveries of those who want them, within bounds."""

import json
from dataclasses import replace

import pytest

from fakes.clock import FakeClock
from fakes.webhooks import FakeOutbox, FakeWebhookSource
from trunkline.domain.webhook import Webhook, WebhookEvent
from trunkline.operations.events import EventHub, EventKind
from trunkline.webhooks import recorder as module
from trunkline.webhooks.recorder import Recorder
from trunkline.webhooks.table import WebhookTable

HOOK = Webhook("webhook-1", 7, "https://app.example/", frozenset({WebhookEvent.REGISTERED}), "whsec_a")


class Stand:
    """A hub, and a recorder behind it."""

    def __init__(self, *webhooks):
        self.clock = FakeClock()
        self.outbox = FakeOutbox()
        self.source = FakeWebhookSource(*webhooks)
        self.table = WebhookTable(self.source)
        self.recorder = Recorder(self.table, self.outbox, self.clock)
        self.hub = EventHub(self.clock)
        self.hub.subscribe(self.recorder.heard)

    def happen(self, kind=EventKind.REGISTERED, account_id=7, **data):
        return self.hub.publish(kind, "alice@atlanta.example", account_id, data)

    @property
    def told(self):
        return [(one.webhook_id, one.kind) for one in self.outbox.rows.values()]


@pytest.fixture
async def stand():
    stand = Stand(
        HOOK, replace(HOOK, id="webhook-2", account_id=8), replace(HOOK, id="off", enabled=False),
        replace(HOOK, id="paused", paused_why="It failed."),
        replace(HOOK, id="webhook-3", events=frozenset({WebhookEvent.REGISTERED, WebhookEvent.REFUSED})),
    )  # fmt: skip
    await stand.table.refresh()
    return stand


def test_every_event_that_may_be_told_is_an_event():
    assert {one.value for one in WebhookEvent} <= {one.value for one in EventKind}


async def test_events_are_for_those_of_their_account_who_want_them(stand):
    stand.happen()
    stand.happen(EventKind.REFUSED)
    stand.happen(EventKind.PROVISIONED)
    stand.happen(account_id=8)
    stand.happen(account_id=9)
    stand.happen(account_id=None)
    assert stand.told == [
        ("webhook-1", "registered"), ("webhook-3", "registered"), ("webhook-3", "refused"), ("webhook-2", "registered"),
    ]  # fmt: skip
    assert stand.hub.failures == 0


async def test_the_body_is_the_event_in_ascii(stand):
    event = stand.happen(user_agent="Phöne <script>\u202e", credential_id=3, missing=None)
    body = stand.outbox.rows[1].body
    assert body.isascii()
    assert json.loads(body) == {
        "id": event.id, "kind": "registered", "at": "2023-11-14T22:13:20.000Z", "account_id": 7,
        "subject": "alice@atlanta.example",
        "data": {"user_agent": "Phöne <script>\u202e", "credential_id": 3, "missing": None},
    }  # fmt: skip


async def test_more_than_may_wait_is_dropped_counted_and_said_once_a_minute(stand, monkeypatch, caplog):
    monkeypatch.setattr(module, "MOST_WAITING", 5)
    for _ in range(20):
        stand.happen(account_id=8)
    assert len(stand.told) == 5
    assert stand.recorder.dropped == 15
    assert len(caplog.records) == 1
    stand.clock.advance(61)
    stand.happen(account_id=8)
    assert [record.getMessage().rpartition(" ")[2] for record in caplog.records] == ["1", "15"]
    assert stand.recorder.take_dropped("webhook-2") == 16
    assert stand.recorder.take_dropped("webhook-2") == 0


async def test_a_storm_that_is_delivered_at_once_is_still_bounded_in_the_long_run(stand, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING", 100)
    for _ in range(1000):
        stand.happen(account_id=8)
        stand.table.waiting.clear()
        stand.clock.advance(0.001)
    assert 190 <= len(stand.told) <= 210
    assert stand.recorder.dropped == 1000 - len(stand.told)


async def test_a_full_memory_drops(stand):
    stand.outbox.is_full = True
    stand.happen(account_id=8)
    assert stand.recorder.dropped == 1


async def test_a_webhook_that_was_added_is_told_and_one_that_was_removed_is_not(stand):
    stand.source.put(replace(HOOK, id="new", account_id=9))
    assert await stand.table.refresh()
    assert not await stand.table.refresh()
    stand.happen(account_id=9)
    stand.source.remove("new")
    await stand.table.refresh()
    stand.happen(account_id=9)
    assert stand.told == [("new", "registered")]
    assert "new" not in stand.table.waiting
