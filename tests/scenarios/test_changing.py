"""Changes within a call: hold, new addresses, UPDATE, and both sides changing at once."""

from __future__ import annotations

import pytest

from live_party import LiveParty, Scene
from live_server import CHICAGO
from live_sipp import Play
from scenarios.town import ALICE, ATLANTA, BILOXI, BOB, TO_CAROL
from trunkline.sdp.description import parse
from trunkline.sdp.direction import Direction, direction_of


def direction(body: bytes) -> Direction:
    description = parse(body)
    return direction_of(description.media[0], description)


async def two_talking(scene: Scene) -> tuple[LiveParty, LiveParty]:
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status)
    return alice, bob


@pytest.mark.needs("sipp")
def test_caller_holds_and_resumes_by_reinvite(play: Play) -> None:
    carol = play("callee_is_held", CHICAGO)
    play("caller_holds", 10, call=TO_CAROL, login=ALICE).done()
    carol.done()


@pytest.mark.needs("sipp")
def test_callee_holds_and_resumes_by_reinvite(play: Play) -> None:
    carol = play("callee_holds", CHICAGO)
    play("caller_is_held", 10, call=TO_CAROL, login=ALICE).done()
    carol.done()


@pytest.mark.needs("sipp")
def test_caller_holds_and_resumes_by_update(play: Play) -> None:
    carol = play("callee_is_updated", CHICAGO)
    play("caller_updates", 10, call=TO_CAROL, login=ALICE).done()
    carol.done()


@pytest.mark.needs("sipp")
def test_update_becomes_a_reinvite_where_the_callee_does_not_know_it(play: Play) -> None:
    carol = play("callee_is_held", CHICAGO)
    play("caller_updates", 10, call=TO_CAROL, login=ALICE).done()
    carol.done()
    assert carol.received("UPDATE") == []


async def test_party_that_moves_to_another_address_is_followed(scene: Scene) -> None:
    alice, bob = await two_talking(scene)
    moved = await scene.party("moved", 12, username="alice", realm=ATLANTA)
    moved.placed, moved.endpoint = alice.placed, alice.endpoint
    alice.placed = []
    scene.parties.remove(alice)
    (call,) = moved.placed
    call.party = moved
    reinvite = call.reinvite(headers=[("Contact", moved.contact)])
    await scene.until(lambda: reinvite.status)
    assert reinvite.status == 200
    bob.call.bye()
    await scene.until(lambda: call.is_over)
    assert "server > moved: BYE" in scene.shown()


async def test_change_that_crosses_another_is_refused_with_491(scene: Scene) -> None:
    alice, bob = await two_talking(scene)
    bob.holds = {"INVITE"}
    hold = alice.placed[0].reinvite(alice.offer("sendonly"))
    await scene.until(lambda: bob.call.held.get("INVITE"))
    crossing = bob.call.reinvite(bob.offer("inactive"))
    await scene.until(lambda: crossing.status)
    assert crossing.status == 491
    bob.call.reply("INVITE", 200, bob.offer("recvonly"))
    await scene.until(lambda: hold.status)
    assert (hold.status, direction(hold.body)) == (200, Direction.RECVONLY)
    again = bob.call.reinvite(bob.offer("inactive"))
    await scene.until(lambda: again.status)
    assert again.status == 200


async def test_refused_change_leaves_the_call_as_it_was(scene: Scene) -> None:
    alice, bob = await two_talking(scene)
    bob.holds = {"INVITE"}
    change = alice.placed[0].reinvite(alice.offer(formats="8"))
    await scene.until(lambda: bob.call.held.get("INVITE"))
    bob.call.reply("INVITE", 488)
    await scene.until(lambda: change.status)
    assert change.status == 488
    bob.holds = set()
    hold = alice.placed[0].reinvite(alice.offer("sendonly"))
    await scene.until(lambda: hold.status)
    assert (hold.status, direction(hold.body)) == (200, Direction.RECVONLY)


async def test_info_with_a_digit_reaches_the_other_side(scene: Scene) -> None:
    alice, bob = await two_talking(scene)
    digit = alice.placed[0].ask(
        "INFO", b"Signal=5\r\nDuration=160\r\n", [("Content-Type", "application/dtmf-relay")]
    )
    await scene.until(lambda: digit.status)
    assert digit.status == 200
    assert bob.call.last("INFO").body == b"Signal=5\r\nDuration=160\r\n"
