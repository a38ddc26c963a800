"""A CDR knows all legs of its call with their Call-IDs, and where the call was routed."""

from __future__ import annotations

from fakes.call_party import PartyCall
from fakes.call_world import BOB, CAROL, TO_CAROL, Cast, World


def names(call: PartyCall) -> list[tuple[str, str]]:
    """The Replaces by which another phone picks a ringing call up."""
    dialog = call.dialog
    assert dialog is not None
    value = f"{dialog.id.call_id};to-tag={dialog.id.remote_tag};from-tag={dialog.id.local_tag}"
    return [("Replaces", value), ("Require", "replaces")]


def call_id(call: PartyCall) -> str:
    assert call.invite is not None
    return call.invite.call_id


def test_every_address_that_was_tried_is_a_leg_with_its_own_call_id(cast: Cast, world: World) -> None:
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(503)
    cast.denver.call.answer()
    call.bye()
    assert [(leg.name, leg.is_uas, leg.sip_call_id, leg.address) for leg in world.cdr.legs] == [
        ("caller", True, call_id(call), "udp:192.0.2.1:5060"),
        ("callee-1", False, call_id(cast.chicago.call), "udp:198.51.100.10:5060"),
        ("callee-2", False, call_id(cast.denver.call), "udp:198.51.100.20:5060"),
    ]
    assert world.cdr.route == f"to {CAROL} through trunk chicago, then denver"


def test_a_leg_that_joins_a_call_is_in_its_record(cast: Cast, world: World) -> None:
    cast.alice.invite(BOB)
    cast.bob.call.ring()
    pickup = cast.dave.invite(BOB, headers=names(cast.bob.call))
    pickup.bye()
    joined = world.journal.ended[-1]
    assert [leg.name for leg in joined.legs] == ["caller", "callee-1", "joined-1"]
    assert joined.legs[-1].sip_call_id == call_id(pickup)
    assert joined.legs[-1].is_uas


def test_a_call_that_is_admitted_is_told_and_one_that_is_refused_is_not(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    assert [(cdr.callee, cdr.route) for cdr in world.observer.starts] == [
        ("bob", "to 1 device of bob@biloxi.example")
    ]
    call.cancel()
    cast.alice.invite("sip:nobody@atlanta.example")
    assert len(world.observer.starts) == 1
    assert world.observer.refusals[-1].code == "unknown-destination"
