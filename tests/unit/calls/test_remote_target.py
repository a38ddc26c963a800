"""Where a trunk may lead the requests of a call to: another server of its own, nobody behind us; and where GRUUs lead."""

from __future__ import annotations

import re

import pytest

from fakes.call_party import Party
from fakes.call_world import ALICE, BOB, TO_CAROL, Cast, World

INWARD = [
    "169.254.169.254", "127.0.0.1", "127.0.0.1:11211", "10.0.0.5", "192.168.1.1", "[::1]", "[::ffff:169.254.169.254]", "[fe80::1]", "0.0.0.0",
    "224.0.1.75", "255.255.255.255", "[ff02::1]", "198.51.100.11:53", "198.51.100.11:22",
]  # fmt: skip


def says_it_is_at(party: Party, uri: str) -> None:
    """Let a party write another Contact into all that it sends."""
    contact = f"Contact: <{uri}>".encode()
    party.mangle = lambda data: re.sub(rb"Contact: <[^>]*>", contact, data)


def went_to(world: World, *methods: str) -> set[str]:
    """To whom we sent these requests; the address, where it is nobody's."""
    return {each.receiver for each in world.log if each.sender == "us" and each.label in methods} - {"alice"}


@pytest.mark.parametrize("host", INWARD)
def test_the_contact_of_a_trunk_does_not_lead_inside(cast: Cast, world: World, host: str) -> None:
    says_it_is_at(cast.chicago, f"sip:carol@{host}")
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.answer()
    assert call.status == 200
    call.bye()
    assert went_to(world, "ACK", "BYE") == {"chicago"}


@pytest.mark.parametrize("host", INWARD)
def test_the_route_of_a_trunk_does_not_lead_inside(cast: Cast, world: World, host: str) -> None:
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.answer(headers=[("Record-Route", f"<sip:{host};lr>")])
    assert call.status == 200
    call.bye()
    assert went_to(world, "ACK", "BYE") == {"chicago"}


def test_a_trunk_may_hand_a_call_over_to_another_server_of_its_own(cast: Cast, world: World) -> None:
    world.party("chicago-2", "198.51.100.11", port=5062)
    world.may_see.add(("chicago", "chicago-2"))
    says_it_is_at(cast.chicago, "sip:carol@198.51.100.11:5062")
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.answer()
    call.bye()
    assert went_to(world, "ACK", "BYE") == {"chicago-2"}


def test_a_trunk_within_may_lead_to_its_neighbour_but_not_to_us(cast: Cast, world: World) -> None:
    world.trunk("pbx", "10.0.0.7", 3, prefixes=("+44",))
    pbx = world.party("pbx", "10.0.0.7")
    for host, expected in (("10.0.0.8", "10.0.0.8:5060"), ("169.254.169.254", "pbx"), ("127.0.0.1", "pbx")):
        before = len(world.log)
        call = cast.alice.invite("sip:+442071838750@atlanta.example")
        says_it_is_at(pbx, f"sip:x@{host}")
        pbx.call.answer()
        call.bye()
        acks = {each.receiver for each in world.log[before:] if each.sender == "us" and each.label == "ACK"}
        assert acks == {expected}


INSTANCE = "urn:uuid:7377cda8-05f7-003c-ac03-532b9e7b612c"


def is_registered_with_a_gruu(party: Party, world: World, uri: str) -> str:
    """Let a party have an instance, and write its GRUU into its Contact; the contact that it registered."""
    aor = uri.removeprefix("sip:")
    for binding in world.location.lookup(aor, world.now):
        world.location.remove(binding)
    binding = world.register(party, aor, instance=f"<{INSTANCE}>")
    says_it_is_at(party, f"{uri};gr={INSTANCE}")
    return binding.uri


def test_who_answers_under_a_gruu_of_ours_is_reached_by_the_contact_that_it_registered(
    cast: Cast, world: World
) -> None:
    contact = is_registered_with_a_gruu(cast.bob, world, BOB)
    call = cast.alice.invite(BOB)
    bob = cast.bob.call
    bob.ring(183, reliably=False)
    bob.answer()
    assert bob.acks[0].uri_text == contact
    call.bye()
    assert bob.last("BYE").uri_text == contact


def test_who_calls_under_a_gruu_of_ours_is_reached_by_the_contact_that_it_registered(
    cast: Cast, world: World
) -> None:
    contact = is_registered_with_a_gruu(cast.alice, world, ALICE)
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    cast.bob.call.bye()
    assert call.last("BYE").uri_text == contact


def test_proxy_before_a_device_is_not_asked_to_find_its_gruu(cast: Cast, world: World) -> None:
    contact = is_registered_with_a_gruu(cast.bob, world, BOB)
    call = cast.alice.invite(BOB)
    cast.bob.call.answer(headers=[("Record-Route", "<sip:edge.biloxi.example;lr>")])
    call.bye()
    bye = cast.bob.call.last("BYE")
    assert bye.uri_text == contact
    assert bye.get("Route") == "<sip:edge.biloxi.example;lr>"


def test_gruu_of_another_user_is_not_looked_up(cast: Cast, world: World) -> None:
    is_registered_with_a_gruu(cast.alice, world, ALICE)
    says_it_is_at(cast.bob, f"{ALICE};gr={INSTANCE}")
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    call.bye()
    assert cast.bob.call.last("BYE").uri_text == f"{ALICE};gr={INSTANCE}"
