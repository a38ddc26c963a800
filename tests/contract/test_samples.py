"""The figures of each minute on disk, on SQLite and on PostgreSQL."""

from contract.nouns import NOW
from trunkline.operations.samples import Sample
from trunkline.store.samples import SqlSamples

FIRST = Sample(NOW, registrations=3, calls=1, started=2, talked_s=1.5, refused={"no-trunk": 2})


async def test_samples_come_back_as_they_were_the_oldest_first_and_are_replaced(database):
    shelf = SqlSamples(database)
    await shelf.write([(1, Sample(NOW + 60)), (1, Sample(NOW)), (2, FIRST)])
    await shelf.write([(1, FIRST)])
    await shelf.write([])
    assert await shelf.load(NOW) == [(1, FIRST), (2, FIRST), (1, Sample(NOW + 60))]
    assert await shelf.load(NOW + 1) == [(1, Sample(NOW + 60))]


async def test_old_samples_are_forgotten(database):
    shelf = SqlSamples(database)
    await shelf.write([(1, Sample(NOW)), (1, Sample(NOW + 60))])
    await shelf.trim(NOW + 60)
    assert await shelf.load(0) == [(1, Sample(NOW + 60))]
