"""The hub: who hears what."""

import asyncio

from fakes.clock import FakeClock
from fakes.operations import OURS, THEIRS
from trunkline.operations.events import BACKLOG, EventHub, EventKind

ENDED = frozenset({EventKind.CALL_ENDED})


def hub():
    return EventHub(FakeClock())


async def test_a_subscriber_hears_its_account_and_kinds_in_order():
    here = hub()
    mine, ends = here.subscribe(account_id=OURS), here.subscribe(account_id=OURS, kinds=ENDED)
    here.publish(EventKind.CALL_STARTED, "one", OURS)
    here.publish(EventKind.CALL_ENDED, "theirs", THEIRS)
    here.publish(EventKind.CALL_ENDED, "one", OURS, {"status": 200})
    here.publish(EventKind.REGISTERED, "nobody's")
    assert [(await mine.next(0.1)).kind for _ in range(2)] == ["call-started", "call-ended"]
    found = await ends.next(0.1)
    assert (found.subject, found.data) == ("one", {"status": 200})
    assert await mine.next(0.001) is None


async def test_who_waits_is_woken_by_an_event():
    here = hub()
    subscription = here.subscribe()
    waiting = asyncio.create_task(subscription.next(5.0))
    await asyncio.sleep(0)
    published = here.publish(EventKind.MOVED, "alice")
    assert await waiting is published


async def test_a_slow_listener_loses_the_oldest_and_can_tell():
    here = EventHub(FakeClock(), queue=3)
    subscription = here.subscribe()
    for n in range(5):
        here.publish(EventKind.MOVED, str(n))
    assert [(await subscription.next(0.1)).subject for _ in range(3)] == ["2", "3", "4"]
    assert subscription.missed == 2


async def test_who_was_away_goes_on_behind_what_it_saw():
    here = hub()
    first = here.publish(EventKind.MOVED, "one", OURS)
    here.publish(EventKind.MOVED, "two", OURS)
    subscription = here.subscribe(account_id=OURS, after_id=first.id)
    assert (await subscription.next(0.1)).subject == "two"


async def test_ids_grow_over_a_restart():
    clock = FakeClock()
    before = EventHub(clock).publish(EventKind.MOVED, "one")
    clock.advance(1)
    assert EventHub(clock).publish(EventKind.MOVED, "two").id > before.id


def test_a_failing_listener_harms_nobody():
    here, heard = hub(), []

    def fail(event):
        raise ValueError(event)

    here.subscribe(fail)
    here.subscribe(heard.append)
    here.publish(EventKind.MOVED, "one")
    assert len(heard) == 1
    assert here.failures == 1


async def test_a_closed_subscription_hears_nothing_more_and_lets_go():
    here = hub()
    subscription = here.subscribe()
    waiting = asyncio.create_task(subscription.next())
    await asyncio.sleep(0)
    subscription.close()
    assert await waiting is None
    here.publish(EventKind.MOVED, "one")
    assert await subscription.next() is None


def test_recent_events_are_those_of_the_account():
    here = hub()
    mine = here.publish(EventKind.MOVED, "one", OURS)
    theirs = here.publish(EventKind.MOVED, "two", THEIRS)
    assert here.recent(OURS) == (mine,)
    assert here.recent(OURS, kinds=ENDED) == ()
    assert here.find(OURS, mine.id) is mine
    assert here.find(OURS, theirs.id) is None


def test_many_registrations_push_no_refusal_out():
    here = hub()
    refused = here.publish(EventKind.REFUSED, "one", OURS)
    for n in range(BACKLOG + 1):
        here.publish(EventKind.REGISTERED, str(n), OURS)
    assert here.find(OURS, refused.id) is refused
    assert here.recent(OURS, kinds=frozenset({EventKind.REFUSED})) == (refused,)
    assert here.recent(OURS, limit=1)[0].subject == str(BACKLOG)


async def test_kept_events_of_both_kinds_come_in_their_order():
    here = hub()
    first = here.publish(EventKind.MOVED, "0")
    for n in range(1, 6):
        here.publish(EventKind.REFUSED if n % 2 else EventKind.MOVED, str(n))
    subscription = here.subscribe(after_id=first.id)
    assert [(await subscription.next(0.1)).subject for _ in range(5)] == ["1", "2", "3", "4", "5"]


def test_octets_that_are_no_text_do_not_leave_the_hub():
    event = hub().publish(EventKind.REFUSED, "\udcff", OURS, {"user_agent": "Ph\udce9ne \u20ac", "n": 1})
    assert (event.subject, event.data) == ("?", {"user_agent": "Ph?ne \u20ac", "n": 1})
