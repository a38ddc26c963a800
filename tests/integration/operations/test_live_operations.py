"""What an operator sees and does while devices register and call."""

from fakes.waiting import until, until_found
from live_server import CHICAGO
from scenarios.town import ALICE, ATLANTA, BILOXI, BOB, TO_CAROL
from trunkline.domain.cdr import EndCause
from trunkline.operations.events import EventKind

PHONE, DESK = 10, 11
NOBODY = 999


async def test_an_unregistered_device_is_gone_everywhere(opened, enter):
    server = await opened()
    scene, here = enter(server), server.operations.registrations
    heard = []
    server.operations.events.subscribe(heard.append, account_id=server.account)
    await scene.device("alice", ATLANTA, PHONE, "tcp")
    (found,) = (await here.page(server.account, search="alice")).registrations
    assert (found.aor, found.transport) == (ALICE, "tcp")
    await until(lambda: len(server.registrations()) == 1)

    assert await here.unregister(NOBODY, ALICE) == 0
    assert await here.unregister(server.account, ALICE) == 1

    assert here.of(server.account, ALICE) == ()
    assert [event.kind for event in heard] == [EventKind.REGISTERED, EventKind.UNREGISTERED]
    assert heard[-1].data["departure"] == "operator"
    await until(lambda: not server.registrations())
    await until(lambda: not server.server.edge.counters.connections)
    await until(lambda: server.server.event_writer.written >= 2)
    timeline = await here.timeline(server.account, ALICE)
    assert [entry.event.kind.value for entry in timeline.entries] == ["unregistered", "registered"]
    assert timeline.entries[0].event.detail == "by the operator"
    assert (await here.timeline(NOBODY, ALICE)).entries == ()


async def ended(server, call_id):
    """Whether the record on disk has the call's end."""
    cdr = await server.operations.cdrs.get(server.account, call_id)
    return cdr is not None and cdr.end_cause is not None


async def test_a_running_call_is_seen_with_its_legs_and_figures_and_hung_up(opened, enter):
    server = await opened()
    scene, calls = enter(server), server.operations.calls
    alice = await scene.device("alice", ATLANTA, PHONE)
    bob = await scene.device("bob", BILOXI, DESK)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status == 200)
    await scene.conversation(call, bob.call)

    (seen,) = (await calls.page(server.account)).calls
    assert seen.state == "answered"
    assert {leg.name: leg.state for leg in seen.legs} == {"caller": "answered", "callee-1": "answered"}
    described = await calls.get(server.account, seen.call_id)
    assert described.media.relayed > 20
    assert await calls.get(NOBODY, seen.call_id) is None
    assert not calls.hang_up(NOBODY, seen.call_id)
    assert calls.hang_up(server.account, seen.call_id)
    await scene.until(lambda: call.is_over and bob.call.is_over)
    await until_found(lambda: ended(server, seen.call_id))
    cdr = await server.operations.cdrs.get(server.account, seen.call_id)
    assert cdr.end_cause is EndCause.OPERATOR
    assert await server.operations.cdrs.get(NOBODY, seen.call_id) is None


async def test_events_of_a_call_tell_who_called(opened, enter):
    server = await opened()
    scene, heard = enter(server), []
    calls = frozenset({EventKind.CALL_STARTED, EventKind.CALL_ANSWERED, EventKind.CALL_ENDED})
    server.operations.events.subscribe(heard.append, account_id=server.account, kinds=calls)
    alice = await scene.device("alice", ATLANTA, PHONE)
    carol = await scene.party("carol", CHICAGO)
    call = alice.invite(f"sip:{TO_CAROL}")
    (await carol.rung()).answer()
    await scene.until(lambda: call.status == 200)
    await alice.hang_up(call)
    await scene.until(lambda: len(heard) == 3)
    assert [event.kind for event in heard] == ["call-started", "call-answered", "call-ended"]
    assert {event.data["credential"] for event in heard} == {ALICE}
    assert heard[-1].data["end_cause"] == "caller-hung-up"
