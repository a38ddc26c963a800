"""What calls make of the media engine: exhaustion, death, silence, what it cannot relay, figures."""

from __future__ import annotations

import pytest

from fakes.call_world import BOB, TO_CAROL, Cast, World
from trunkline.domain.cdr import EndCause
from trunkline.domain.media import MediaFailureCause, MediaStatistics, SideStatistics

FINGERPRINT = "a=fingerprint:sha-256 AB:CD"


def test_exhausted_ports_are_503_with_a_rejection(cast: Cast, world: World) -> None:
    world.engine.most_streams = 1
    first = cast.alice.invite(BOB)
    cast.bob.call.answer()
    second = cast.dave.invite(BOB)
    assert second.statuses == [503]
    assert (world.cdr.rejection, world.cdr.end_cause) == ("no-media-port", EndCause.FAILED)
    first.bye()
    third = cast.dave.invite(BOB)
    cast.bob.call.answer()
    assert third.status == 200
    third.bye()


def test_port_that_is_missing_for_the_answer_hangs_the_callee_up(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    world.engine.fault = MediaFailureCause.EXHAUSTED
    cast.bob.call.answer()
    assert call.statuses == [503]
    assert cast.bob.call.methods == ["BYE"]
    assert world.cdr.rejection == "no-media-port"


def test_engine_that_is_down_is_503(cast: Cast, world: World) -> None:
    world.engine.fault = MediaFailureCause.UNAVAILABLE
    assert cast.alice.invite(BOB).statuses == [503]
    assert world.cdr.rejection == "media-unavailable"


def test_death_of_the_engine_ends_its_calls_and_new_ones_are_served(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    ringing = cast.dave.invite(TO_CAROL)
    cast.chicago.call.ring()
    world.media(world.engine.die())
    assert call.methods == ["BYE"]
    assert cast.bob.call.methods == ["BYE"]
    assert ringing.statuses == [180, 503]
    assert cast.chicago.call.methods == ["CANCEL"]
    assert [cdr.end_cause for cdr in world.journal.ended] == [EndCause.MEDIA_LOST, EndCause.MEDIA_LOST]
    assert all(cdr.media is not None for cdr in world.journal.ended)
    again = cast.alice.invite(BOB)
    cast.bob.call.answer()
    assert again.status == 200
    again.bye()


def test_silence_ends_the_call(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    world.media(world.engine.fall_silent(next(iter(world.engine.streams))))
    assert call.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.MEDIA_SILENT
    assert world.cdr.media.relayed == 10


def test_silent_camera_does_not_end_the_call(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB, cast.alice.offer(lines=("m=video 6000 RTP/AVP 96",)))
    cast.bob.call.answer(cast.bob.offer() + b"m=video 6002 RTP/AVP 96\r\n")
    audio, video = world.engine.streams
    world.media(world.engine.fall_silent(video))
    assert call.methods == []
    world.media(world.engine.fall_silent(audio))
    assert call.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.MEDIA_SILENT
    assert world.cdr.media.relayed == 20


def test_camera_that_was_silent_may_be_switched_on_again(cast: Cast, world: World) -> None:
    body = cast.alice.offer(lines=("m=video 6000 RTP/AVP 96",))
    call = cast.alice.invite(BOB, body)
    cast.bob.call.answer(cast.bob.offer() + b"m=video 6002 RTP/AVP 96\r\n")
    _, video = world.engine.streams
    world.media(world.engine.fall_silent(video))
    cast.bob.holds.add("INVITE")
    asked = call.reinvite(cast.alice.offer(version=2, lines=("m=video 6004 RTP/AVP 96",)))
    cast.bob.call.reply("INVITE", 200, cast.bob.offer() + b"m=video 6002 RTP/AVP 96\r\n")
    assert asked.status == 200
    assert len(world.engine.streams) == 2
    call.bye()


def test_event_of_a_stream_that_is_gone_is_passed_over(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    event = world.engine.fall_silent(next(iter(world.engine.streams)))
    call.bye()
    world.media(event)
    assert world.cdr.end_cause is EndCause.CALLER_HUNG_UP


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"protocol": "RTP/SAVP"}, "gives no keys"),
        ({"protocol": "TCP/RTP/AVP"}, "is not relayed"),
        (
            {"protocol": "UDP/TLS/RTP/SAVPF", "lines": (FINGERPRINT, "a=ice-ufrag:x", "a=candidate:1")},
            "over ICE",
        ),
    ],
)
def test_media_that_cannot_be_relayed_is_488_with_a_sentence(
    cast: Cast, world: World, body: dict, why: str
) -> None:
    call = cast.alice.invite(BOB, cast.alice.offer(**body))
    assert call.statuses == [488]
    assert why in call.final.get("Warning")
    assert world.cdr.rejection == "media-unsupported"
    assert why in world.cdr.detail
    assert cast.bob.incoming == []


def test_browser_towards_a_plain_phone_is_488_with_a_sentence(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB, cast.alice.offer(protocol="UDP/TLS/RTP/SAVP", lines=(FINGERPRINT,)))
    cast.bob.call.answer()
    assert call.statuses == [488]
    assert "speaks plain RTP" in call.final.get("Warning")
    assert cast.bob.call.methods == ["BYE"]


def test_keys_in_the_description_pass_when_both_have_them(cast: Cast) -> None:
    crypto = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc"
    call = cast.alice.invite(BOB, cast.alice.offer(protocol="RTP/SAVP", lines=(crypto,)))
    assert crypto.encode() in cast.bob.call.invite.body
    cast.bob.call.answer(cast.bob.offer(protocol="RTP/SAVP", lines=(crypto.replace("abc", "def"),)))
    assert b"inline:def" in call.description
    call.bye()


def test_offer_on_hold_counts_no_silence(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB, cast.alice.offer("inactive"))
    cast.bob.call.answer()
    (stream,) = world.engine.streams.values()
    assert [remote.port for remote in stream.remotes.values()] == [0, 0]
    call.bye()


def test_figures_of_a_call_with_two_streams_are_added(cast: Cast, world: World) -> None:
    side = SideStatistics(received=5, lost=1, duplicates=0, jitter_ms=2.0, jitter_max_ms=4.0)
    world.engine.statistics = MediaStatistics(caller=side, callee=side, relayed=7, dropped=1)
    call = cast.alice.invite(BOB, cast.alice.offer(lines=("m=video 6000 RTP/AVP 96",)))
    cast.bob.call.answer(cast.bob.offer() + b"m=video 6002 RTP/AVP 96\r\n")
    call.bye()
    media = world.cdr.media
    assert (media.relayed, media.dropped) == (14, 2)
    assert (media.caller.received, media.caller.lost, media.caller.jitter_ms) == (10, 2, 2.0)


def test_slow_engine_delays_and_changes_nothing(cast: Cast, world: World) -> None:
    world.engine.is_slow = True
    call = cast.alice.invite(BOB)
    assert cast.bob.incoming == []
    world.engine.flush()
    world.run()
    cast.bob.call.ring(183, cast.bob.offer())
    cast.bob.call.answer()
    assert call.statuses == []
    world.engine.flush()
    world.run()
    assert call.status == 200
    call.bye()
    assert world.journal.ended == []
    world.engine.flush()
    assert world.cdr.media is not None


def test_callee_that_hangs_up_before_the_engine_has_answered_fails_the_call(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    world.engine.is_slow = True
    cast.bob.call.answer()
    cast.bob.call.bye()
    world.engine.flush()
    world.run()
    assert call.status >= 400
    world.engine.flush()
