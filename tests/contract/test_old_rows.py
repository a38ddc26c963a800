"""Old rows are removed in pieces, on SQLite and on PostgreSQL."""

from dataclasses import replace

import pytest
from sqlalchemy import insert, select

from contract import nouns
from contract.nouns import NOW
from contract.test_access_rows import entry
from contract.test_cdrs import ANSWERED, ENDED, REFUSED
from contract.test_webhooks import FIRST, SECOND, delivery
from fakes.clock import FakeClock
from fakes.provisioning_tokens import StandingClock
from trunkline.domain.webhook import WebhookStanding
from trunkline.operations.retention import Retention, RetentionPolicy
from trunkline.provisioning.access_ports import AuditQuery
from trunkline.store.cdr_listing import find_cdr
from trunkline.store.cdrs import CdrWriter
from trunkline.store.old_rows import SqlOldRows
from trunkline.store.provisioning_store import SqlProvisioningStore
from trunkline.store.schema import changes, secret_uses, webhook_standings
from trunkline.store.webhook_deliveries import SqlOutbox


@pytest.fixture
async def store(database):
    store = SqlProvisioningStore(database)
    async with store.writing() as rows:
        await rows.accounts.add(nouns.ATLANTA)
        await rows.applications.add(nouns.IVR)
    return store


async def keys_of(database, table):
    async with database.reading() as connection:
        found = await connection.execute(
            select(*table.primary_key.columns).order_by(*table.primary_key.columns)
        )
        return [tuple(row) for row in found]


async def test_entries_of_the_audit_log_that_are_too_old_go_the_oldest_first(database, store):
    async with store.writing() as rows:
        # A clock that was put back: the last entry is the oldest.
        await rows.audit.add([entry(second) for second in (1, 2, 3, 4, 0)])
    old = SqlOldRows(database)
    assert await old.remove_audit(NOW, 10) == 0
    assert await old.remove_audit(NOW + 3, 2) == 2
    async with store.reading() as rows:
        assert len(await rows.audit.page(AuditQuery())) == 3
    assert await old.remove_audit(NOW + 3, 2) == 1
    assert await old.remove_audit(NOW + 3, 2) == 0
    async with store.reading() as rows:
        assert [one.at for one in await rows.audit.page(AuditQuery())] == [NOW + 4, NOW + 3]


async def test_only_cdrs_of_ended_calls_go(database):
    writer = CdrWriter(database, StandingClock(NOW + 30))
    writer.start()
    writer.opened(replace(ANSWERED, call_id="runs"))
    writer.closed(ENDED)
    writer.closed(REFUSED)
    await writer.close()
    old = SqlOldRows(database)
    assert await old.remove_cdrs(ENDED.ended_at, 10) == 1
    assert await find_cdr(database, REFUSED.call_id) is None
    assert await old.remove_cdrs(ENDED.ended_at + 1, 10) == 1
    assert await old.remove_cdrs(NOW + 1_000_000, 10) == 0
    assert await find_cdr(database, "runs") is not None


async def test_the_newest_changes_stay(database, store):
    async with database.writing() as connection:
        await connection.execute(insert(changes), [{"noun": "number", "key": str(one)} for one in range(6)])
    kept = (await keys_of(database, changes))[-3:]
    old = SqlOldRows(database, kept_changes=3)
    assert await old.remove_changes(2) == 2
    while await old.remove_changes(2):
        pass
    assert await keys_of(database, changes) == kept
    assert await SqlOldRows(database).remove_changes(2) == 0


async def test_an_empty_feed_has_nothing_to_remove(database):
    assert await SqlOldRows(database).remove_changes(2) == 0


async def test_what_was_written_behind_for_the_removed_goes(database, store):
    async with store.writing() as rows:
        await rows.webhooks.add(FIRST)
        where = await rows.realms.add(nouns.realm())
        alice = await rows.credentials.add(nouns.credential(where))
    outbox = SqlOutbox(database)
    for webhook in (FIRST, SECOND):
        await outbox.record([], WebhookStanding(webhook.id))
        for number in (1, 2):
            async with store.writing() as rows:
                await rows.deliveries.queue(delivery(number, webhook))
    async with database.writing() as connection:
        rows_of_uses = [
            {"credential_id": one, "generation": 0, "at": NOW} for one in (alice.id, alice.id + 1)
        ]
        await connection.execute(insert(secret_uses), rows_of_uses)
    old = SqlOldRows(database)
    assert await old.remove_strays(1) == 1
    removed = 1
    while count := await old.remove_strays(10):
        removed += count
    assert removed == 4
    assert await keys_of(database, secret_uses) == [(alice.id, 0)]
    assert await keys_of(database, webhook_standings) == [(FIRST.id,)]
    async with store.reading() as rows:
        assert len(await rows.deliveries.page(FIRST.id)) == 2
        assert await rows.deliveries.page(SECOND.id) == []


async def test_retention_removes_as_much_as_there_is(database, store):
    async with store.writing() as rows:
        await rows.audit.add([entry(second) for second in range(1_200)])
    clock = FakeClock(NOW + 100_000)
    policy = RetentionPolicy(audit_s=100_000 - 1_199)
    await Retention(SqlOldRows(database), policy, clock, pause_s=0).remove_old()
    async with store.reading() as rows:
        assert [one.at for one in await rows.audit.page(AuditQuery())] == [NOW + 1_199]
