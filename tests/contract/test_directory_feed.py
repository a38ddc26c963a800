"""The change feed: what one process writes, another one's directory holds soon after."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import delete, text

from contract import nouns
from fakes.waiting import until
from trunkline.domain.directory import Directory
from trunkline.store import directory_feed
from trunkline.store.directory_feed import DirectoryFeed
from trunkline.store.provisioning_store import SqlProvisioningStore
from trunkline.store.schema import changes


@pytest.fixture
async def store(second_database):
    """Another process, which writes."""
    store = SqlProvisioningStore(second_database)
    async with store.writing() as rows:
        await rows.accounts.add(nouns.ATLANTA)
        await rows.applications.add(nouns.IVR)
    return store


@pytest.fixture
async def desk(store):
    async with store.writing() as rows:
        return await rows.realms.add(nouns.realm(is_default=True))


@pytest.fixture
def directory():
    return Directory()


@pytest.fixture
def feed(database, directory):
    return DirectoryFeed(database, directory)


async def furnish(store, desk):
    async with store.writing() as rows:
        bob = await rows.credentials.add(nouns.furnished_credential(desk))
        await rows.credentials.add_many([nouns.credential(desk, f"user{index}") for index in range(7)])
        trunk = await rows.trunks.add(replace(nouns.furnished_trunk(), enabled=True))
        await rows.numbers.add(nouns.number())
    return bob, trunk


def contents(directory):
    tables = (
        directory.accounts, directory.realms, directory.credentials, directory.applications, directory.trunks,
        directory.numbers,
    )  # fmt: skip
    return [dict(table) for table in tables]


async def test_everything_is_loaded(feed, directory, store, desk, monkeypatch):
    monkeypatch.setattr(directory_feed, "LOAD_CHUNK", 3)
    bob, trunk = await furnish(store, desk)
    await feed.load()
    assert directory.accounts == {nouns.ATLANTA.id: nouns.ATLANTA}
    assert directory.applications == {nouns.IVR.id: nouns.IVR}
    assert directory.realm(desk.name) == desk
    assert directory.default_realm(nouns.ATLANTA.id) == desk
    assert directory.credential(bob.aor) == bob
    assert len(directory.credentials) == 8
    assert directory.trunk_from("192.0.2.10") == trunk
    assert directory.number("+15550100199") == nouns.number()


async def test_realm_names_are_shared_by_credentials(feed, directory, store, desk):
    await furnish(store, desk)
    await feed.load()
    assert len({id(one.realm_name) for one in directory.credentials.values()}) == 1


async def test_changes_of_every_noun_are_applied_in_order(feed, directory, store, desk):
    await feed.load()
    bob, trunk = await furnish(store, desk)
    assert await feed.poll() == 10
    assert directory.credential(bob.aor) == bob
    async with store.writing() as rows:
        await rows.accounts.replace(replace(nouns.ATLANTA, country="DE"))
        await rows.credentials.replace(replace(bob, enabled=False, application_id=None))
        await rows.applications.remove(nouns.IVR.id)
        await rows.trunks.remove(trunk.id)
        await rows.numbers.remove("+15550100199")
        lab = await rows.realms.add(nouns.realm("lab.example.net"))
        await rows.realms.replace(replace(desk, is_default=False))
        await rows.realms.replace(replace(lab, is_default=True))
    await feed.poll()
    assert directory.accounts[nouns.ATLANTA.id].country == "DE"
    assert directory.credential(bob.aor).application_id is None
    assert directory.applications == {}
    assert directory.trunk_from("192.0.2.10") is None
    assert directory.number("+15550100199") is None
    assert directory.default_realm(nouns.ATLANTA.id).name == "lab.example.net"
    async with store.writing() as rows:
        await rows.credentials.remove_all(desk.id)
        await rows.realms.remove(desk.id)
    await feed.poll()
    assert directory.credentials == {}
    assert directory.realm(desk.name) is None
    assert await feed.poll() == 0


async def test_it_tells_which_change_it_has_seen(feed, store, desk):
    await feed.load()
    before = feed.seen
    await furnish(store, desk)
    assert feed.seen == before
    assert await feed.poll() == feed.seen - before > 0


async def test_the_listener_hears_what_was_and_what_is(feed, directory, store, desk):
    await feed.load()
    heard = []
    async with store.writing() as rows:
        alice = await rows.credentials.add(nouns.credential(desk))
    await feed.poll(lambda before, after: heard.append((before, after)))
    async with store.writing() as rows:
        await rows.credentials.replace(alice)
    await feed.poll(lambda before, after: heard.append((before, after)))
    async with store.writing() as rows:
        await rows.credentials.remove(alice.id)
    await feed.poll(lambda before, after: heard.append((before, after)))
    assert heard == [(None, alice), (alice, None)]


async def test_a_bulk_of_changes_is_applied_in_pieces(feed, directory, store, desk, monkeypatch):
    monkeypatch.setattr(directory_feed, "FOLLOW_CHUNK", 4)
    await feed.load()
    await furnish(store, desk)
    assert await feed.poll() == 10
    assert len(directory.credentials) == 8


async def test_an_undone_transaction_is_never_seen(feed, directory, store, desk):
    await feed.load()

    async def undone():
        async with store.writing() as rows:
            await rows.trunks.add(nouns.trunk())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await undone()
    async with store.writing() as rows:
        chicago = await rows.trunks.add(nouns.trunk())
    assert await feed.poll() == 1
    assert list(directory.trunks.values()) == [chicago]


async def test_a_reader_that_missed_rows_reads_everything_anew(feed, directory, store, desk, database):
    bob, _ = await furnish(store, desk)
    await feed.load()
    async with store.writing() as rows:
        await rows.credentials.remove(bob.id)
        await rows.trunks.add(nouns.trunk())
        await rows.numbers.remove("+15550100199")
    async with database.writing() as connection:
        newest = (await connection.execute(text("SELECT max(seq) FROM changes"))).scalar_one()
        await connection.execute(delete(changes).where(changes.c.seq < newest))
    heard = []
    await feed.poll(lambda before, after: heard.append((before, after)))
    expected = Directory()
    await DirectoryFeed(database, expected).load()
    assert contents(directory) == contents(expected)
    assert (bob, None) in heard
    assert len(heard) == 3
    assert await feed.poll() == 0


async def test_old_changes_are_dropped_at_a_start(feed, store, desk, database, monkeypatch):
    monkeypatch.setattr(directory_feed, "KEPT_CHANGES", 2)
    await furnish(store, desk)
    await feed.load()
    async with database.reading() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM changes"))).scalar_one() == 2
    assert await feed.poll() == 0


async def test_a_follower_holds_a_change_of_another_process_within_a_second(feed, directory, store, desk):
    await feed.load()
    heard = asyncio.Event()
    following = asyncio.create_task(feed.follow(lambda _before, _after: heard.set()))
    async with store.writing() as rows:
        alice = await rows.credentials.add(nouns.credential(desk))
    await asyncio.wait_for(heard.wait(), 30)
    assert directory_feed.POLL_EVERY_S < 0.5, "a change waits so long; the rest of the second is for the work"
    assert directory.credential(alice.aor) == alice
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following


async def test_a_listener_that_fails_does_not_stop_the_follower(feed, directory, store, desk, caplog):
    await feed.load()
    calls = 0

    def listener(_before, _after):
        nonlocal calls
        calls += 1
        raise ZeroDivisionError

    following = asyncio.create_task(feed.follow(listener))
    async with store.writing() as rows:
        await rows.credentials.add(nouns.credential(desk))
    await until(lambda: calls > 0)
    async with store.writing() as rows:
        bob = await rows.credentials.add(nouns.credential(desk, "bob"))
    await until(lambda: directory.credential(bob.aor) is not None)
    following.cancel()
    assert "Changes could not be applied" in caplog.text
