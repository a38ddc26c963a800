"""Ringing, early media, and what stops it: refusals, CANCEL at any moment, silence."""

from __future__ import annotations

import pytest

from fakes.call_world import BOB, TO_CAROL, Cast, World
from trunkline.domain.cdr import EndCause, TrunkAttempt
from trunkline.domain.media import Side


def test_ringing_is_passed_on_with_its_reason(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring(180)
    cast.bob.call.ring(182, reason="Two ahead of you")
    assert [(each.status, each.reason) for each in call.responses[1:]] == [
        (180, "Ringing"),
        (182, "Two ahead of you"),
    ]
    call.cancel()


def test_early_media_of_183_is_heard_and_then_the_answer(cast: Cast, world: World) -> None:
    call = cast.alice.invite(TO_CAROL)
    carol = cast.chicago.call
    carol.ring(183, cast.chicago.answer_to(carol.invite.body))
    early = call.responses[-1]
    assert early.status == 183
    assert b"203.0.113.200" in early.body
    (stream,) = world.engine.streams.values()
    assert stream.remote(Side.CALLEE) == ("198.51.100.10", 4000)
    carol.answer()
    assert call.statuses == [183, 200]
    assert call.description == early.body
    call.bye()


def test_180_after_183_keeps_the_early_media(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring(183, cast.bob.offer())
    cast.bob.call.ring(180)
    assert call.statuses == [183, 180]
    assert len(world.engine.streams) == 1
    cast.bob.call.answer(b"")
    assert call.status == 200, "the description of the 183 stands for the answer"
    assert b"203.0.113.200" in call.description
    call.bye()


def test_199_is_kept_from_the_caller(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring(199)
    cast.bob.call.respond(486)
    assert call.statuses == [486]


def test_180_without_to_tag_rings_too(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    invite = next(each.message for each in world.log if each.receiver == "bob")
    lines = [
        f"{name}: {value}"
        for name, value in invite.headers
        if name in ("Via", "From", "To", "Call-ID", "CSeq")
    ]
    cast.bob.send_raw("\r\n".join(["SIP/2.0 180 Ringing", *lines, "Content-Length: 0", "", ""]))
    assert call.statuses == [180]
    call.cancel()


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (486, EndCause.BUSY), (600, EndCause.BUSY), (603, EndCause.REJECTED), (404, EndCause.REJECTED),
        (480, EndCause.NO_ANSWER), (488, EndCause.FAILED), (500, EndCause.FAILED), (403, EndCause.REJECTED),
    ],
)  # fmt: skip
def test_refusal_of_a_device_reaches_the_caller_and_the_cdr(
    cast: Cast, world: World, status: int, cause: EndCause
) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.respond(status, reason="Not Now")
    assert (call.status, call.final.reason) == (status, "Not Now")
    assert (world.cdr.status, world.cdr.end_cause, world.cdr.rejection) == (status, cause, "")
    assert world.cdr.attempts == (TrunkAttempt(None, "sip:contact-bob@192.0.2.2:5060", status),)


def test_challenge_of_a_device_is_not_passed_on(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.respond(401, headers=[("WWW-Authenticate", 'Digest realm="x", nonce="y"')])
    assert (call.status, call.final.get("WWW-Authenticate")) == (502, None)


def test_cancel_before_any_provisional_response_waits_for_one(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    call.cancel()
    assert call.status == 487
    assert cast.bob.call.methods == []
    cast.bob.call.ring()
    assert cast.bob.call.methods == ["CANCEL"]
    assert (world.cdr.end_cause, world.cdr.status) == (EndCause.CANCELLED, 487)
    assert [attempt.status for attempt in world.cdr.attempts] == [0], "it had not been heard of"


def test_cancel_while_it_rings_tells_the_callee_why(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    call.cancel([("Reason", 'SIP;cause=200;text="elsewhere"')])
    assert call.statuses == [180, 487]
    assert cast.bob.call.reasons == ['SIP;cause=200;text="elsewhere"']
    assert world.cdr.end_cause is EndCause.CANCELLED


def test_cancel_that_crosses_the_answer_ends_the_call_with_bye(cast: Cast, world: World) -> None:
    world.latency_s = 0.05
    call = cast.alice.invite(BOB)
    world.advance(1)
    cast.bob.call.ring()
    world.advance(1)
    cast.bob.call.answer()
    world.advance(0.08)
    assert call.status == 0
    call.cancel()
    world.advance(1)
    assert call.status == 200
    call.bye()
    world.advance(1)
    assert cast.bob.call.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.CALLER_HUNG_UP


def test_answer_that_crosses_our_cancel_is_acknowledged_and_hung_up(cast: Cast, world: World) -> None:
    world.latency_s = 0.05
    call = cast.alice.invite(BOB)
    world.advance(1)
    cast.bob.call.ring()
    world.advance(1)
    call.cancel()
    world.advance(0.08)
    cast.bob.call.answer()
    world.advance(2)
    assert call.status == 487
    assert world.labels("us", "bob") == ["INVITE", "CANCEL", "ACK", "BYE"]
    assert world.cdr.end_cause is EndCause.CANCELLED


def test_callee_that_ignores_the_cancel_is_forgotten_in_time(cast: Cast, world: World) -> None:
    cast.bob.holds.add("CANCEL")
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    call.cancel()
    assert call.status == 487
    world.advance(40)
    cast.bob.call.respond(487)


def test_cancel_while_the_media_engine_is_asked_invites_nobody(cast: Cast, world: World) -> None:
    world.engine.is_slow = True
    call = cast.alice.invite(BOB)
    call.cancel()
    world.engine.flush()
    world.run()
    assert call.status == 487
    assert cast.bob.incoming == []
    assert world.cdr.attempts == ()


def test_cancel_while_the_target_is_located_invites_nobody(cast: Cast, world: World) -> None:
    from trunkline.domain.trunk import TrunkTarget

    world.change_trunk(1, targets=(TrunkTarget("sip:carrier.example"),))
    found = []
    world.hops.find = lambda uri, done: found.append(done)
    call = cast.alice.invite(TO_CAROL)
    call.cancel()
    found[0]([])
    world.run()
    assert call.status == 487
    assert cast.chicago.incoming == []


def test_bye_of_a_caller_that_still_waits_cancels(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    assert call.bye().status == 200
    assert call.status == 487
    assert cast.bob.call.methods == ["CANCEL"]
    assert world.cdr.end_cause is EndCause.CANCELLED


def test_bye_of_a_callee_that_has_not_answered_refuses_the_call(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    assert cast.bob.call.bye().status == 200
    assert call.statuses == [180, 480]


def test_device_that_rings_for_too_long_is_cancelled(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    world.advance(61)
    assert call.statuses == [180, 480]
    assert cast.bob.call.methods == ["CANCEL"]
    assert world.cdr.end_cause is EndCause.NO_ANSWER


def test_device_that_is_silent_times_out(cast: Cast, world: World) -> None:
    cast.bob.deaf.add("INVITE")
    world.fault = lambda carried: [] if carried.sender == "bob" else [0.0]
    call = cast.alice.invite(BOB)
    world.advance(40)
    assert call.statuses == [408]
    assert [attempt.status for attempt in world.cdr.attempts] == [0]
    assert world.cdr.end_cause is EndCause.NO_ANSWER


def test_device_that_cannot_be_reached_is_503(cast: Cast, world: World) -> None:
    world.unreachable.add("bob")
    call = cast.alice.invite(BOB)
    assert call.statuses == [503]
    assert [attempt.status for attempt in world.cdr.attempts] == [503]


def test_answer_without_description_ends_both_legs(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer(b"")
    assert call.status == 488
    assert cast.bob.call.methods == ["BYE"]


def test_answer_whose_contact_cannot_be_read_is_hung_up(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer(headers=[("Record-Route", "<sip:")])
    world.advance(1)
    assert call.status == 502
    assert cast.bob.call.methods == ["BYE"]
