"""The loop that writes behind, with a flush that does as it is told."""

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from fakes.waiting import until
from trunkline.store import write_behind
from trunkline.store.batches import is_outage, mended
from trunkline.store.write_behind import WriteBehind


class Flush:
    """Fails as often as it is told."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self):
        self.calls += 1
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(write_behind, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(write_behind, "LONGEST_PAUSE_S", 0.002)


def outage():
    return OperationalError("INSERT", {}, Exception("server closed the connection"))


async def calls(flush, count):
    await until(lambda: flush.calls >= count, step_s=0.0)


async def test_nothing_is_flushed_until_something_waits():
    flush = Flush()
    behind = WriteBehind("test", flush, 0.0)
    behind.start()
    for _ in range(20):
        await asyncio.sleep(0)
    assert flush.calls == 0
    behind.wake()
    await calls(flush, 1)
    await behind.close()


async def test_an_outage_is_tried_again_until_it_ends_and_logged_once(caplog):
    flush = Flush(outage(), outage(), outage())
    behind = WriteBehind("CDRs", flush, 0.0)
    behind.start()
    behind.wake()
    await calls(flush, 4)
    await behind.close()
    assert behind.failures == 3
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "server closed the connection" in caplog.records[0].message


async def test_a_bug_in_a_flush_is_logged_and_the_loop_goes_on(caplog):
    flush = Flush(ZeroDivisionError())
    behind = WriteBehind("test", flush, 0.0)
    behind.start()
    behind.wake()
    await calls(flush, 1)
    behind.wake()
    await calls(flush, 2)
    await behind.close()
    assert "a batch could not be written" in caplog.text
    assert behind.failures == 0


async def test_closing_writes_what_waits_without_its_delay():
    flush = Flush()
    behind = WriteBehind("test", flush, 3600.0)
    behind.start()
    behind.wake()
    async with asyncio.timeout(30):
        await behind.close()
    assert flush.calls >= 1


async def test_closing_gives_up_an_outage_after_some_tries(caplog):
    flush = Flush(*[outage() for _ in range(100)])
    behind = WriteBehind("test", flush, 0.0)
    behind.start()
    behind.wake()
    async with asyncio.timeout(30):
        await behind.close()
    assert flush.calls <= 2 * write_behind.CLOSING_TRIES
    assert "is lost" in caplog.text


async def test_closing_without_a_start_is_quiet():
    await WriteBehind("test", Flush(), 0.0).close()


@pytest.mark.parametrize(
    ("error", "answer"),
    [(outage(), True), (ConnectionResetError(), True), (ValueError(), False), (KeyError(), False)],
)
def test_outages_are_told_from_faults(error, answer):
    assert is_outage(error) is answer


def test_mended_rows_keep_what_is_right():
    assert mended(("ü", 1, None, 2.5)) == ("ü", 1, None, 2.5)
    assert mended(("a\0b", "half\ud800")) == ("a\ufffdb", "half?")
