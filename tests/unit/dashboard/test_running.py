"""What runs, on its pages: devices, calls, ladders, the overview, the doctor and the dry run."""

import asyncio
import csv
import io
import time

import pytest

from fakes.operations import OURS, FakeBindings, binding, cdr
from fakes.running_desk import ALICE, DIGEST, HOSTILE, OF_ALICE, OF_CAROL, RunningDesk
from trunkline.dashboard.charts import SLOTS, bar_chart, day_of, line_chart
from trunkline.dashboard.ladder_view import view_of
from trunkline.operations.ladder import draw
from trunkline.operations.samples import Sample

from .conftest import Html


@pytest.fixture
def desk(clock):
    return RunningDesk(clock)


@pytest.fixture
def operations(desk):
    return desk.operations


def path(rest=""):
    return f"/{OURS}/{rest}"


async def text_of(browser, rest, **headers):
    answer = await browser.get(path(rest), **headers)
    assert answer.status_code == 200, answer.text
    return Html(answer.text).text


async def test_devices_of_other_accounts_are_not_listed(operator):
    text = await text_of(operator, "registrations")
    assert ALICE in text
    assert "bob@biloxi.example" not in text
    assert "Nothing has happened here, or it is too old to be kept." in await text_of(
        operator, "registrations/device?aor=bob@biloxi.example"
    )


@pytest.mark.parametrize("search", ["ALICE", "script", "192.0.2.10"])
async def test_a_search_finds_address_device_and_network_address(operator, search):
    assert ALICE in await text_of(operator, f"registrations?search={search}", **{"hx-request": "true"})
    assert "Nothing fits" in await text_of(operator, f"registrations?search={search}x")


async def test_a_page_of_devices_goes_on_behind_the_last(operator, desk):
    desk.bindings.held |= {
        f"device-{number:03}@atlanta.example": [
            binding(f"device-{number:03}@atlanta.example", expires_at=desk.clock.now() + 9)
        ]
        for number in range(70)
    }
    html = Html((await operator.get(path("registrations"))).text)
    following = next(one["href"] for tag, one in html.tags if one.get("rel") == "next")
    text = Html((await operator.get(following)).text).text
    assert "device-069" in text
    assert "device-010@" not in text


async def test_a_timeline_tells_moves_and_why_it_was_refused_with_the_cure(operator):
    text = await text_of(operator, f"registrations/device?aor={ALICE}")
    assert "1 flap in the last day" in text
    assert "The last try was refused." in text
    assert "Enter the password again in the device" in text
    assert "udp:192.0.2.11:5060" in text


async def test_unregistering_forgets_the_device_and_says_so(operator, desk):
    await operator.send(path("registrations/unregister"), {"aor": ALICE, "contact": "sip:other@x"})
    assert desk.bindings.bindings_of(ALICE)
    answer = await operator.send(path("registrations/unregister"), {"aor": ALICE})
    assert answer.status_code == 303
    assert desk.bindings.bindings_of(ALICE) == []
    assert "The device is forgotten." in (await operator.get(answer.headers["location"])).text
    await operator.send(path("registrations/unregister"), {"aor": "bob@biloxi.example"})
    assert desk.bindings.bindings_of("bob@biloxi.example"), "another account's device stays"


async def test_running_and_past_calls_stand_on_one_page(operator):
    text = await text_of(operator, "calls")
    assert "1 call" in text
    assert "refused no-trunk" in text
    assert "caller hung up" in text


async def test_the_words_of_a_search_become_a_filter(operator, desk, provisioning, account):
    await operator.get(
        path("calls?party=bob&trunk=3&cause=busy&refusal=no-trunk&within=hour&until=2026-11-21T14:00")
    )
    wanted = desk.cdrs.asked[-1]
    assert (wanted.party, wanted.trunk_id, wanted.end_cause.value, wanted.rejection) == (
        "bob",
        3,
        "busy",
        "no-trunk",
    )
    assert wanted.since == desk.clock.now() - 3600
    assert wanted.until == 1795269600.0
    await operator.get(
        path("calls?trunk=x&cause=x&within=x&from=yesterday&after=nonsense&until=0001-01-01T00:00")
    )
    wanted = desk.cdrs.asked[-1]
    assert (wanted.trunk_id, wanted.end_cause, wanted.since) == (None, None, None)


async def test_a_credential_that_is_not_there_is_told_beside_its_field(operator):
    html = Html((await operator.get(path("calls?credential=nobody"))).text)
    assert [one for _, one in html.tags if one.get("name") == "credential" and one.get("aria-invalid")]
    assert "There is no credential 'nobody'" in html.text


async def test_csv_has_every_call_and_no_formula(operator, desk):
    desk.cdrs.kept += [cdr(f"more-{number}", started_at=1.0, callee="@SUM(A1)") for number in range(120)]
    answer = await operator.get(path("calls.csv"))
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert len(rows) == 123
    assert "'=1+1" in [row[rows[0].index("callee")] for row in rows]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@", "-"))]


async def test_a_call_shows_facts_figures_and_its_ladder(operator, desk):
    now = desk.clock.now()
    desk.said(now - 60, False, OF_ALICE, "alices", "INVITE sip:x@y SIP/2.0", "v=0")
    desk.said(now - 59, True, OF_CAROL, "ours", "INVITE sip:x@y SIP/2.0")
    desk.said(now - 58, False, OF_CAROL, "ours", "SIP/2.0 486 <b>Busy</b>")
    text = await text_of(operator, "calls/one")
    for said in (
        "250",
        "490 packets relayed",
        "chicago",
        "INVITE (SDP)",
        "Caller to Trunkline",
        "Trunkline to Callee 1",
    ):
        assert said in text
    assert "486 <b>Busy</b> · INVITE" in text
    assert 'response="***"' in text
    assert DIGEST not in text


async def test_a_ladder_leaves_as_text_and_as_a_capture(operator, desk):
    desk.said(desk.clock.now() - 60, False, OF_ALICE, "alices", "INVITE sip:x@y SIP/2.0")
    answer = await operator.get(path("calls/one/ladder.txt"))
    assert "caller -> trunkline" in answer.text
    answer = await operator.get(path("calls/one/ladder.pcap"))
    assert answer.content[:4] == b"\xd4\xc3\xb2\xa1"
    assert 'filename="call-one.pcap"' in answer.headers["content-disposition"]
    for rest in ("calls/other", "calls/other/ladder.txt", "calls/other/ladder.pcap", "calls/other/hang-up"):
        assert (await operator.get(path(rest))).status_code == 404


async def test_hanging_up_ends_a_running_call_once(operator, desk):
    answer = await operator.send(path("calls/now/hang-up"))
    assert answer.headers["location"] == path("calls/now")
    assert desk.running.running == {}
    answer = await operator.send(path("calls/now/hang-up"))
    assert "The call is over already." in (await operator.get(answer.headers["location"])).text


async def test_what_is_refused_is_diagnosed_from_the_log(operator, desk):
    event = next(one for one in desk.events.recent(OURS) if one.data.get("what") == "registration")
    text = await text_of(operator, f"doctor/attempt?event={event.id}")
    assert "The digest does not match the stored hash." in text
    answer = await operator.send(path("doctor/attempt"), {"event": str(event.id), "password": "secret word"})
    assert "The attempt is not in memory" in answer.text
    assert "secret word" not in answer.text
    assert (await operator.get(path("doctor/attempt?event=1"))).status_code == 303


async def test_the_doctor_shows_every_hash_with_its_string_and_keeps_no_password(operator):
    fields = {"username": "bob", "realm": "Somewhere.example", "password": "open Sesame"}
    answer = await operator.send(path("doctor"), fields)
    assert "bob:somewhere.example:********" in answer.text
    assert "open Sesame" not in answer.text
    answer = await operator.send(path("doctor"), {**fields, "reveal": "yes", "hash": "0" * 32})
    assert "bob@somewhere.example:somewhere.example:open Sesame" in answer.text
    assert "No known form of this password makes this hash" in answer.text
    answer = await operator.send(path("doctor"), {"username": "b" * 300, "realm": "", "password": "x"})
    assert answer.status_code == 422


async def test_a_dry_run_tells_why_a_call_would_be_refused(operator):
    text = await text_of(operator, f"dry-run?credential={ALICE}&to=nobody")
    assert "The caller would hear 404" in text
    text = await text_of(operator, f"dry-run?credential={ALICE}&to=%2B13125550199")
    assert "leaves by a trunk" in text
    assert "chicago" in text
    text = await text_of(operator, "dry-run?source=1&to=%2B13125550199")
    assert "trunk chicago" in text
    answer = await operator.get(path("dry-run?to=1"))
    assert answer.status_code == 422


async def test_the_overview_counts_and_names_the_reasons(operator):
    text = await text_of(operator, "")
    assert "3 refusals in the last day" in text
    assert "No trunk serves this number." in text
    fragment = await operator.get(path(), **{"hx-request": "true"})
    assert "<html" not in fragment.text
    assert 'id="figures"' in fragment.text


# Drawings.


async def test_a_day_is_put_together_from_its_minutes():
    now = 1_000_000.0
    samples = [
        Sample(now - 86_400 - 200, registrations=9),
        Sample(now - 86_300, registrations=1, refused={"a": 1, "b": 2}),
        Sample(now - 86_200, registrations=5),
        Sample(now - 30, registrations=2, calls=3, refused={"a": 1}),
    ]
    day = await day_of(samples, now)
    assert (day.registrations[0], day.registrations[-1], day.calls[-1]) == (5, 2, 3)
    assert (day.refusals[0], day.refusals[-1]) == (3, 1)


def test_charts_stay_within_their_frame_and_say_what_they_show():
    chart = line_chart("x", "Calls", [0] * (SLOTS - 1) + [519], 7)
    assert chart.summary == "Now 7; in the last day 519 at most."
    assert [tick.text for tick in chart.ups] == ["0", "300", "600"]
    heights = [float(point.partition(",")[2]) for point in chart.line.split()]
    assert min(heights) >= 10
    assert chart.hours[-1] == (1, 519)
    bars = bar_chart("x", "Refusals", "refusals", [0] * 22 + [3, 1])
    assert len(bars.bars) == 2
    assert bars.summary == "4 refusals in the last day, 1 of them in the last hour."


async def test_arrows_run_between_the_columns_of_a_ladder(desk):
    call = desk.cdrs.kept[0]
    octets = f"SIP/2.0 200 OK\r\nCall-ID: alices\r\nCSeq: 1 {HOSTILE}\r\n\r\n".encode()
    view = await view_of(draw(call, [(call.started_at + 1, True, OF_ALICE, octets)], lambda data: data))
    assert [column.title for column in view.columns] == ["Caller", "Trunkline", "Callee 1"]
    (row,) = [row for row in view.rows if row.text]
    assert (row.start, row.end, row.after_ms, row.tone) == (50.0, 16.67, 1000, "success")
    assert row.label.startswith("200 OK")
    assert not [
        sign for row in view.rows for sign in row.label + row.text if not sign.isprintable() and sign != "\n"
    ]


# The event loop.


class Longest:
    """The longest time that the event loop stood still as a part of all the work.

    What other processes take does not count, nor does how quick the machine is.
    """

    async def watch(self, work):
        began = time.thread_time()
        longest, before, done = 0.0, began, asyncio.ensure_future(work)
        while not done.done():
            await asyncio.sleep(0)
            now = time.thread_time()
            longest, before = max(longest, now - before), now
        return longest / (before - began), done.result()


async def test_a_page_among_many_devices_gives_way_to_calls(operator, desk):
    held = {
        f"d{number:06}@atlanta.example": [
            binding(f"d{number:06}@atlanta.example", expires_at=desk.clock.now() + 9)
        ]
        for number in range(20_000)
    }
    desk.bindings.held = FakeBindings().held | held
    await operator.get(path("registrations"))  # templates are compiled once
    stood = [(await Longest().watch(operator.get(path("registrations?search=d0199"))))[0] for _ in range(3)]
    assert min(stood) < 0.2, "a turn is a twentieth of the work"
