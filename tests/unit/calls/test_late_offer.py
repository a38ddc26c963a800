"""INVITEs without an offer: the callee makes it, the caller's ACK answers it (RFC 3261 §13.2.1)."""

from __future__ import annotations

from fakes.call_world import BOB, Cast, World
from trunkline.domain.cdr import EndCause
from trunkline.domain.media import MediaFailureCause, Side


def test_offer_of_the_callee_is_answered_in_the_ack(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB, b"")
    bob = cast.bob.call
    assert bob.invite.body == b""
    assert "100rel" not in bob.invite.get("Supported")
    bob.answer()
    assert b"203.0.113.200" in call.description
    assert len(bob.acks) == 1
    assert b"203.0.113.200" in bob.acks[0].body
    assert bob.acks[0].get("Content-Type") == "application/sdp"
    (stream,) = world.engine.streams.values()
    assert stream.remote(Side.CALLER) == ("192.0.2.1", 4000)
    assert stream.remote(Side.CALLEE) == ("192.0.2.2", 4000)
    call.bye()


def test_answer_is_repeated_until_the_caller_has_spoken_and_then_acknowledged_each_time(
    cast: Cast, world: World
) -> None:
    cast.alice.holds.add("ACK")
    call = cast.alice.invite(BOB, b"")
    cast.bob.call.answer()
    world.advance(1)
    assert world.labels("bob", "us").count("200") == 2
    assert cast.bob.call.acks == []
    call.acknowledge(cast.alice.offer())
    assert len(cast.bob.call.acks) == 1
    world.advance(1)
    call.bye()


def test_ack_without_an_answer_ends_the_call(cast: Cast, world: World) -> None:
    cast.alice.holds.add("ACK")
    call = cast.alice.invite(BOB, b"")
    cast.bob.call.answer()
    call.acknowledge()
    assert call.methods == ["BYE"]
    assert cast.bob.call.methods == ["BYE"]
    assert [b"m=audio 0 RTP/AVP" in each.body for each in cast.bob.call.acks] == [True]
    assert world.cdr.end_cause is EndCause.FAILED


def test_ack_that_never_comes_ends_both_sides(cast: Cast, world: World) -> None:
    cast.alice.holds.add("ACK")
    call = cast.alice.invite(BOB, b"")
    cast.bob.call.answer()
    world.advance(33)
    assert call.methods == ["BYE"]
    assert cast.bob.call.methods == ["BYE"]
    assert len(cast.bob.call.acks) == 1
    assert world.cdr.end_cause is EndCause.PEER_LOST


def test_description_in_an_unreliable_provisional_is_no_offer(cast: Cast) -> None:
    call = cast.alice.invite(BOB, b"")
    cast.bob.call.ring(183, cast.bob.offer())
    assert [len(each.body) for each in call.responses] == [0, 0]
    cast.bob.call.answer()
    assert call.status == 200
    call.bye()


def test_offer_that_cannot_be_relayed_is_given_back(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB, b"")
    cast.bob.call.answer(cast.bob.offer(protocol="RTP/SAVP"))
    assert call.status == 488
    assert "gives no keys" in call.final.get("Warning")
    assert b"m=audio 0 RTP/SAVP" in cast.bob.call.acks[0].body
    assert cast.bob.call.methods == ["BYE"]
    assert world.cdr.rejection == "media-unsupported"


def test_answer_that_finds_no_port_ends_the_call(cast: Cast, world: World) -> None:
    cast.alice.holds.add("ACK")
    call = cast.alice.invite(BOB, b"")
    cast.bob.call.answer()
    world.engine.fault = MediaFailureCause.UNAVAILABLE
    call.acknowledge(cast.alice.offer())
    assert call.methods == ["BYE"]
    assert cast.bob.call.methods == ["BYE"]


def test_offer_in_a_reliable_183_is_answered_in_the_prack(cast: Cast, world: World) -> None:
    cast.bob.supported = "100rel"
    call = cast.alice.invite(BOB, b"", supported="100rel")
    bob = cast.bob.call
    assert "100rel" in bob.invite.get("Supported")
    bob.ring(183, cast.bob.offer(), reliably=True)
    assert b"203.0.113.200" in bob.last("PRACK").body
    (stream,) = world.engine.streams.values()
    assert stream.remote(Side.CALLER) == ("192.0.2.1", 4000)
    bob.answer(b"")
    assert call.status == 200
    assert call.final.body == b"", "a description would be taken for another offer"
    assert bob.acks[0].body == b""
    call.bye()


def test_prack_without_an_answer_leaves_the_offer_open_until_the_callee_gives_up(
    cast: Cast, world: World
) -> None:
    cast.bob.supported = "100rel"
    cast.alice.holds.add("PRACK")
    call = cast.alice.invite(BOB, b"", supported="100rel")
    cast.bob.call.ring(183, cast.bob.offer(), reliably=True)
    call.prack(b"")
    world.advance(40)
    assert cast.bob.unanswered == ["PrackMissing"]
    cast.bob.call.respond(504)
    assert call.status == 504
