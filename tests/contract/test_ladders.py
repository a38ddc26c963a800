"""Kept ladders on disk, on SQLite and on PostgreSQL."""

from contract.nouns import NOW
from trunkline.operations.ladders import KeptLadder
from trunkline.store.ladders import SqlLadders


def kept(number, ended_at=0.0, packed=b"\x00\xffzlib"):
    return KeptLadder(f"call-{number}", 1_000_001, NOW + (ended_at or number), packed)


async def test_a_ladder_comes_back_as_it_was_and_can_be_written_again(database):
    shelf = SqlLadders(database)
    await shelf.keep([kept(1), kept(2)])
    await shelf.keep([kept(1, packed=b"new")])
    assert await shelf.find("call-1") == kept(1, packed=b"new")
    assert await shelf.find("call-2") == kept(2)
    assert await shelf.find("call-3") is None


async def test_only_the_newest_stay(database):
    shelf = SqlLadders(database)
    await shelf.keep([kept(number) for number in range(1, 8)])
    await shelf.trim(3, NOW)
    assert [bool(await shelf.find(f"call-{number}")) for number in range(1, 8)] == [False] * 4 + [True] * 3
    await shelf.trim(10, NOW + 7)
    assert [bool(await shelf.find(f"call-{number}")) for number in range(5, 8)] == [False, False, True]
