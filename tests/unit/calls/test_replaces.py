"""INVITE with Replaces: a ringing call is picked up, a running one is taken over (RFC 3891)."""

from __future__ import annotations

import pytest

from fakes.call_party import PartyCall
from fakes.call_world import BOB, BOBS_NUMBER, CAROL, DAVE, HOST, Cast, World
from trunkline.calls.crossing import mutual_answer
from trunkline.domain.cdr import EndCause
from trunkline.domain.media import MediaFailureCause, Side
from trunkline.sdp.description import SessionDescription, parse


def names(call: PartyCall) -> list[tuple[str, str]]:
    """The Replaces by which another phone, told by this one, names its dialog."""
    dialog = call.dialog
    assert dialog is not None
    value = f"{dialog.id.call_id};to-tag={dialog.id.remote_tag};from-tag={dialog.id.local_tag}"
    return [("Replaces", value), ("Require", "replaces")]


def test_ringing_call_is_picked_up_by_another_phone(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    pickup = cast.dave.invite(BOB, headers=names(cast.bob.call))
    assert (call.status, pickup.status) == (200, 200)
    assert cast.bob.call.methods == ["CANCEL"]
    (stream,) = world.engine.streams.values()
    assert {stream.remote(side)[0] for side in Side} == {"192.0.2.1", "192.0.2.4"}
    pickup.bye()
    assert call.methods == ["BYE"]
    assert [cdr.end_cause for cdr in world.journal.ended] == [EndCause.TRANSFERRED, EndCause.CALLEE_HUNG_UP]


def test_call_from_a_trunk_is_picked_up_with_the_codecs_both_know(cast: Cast, world: World) -> None:
    cast.chicago.formats = "18 8 101"
    cast.dave.formats = "0 8 101"
    call = cast.chicago.invite(f"sip:{BOBS_NUMBER}@{HOST}", user=CAROL)
    cast.bob.call.ring()
    pickup = cast.dave.invite(BOB, headers=names(cast.bob.call))
    assert b"RTP/AVP 8 101" in call.description
    assert b"RTP/AVP 8 101" in pickup.description
    call.bye()


def test_pick_up_without_a_common_codec_fails_for_both(cast: Cast, world: World) -> None:
    cast.dave.formats = "18"
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    pickup = cast.dave.invite(BOB, headers=names(cast.bob.call))
    assert (call.status, pickup.status) == (480, 480)


def test_running_call_is_taken_over_by_another_phone(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    taken = cast.dave.invite(BOB, headers=names(cast.bob.call))
    assert taken.status == 200
    assert cast.bob.call.methods == ["BYE"]
    assert call.methods == ["INVITE"]
    (stream,) = world.engine.streams.values()
    assert {stream.remote(side)[0] for side in Side} == {"192.0.2.1", "192.0.2.4"}
    taken.bye()
    assert call.methods == ["INVITE", "BYE"]


def test_early_only_does_not_take_a_running_call(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    name, value = names(cast.bob.call)[0]
    refused = cast.dave.invite(BOB, headers=[(name, f"{value};early-only")])
    assert refused.status == 481
    call.bye()


def test_unknown_dialog_and_bad_replaces_are_refused(cast: Cast, world: World) -> None:
    assert cast.dave.invite(BOB, headers=[("Replaces", "x;to-tag=1;from-tag=2")]).status == 481
    assert cast.dave.invite(BOB, headers=[("Replaces", "x;to-tag=1")]).status == 400
    assert [cdr.rejection for cdr in world.journal.ended] == ["no-such-dialog", "bad-replaces"]


def test_trunk_may_not_take_calls_over(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    assert cast.chicago.invite(f"sip:{BOBS_NUMBER}@{HOST}", headers=names(cast.bob.call)).status == 481
    call.cancel()


def test_caller_who_waits_cannot_be_replaced(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    assert cast.dave.invite(DAVE, headers=names(call)).status == 481
    call.cancel()


def test_pick_up_without_an_offer_fails_for_both(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    pickup = cast.dave.invite(BOB, b"", headers=names(cast.bob.call))
    assert (call.status, pickup.status) == (480, 480)


def test_taking_over_without_an_offer_ends_the_call(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    taken = cast.dave.invite(BOB, b"", headers=names(cast.bob.call))
    assert taken.status == 480
    assert call.methods == ["BYE"]


def test_pick_up_that_the_engine_cannot_serve_fails_for_both(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    world.engine.fault = MediaFailureCause.EXHAUSTED
    pickup = cast.dave.invite(BOB, headers=names(cast.bob.call))
    assert (call.status, pickup.status) == (480, 480)


def test_caller_that_gives_up_while_it_is_picked_up_ends_both(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    world.engine.is_slow = True
    pickup = cast.dave.invite(BOB, headers=names(cast.bob.call))
    call.cancel()
    world.engine.flush()
    world.run()
    assert (call.status, pickup.status) == (487, 487)


def description(*media: str) -> SessionDescription:
    return parse(
        "\r\n".join(["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", *media, ""])
    )


@pytest.mark.parametrize(
    ("offer", "other", "formats"),
    [
        (["m=audio 4 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000"], ["m=audio 6 RTP/AVP 8 0"], ("8", "0")),
        (["m=audio 4 RTP/AVP 96", "a=rtpmap:96 opus/48000/2"], ["m=audio 6 RTP/AVP 96", "a=rtpmap:96 speex/8000"], None),
        (["m=audio 4 RTP/AVP 0"], ["m=audio 6 RTP/SAVP 0"], None),
        (["m=video 4 RTP/AVP 31", "m=audio 4 RTP/AVP 0"], ["m=audio 6 RTP/AVP 0"], None),
        (["m=video 4 RTP/AVP 31"], ["m=video 6 RTP/AVP 31"], None),
        (
            ["m=audio 4 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"],
            ["m=audio 6 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"], None,
        ),
    ],
)  # fmt: skip
def test_two_offers_agree_on_what_both_number_alike(
    offer: list[str], other: list[str], formats: tuple[str, ...] | None
) -> None:
    made = mutual_answer(description(*offer), description(*other))
    assert (made.media[0].formats if made is not None else None) == formats


def test_answer_made_of_two_offers_refuses_what_is_no_audio() -> None:
    offer = description("m=audio 4 RTP/AVP 0", "m=video 6 RTP/AVP 31")
    made = mutual_answer(offer, description("m=audio 8 RTP/AVP 0", "m=video 10 RTP/AVP 31"))
    assert [media.port for media in made.media] == [8, 0]
