"""Changes within a call: hold, resume, codecs, addresses, glare, refusals, refreshes (RFC 3261 §14, RFC 3311)."""

from __future__ import annotations

import pytest

from fakes.call_party import PartyCall
from fakes.call_world import BOB, TO_CAROL, Cast, World
from trunkline.domain.cdr import EndCause
from trunkline.domain.media import MediaFailureCause, Side
from trunkline.domain.media_mode import MediaMode
from trunkline.sdp.description import parse
from trunkline.sdp.direction import Direction, direction_of


def talk(cast: Cast) -> tuple[PartyCall, PartyCall]:
    """A call from Alice that Bob has answered: her side and his."""
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    return call, cast.bob.call


def direction_in(body: bytes) -> Direction:
    description = parse(body)
    return direction_of(description.media[0], description)


def version_in(body: bytes) -> int:
    origin = parse(body).origin
    assert origin is not None
    return int(origin.version)


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize("who", ["caller", "callee"])
def test_hold_and_resume_reach_the_other_side_by_the_same_method(
    cast: Cast, world: World, method: str, who: str
) -> None:
    caller, callee = talk(cast)
    near, far = (caller, callee) if who == "caller" else (callee, caller)
    held = near.modify(method, near.party.offer("sendonly", version=2))
    assert held.status == 200
    assert direction_in(held.body) is Direction.RECVONLY
    assert far.methods == [method]
    assert direction_in(far.last(method).body) is Direction.SENDONLY
    (stream,) = world.engine.streams.values()
    side = Side.CALLER if who == "caller" else Side.CALLEE
    assert stream.remotes[side].port == 0, "who does not listen is on hold"
    resumed = near.modify(method, near.party.offer(version=3))
    assert direction_in(resumed.body) is Direction.SENDRECV
    assert stream.remotes[side].port == 4000
    assert len(world.engine.streams) == 1
    caller.bye()


def test_versions_of_our_descriptions_count_up_one_by_one(cast: Cast) -> None:
    caller, callee = talk(cast)
    first = version_in(callee.invite.body)
    caller.reinvite(cast.alice.offer("sendonly", version=2))
    assert version_in(callee.last("INVITE").body) == first + 1
    caller.reinvite(cast.alice.offer(version=3))
    assert version_in(callee.last("INVITE").body) == first + 2
    caller.bye()


def test_other_codec_and_other_address_are_taken_over(cast: Cast, world: World) -> None:
    caller, callee = talk(cast)
    cast.alice.media_port = 4444
    answered = caller.reinvite(cast.alice.offer(formats="8 101", version=2))
    assert answered.status == 200
    assert parse(callee.last("INVITE").body).media[0].formats == ("8", "101")
    (stream,) = world.engine.streams.values()
    assert stream.remote(Side.CALLER) == ("192.0.2.1", 4444)
    assert stream.remotes[Side.CALLER].payload_types == (8, 101)
    caller.bye()


def test_phone_that_moved_is_followed_by_our_requests(cast: Cast, world: World) -> None:
    caller, callee = talk(cast)
    moved = world.party("moved", "192.0.2.31", realm="atlanta.example")
    world.may_see |= {("alice", "moved"), ("moved", "alice")}
    request = caller.dialog.make_request("INVITE", moved.offer(), [("Content-Type", "application/sdp")])
    request.set("Contact", moved.contact)
    moved.endpoint.send_request(request, moved.flow, world.now)
    world.run()
    ack = caller.dialog.make_ack(request.cseq_number)
    moved.endpoint.send_ack(ack, moved.flow)
    world.run()
    callee.bye()
    assert [each.label for each in world.log if each.receiver == "moved"] == ["200", "BYE"]
    assert (
        next(each for each in world.log if each.label == "BYE" and each.receiver == "moved").message.uri_text
        == (moved.contact[1:-1])
    )


def test_trunk_that_moved_is_followed_to_its_contact(cast: Cast, world: World) -> None:
    other = world.party("other", "198.51.100.13")
    world.may_see |= {("chicago", "other"), ("other", "chicago")}
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.answer()
    request = cast.chicago.call.dialog.make_request(
        "UPDATE", cast.chicago.offer(version=2), [("Content-Type", "application/sdp")]
    )
    request.set("Contact", "<sip:contact-other@198.51.100.13:5060>")
    cast.chicago.endpoint.send_request(request, cast.chicago.flow, world.now)
    world.run()
    other.deaf.add("BYE")
    call.bye()
    assert world.labels("us", "other")[:1] == ["BYE"]


def test_refused_change_leaves_the_call_as_it_was(cast: Cast, world: World) -> None:
    caller, callee = talk(cast)
    before = dict(world.engine.streams)
    cast.bob.holds.add("INVITE")
    asked = caller.reinvite(cast.alice.offer(port=5555, version=2, lines=("m=video 6000 RTP/AVP 96",)))
    callee.reply("INVITE", 488)
    assert asked.status == 488
    assert world.engine.streams == before
    (stream,) = world.engine.streams.values()
    assert stream.remote(Side.CALLER) == ("192.0.2.1", 4000)
    cast.bob.holds.clear()
    again = caller.reinvite(cast.alice.offer("sendonly", version=3))
    assert again.status == 200
    caller.bye()


def test_stream_that_is_added_and_taken_away_again_is_opened_and_closed(cast: Cast, world: World) -> None:
    caller, callee = talk(cast)
    cast.bob.holds.add("INVITE")
    video = ("m=video 6000 RTP/AVP 96", "a=rtpmap:96 H264/90000")
    asked = caller.reinvite(cast.alice.offer(version=2, lines=video))
    callee.reply("INVITE", 200, cast.bob.offer() + b"m=video 6002 RTP/AVP 96\r\n")
    assert [media.port > 0 for media in parse(asked.body).media] == [True, True]
    assert len(world.engine.streams) == 2
    asked = caller.reinvite(cast.alice.offer(version=3, lines=("m=video 0 RTP/AVP 96",)))
    callee.reply("INVITE", 200, cast.bob.offer() + b"m=video 0 RTP/AVP 96\r\n")
    assert len(world.engine.streams) == 1
    asked = caller.reinvite(cast.alice.offer(version=4, lines=video))
    callee.reply("INVITE", 200, cast.bob.offer() + b"m=video 6004 RTP/AVP 96\r\n")
    assert (asked.status, len(world.engine.streams)) == (200, 2)
    caller.bye()


def test_refused_stream_is_closed(cast: Cast, world: World) -> None:
    body = cast.alice.offer(lines=("m=video 6000 RTP/AVP 96",))
    call = cast.alice.invite(BOB, body)
    assert len(world.engine.streams) == 2
    cast.bob.call.answer()
    assert [media.port > 0 for media in parse(call.description).media] == [True, False]
    assert len(world.engine.streams) == 1
    call.bye()


def test_change_that_the_media_engine_cannot_serve_is_refused_with_a_sentence(
    cast: Cast, world: World
) -> None:
    caller, callee = talk(cast)
    asked = caller.reinvite(cast.alice.offer(version=2, protocol="RTP/SAVP"))
    assert asked.status == 488
    assert "gives no keys" in asked.responses[-1].get("Warning")
    assert callee.methods == []
    world.engine.fault = MediaFailureCause.UNAVAILABLE
    asked = caller.reinvite(cast.alice.offer(version=3, port=4006))
    assert asked.status == 503
    world.engine.fault = None
    assert caller.reinvite(cast.alice.offer("sendonly", version=4)).status == 200
    caller.bye()


def test_unreadable_description_in_a_change_is_400(cast: Cast) -> None:
    caller, callee = talk(cast)
    assert caller.reinvite(b"v=0\r\n").status == 400
    assert callee.methods == []
    caller.bye()


def test_change_without_change_is_answered_here(cast: Cast, world: World) -> None:
    caller, callee = talk(cast)
    answered = caller.reinvite(caller.offer)
    assert answered.status == 200
    assert answered.body == caller.description
    assert caller.modify("UPDATE", b"").status == 200
    assert callee.methods == []
    caller.bye()


def test_update_becomes_a_reinvite_for_who_knows_no_update(cast: Cast) -> None:
    cast.bob.allow = "INVITE, ACK, CANCEL, BYE"
    caller, callee = talk(cast)
    assert caller.modify("UPDATE", cast.alice.offer("sendonly", version=2)).status == 200
    assert callee.methods == ["INVITE"]
    assert callee.acks[-1].cseq_number == callee.last("INVITE").cseq_number
    caller.bye()


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_offer_may_come_late_in_a_reinvite(cast: Cast, world: World, who: str) -> None:
    caller, callee = talk(cast)
    near, far = (caller, callee) if who == "caller" else (callee, caller)
    far.party.media_port = 4100
    asked = near.reinvite(b"")
    assert far.last("INVITE").body == b""
    assert b"203.0.113.200" in asked.body
    assert b"203.0.113.200" in far.acks[-1].body, "the answer travels in the ACK"
    (stream,) = world.engine.streams.values()
    assert stream.remote(Side.CALLEE if who == "caller" else Side.CALLER)[1] == 4100
    caller.bye()


def test_late_offer_that_nobody_answers_is_acknowledged_with_what_was_before(
    cast: Cast, world: World
) -> None:
    caller, callee = talk(cast)
    cast.alice.holds.add("ACK")
    caller.reinvite(b"")
    assert len(callee.acks) == 1, "only the first INVITE is acknowledged yet"
    ack = caller.dialog.make_ack(caller.dialog.local_cseq)
    cast.alice.endpoint.send_ack(ack, cast.alice.flow)
    world.run()
    assert b"203.0.113.200" in callee.acks[-1].body
    caller.bye()


def test_changes_that_cross_are_both_491(cast: Cast, world: World) -> None:
    caller, callee = talk(cast)
    world.latency_s = 0.05
    cast.bob.holds.add("INVITE")
    one = caller.reinvite(cast.alice.offer("sendonly", version=2))
    other = callee.reinvite(cast.bob.offer("sendonly", version=2))
    world.advance(0.2)
    assert other.status == 491
    callee.reply("INVITE", 491)
    world.advance(0.2)
    assert one.status == 491
    cast.bob.holds.clear()
    again = callee.reinvite(cast.bob.offer("sendonly", version=3))
    world.advance(0.3)
    assert again.status == 200
    caller.bye()
    world.advance(1)


def test_second_change_of_the_same_party_is_500_with_retry_after(cast: Cast) -> None:
    caller, callee = talk(cast)
    cast.bob.holds.add("INVITE")
    first = caller.reinvite(cast.alice.offer("sendonly", version=2))
    second = caller.reinvite(cast.alice.offer(version=3))
    assert (second.status, second.responses[-1].get("Retry-After")) == (500, "5")
    callee.reply("INVITE", 200, cast.bob.answer_to(callee.last("INVITE").body))
    assert first.status == 200
    caller.bye()


def test_reinvite_before_the_answer_is_500_with_retry_after(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    asked = call.reinvite(cast.alice.offer(version=2))
    assert (asked.status, asked.responses[-1].get("Retry-After")) == (500, "5")
    call.cancel()


def test_update_of_early_media_goes_through(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB, supported="100rel")
    cast.bob.supported = "100rel"
    cast.bob.call.ring(183, cast.bob.offer(), reliably=True)
    asked = call.modify("UPDATE", cast.alice.offer(version=2, port=4500))
    assert asked.status == 200
    assert cast.bob.call.methods == ["PRACK", "UPDATE"]
    (stream,) = world.engine.streams.values()
    assert stream.remote(Side.CALLER) == ("192.0.2.1", 4500)
    cast.bob.call.answer(b"")
    assert call.status == 200
    call.bye()


def test_update_before_anything_is_agreed_is_500(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    assert call.modify("UPDATE", cast.alice.offer(version=2)).status == 500
    call.cancel()


def test_cancelled_reinvite_ends_as_the_other_side_says(cast: Cast, world: World) -> None:
    caller, _ = talk(cast)
    cast.bob.holds.add("INVITE")
    asked = caller.reinvite(cast.alice.offer("sendonly", version=2))
    world.advance(0.3)
    client = next(each for each in cast.alice.endpoint._clients.values() if each.request is asked.request)
    cast.alice.endpoint.cancel(client, world.now)
    world.run()
    assert "CANCEL" in world.labels("us", "bob")
    assert asked.status == 487
    assert caller.reinvite(caller.offer).status == 200
    caller.bye()


def test_change_that_is_never_answered_ends_the_call(cast: Cast, world: World) -> None:
    caller, _ = talk(cast)
    world.fault = lambda carried: [] if carried.receiver == "bob" else [0.0]
    asked = caller.reinvite(cast.alice.offer("sendonly", version=2))
    world.advance(33)
    assert asked.status == 408
    assert caller.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.PEER_LOST


def test_change_that_is_only_tried_is_given_up_after_a_minute(cast: Cast, world: World) -> None:
    caller, callee = talk(cast)
    cast.bob.deaf.add("INVITE")
    asked = caller.reinvite(cast.alice.offer("sendonly", version=2))
    world.advance(61)
    assert asked.status == 487
    assert caller.methods == []
    assert len(world.exchange.calls) == 1
    caller.bye()
    assert callee.methods[-1] == "BYE"


@pytest.mark.parametrize("status", [408, 481])
def test_dialog_that_is_dead_ends_the_call(cast: Cast, world: World, status: int) -> None:
    caller, callee = talk(cast)
    cast.bob.holds.add("UPDATE")
    asked = caller.modify("UPDATE", cast.alice.offer("sendonly", version=2))
    callee.reply("UPDATE", status)
    assert asked.status == status
    assert caller.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.PEER_LOST


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_party_that_hangs_up_during_a_change_leaves_nothing_waiting(
    cast: Cast, world: World, who: str
) -> None:
    caller, callee = talk(cast)
    cast.bob.holds.add("INVITE")
    asked = caller.reinvite(cast.alice.offer("sendonly", version=2))
    (caller if who == "caller" else callee).bye()
    assert asked.status == (487 if who == "caller" else 480)
    callee.reply("INVITE", 487)


def test_answer_that_comes_after_the_hang_up_is_acknowledged(cast: Cast, world: World) -> None:
    caller, callee = talk(cast)
    cast.bob.holds.add("INVITE")
    caller.reinvite(cast.alice.offer("sendonly", version=2))
    caller.bye()
    callee.reply("INVITE", 200, cast.bob.offer("recvonly"))
    assert callee.acks[-1].cseq_number == callee.last("INVITE").cseq_number


def test_repeated_2xx_of_a_change_is_acknowledged_again(cast: Cast, world: World) -> None:
    caller, callee = talk(cast)
    lost = []

    def lose_first_ack(carried: object) -> list[float]:
        if carried.label == "ACK" and carried.receiver == "bob" and not lost:
            lost.append(carried)
            return []
        return [0.0]

    world.fault = lose_first_ack
    assert caller.reinvite(cast.alice.offer("sendonly", version=2)).status == 200
    world.advance(1)
    assert lost
    assert callee.acks[-1].cseq_number == callee.last("INVITE").cseq_number
    caller.bye()


def test_direct_media_is_passed_untouched_and_no_port_is_taken(cast: Cast, world: World) -> None:
    world.credential("alice", "atlanta.example", media=MediaMode.DIRECT)
    world.change_trunk(1, media=MediaMode.DIRECT)
    world.may_see |= {("alice", "chicago"), ("chicago", "alice")}
    body = cast.alice.offer(protocol="RTP/SAVP", lines=("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc",))
    call = cast.alice.invite(TO_CAROL, body)
    assert cast.chicago.call.invite.body == body
    answer = cast.chicago.offer(protocol="RTP/SAVP", lines=("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:def",))
    cast.chicago.call.answer(answer)
    assert call.description == answer
    assert world.engine.streams == {}
    held = call.reinvite(body.replace(b"sendrecv", b"sendonly"))
    assert held.status == 200
    call.bye()


def test_call_is_anchored_as_soon_as_one_side_wants_it(cast: Cast, world: World) -> None:
    world.credential("alice", "atlanta.example", media=MediaMode.DIRECT)
    call = cast.alice.invite(TO_CAROL)
    assert len(world.engine.streams) == 1
    call.cancel()
    cast.chicago.call.respond(487)


def test_out_of_order_cseq_is_500(cast: Cast) -> None:
    caller, callee = talk(cast)
    caller.reinvite(cast.alice.offer("sendonly", version=2))
    caller.dialog.local_cseq = 1
    assert caller.ask("INFO").status == 500
    caller.dialog.local_cseq = 9
    caller.bye()
    assert callee.methods == ["INVITE", "BYE"]


def test_answer_without_description_to_a_change_is_488(cast: Cast) -> None:
    caller, callee = talk(cast)
    cast.bob.holds.add("INVITE")
    asked = caller.reinvite(cast.alice.offer("sendonly", version=2))
    callee.reply("INVITE", 200)
    assert asked.status == 488
    assert len(callee.acks) == 2
    caller.bye()


@pytest.mark.parametrize("late", [False, True])
def test_engine_that_fails_on_the_answer_refuses_the_change(cast: Cast, world: World, late: bool) -> None:
    caller, callee = talk(cast)
    cast.bob.holds.add("INVITE")
    asked = caller.reinvite(b"" if late else cast.alice.offer("sendonly", version=2))
    world.engine.fault = MediaFailureCause.UNAVAILABLE
    callee.reply("INVITE", 200, cast.bob.offer(port=4020))
    assert asked.status == 503
    assert callee.acks[-1].cseq_number == callee.last("INVITE").cseq_number
    world.engine.fault = None
    caller.bye()


def test_engine_that_fails_on_a_late_answer_keeps_what_was(cast: Cast, world: World) -> None:
    caller, callee = talk(cast)
    cast.alice.holds.add("ACK")
    caller.reinvite(b"")
    world.engine.fault = MediaFailureCause.UNAVAILABLE
    ack = caller.dialog.make_ack(
        caller.dialog.local_cseq, cast.alice.offer(), [("Content-Type", "application/sdp")]
    )
    cast.alice.endpoint.send_ack(ack, cast.alice.flow)
    world.run()
    assert callee.acks[-1].body == callee.invite.body
    world.engine.fault = None
    caller.bye()


def test_change_cancelled_while_the_engine_is_asked_goes_nowhere(cast: Cast, world: World) -> None:
    caller, callee = talk(cast)
    world.engine.is_slow = True
    asked = caller.reinvite(cast.alice.offer("sendonly", version=2))
    world.advance(0.3)
    client = next(each for each in cast.alice.endpoint._clients.values() if each.request is asked.request)
    cast.alice.endpoint.cancel(client, world.now)
    world.run()
    world.engine.flush()
    world.run()
    assert asked.status == 487
    assert callee.methods == []
    world.engine.flush()
    (stream,) = world.engine.streams.values()
    assert stream.remotes[Side.CALLER].port == 4000
    world.engine.is_slow = False
    caller.bye()


def test_update_of_an_early_caller_that_knows_none_is_488(cast: Cast) -> None:
    cast.alice.allow = "INVITE, ACK, BYE, CANCEL, PRACK"
    cast.bob.supported = "100rel"
    call = cast.alice.invite(BOB, supported="100rel")
    cast.bob.call.ring(183, cast.bob.offer(), reliably=True)
    assert cast.bob.call.modify("UPDATE", cast.bob.offer(version=2)).status == 488
    call.cancel()


def test_callee_that_changes_at_once_is_told_to_wait(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    world.engine.is_slow = True
    cast.bob.call.answer()
    assert cast.bob.call.modify("UPDATE", cast.bob.offer(version=2)).status == 491
    world.engine.is_slow = False
    world.run()
    assert call.status == 200
    call.bye()


def test_party_that_leaves_during_a_refresh_by_reinvite_leaves_nothing_waiting(
    cast: Cast, world: World
) -> None:
    cast.alice.allow = "INVITE, ACK, BYE, CANCEL"
    cast.alice.supported = "timer"
    call = cast.alice.invite(BOB, headers=[("Session-Expires", "600;refresher=uas")])
    cast.bob.call.answer()
    cast.alice.holds.add("INVITE")
    world.advance(301)
    assert call.methods == ["INVITE"]
    call.bye()
    assert world.labels("us", "alice")[-3:] == ["200", "CANCEL", "ACK"]


def test_trunk_is_not_followed_to_where_a_request_came_from(cast: Cast, world: World) -> None:
    """A trunk's servers send from many addresses; requests go where its Contact says."""
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.answer()
    gate = world.party("gate", "198.51.100.14")
    world.may_see.add(("chicago", "gate"))
    gate.endpoint.send_request(cast.chicago.call.dialog.make_request("OPTIONS"), gate.flow, world.now)
    world.run()
    assert world.labels("us", "gate") == ["200"]
    call.bye()
    assert cast.chicago.call.methods == ["BYE"]


def test_phone_is_followed_to_where_its_request_came_from(cast: Cast, world: World) -> None:
    """Its router may have given it another port."""
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    rebound = world.party("rebound", "192.0.2.1", 6060)
    world.may_see |= {("alice", "rebound"), ("rebound", "alice")}
    rebound.endpoint.send_request(call.dialog.make_request("OPTIONS"), rebound.flow, world.now)
    world.run()
    rebound.deaf.add("BYE")
    cast.bob.call.bye()
    assert world.labels("us", "rebound")[:2] == ["200", "BYE"]
