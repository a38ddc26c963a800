"""Reliable provisional responses: end to end, or ended here where only one side knows them (RFC 3262)."""

from __future__ import annotations

from fakes.call_world import BOB, Cast, World
from trunkline.domain.cdr import EndCause


def test_both_sides_that_know_them_get_them(cast: Cast) -> None:
    cast.bob.supported = "100rel"
    call = cast.alice.invite(BOB, supported="100rel")
    cast.bob.call.ring(183, cast.bob.offer(), reliably=True)
    assert call.responses[-1].has_token("Require", "100rel")
    assert cast.bob.call.methods == ["PRACK"]
    cast.bob.call.answer()
    assert call.status == 200
    call.bye()


def test_callee_alone_is_acknowledged_here(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring(180, reliably=True)
    assert call.responses[-1].get("RSeq") is None
    assert cast.bob.call.methods == ["PRACK"]
    cast.bob.call.answer()
    assert call.statuses == [180, 200]
    call.bye()


def test_caller_that_insists_gets_them_from_us(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB, headers=[("Require", "100rel")])
    cast.bob.call.ring(180)
    assert call.responses[-1].has_token("Require", "100rel")
    assert world.labels("alice", "us")[-1] == "PRACK"
    assert cast.bob.call.methods == []
    cast.bob.call.answer()
    assert call.status == 200
    call.bye()


def test_answer_waits_for_the_prack(cast: Cast, world: World) -> None:
    cast.alice.holds.add("PRACK")
    call = cast.alice.invite(BOB, headers=[("Require", "100rel")])
    cast.bob.call.ring(183, cast.bob.offer())
    cast.bob.call.answer()
    assert call.status == 0
    assert len(cast.bob.call.acks) == 1
    assert call.prack().status == 200
    assert call.status == 200
    call.bye()


def test_early_media_is_heard_of_before_an_answer_that_overtakes_the_media_engine(
    cast: Cast, world: World
) -> None:
    """Whoever got our PRACK may answer at once: what was acknowledged must not get lost on its way."""
    cast.bob.supported = "100rel"
    call = cast.alice.invite(BOB, supported="100rel")
    world.engine.is_slow = True
    cast.bob.call.ring(183, cast.bob.offer(), reliably=True)
    assert cast.bob.call.methods == ["PRACK"]
    cast.bob.call.answer()
    assert call.statuses == []
    world.engine.is_slow = False
    world.run()
    assert call.statuses == [183, 200]
    assert call.responses[-2].has_token("Require", "100rel")
    assert call.responses[-2].body
    call.bye()
    assert world.cdr.rang_at is not None


def test_several_reliable_responses_follow_one_another(cast: Cast, world: World) -> None:
    cast.alice.holds.add("PRACK")
    call = cast.alice.invite(BOB, headers=[("Require", "100rel")])
    cast.bob.call.ring(180)
    cast.bob.call.ring(183, cast.bob.offer())
    cast.bob.call.answer()
    assert call.statuses == [180]
    call.prack()
    assert call.statuses == [180, 183]
    call.prack()
    assert call.statuses == [180, 183, 200]
    call.bye()


def test_reliable_response_is_repeated_until_it_is_acknowledged(cast: Cast, world: World) -> None:
    cast.alice.holds.add("PRACK")
    call = cast.alice.invite(BOB, headers=[("Require", "100rel")])
    cast.bob.call.ring(180)
    world.advance(2)
    assert world.labels("us", "alice").count("180") == 3
    call.prack()
    call.cancel()


def test_prack_that_never_comes_ends_the_call(cast: Cast, world: World) -> None:
    cast.alice.holds.add("PRACK")
    call = cast.alice.invite(BOB, headers=[("Require", "100rel")])
    cast.bob.call.ring(180)
    world.advance(33)
    assert call.status == 504
    assert cast.bob.call.methods == ["CANCEL"]
    assert (world.cdr.end_cause, world.cdr.status) == (EndCause.PEER_LOST, 504)


def test_prack_that_never_comes_hangs_up_a_callee_that_has_answered(cast: Cast, world: World) -> None:
    cast.alice.holds.add("PRACK")
    call = cast.alice.invite(BOB, headers=[("Require", "100rel")])
    cast.bob.call.ring(180)
    cast.bob.call.answer()
    world.advance(33)
    assert call.status == 504
    assert cast.bob.call.methods == ["BYE"]


def test_cancel_while_the_answer_waits_for_the_prack_hangs_the_callee_up(cast: Cast, world: World) -> None:
    cast.alice.holds.add("PRACK")
    call = cast.alice.invite(BOB, headers=[("Require", "100rel")])
    cast.bob.call.ring(180)
    cast.bob.call.answer()
    call.cancel()
    assert call.status == 487
    assert cast.bob.call.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.CANCELLED


def test_prack_for_nothing_is_481_and_a_bad_one_400(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring(180)
    assert call.ask("PRACK", headers=[("RAck", "7 2 INVITE")]).status == 481
    assert call.ask("PRACK").status == 400
    call.cancel()


def test_offer_in_a_prack_is_refused_and_the_answer_goes_on(cast: Cast) -> None:
    cast.alice.holds.add("PRACK")
    call = cast.alice.invite(BOB, headers=[("Require", "100rel")])
    cast.bob.call.ring(183, cast.bob.offer())
    cast.bob.call.answer()
    assert call.prack(cast.alice.offer(version=2)).status == 488
    assert call.status == 200
    call.bye()


def test_repeated_reliable_response_of_a_callee_is_acknowledged_once(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring(180, reliably=True)
    ringing = next(each for each in world.log if each.sender == "bob" and each.label == "180")
    cast.bob.send_raw(ringing.data)
    assert world.labels("us", "bob").count("PRACK") == 1
    call.cancel()


def test_reliable_response_that_leaves_a_gap_is_ignored(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring(180, headers=[("Require", "100rel"), ("RSeq", "5")])
    cast.bob.call.ring(183, headers=[("Require", "100rel"), ("RSeq", "7")])
    cast.bob.call.ring(182, headers=[("Require", "100rel"), ("RSeq", "nonsense")])
    assert world.labels("us", "bob").count("PRACK") == 1
    call.cancel()
