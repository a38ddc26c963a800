"""A wire that loses, repeats and reorders; parties that die."""

from __future__ import annotations

import random

import pytest

from fakes.call_world import BOB, BOBS_NUMBER, CAROL, HOST, Carried, Cast, World
from trunkline.domain.cdr import EndCause


class Losing:
    """Loses the first so many messages of a label on their way to a receiver."""

    def __init__(self, label: str, receiver: str, most: int = 1) -> None:
        self.label = label
        self.receiver = receiver
        self.most = most
        self.lost = 0

    def __call__(self, carried: Carried) -> list[float]:
        if carried.label == self.label and carried.receiver == self.receiver and self.lost < self.most:
            self.lost += 1
            return []
        return [0.0]


@pytest.mark.parametrize(
    ("label", "receiver"),
    [
        ("INVITE", "us"), ("407", "alice"), ("INVITE", "bob"), ("200", "us"), ("200", "alice"), ("ACK", "bob"),
        ("ACK", "us"), ("100", "alice"), ("180", "us"),
    ],
)  # fmt: skip
def test_any_message_may_be_lost_once_or_twice(cast: Cast, world: World, label: str, receiver: str) -> None:
    losing = Losing(label, receiver, 2)
    world.fault = losing
    call = cast.alice.invite(BOB)
    world.advance(4)
    cast.bob.call.ring()
    cast.bob.call.answer()
    world.advance(4)
    assert losing.lost >= 1
    assert call.status == 200
    assert len(cast.bob.incoming) == 1
    call.bye()
    world.advance(4)
    assert cast.bob.call.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.CALLER_HUNG_UP


@pytest.mark.parametrize(("label", "receiver"), [("BYE", "us"), ("BYE", "bob"), ("200", "alice")])
def test_lost_bye_or_its_answer_is_repeated(cast: Cast, world: World, label: str, receiver: str) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    world.fault = Losing(label, receiver, 2)
    asked = call.bye()
    world.advance(5)
    assert asked.status == 200
    assert cast.bob.call.methods == ["BYE"]
    assert len(world.journal.ended) == 1


def test_ack_that_never_comes_ends_the_call(cast: Cast, world: World) -> None:
    cast.alice.holds.add("ACK")
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    world.advance(33)
    assert call.methods == ["BYE"]
    assert cast.bob.call.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.PEER_LOST


def test_ack_to_a_change_that_never_comes_ends_the_call(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    cast.alice.holds.add("ACK")
    call.reinvite(cast.alice.offer("sendonly", version=2))
    world.advance(33)
    assert call.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.PEER_LOST


def test_party_that_died_answers_no_bye_and_is_forgotten(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    world.fault = lambda carried: [] if carried.receiver == "bob" else [0.0]
    assert call.bye().status == 200
    world.advance(33)
    assert world.cdr.end_cause is EndCause.CALLER_HUNG_UP


def test_connection_of_a_waiting_caller_that_closes_ends_the_call(cast: Cast, world: World) -> None:
    erin = world.party("erin", "192.0.2.5", transport="tcp", realm="atlanta.example")
    world.credential("erin", "atlanta.example")
    call = erin.invite(BOB)
    cast.bob.call.ring()
    world.endpoint.flow_closed(world.flow_to(erin), world.now)
    world.run()
    assert cast.bob.call.methods == ["CANCEL"]
    assert (world.cdr.end_cause, world.cdr.status) == (EndCause.PEER_LOST, 0)
    erin.endpoint.flow_closed(erin.flow, world.now)
    assert call.status == 0


def test_connection_that_closes_before_the_ack_ends_the_call(cast: Cast, world: World) -> None:
    erin = world.party("erin", "192.0.2.5", transport="tcp", realm="atlanta.example")
    world.credential("erin", "atlanta.example")
    erin.holds.add("ACK")
    erin.invite(BOB)
    cast.bob.call.answer()
    world.endpoint.flow_closed(world.flow_to(erin), world.now)
    world.run()
    assert cast.bob.call.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.PEER_LOST


def test_connection_to_a_ringing_device_that_closes_fails_the_call(cast: Cast, world: World) -> None:
    erin = world.party("erin", "192.0.2.5", transport="tcp", realm="atlanta.example")
    world.credential("erin", "atlanta.example")
    world.register(erin, "erin@atlanta.example")
    call = cast.alice.invite("sip:erin@atlanta.example")
    erin.call.ring()
    world.endpoint.flow_closed(world.flow_to(erin), world.now)
    world.run()
    assert call.statuses == [180, 503]
    erin.call.respond(487)


@pytest.mark.parametrize("seed", range(12))
def test_call_comes_about_and_ends_over_a_wild_wire(cast: Cast, world: World, seed: int) -> None:
    chance = random.Random(seed)

    def wild(_carried: Carried) -> list[float]:
        if chance.random() < 0.2:
            return []
        return [chance.uniform(0, 0.3) for _ in range(1 + (chance.random() < 0.2))]

    world.fault = wild
    call = cast.alice.invite(BOB)
    world.advance(10)
    if cast.bob.incoming and not cast.bob.call.is_over:
        cast.bob.call.ring()
        world.advance(3)
        cast.bob.call.answer()
    world.advance(10)
    if call.status == 200:
        asked = call.reinvite(cast.alice.offer("sendonly", version=2))
        world.advance(10)
        assert asked.status in (0, 200, 500)
        call.bye()
    elif not call.is_over:
        call.cancel()
    world.advance(40)
    world.fault = None
    assert len(world.exchange.calls) == 0
    assert len(cast.bob.incoming) <= 1


@pytest.mark.parametrize("seed", range(6))
def test_trunk_call_over_a_wire_that_repeats_everything(cast: Cast, world: World, seed: int) -> None:
    chance = random.Random(seed)
    world.fault = lambda _carried: [chance.uniform(0, 0.05) for _ in range(2)]
    call = cast.chicago.invite(f"sip:{BOBS_NUMBER}@{HOST}", user=CAROL)
    world.advance(1)
    cast.bob.call.ring()
    world.advance(1)
    cast.bob.call.answer()
    world.advance(1)
    cast.bob.call.reinvite(cast.bob.offer("sendonly", version=2))
    world.advance(1)
    cast.bob.call.bye()
    world.advance(1)
    assert call.status == 200
    assert call.methods.count("BYE") == 1
    assert len(cast.bob.incoming) == 1
    assert len(world.journal.ended) == 1


def test_trunk_whose_connection_closes_while_it_rings_hears_the_answer_over_another(
    cast: Cast, world: World
) -> None:
    boston = world.party("boston", "198.51.100.30", transport="tcp")
    world.trunk("boston", "198.51.100.30", 3)
    call = boston.invite(f"sip:{BOBS_NUMBER}@{HOST}", user=CAROL)
    cast.bob.call.ring()
    world.endpoint.flow_closed(world.flow_to(boston), world.now)
    cast.bob.call.answer()
    assert call.statuses == [180, 200]
    cast.bob.call.bye()
    assert call.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.CALLEE_HUNG_UP


def test_trunk_that_closes_its_connection_and_does_not_listen_is_lost(cast: Cast, world: World) -> None:
    boston = world.party("boston", "198.51.100.30", transport="tcp")
    world.trunk("boston", "198.51.100.30", 3)
    boston.invite(f"sip:{BOBS_NUMBER}@{HOST}", user=CAROL)
    world.endpoint.flow_closed(world.flow_to(boston), world.now)
    world.unreachable.add("boston")
    cast.bob.call.ring()
    world.run()
    assert cast.bob.call.methods == ["CANCEL"]
    assert world.cdr.end_cause is EndCause.PEER_LOST
