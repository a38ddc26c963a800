"""What is removed when, and that nothing is stopped by it."""

import asyncio

from fakes.clock import FakeClock
from trunkline.operations.retention import ROWS_AT_ONCE, Retention, RetentionPolicy

NOW = 1_700_000_000.0


class Shelf:
    """Fills ``OldRows``: so many rows of each kind are old."""

    def __init__(self, rows, broken=()):
        self.rows = dict(rows)
        self.broken = broken
        self.asked = []

    def _take(self, kind, most, before=None):
        self.asked.append((kind, before))
        if kind in self.broken:
            raise OSError("the disk is full")
        taken = min(most, self.rows.get(kind, 0))
        self.rows[kind] = self.rows.get(kind, 0) - taken
        return taken

    async def remove_audit(self, before, most):
        return self._take("audit", most, before)

    async def remove_cdrs(self, before, most):
        return self._take("cdrs", most, before)

    async def remove_changes(self, most):
        return self._take("changes", most)

    async def remove_strays(self, most):
        return self._take("strays", most)


def retention(shelf, trim=None, **policy):
    return Retention(shelf, RetentionPolicy(**policy), FakeClock(NOW), trim, pause_s=0)


async def test_rows_go_in_pieces_until_none_is_left():
    shelf = Shelf({"audit": 2 * ROWS_AT_ONCE + 1, "strays": 3})
    await retention(shelf, audit_s=100.0).remove_old()
    assert shelf.rows == {"audit": 0, "strays": 0, "changes": 0}
    assert shelf.asked[:4] == [("audit", NOW - 100.0)] * 4


async def test_zero_keeps_for_ever():
    shelf = Shelf({"audit": 5, "cdrs": 5})
    await retention(shelf, audit_s=0.0, cdrs_s=0.0).remove_old()
    assert {kind for kind, _ in shelf.asked} == {"changes", "strays"}


async def test_cdrs_go_when_somebody_wants_it():
    shelf = Shelf({"cdrs": 5})
    await retention(shelf, cdrs_s=50.0).remove_old()
    assert shelf.rows["cdrs"] == 0
    assert ("cdrs", NOW - 50.0) in shelf.asked


async def test_what_cannot_be_removed_does_not_keep_the_rest():
    trimmed = []

    async def trim():
        trimmed.append(True)
        raise OSError("the disk is full")

    shelf = Shelf({"strays": 1}, broken=("audit", "changes"))
    await retention(shelf, trim).remove_old()
    assert shelf.rows["strays"] == 0
    assert trimmed == [True]


async def test_others_have_their_turn_between_two_pieces():
    shelf = Shelf({"audit": 10 * ROWS_AT_ONCE})
    seen = []

    async def somebody_else():
        while shelf.rows["audit"]:
            seen.append(shelf.rows["audit"])
            await asyncio.sleep(0)

    await asyncio.gather(retention(shelf).remove_old(), somebody_else())
    assert len(set(seen)) > 5
