"""Running and past calls as an operator sees them."""

import csv

import pytest

from fakes.operations import NOW, OURS, THEIRS, FakeCalls, FakeCdrs, cdr, live_call
from trunkline.domain.cdr_search import CdrFilter
from trunkline.domain.media import MediaStatistics, SideStatistics
from trunkline.operations.calls import Calls
from trunkline.operations.cdrs import COLUMNS, Cdrs, csv_line


async def test_a_page_shows_the_newest_calls_of_the_account_first():
    here = Calls(FakeCalls(live_call("one"), live_call("two"), live_call("theirs", THEIRS)))
    page = await here.page(OURS)
    assert [call.call_id for call in page.calls] == ["two", "one"]
    assert (page.total, page.after, here.count(OURS)) == (2, "", 2)


async def test_pages_of_calls_go_on():
    here = Calls(FakeCalls(*(live_call(f"call-{n}") for n in range(5))))
    first = await here.page(OURS, limit=2)
    second = await here.page(OURS, after=first.after, limit=2)
    third = await here.page(OURS, after=second.after, limit=2)
    assert [call.call_id for page in (first, second, third) for call in page.calls] == [
        f"call-{n}" for n in (4, 3, 2, 1, 0)
    ]
    assert third.after == ""


async def test_pages_of_calls_go_on_though_the_last_call_shown_has_ended():
    live = FakeCalls(*(live_call(f"call-{n}", started_at=NOW + n) for n in range(5)))
    here = Calls(live)
    first = await here.page(OURS, limit=2)
    live.end("call-3")
    assert [call.call_id for call in (await here.page(OURS, after=first.after)).calls] == [
        "call-2",
        "call-1",
        "call-0",
    ]
    assert (await here.page(OURS, after="nonsense")).calls == ()


@pytest.mark.parametrize("search", ["ALICE", "5550199", "192.0.2.10", "phone", "sip-one", "one"])
async def test_calls_are_searched_by_what_they_are_about(search):
    here = Calls(
        FakeCalls(live_call("one"), live_call("two", caller="x", callee="y", source="z", user_agent=""))
    )
    assert "one" in [call.call_id for call in (await here.page(OURS, search=search)).calls]


async def test_a_call_comes_with_its_rtp_figures_and_never_to_another_account():
    live = FakeCalls(live_call("one"))
    live.figures["one"] = MediaStatistics(SideStatistics(10), SideStatistics(11), 21)
    here = Calls(live)
    found = await here.get(OURS, "one")
    assert found is not None
    assert found.media == live.figures["one"]
    assert await here.get(THEIRS, "one") is None
    assert await here.get(OURS, "nowhere") is None


def test_only_the_own_account_can_hang_a_call_up():
    live = FakeCalls(live_call("one"))
    here = Calls(live)
    assert not here.hang_up(THEIRS, "one")
    assert "one" in live.running
    assert here.hang_up(OURS, "one")
    assert not here.hang_up(OURS, "one")


async def test_past_calls_are_asked_for_with_the_account_whatever_the_filter_says():
    kept = FakeCdrs(cdr("one"), cdr("theirs", THEIRS))
    page = await Cdrs(kept).page(OURS, CdrFilter(account_id=THEIRS, party="alice"))
    assert [one.call_id for one in page.cdrs] == ["one"]
    assert kept.asked == [CdrFilter(account_id=OURS, party="alice")]


async def test_the_record_of_another_account_is_not_found():
    here = Cdrs(FakeCdrs(cdr("one")))
    assert await here.get(OURS, "one") is not None
    assert await here.get(THEIRS, "one") is None


async def test_csv_has_a_line_for_each_record_of_the_account():
    kept = FakeCdrs(*(cdr(f"call-{n}", started_at=NOW + n) for n in range(450)), cdr("theirs", THEIRS))
    lines = [line async for line in Cdrs(kept).csv(OURS, CdrFilter(account_id=THEIRS))]
    rows = list(csv.DictReader(lines))
    assert tuple(rows[0]) == COLUMNS
    assert [row["call_id"] for row in rows] == [f"call-{n}" for n in reversed(range(450))]
    assert rows[0]["started_at"] == "2023-11-14T22:20:49.000Z"


@pytest.mark.parametrize("text", ["=1+1", "+1312", "-x", "@SUM(A1)", "\tx", "\rx", " =1", "=a\r\nb"])
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text):
    (row,) = csv.reader([csv_line((text,))])
    assert row[0].startswith("'")


def test_other_cells_stay_as_they_are():
    assert csv_line(("a,b", None, 3, 'say "x"', -1)) == '"a,b",,3,"say ""x""",-1\r\n'
