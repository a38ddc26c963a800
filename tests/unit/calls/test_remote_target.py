"""Where a trunk may lead the requests of a call to: another server of its own, nobody behind us."""

from __future__ import annotations

import re

import pytest

from fakes.call_party import Party
from fakes.call_world import TO_CAROL, Cast, World

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
