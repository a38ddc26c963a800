"""Addresses of trunks that failed are passed over for a while, and come back when they answer or their time is over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakes.call_party import Party
from fakes.call_world import BOB, CAROL, TO_CAROL, Cast, World
from trunkline.domain.cdr import TrunkAttempt
from trunkline.domain.trunk import TrunkTarget

DEAD = "198.51.100.77"
CHICAGO = "198.51.100.10"
SPARE = "198.51.100.12"


def spare_of(world: World) -> Party:
    """Carrier chicago at two addresses."""
    spare = world.party("spare", SPARE)
    world.may_see.add(("chicago", "spare"))
    world.change_trunk(1, targets=(TrunkTarget("sip:carrier.example"),))
    world.hops.names["carrier.example"] = [(CHICAGO, 5060), (SPARE, 5060)]
    return spare


def silence(world: World, *names: str) -> None:
    world.fault = lambda carried: [] if carried.receiver in names else [0.0]


def call_and_hang_up(cast: Cast, answering: Party) -> int:
    call = cast.alice.invite(TO_CAROL)
    answering.call.answer()
    status = call.status
    call.bye()
    return status


def test_address_that_stays_silent_is_passed_over_by_the_next_call(cast: Cast, world: World) -> None:
    spare = spare_of(world)
    silence(world, "chicago")
    first = cast.alice.invite(TO_CAROL)
    world.advance(33)
    spare.call.answer()
    assert first.statuses == [200]
    first.bye()
    assert world.observer.rests == [("chicago", CHICAGO, 60.0, "no answer")]
    assert call_and_hang_up(cast, spare) == 200
    assert world.cdr.attempts == (TrunkAttempt(1, f"sip:{CAROL}@carrier.example", 200),)


def test_caller_that_did_not_wait_for_the_silence_to_end_spares_the_next(cast: Cast, world: World) -> None:
    spare = spare_of(world)
    silence(world, "chicago")
    first = cast.alice.invite(TO_CAROL)
    world.advance(5)
    first.cancel()
    assert world.observer.rests == []
    world.advance(30)
    assert world.observer.rests == [("chicago", CHICAGO, 60.0, "no answer")]
    assert call_and_hang_up(cast, spare) == 200


def test_address_that_was_heard_of_before_the_caller_gave_up_does_not_rest(cast: Cast, world: World) -> None:
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.ring()
    silence(world, "chicago")
    call.cancel()
    world.advance(80)
    assert world.observer.rests == []


def test_rest_is_over_after_a_minute(cast: Cast, world: World) -> None:
    spare = spare_of(world)
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(503)
    spare.call.respond(486)
    world.advance(59)
    cast.alice.invite(TO_CAROL)
    spare.call.respond(486)
    assert len(cast.chicago.incoming) == 1
    world.advance(2)
    cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(486)
    assert call.statuses == [486]
    assert world.observer.rests_ended == [("chicago", CHICAGO, False)]


def test_unreachable_address_leads_to_the_next_of_its_target_at_once_and_rests(
    cast: Cast, world: World
) -> None:
    world.change_trunk(1, targets=(TrunkTarget("sip:carrier.example"),))
    world.hops.names["carrier.example"] = [(DEAD, 5060), (CHICAGO, 5060)]
    world.party("dead", DEAD)
    world.may_see.add(("chicago", "dead"))
    world.unreachable.add("dead")
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.answer()
    assert call.statuses == [200]
    call.bye()
    assert world.observer.rests == [("chicago", DEAD, 60.0, "unreachable")]
    assert cast.denver.incoming == []


def test_503_with_retry_after_leads_to_the_next_address_and_lets_only_that_one_rest(
    cast: Cast, world: World
) -> None:
    spare = spare_of(world)
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(503, headers=[("Retry-After", "300")])
    spare.call.answer()
    assert call.statuses == [200]
    call.bye()
    assert world.observer.rests == [("chicago", CHICAGO, 300.0, "503")]
    world.advance(200)
    assert call_and_hang_up(cast, spare) == 200


def test_trunk_of_which_all_addresses_rest_gives_way_to_the_next(cast: Cast, world: World) -> None:
    silence(world, "chicago")
    first = cast.alice.invite(TO_CAROL)
    world.advance(33)
    cast.denver.call.answer()
    assert first.status == 200
    first.bye()
    second = cast.alice.invite(TO_CAROL)
    cast.denver.call.answer()
    assert second.status == 200
    second.bye()
    assert [attempt.trunk_id for attempt in world.cdr.attempts] == [2]


def test_trunk_that_rests_is_no_way_out_for_a_call_that_failed_elsewhere(cast: Cast, world: World) -> None:
    first = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(503)
    cast.denver.call.respond(486)
    second = cast.alice.invite(TO_CAROL)
    cast.denver.call.respond(500, reason="Broken")
    assert (first.status, second.status, second.final.reason) == (486, 500, "Broken")
    assert len(cast.chicago.incoming) == 1


def test_when_all_rest_the_one_whose_rest_ends_first_is_tried(cast: Cast, world: World) -> None:
    cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(503)
    world.advance(5)
    cast.denver.call.respond(503)
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.answer()
    assert call.status == 200
    call.bye()
    assert world.observer.rests_ended == [("chicago", CHICAGO, True)]
    assert len(cast.denver.incoming) == 1


def test_of_one_target_the_address_whose_rest_ends_first_is_tried_alone(cast: Cast, world: World) -> None:
    spare = spare_of(world)
    world.change_trunk(2, enabled=False)
    cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(503)
    world.advance(5)
    spare.call.respond(503)
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(503)
    assert call.statuses == [503]
    assert len(spare.incoming) == 1


@pytest.mark.parametrize("status", [180, 404, 486])
def test_whatever_else_an_address_says_ends_its_rest(cast: Cast, world: World, status: int) -> None:
    world.change_trunk(2, enabled=False)
    cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(503)
    assert len(world.exchange.address_rests) == 1
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(status)
    assert len(world.exchange.address_rests) == 0
    if status < 200:
        call.cancel()
        cast.chicago.call.respond(487)


def test_only_trunk_is_tried_even_while_it_rests(cast: Cast, world: World) -> None:
    world.change_trunk(2, enabled=False)
    for _ in range(2):
        call = cast.alice.invite(TO_CAROL)
        cast.chicago.call.respond(503)
        assert call.statuses == [503]
    assert len(cast.chicago.incoming) == 2


def test_device_never_rests(cast: Cast, world: World) -> None:
    for _ in range(2):
        call = cast.alice.invite(BOB)
        cast.bob.call.respond(503)
        assert call.statuses == [503]
    assert world.observer.rests == []


def test_time_of_a_rest_is_the_operators_and_0_is_none(cast: Cast, world: World) -> None:
    world.exchange.settings = replace(world.exchange.settings, address_rest_s=0.0)
    cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(503)
    cast.denver.call.respond(486)
    assert world.observer.rests == []
    cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(486)
    assert len(cast.chicago.incoming) == 2


def test_address_that_may_be_tried_again_at_once_does_not_rest(cast: Cast, world: World) -> None:
    cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(503, headers=[("Retry-After", "0")])
    cast.denver.call.respond(486)
    assert world.observer.rests == []
