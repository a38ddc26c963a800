"""Registered devices as an operator sees them."""

import asyncio
import time

import pytest

from fakes.clock import FakeClock
from fakes.operations import NOW, OURS, THEIRS, FakeBindings, FakeTimeline, binding, credential, directory
from trunkline.domain.registration_event import RegistrationEvent, RegistrationEventKind
from trunkline.operations.registrations import Registrations, count_flaps

ALICE = "alice@atlanta.example"
BOB = "bob@biloxi.example"
Kind = RegistrationEventKind


def registrations(*bindings, events=(), owners=None):
    return Registrations(
        FakeBindings(*bindings), FakeTimeline(*events), owners or directory(), FakeClock(NOW)
    )


def event(kind, at, aor=ALICE, detail=""):
    return RegistrationEvent(NOW + at, aor, kind, detail=detail)


async def test_a_page_shows_the_live_bindings_of_the_account_only():
    here = registrations(
        binding(ALICE), binding(BOB), binding(ALICE, "sip:old@192.0.2.9", expires_at=NOW - 1)
    )
    page = await here.page(OURS)
    assert [(one.aor, one.contact, one.transport) for one in page.registrations] == [
        (ALICE, "sip:alice@192.0.2.10:5060", "udp")
    ]
    assert (page.total, page.after) == (1, "")


@pytest.mark.parametrize("search", ["ALI", "192.0.2.10:5060", "phone/1", "sip:alice@"])
async def test_a_page_is_searched_by_a_piece_of_user_address_or_device(search):
    here = registrations(binding(ALICE))
    assert (await here.page(OURS, search=search)).total == 1
    assert (await here.page(OURS, search=search + "?")).total == 0


def many(count):
    owners = directory()
    owners.apply(credential(100 + n, f"user{n:06}", "atlanta.example", OURS, 1) for n in range(count))
    held = [binding(f"user{n:06}@atlanta.example") for n in reversed(range(count))]
    return registrations(*held, owners=owners)


async def test_pages_go_on_in_the_order_of_addresses_without_loss_or_repetition():
    here, after, seen = many(1234), "", []
    while True:
        page = await here.page(OURS, after=after, limit=100)
        assert page.total == 1234
        seen += [one.aor for one in page.registrations]
        after = page.after
        if not after:
            break
    assert seen == [f"user{n:06}@atlanta.example" for n in range(1234)]


async def test_a_hundred_thousand_bindings_do_not_hold_up_the_loop():
    here = many(100_000)
    longest = 0.0

    async def watch():
        nonlocal longest
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)

    watching = asyncio.create_task(watch())
    page = await here.page(OURS, search="user0999", limit=50)
    watching.cancel()
    assert page.total == 100
    assert longest < 0.02


async def test_the_bindings_of_an_address_are_not_shown_to_another_account():
    here = registrations(binding(ALICE))
    assert len(here.of(OURS, "sip:alice@ATLANTA.example")) == 1
    assert here.of(THEIRS, ALICE) == ()


async def test_devices_are_counted_for_their_account():
    here = registrations(binding(ALICE), binding(ALICE, "sip:two@192.0.2.9"), binding(BOB))
    assert (await here.count(OURS), await here.count(THEIRS)) == (2, 1)


async def test_a_timeline_tells_what_happened_and_counts_flaps_and_refusals_of_the_last_day():
    events = (
        event(Kind.REGISTERED, -90_000),
        event(Kind.REFUSED, -500, detail="wrong-password: The digest does not match."),
        event(Kind.EXPIRED, -400),
        event(Kind.REGISTERED, -300),
        event(Kind.MOVED, -200),
    )
    timeline = await registrations(events=events).timeline(OURS, ALICE)
    assert [entry.event.kind for entry in timeline.entries][:2] == [Kind.MOVED, Kind.REGISTERED]
    assert [entry.code for entry in timeline.entries if entry.code] == ["wrong-password"]
    assert (timeline.flaps, timeline.refusals, timeline.before) == (2, 1, 0)


async def test_a_timeline_goes_on_before_what_was_shown():
    here = registrations(events=[event(Kind.REGISTERED, n) for n in range(5)])
    first = await here.timeline(OURS, ALICE, limit=3)
    second = await here.timeline(OURS, ALICE, before=first.before, limit=3)
    assert [entry.id for entry in (*first.entries, *second.entries)] == [5, 4, 3, 2, 1]
    assert second.before == 0


async def test_a_timeline_of_another_account_is_empty():
    here = registrations(events=[event(Kind.REGISTERED, 0)])
    assert (await here.timeline(THEIRS, ALICE)).entries == ()


async def test_an_unknown_user_of_a_realm_is_shown_to_the_owner_of_the_realm():
    here = registrations(events=[event(Kind.REFUSED, 0, "mallory@atlanta.example", "unknown-user: Nobody.")])
    assert len((await here.timeline(OURS, "mallory@atlanta.example")).entries) == 1
    assert (await here.timeline(THEIRS, "mallory@atlanta.example")).entries == ()


async def test_events_of_an_account_are_its_own():
    here = registrations(events=[event(Kind.REGISTERED, 0), event(Kind.REGISTERED, 1, BOB)])
    assert [entry.event.aor for entry in await here.events(OURS)] == [ALICE]
    assert await here.events(OURS, kind=Kind.REFUSED) == ()


async def test_unregistering_drops_all_devices_or_one_and_never_those_of_another_account():
    here = registrations(
        binding(ALICE), binding(ALICE, "sip:two@192.0.2.9"), binding(ALICE, "sip:three@192.0.2.9")
    )
    assert await here.unregister(THEIRS, ALICE) == 0
    assert await here.unregister(OURS, ALICE, contact="sip:two@192.0.2.9") == 1
    assert await here.unregister(OURS, f"sip:{ALICE}") == 2
    assert here.of(OURS, ALICE) == ()


def test_a_device_that_comes_back_late_has_not_flapped():
    assert count_flaps([event(Kind.EXPIRED, 0), event(Kind.REGISTERED, 601)]) == 0
    assert count_flaps([event(Kind.UNREGISTERED, 0), event(Kind.REGISTERED, 599)]) == 1
    assert count_flaps([event(Kind.REGISTERED, 0), event(Kind.REGISTERED, 1)]) == 0


def test_octets_that_are_no_text_are_not_shown():
    here = registrations(binding(ALICE, agent="Ph\udce9ne"))
    assert here.of(OURS, ALICE)[0].user_agent == "Ph?ne"
