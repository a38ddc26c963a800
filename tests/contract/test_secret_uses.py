"""Last uses of secrets on disk, on SQLite and on PostgreSQL."""

import pytest

from contract.nouns import NOW
from fakes.waiting import until_found
from trunkline.store import secret_uses as module
from trunkline.store.secret_uses import SecretUseWriter, load_secret_uses


@pytest.fixture
async def writer(database):
    writer = SecretUseWriter(database)
    writer.start()
    yield writer
    await writer.close()


async def test_the_last_use_of_each_secret_comes_back_the_oldest_first(database, writer):
    for credential_id, generation, seconds in ((7, 0, 1.25), (7, 1, 2), (8, 1, 3), (7, 0, 4)):
        writer.used(credential_id, generation, NOW + seconds)
    assert writer.waiting == 3
    await writer.close()
    assert await load_secret_uses(database, 10) == [(7, 1, NOW + 2), (8, 1, NOW + 3), (7, 0, NOW + 4)]
    assert await load_secret_uses(database, 2) == [(8, 1, NOW + 3), (7, 0, NOW + 4)]


async def test_a_later_use_replaces_the_one_before_a_restart(database):
    for seconds in (1, 2):
        writer = SecretUseWriter(database)
        writer.start()
        writer.used(7, 1, NOW + seconds)
        await writer.close()
    assert await load_secret_uses(database, 10) == [(7, 1, NOW + 2)]


async def test_uses_are_written_without_being_told_to(database, monkeypatch):
    monkeypatch.setattr(module, "FLUSH_DELAY_S", 0.01)
    writer = SecretUseWriter(database)
    writer.start()
    writer.used(7, 1, NOW)

    async def look():
        return await load_secret_uses(database, 10)

    assert await until_found(look) == [(7, 1, NOW)]
    await writer.close()


async def test_more_than_one_piece_is_written(database, writer, monkeypatch):
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 2)
    for number in range(5):
        writer.used(number, 0, NOW + number)
    await writer.close()
    assert await load_secret_uses(database, 10) == [(number, 0, NOW + number) for number in range(5)]


async def test_of_too_many_that_wait_the_first_is_dropped(database, writer, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    for number in (1, 2, 1, 3):
        writer.used(number, 0, NOW + number)
    assert (writer.waiting, writer.dropped) == (2, 1)
    await writer.close()
    assert [one[0] for one in await load_secret_uses(database, 10)] == [2, 3]
