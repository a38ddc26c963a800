"""Call detail records on disk, on SQLite and on PostgreSQL."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from contract.nouns import NOW
from fakes.provisioning_tokens import StandingClock
from fakes.waiting import until, until_found
from trunkline.domain.cdr import Cdr, CdrLeg, EndCause, TrunkAttempt
from trunkline.domain.cdr_search import CdrFilter
from trunkline.domain.media import MediaStatistics, SideStatistics
from trunkline.store import cdrs as cdrs_module
from trunkline.store.cdr_listing import find_cdr, list_cdrs
from trunkline.store.cdrs import CdrWriter, open_calls
from trunkline.store.faults import StoreFault
from trunkline.store.schema import cdrs


def cdr(call_id="call-1", started_at=NOW, **changes):
    fields = {
        "sip_call_id": "a84b4c76e66710@pc33.atlanta.example", "account_id": 1_000_001, "credential_id": 7,
        "inbound_trunk_id": None, "caller": "alice@atlanta.example", "callee": "+15550100199",
        "source": "198.51.100.7:5060", "user_agent": "Phone/1.0",
    } | changes  # fmt: skip
    return Cdr(call_id=call_id, started_at=started_at, **fields)


ANSWERED = cdr(rang_at=NOW + 1, answered_at=NOW + 2, status=200, trunk_id=3)
ENDED = replace(
    ANSWERED, ended_at=NOW + 62.5, end_cause=EndCause.CALLEE_HUNG_UP, detail="bye",
    attempts=(TrunkAttempt(2, "sip:192.0.2.1", 503), TrunkAttempt(None, "sip:a@198.51.100.9", 0), TrunkAttempt(3, "sip:192.0.2.2", 200)),
    media=MediaStatistics(SideStatistics(3000, 2, 1, 0.5, 3.25), SideStatistics(2990), 5990, 1), tags={"order": "7"},
    route="to +15550100199 through trunk chicago",
    legs=(CdrLeg("caller", "a84b4c76e66710", "udp", "198.51.100.7", 5060, True), CdrLeg("callee-1", "x", "tcp", "2001:db8::1", 5061, False)),
)  # fmt: skip
REFUSED = cdr("call-2", NOW + 10, ended_at=NOW + 10, end_cause=EndCause.REJECTED, status=403, rejection="wrong-password",
              account_id=None, credential_id=None, caller="mallory@atlanta.example")  # fmt: skip


@pytest.fixture
async def writer(database):
    writer = CdrWriter(database, StandingClock(NOW + 30), "node-1")
    writer.start()
    yield writer
    await writer.close()


async def settled(writer, written=1):
    """Wait until so many records are on disk."""
    await until(lambda: writer.written >= written)


async def test_a_record_comes_back_as_it_was(database, writer):
    writer.closed(ENDED)
    writer.closed(REFUSED)
    await writer.close()
    assert await find_cdr(database, "call-1") == ENDED
    assert await find_cdr(database, "call-2") == REFUSED
    assert await find_cdr(database, "call-3") is None
    assert (writer.written, writer.dropped) == (2, 0)


async def test_an_answered_call_is_on_disk_within_a_fifth_of_a_second(database, second_database, writer):
    writer.opened(ANSWERED)
    await until_found(lambda: open_calls(second_database))
    assert cdrs_module.FLUSH_DELAY_S < 0.2, "so long it waits; what the disk takes is the machine's"
    assert await open_calls(second_database) == [ANSWERED]
    assert await open_calls(second_database, ANSWERED.account_id) == [ANSWERED]
    assert await open_calls(second_database, 5) == []


async def test_the_end_replaces_the_beginning(database, writer):
    writer.opened(ANSWERED)
    await settled(writer)
    writer.closed(ENDED)
    await settled(writer, 2)
    assert await find_cdr(database, "call-1") == ENDED
    assert await open_calls(database) == []


async def test_a_call_that_ends_at_once_is_written_once(database, writer):
    writer.opened(ANSWERED)
    writer.closed(ENDED)
    await writer.close()
    assert writer.written == 1
    assert await find_cdr(database, "call-1") == ENDED


async def test_calls_left_open_are_closed_when_last_seen(database, writer):
    writer.opened(ANSWERED)
    writer.closed(REFUSED)
    await settled(writer, 2)
    closed = await writer.interrupt_open_calls(NOW + 4000)
    assert [(one.call_id, one.end_cause, one.ended_at) for one in closed] == [
        ("call-1", EndCause.INTERRUPTED, NOW + 30)
    ]
    assert await find_cdr(database, "call-1") == closed[0]
    assert await find_cdr(database, "call-2") == REFUSED
    assert await writer.interrupt_open_calls(NOW + 5000) == []


async def test_an_interrupted_call_never_ends_in_the_future(database, writer):
    writer.opened(ANSWERED)
    await settled(writer)
    (closed,) = await writer.interrupt_open_calls(NOW + 5)
    assert closed.ended_at == NOW + 5


async def test_calls_of_another_node_are_left_alone(database, second_database, writer):
    writer.opened(ANSWERED)
    await settled(writer)
    other = CdrWriter(second_database, StandingClock(), "node-2")
    assert await other.interrupt_open_calls(NOW + 4000) == []
    assert await open_calls(database) == [ANSWERED]


async def test_open_calls_are_marked_as_alive(database, monkeypatch):
    monkeypatch.setattr(cdrs_module, "SEEN_EVERY_S", 0.02)
    clock = StandingClock(NOW + 30)
    writer = CdrWriter(database, clock)
    writer.start()
    writer.opened(ANSWERED)
    await settled(writer)
    clock.time = NOW + 500

    async def seen():
        async with database.reading() as connection:
            return (await connection.execute(select(cdrs.c.seen_at))).scalar_one() == NOW + 500

    await until_found(seen)
    (closed,) = await writer.interrupt_open_calls(NOW + 4000)
    await writer.close()
    assert closed.ended_at == NOW + 500


async def test_texts_that_no_database_takes_do_not_hold_up_the_others(database, writer):
    writer.closed(replace(ENDED, user_agent="half\ud800 nul\0", tags={"a": "\0"}))
    writer.closed(REFUSED)
    await writer.close()
    found = await find_cdr(database, "call-1")
    assert found.user_agent.startswith("half")
    assert await find_cdr(database, "call-2") == REFUSED
    assert writer.dropped == 0


@pytest.fixture
async def listed(database, writer):
    for index in range(5):
        writer.closed(
            cdr(
                f"page-{index}",
                NOW + 100 + index // 2,
                ended_at=NOW + 200,
                end_cause=EndCause.BUSY,
                status=486,
            )
        )
    writer.closed(ENDED)
    writer.closed(replace(REFUSED, inbound_trunk_id=3))
    await writer.close()
    return database


async def ids(database, **wanted):
    return [one.call_id for one in (await list_cdrs(database, CdrFilter(**wanted))).cdrs]


async def test_pages_go_on_without_gap_or_repetition(listed):
    found, after = [], ""
    while True:
        page = await list_cdrs(listed, CdrFilter(since=NOW + 100), after=after, limit=2)
        found += [one.call_id for one in page.cdrs]
        after = page.after
        if not after:
            break
    assert found == ["page-4", "page-3", "page-2", "page-1", "page-0"]


async def test_a_full_last_page_has_no_next(listed):
    assert (await list_cdrs(listed, CdrFilter(since=NOW + 100), limit=5)).after == ""


async def test_filters_choose(listed):
    assert await ids(listed, until=NOW + 100) == ["call-2", "call-1"]
    assert await ids(listed, since=NOW + 10, until=NOW + 100) == ["call-2"]
    assert await ids(listed, party="mallory") == ["call-2"]
    assert await ids(listed, party="+1555", end_cause=EndCause.CALLEE_HUNG_UP) == ["call-1"]
    assert await ids(listed, party="%") == []
    assert await ids(listed, rejection="wrong-password") == ["call-2"]
    assert await ids(listed, trunk_id=3) == ["call-2", "call-1"]
    assert await ids(listed, credential_id=7, answered=True) == ["call-1"]
    assert len(await ids(listed, answered=False)) == 6
    assert len(await ids(listed, account_id=1_000_001)) == 6
    assert await ids(listed, account_id=5) == []


async def test_a_page_that_never_was_is_refused(database):
    with pytest.raises(StoreFault, match="is no page"):
        await list_cdrs(database, after="nonsense")


async def test_records_are_chosen_by_source_call_id_status_and_length(database, writer):
    writer.closed(ENDED)
    writer.closed(REFUSED)
    await writer.close()
    for wanted, expected in [
        (CdrFilter(source="198.51.100"), ["call-2", "call-1"]),
        (CdrFilter(source="Phone/2"), []),
        (CdrFilter(sip_call_id="a84b4c76e66710@pc33.atlanta.example"), ["call-2", "call-1"]),
        (CdrFilter(sip_call_id="x"), ["call-1"]),
        (CdrFilter(sip_call_id="a84b4c76"), []),
        (CdrFilter(status=403), ["call-2"]),
        (CdrFilter(at_least_s=60), ["call-1"]),
        (CdrFilter(at_least_s=61), []),
        (CdrFilter(at_most_s=61), ["call-1"]),
    ]:
        assert [one.call_id for one in (await list_cdrs(database, wanted)).cdrs] == expected, wanted
