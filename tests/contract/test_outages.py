"""A database that fails for a while: nobody waits, nothing is lost, one line is logged."""

import asyncio
import sqlite3
from dataclasses import replace

import pytest

from contract.nouns import NOW
from contract.test_bindings import LISTENERS, binding
from contract.test_cdrs import ANSWERED, ENDED
from fakes.provisioning_tokens import StandingClock
from fakes.waiting import until
from trunkline.store import cdrs as cdrs_module
from trunkline.store import database as database_module
from trunkline.store.bindings import BindingWriter, load_bindings
from trunkline.store.cdr_listing import find_cdr
from trunkline.store.cdrs import CdrWriter
from trunkline.store.database import Database


@pytest.fixture
async def locked(tmp_path, monkeypatch):
    """A SQLite database that another program locks, and the way to unlock it."""
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_S", 0.01)
    database = await Database.open(tmp_path)
    blocker = sqlite3.connect(tmp_path / database_module.FILE_NAME, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    yield database, lambda: blocker.execute("ROLLBACK")
    blocker.close()
    await database.close()


async def test_records_wait_for_a_locked_database_and_are_written_when_it_works(locked, caplog):
    database, unlock = locked
    writer = CdrWriter(database, StandingClock(NOW))
    writer.start()
    writer.opened(ANSWERED)
    await until(lambda: writer.failures >= 2)
    writer.closed(ENDED)
    assert writer.waiting == 1
    unlock()
    await writer.close()
    assert await find_cdr(database, "call-1") == ENDED
    assert writer.dropped == 0
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "locked" in caplog.records[0].message


async def test_a_newer_change_of_a_binding_wins_over_one_that_failed(locked):
    database, unlock = locked
    writer = BindingWriter(database)
    writer.start()
    first, other = binding(cseq=1), binding(aor="bob@biloxi.example")
    writer.changed(first)
    writer.changed(other)
    await until(lambda: writer.failures > 0)
    writer.changed(binding(cseq=2))
    writer.removed(other.aor, other)
    unlock()
    await writer.close()
    assert [one.cseq for one in await load_bindings(database, LISTENERS, NOW)] == [2]


async def test_too_many_waiting_records_go_to_the_log_whole(locked, caplog, monkeypatch):
    database, _ = locked
    monkeypatch.setattr(cdrs_module, "MOST_WAITING", 2)
    writer = CdrWriter(database, StandingClock(NOW))
    for index in range(3):
        writer.closed(replace(ENDED, call_id=f"call-{index}"))
    assert (writer.waiting, writer.dropped) == (2, 1)
    (record,) = caplog.records
    assert '"call_id": "call-0"' in record.message
    assert '"callee": "+15550100199"' in record.message
    await writer.close()
    assert writer.waiting == 0
    assert '"call_id": "call-2"' in caplog.text


async def test_closing_in_an_outage_ends_and_logs_the_records(locked, caplog):
    database, _ = locked
    writer = CdrWriter(database, StandingClock(NOW))
    writer.start()
    writer.closed(ENDED)
    async with asyncio.timeout(60):
        await writer.close()
    assert writer.dropped == 1
    assert '"call_id": "call-1"' in caplog.text


@pytest.mark.needs("postgres")
async def test_a_restart_of_postgresql_loses_nothing(postgresql_server, postgresql_url, tmp_path):
    database = await Database.open(tmp_path, postgresql_url)
    writer = CdrWriter(database, StandingClock(NOW))
    writer.start()
    writer.opened(ANSWERED)
    await until(lambda: writer.written == 1)
    postgresql_server.disconnect_all()
    writer.closed(ENDED)
    await until(lambda: writer.written == 2)
    assert await find_cdr(database, "call-1") == ENDED
    await writer.close()
    await database.close()
