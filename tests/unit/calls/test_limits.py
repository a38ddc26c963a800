"""Limits of credentials and trunks: concurrent calls, calls per second, longest duration, destinations."""

from __future__ import annotations

from dataclasses import replace

from fakes.call_world import BOB, BOBS_NUMBER, CAROL, HOST, TO_CAROL, Cast, World
from trunkline.calls.limits import LimitTable
from trunkline.domain.cdr import EndCause
from trunkline.domain.limits import Limits


def limit_alice(world: World, **limits: object) -> None:
    world.credential("alice", "atlanta.example", limits=Limits(**limits))


def test_call_over_the_limit_is_503_and_one_less_makes_room(cast: Cast, world: World) -> None:
    limit_alice(world, concurrent_calls=1)
    first = cast.alice.invite(BOB)
    second = cast.alice.invite(BOB)
    assert second.statuses == [503]
    assert (world.cdr.rejection, world.cdr.detail) == ("too-many-calls", "credential:1 has 1 of 1 calls")
    first.cancel()
    third = cast.alice.invite(BOB)
    cast.bob.call.respond(486)
    assert third.statuses == [486]


def test_calls_begun_too_fast_are_503_with_retry_after(cast: Cast, world: World) -> None:
    limit_alice(world, calls_per_second=2)
    statuses = []
    for _ in range(3):
        call = cast.alice.invite(BOB)
        if call.status == 0:
            cast.bob.call.respond(486)
        statuses.append(call.status)
    assert statuses == [486, 486, 503]
    assert world.cdr.rejection == "too-many-calls-per-second"
    world.advance(0.6)
    call = cast.alice.invite(BOB)
    cast.bob.call.respond(486)
    assert call.status == 486


def test_call_that_lasts_too_long_is_ended(cast: Cast, world: World) -> None:
    limit_alice(world, longest_call_s=120)
    call = cast.alice.invite(BOB)
    world.advance(30)
    cast.bob.call.answer()
    world.advance(119)
    assert call.methods == []
    world.advance(2)
    assert call.methods == ["BYE"]
    assert cast.bob.call.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.TOO_LONG
    assert world.cdr.duration_s == 120


def test_longest_call_of_the_server_holds_for_everybody(cast: Cast, world: World) -> None:
    world.exchange.settings = replace(world.exchange.settings, longest_call_s=60)
    limit_alice(world, longest_call_s=120)
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    world.advance(61)
    assert call.methods == ["BYE"]


def test_forbidden_destination_is_403(cast: Cast, world: World) -> None:
    limit_alice(world, destinations=("+1", "-+1312"))
    assert cast.alice.invite(TO_CAROL).statuses == [403]
    assert world.cdr.rejection == "destination-forbidden"
    assert cast.chicago.incoming == []


def test_inbound_calls_count_for_their_trunk(cast: Cast, world: World) -> None:
    world.change_trunk(1, limits=Limits(concurrent_calls=1))
    first = cast.chicago.invite(f"sip:{BOBS_NUMBER}@{HOST}", user=CAROL)
    second = cast.chicago.invite(f"sip:{BOBS_NUMBER}@{HOST}", user=CAROL)
    assert second.statuses == [503]
    first.cancel()
    assert world.exchange.limits.holders == {}


def test_trunk_is_free_again_when_its_leg_ends_though_the_call_goes_on(cast: Cast, world: World) -> None:
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(503)
    assert world.exchange.limits.holders == {"credential:1": 1, "trunk:2": 1}
    cast.denver.call.respond(486)
    assert call.status == 486


def test_short_calls_do_not_fill_the_bucket_again() -> None:
    table = LimitTable()
    limits = Limits(calls_per_second=3)
    admitted = 0
    for _ in range(10):
        if table.admit("credential:1", limits, 100.0) is None:
            admitted += 1
            table.release("credential:1")
    assert admitted == 3


def test_slow_rates_let_one_call_through_at_a_time() -> None:
    table = LimitTable()
    limits = Limits(calls_per_second=0.1)
    times = [time for time in range(40) if table.admit("trunk:1", limits, float(time)) is None]
    assert times == [0, 10, 20, 30]


def test_release_of_what_was_never_counted_changes_nothing() -> None:
    table = LimitTable()
    table.release("trunk:9")
    assert table.admit("trunk:9", Limits(concurrent_calls=1), 0.0) is None
    table.release("trunk:9")
    table.release("trunk:9")
    assert table.in_use("trunk:9") == 0
