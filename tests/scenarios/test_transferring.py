"""Transfers: blind, attended, failed, and a ringing call picked up elsewhere."""

from __future__ import annotations

import asyncio

from fakes.call_party import PartyCall
from live_party import LiveParty, Scene
from live_server import CHICAGO, MALLORY, Records
from scenarios.town import ALICE, ATLANTA, BILOXI, BOB, CAROL, DAVE
from trunkline.domain.cdr import EndCause


async def talking(
    scene: Scene, caller: LiveParty, target: str, callee: LiveParty
) -> tuple[PartyCall, PartyCall]:
    """A call that is answered: the caller's side and the callee's."""
    count = len(callee.incoming)
    placed = caller.invite(f"sip:{target}")
    answered = await callee.rung(count + 1)
    answered.answer()
    await scene.until(lambda: placed.status and answered.acks)
    assert placed.status == 200
    return placed, answered


async def test_blind_transfer_connects_the_caller_with_the_target(scene: Scene, records: Records) -> None:
    alice, bob, dave = (
        await scene.party("alice", 10, realm=ATLANTA),
        await scene.device("bob", BILOXI, 11),
        await scene.device("dave", ATLANTA, 12),
    )
    of_alice, of_bob = await talking(scene, alice, BOB, bob)
    await scene.conversation(of_alice, of_bob)
    refer = of_bob.refer(f"sip:{DAVE}")
    await scene.until(lambda: refer.status)
    assert refer.status == 202
    (await dave.rung()).ring()
    await scene.until(lambda: "SIP/2.0 180 Ringing" in of_bob.notified)
    dave.call.answer()
    await scene.until(lambda: of_bob.is_over and dave.call.acks)
    assert of_bob.notified[-1] == "SIP/2.0 200 OK"
    assert not of_alice.is_over
    await scene.conversation(of_alice, dave.call)
    await alice.hang_up(of_alice)
    await scene.until(lambda: dave.call.is_over)
    assert records.only().end_cause is EndCause.CALLER_HUNG_UP


async def test_caller_too_may_transfer_to_a_number(scene: Scene) -> None:
    alice, bob = await scene.device("alice", ATLANTA, 10), await scene.device("bob", BILOXI, 11)
    carol = await scene.party("carol", CHICAGO)
    of_alice, of_bob = await talking(scene, alice, BOB, bob)
    of_alice.refer(f"sip:{CAROL}@{ATLANTA}")
    (await carol.rung()).answer()
    await scene.until(lambda: of_alice.is_over and carol.call.acks)
    await scene.conversation(of_bob, carol.call)
    carol.call.bye()
    await scene.until(lambda: of_bob.is_over)


async def test_failed_transfer_leaves_the_two_together(scene: Scene) -> None:
    alice, bob, dave = (
        await scene.party("alice", 10, realm=ATLANTA),
        await scene.device("bob", BILOXI, 11),
        await scene.device("dave", ATLANTA, 12),
    )
    of_alice, of_bob = await talking(scene, alice, BOB, bob)
    of_bob.refer(f"sip:{DAVE}")
    (await dave.rung()).respond(486)
    await scene.until(lambda: of_bob.notified and of_bob.notified[-1].startswith("SIP/2.0 486"))
    await scene.conversation(of_alice, of_bob)
    await alice.hang_up(of_alice)
    await scene.until(lambda: of_bob.is_over)


async def test_attended_transfer_connects_the_first_party_with_the_second(scene: Scene) -> None:
    alice, bob, dave = (
        await scene.party("alice", 10, realm=ATLANTA),
        await scene.device("bob", BILOXI, 11),
        await scene.device("dave", ATLANTA, 12),
    )
    of_alice, of_bob = await talking(scene, alice, BOB, bob)
    hold = of_bob.reinvite(bob.offer("sendonly"))
    await scene.until(lambda: hold.status)
    consulting, of_dave = await talking(scene, bob, DAVE, dave)
    await scene.conversation(consulting, of_dave)
    replaces = consulting.replaces().replace(";", "%3B").replace("=", "%3D").replace("@", "%40")
    refer = of_bob.refer(f"sip:{DAVE}?Replaces={replaces}")
    await scene.until(lambda: refer.status)
    assert refer.status == 202
    await scene.until(lambda: of_bob.is_over and consulting.is_over)
    await scene.until(lambda: "INVITE" in of_alice.methods and "INVITE" in of_dave.methods)
    await asyncio.sleep(0.5)  # the second re-INVITE tells the media engine where to send
    assert not of_alice.is_over
    assert not of_dave.is_over
    await scene.conversation(of_alice, of_dave)
    await alice.hang_up(of_alice)
    await scene.until(lambda: of_dave.is_over)


async def test_ringing_call_is_picked_up_by_replaces(scene: Scene) -> None:
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    mobile = await scene.party("mobile", 13, username="bob", realm=BILOXI)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).ring()
    await scene.until(lambda: 180 in call.statuses)
    replaces = f"{bob.call.replaces()};early-only"
    picked_up = mobile.invite(f"sip:{ALICE}", headers=[("Replaces", replaces), ("Require", "replaces")])
    await scene.until(lambda: call.status and picked_up.status and bob.call.is_over)
    assert (call.status, picked_up.status, bob.call.methods[-1]) == (200, 200, "CANCEL")
    await scene.conversation(call, picked_up)


async def test_carrier_may_not_transfer(scene: Scene) -> None:
    alice, carol = await scene.party("alice", 10, realm=ATLANTA), await scene.party("carol", CHICAGO)
    of_alice, of_carol = await talking(scene, alice, f"{CAROL}@{ATLANTA}", carol)
    refer = of_carol.refer("sip:+19005550123@atlanta.example")
    await scene.until(lambda: refer.status)
    assert refer.status == 403
    await alice.hang_up(of_alice)


async def test_stranger_cannot_take_a_call_over(scene: Scene) -> None:
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    mallory = await scene.party("mallory", MALLORY)
    of_alice, of_bob = await talking(scene, alice, BOB, bob)
    theft = mallory.invite(f"sip:{ALICE}", headers=[("Replaces", of_bob.replaces()), ("Require", "replaces")])
    await scene.until(lambda: theft.status)
    assert theft.status == 407
    await scene.conversation(of_alice, of_bob)
