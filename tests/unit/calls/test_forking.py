"""Several devices of one user: all at once or one after the other, early media, late answers, Path."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakes.call_party import Party
from fakes.call_world import BILOXI, BOB, Cast, World
from trunkline.domain.cdr import EndCause, TrunkAttempt
from trunkline.domain.media import Side

COMPLETED = 'SIP;cause=200;text="Call completed elsewhere"'


@pytest.fixture
def desk(cast: Cast, world: World) -> Party:
    """Bob's second phone."""
    made = world.party("desk", "192.0.2.12", realm=BILOXI, username="bob")
    world.register(made, f"bob@{BILOXI}", q=500)
    return made


def ring_serially(world: World) -> None:
    world.exchange.settings = replace(world.exchange.settings, serial_ring=True)


def test_all_devices_ring_and_the_first_answer_wins(cast: Cast, desk: Party, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    desk.call.ring()
    desk.call.answer()
    assert call.statuses == [180, 180, 200]
    assert cast.bob.call.reasons == [COMPLETED]
    call.bye()
    assert desk.call.methods == ["BYE"]
    statuses = {attempt.uri.partition("@")[0]: attempt.status for attempt in world.cdr.attempts}
    assert statuses == {"sip:contact-bob": 487, "sip:contact-desk": 200}
    assert world.cdr.end_cause is EndCause.CALLER_HUNG_UP


def test_late_answer_of_a_loser_is_acknowledged_and_hung_up(cast: Cast, desk: Party, world: World) -> None:
    world.latency_s = 0.05
    call = cast.alice.invite(BOB)
    world.advance(1)
    cast.bob.call.ring()
    desk.call.ring()
    world.advance(1)
    desk.call.answer()
    world.advance(0.01)
    cast.bob.call.answer()
    world.advance(2)
    assert call.status == 200
    assert call.methods == []
    assert cast.bob.call.methods == ["BYE"]
    assert len(cast.bob.call.acks) == 1
    cast.alice.placed[-1].bye()
    world.advance(1)
    assert desk.call.methods == ["BYE"]


def test_late_answer_of_a_loser_is_acknowledged_each_time_and_hung_up_once(
    cast: Cast, desk: Party, world: World
) -> None:
    world.latency_s = 0.05
    lost = []

    def lose_first_ack(carried: object) -> list[float]:
        if carried.label == "ACK" and carried.receiver == "bob" and not lost:
            lost.append(carried)
            return []
        return [0.05]

    world.fault = lose_first_ack
    call = cast.alice.invite(BOB)
    world.advance(1)
    cast.bob.call.ring()
    world.advance(1)
    desk.call.answer()
    cast.bob.call.answer()
    world.advance(2)
    assert world.labels("us", "bob").count("ACK") == 2
    assert world.labels("us", "bob").count("BYE") == 1
    call.bye()
    world.advance(1)


def test_busy_device_leaves_the_other_ringing(cast: Cast, desk: Party) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.respond(486)
    assert call.statuses == []
    desk.call.answer()
    assert call.statuses == [200]
    call.bye()


def test_declining_device_stops_all(cast: Cast, desk: Party, world: World) -> None:
    call = cast.alice.invite(BOB)
    desk.call.ring()
    cast.bob.call.respond(603)
    assert call.statuses == [180, 603]
    assert desk.call.methods == ["CANCEL"]
    assert world.cdr.end_cause is EndCause.REJECTED


def test_best_refusal_is_passed_on(cast: Cast, desk: Party) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.respond(486)
    desk.call.respond(500)
    assert call.statuses == [486]


def test_first_early_media_is_heard_and_the_answer_takes_over(cast: Cast, desk: Party, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring(183, cast.bob.offer())
    desk.call.ring(183, desk.offer())
    assert [len(each.body) > 0 for each in call.responses[1:]] == [True, False]
    (stream,) = world.engine.streams.values()
    assert stream.remote(Side.CALLEE) == ("192.0.2.2", 4000)
    desk.call.answer()
    assert stream.remote(Side.CALLEE) == ("192.0.2.12", 4000)
    assert len(world.engine.streams) == 1
    call.bye()


def test_device_whose_early_media_ended_makes_room_for_the_other(
    cast: Cast, desk: Party, world: World
) -> None:
    ring_serially(world)
    call = cast.alice.invite(BOB)
    cast.bob.call.ring(183, cast.bob.offer())
    cast.bob.call.respond(480)
    desk.call.ring(183, desk.offer())
    assert [len(each.body) > 0 for each in call.responses[1:]] == [True, True]
    call.cancel()


def test_serial_ringing_follows_q_and_goes_on_after_silence(cast: Cast, desk: Party, world: World) -> None:
    ring_serially(world)
    call = cast.alice.invite(BOB)
    assert desk.incoming == []
    cast.bob.call.ring()
    world.advance(61)
    assert cast.bob.call.methods == ["CANCEL"]
    desk.call.answer()
    assert call.statuses == [180, 200]
    call.bye()


def test_serial_ringing_stops_when_somebody_is_busy(cast: Cast, desk: Party, world: World) -> None:
    ring_serially(world)
    call = cast.alice.invite(BOB)
    cast.bob.call.respond(486)
    assert call.statuses == [486]
    assert desk.incoming == []


def test_serial_ringing_goes_on_after_a_failure(cast: Cast, desk: Party, world: World) -> None:
    ring_serially(world)
    call = cast.alice.invite(BOB)
    cast.bob.call.respond(500)
    desk.call.answer()
    assert call.statuses == [200]
    call.bye()


def test_each_device_gets_its_own_path(cast: Cast, world: World) -> None:
    first = world.party("edge1", "192.0.2.101")
    second = world.party("edge2", "192.0.2.102")
    world.credential("erin", BILOXI)
    world.register(first, f"erin@{BILOXI}", path=("<sip:edge1.biloxi.example;lr;ob>",))
    world.register(second, f"erin@{BILOXI}", path=("<sip:192.0.2.102;lr>", "<sip:inner.biloxi.example;lr>"))
    call = cast.alice.invite(f"sip:erin@{BILOXI}")
    assert first.call.invite.values("Route") == ["<sip:edge1.biloxi.example;lr;ob>"]
    assert second.call.invite.values("Route") == ["<sip:192.0.2.102;lr>", "<sip:inner.biloxi.example;lr>"]
    assert world.hops.asked == ["sip:192.0.2.102;lr"], (
        "a Path is followed only to where the REGISTER came from"
    )
    call.cancel()
    first.call.respond(487)
    second.call.respond(487)


def test_fork_behind_one_device_makes_early_dialogs_of_their_own(cast: Cast, world: World) -> None:
    """A proxy at Bob's forks: two To tags on one INVITE, each with reliable responses and 2xx of its own."""
    cast.bob.supported = "100rel"
    call = cast.alice.invite(BOB, supported="100rel")
    bob = cast.bob.call
    bob.ring(183, cast.bob.offer(), tag="one", headers=[("Require", "100rel"), ("RSeq", "500")])
    bob.ring(180, tag="two", headers=[("Require", "100rel"), ("RSeq", "9")])
    pracks = [each.message for each in world.log if each.receiver == "bob" and each.label == "PRACK"]
    assert [(each.to_tag, each.get("RAck")) for each in pracks] == [
        ("one", "500 1 INVITE"),
        ("two", "9 1 INVITE"),
    ]
    bob.answer(tag="two")
    assert call.status == 200
    acks = [each.message.to_tag for each in world.log if each.receiver == "bob" and each.label == "ACK"]
    assert acks == ["two"]
    call.bye()


def test_second_answer_of_a_fork_is_acknowledged_and_hung_up_while_the_first_talks(
    cast: Cast, world: World
) -> None:
    call = cast.alice.invite(BOB)
    bob = cast.bob.call
    bob.answer(tag="one")
    answer = next(each for each in reversed(world.log) if each.sender == "bob" and each.label == "200")
    cast.bob.send_raw(answer.data.replace(b"tag=one", b"tag=two"))
    ends = [(each.label, each.message.to_tag) for each in world.log if each.receiver == "bob"][1:]
    assert ends == [("ACK", "one"), ("ACK", "two"), ("BYE", "two")]
    assert call.methods == []
    call.bye()
    assert bob.methods == ["BYE"]


def test_attempts_name_every_device(cast: Cast, desk: Party, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.respond(480)
    desk.call.respond(480)
    assert call.status == 480
    assert world.cdr.attempts == (
        TrunkAttempt(None, "sip:contact-bob@192.0.2.2:5060", 480),
        TrunkAttempt(None, "sip:contact-desk@192.0.2.12:5060", 480),
    )
