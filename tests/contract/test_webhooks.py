"""What stores promise of webhooks and their deliveries, and the outbox on SQLite and on PostgreSQL."""

import asyncio
from dataclasses import replace

import pytest

from contract import nouns
from trunkline.domain.webhook import Delivery, DeliveryState, Webhook, WebhookEvent, WebhookStanding
from trunkline.store import webhook_deliveries
from trunkline.store.provisioning_store import SqlProvisioningStore
from trunkline.store.webhook_deliveries import SqlOutbox
from trunkline.store.webhooks import SqlWebhookSource

NOW = nouns.NOW
EVENTS = frozenset({WebhookEvent.REGISTERED, WebhookEvent.CALL_ENDED})
FIRST = Webhook("webhook-1", nouns.ATLANTA.id, "https://app.example/a", EVENTS, "whsec_a", created_at=NOW)
SECOND = Webhook(
    "webhook-2", nouns.ATLANTA.id, "https://app.example/b?x=1", EVENTS, "whsec_b", "billing – Abrechnung", False,
    "whsec_c", NOW + 9, "It is gone.", NOW + 1,
)  # fmt: skip
ABROAD = replace(FIRST, id="webhook-3", account_id=nouns.BILOXI.id, created_at=NOW + 2)


def delivery(number=1, webhook=FIRST, **changes):
    return Delivery(webhook.id, number, "registered", f'{{"id":{number}}}', NOW, NOW, **changes)


@pytest.fixture
async def furnished(store):
    async with store.writing() as rows:
        await rows.accounts.add(nouns.ATLANTA)
        await rows.accounts.add(nouns.BILOXI)
        for webhook in (ABROAD, SECOND, FIRST):
            await rows.webhooks.add(webhook)
    return store


async def test_webhooks_come_back_as_they_were_written_the_oldest_first(furnished):
    async with furnished.reading() as rows:
        assert await rows.webhooks.all() == [FIRST, SECOND, ABROAD]
        assert await rows.webhooks.of(nouns.ATLANTA.id) == [FIRST, SECOND]
        assert await rows.webhooks.get("webhook-2") == SECOND
        assert await rows.webhooks.get("webhook-9") is None
    changed = replace(
        SECOND, url="https://app.example/c", enabled=True, paused_why="", previous_secret_until=None
    )
    async with furnished.writing() as rows:
        await rows.webhooks.replace(changed)
    async with furnished.reading() as rows:
        assert await rows.webhooks.get("webhook-2") == changed


async def test_deliveries_are_numbered_paged_and_removed_with_their_webhook(furnished):
    async with furnished.writing() as rows:
        queued = [await rows.deliveries.queue(delivery(number)) for number in range(3)]
        other = await rows.deliveries.queue(delivery(7, SECOND))
    assert queued[0] == delivery(0, id=queued[0].id)
    assert [one.id for one in queued] == sorted({one.id for one in queued})
    async with furnished.reading() as rows:
        assert await rows.deliveries.page(FIRST.id) == list(reversed(queued))
        assert await rows.deliveries.page(FIRST.id, before=queued[2].id, limit=1) == [queued[1]]
        assert await rows.deliveries.get(other.id) == other
        assert (await rows.deliveries.standing(FIRST.id)) == WebhookStanding(FIRST.id, waiting=3)
    async with furnished.writing() as rows:
        await rows.webhooks.remove(FIRST.id)
    async with furnished.reading() as rows:
        assert await rows.webhooks.get(FIRST.id) is None
        assert await rows.deliveries.page(FIRST.id) == []
        assert await rows.deliveries.page(SECOND.id) == [other]


async def test_every_write_gives_the_webhooks_another_version(database):
    source, store = SqlWebhookSource(database), SqlProvisioningStore(database)
    versions = [await source.version()]

    async def note(work):
        async with store.writing() as rows:
            await work(rows)
        versions.append(await source.version())

    await note(lambda rows: rows.accounts.add(nouns.ATLANTA))
    assert versions[0] == versions.pop()
    await note(lambda rows: rows.webhooks.add(FIRST))
    await note(lambda rows: rows.webhooks.add(SECOND))
    await note(lambda rows: rows.webhooks.replace(FIRST))
    await note(lambda rows: rows.webhooks.remove(SECOND.id))
    await note(lambda rows: rows.webhooks.add(SECOND))
    await note(lambda rows: rows.webhooks.remove(FIRST.id))
    assert len(set(versions)) == len(versions)
    assert await source.all() == [SECOND]


@pytest.fixture
async def outbox(database):
    outbox = SqlOutbox(database, "one")
    outbox.start()
    yield outbox
    await outbox.close()


async def stored(outbox, *deliveries):
    for one in deliveries:
        assert outbox.put(lambda one=one: one)
    wanted = sum(one.state is DeliveryState.WAITING for one in deliveries)
    async with asyncio.timeout(30):
        while outbox.pending or sum(lane[2] for lane in await outbox.lanes()) < wanted:  # noqa: ASYNC110 - it is on disk
            await asyncio.sleep(0.02)


async def test_deliveries_are_given_out_in_the_order_of_the_events_when_they_are_due(outbox):
    assert await outbox.earliest() is None
    await stored(
        outbox, delivery(1), replace(delivery(2), next_at=NOW + 60), delivery(3), delivery(4, SECOND)
    )
    assert await outbox.earliest() == NOW
    assert sorted(await outbox.lanes()) == [(FIRST.id, NOW, 3), (SECOND.id, NOW, 1)]
    assert [one.event_id for one in await outbox.due(FIRST.id, NOW, 10)] == [1, 3]
    assert [one.event_id for one in await outbox.due(FIRST.id, NOW, 1)] == [1]
    assert [one.event_id for one in await outbox.due(FIRST.id, NOW + 60, 10)] == [1, 2, 3]
    await outbox.hasten(FIRST.id, NOW)
    assert [one.event_id for one in await outbox.due(FIRST.id, NOW, 10)] == [1, 2, 3]


async def test_what_became_of_deliveries_is_kept_with_how_the_webhook_fares(outbox, database):
    await stored(outbox, *(delivery(number) for number in range(1, 4)))
    first, second, third = await outbox.due(FIRST.id, NOW, 10)
    tried = [
        replace(first, state=DeliveryState.DELIVERED, attempts=1, tried_at=NOW + 1, status=204),
        replace(
            second, state=DeliveryState.FAILED, attempts=9, tried_at=NOW + 2, detail="No answer – nothing."
        ),
        replace(third, attempts=1, tried_at=NOW + 3, next_at=NOW + 8, status=500, detail="It answered 500."),
    ]
    standing = WebhookStanding(FIRST.id, NOW + 2, 2, NOW + 1, NOW + 3, 500, "It answered 500.", 1, 1, 5)
    await outbox.record(tried, WebhookStanding(FIRST.id))
    await outbox.record([], standing)
    async with SqlProvisioningStore(database).reading() as rows:
        assert await rows.deliveries.page(FIRST.id) == list(reversed(tried))
        assert await rows.deliveries.standing(FIRST.id) == replace(standing, waiting=1)
    assert await outbox.standings() == {FIRST.id: standing}
    assert await outbox.due(FIRST.id, NOW + 8, 10) == [tried[2]]
    await outbox.expire(NOW + 1, "too old")
    assert await outbox.earliest() is None


async def test_another_node_sends_what_it_heard_itself(outbox, database):
    await stored(outbox, delivery(1))
    async with SqlProvisioningStore(database).writing() as rows:
        await rows.deliveries.queue(delivery(2))
    other = SqlOutbox(database, "other")
    assert [one.event_id for one in await outbox.due(FIRST.id, NOW, 10)] == [1, 2]
    assert [one.event_id for one in await other.due(FIRST.id, NOW, 10)] == [2]


async def test_what_is_written_behind_is_there_after_close(database):
    outbox = SqlOutbox(database)
    outbox.start()
    for number in range(450):
        outbox.put(lambda number=number: delivery(number))
    await outbox.close()
    assert [one.event_id for one in await outbox.due(FIRST.id, NOW, 1000)] == list(range(450))


async def test_too_many_are_not_taken(database, monkeypatch):
    monkeypatch.setattr(webhook_deliveries, "MOST_PENDING", 3)
    outbox = SqlOutbox(database)
    assert [outbox.put(lambda: delivery(1)) for _ in range(5)] == [True] * 3 + [False] * 2


async def test_the_oldest_of_what_is_over_goes_and_what_waits_stays(outbox, monkeypatch, database):
    monkeypatch.setattr(webhook_deliveries, "KEPT", 2)
    over = [delivery(number, state=DeliveryState.DELIVERED) for number in range(1, 6)]
    await stored(outbox, delivery(0), *over, delivery(9, SECOND))
    await outbox.trim(FIRST.id)
    async with SqlProvisioningStore(database).reading() as rows:
        assert [one.event_id for one in await rows.deliveries.page(FIRST.id)] == [5, 4, 0]
    await outbox.trim(FIRST.id)
    await outbox.forget(FIRST.id)
    assert [lane[0] for lane in await outbox.lanes()] == [SECOND.id]


async def test_strangers_text_does_not_hold_up_the_others(outbox):
    bad = replace(delivery(1), body='{"a":"\0\ud800"}')
    await stored(outbox, bad, delivery(2))
    assert [one.event_id for one in await outbox.due(FIRST.id, NOW, 10)] == [1, 2]
