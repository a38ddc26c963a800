"""Offers and answers fit each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sdp.codecs import G722, PCMA, PCMU, Codec
from trunkline.sdp.description import SessionDescription, parse
from trunkline.sdp.direction import Direction
from trunkline.sdp.lines import Origin
from trunkline.sdp.negotiation import (
    answer,
    audio_offer,
    hold,
    payload_types_of,
    reject_all,
    restrict,
    why_no_answer,
    why_no_later_offer,
    with_direction,
)

OURS = Origin.ours("198.51.100.1", 42)
LOCAL = ("198.51.100.1", 30000)
OPUS = Codec("opus", 48000, 2)


def sdp(*lines: str) -> SessionDescription:
    return parse(
        "\r\n".join(
            [
                "v=0",
                "o=alice 1 1 IN IP4 192.0.2.10",
                "s=-",
                "c=IN IP4 192.0.2.10",
                "t=5 6",
                *lines,
                "",
            ]
        )
    )


def media_lines(description: SessionDescription, index: int = 0) -> list[str]:
    media = description.media[index]
    return [media.heading(), *map(str, media.lines)]


AUDIO = (
    "m=audio 4000 RTP/AVP 96 8 0 101",
    "a=rtpmap:96 opus/48000/2",
    "a=rtpmap:8 pcma/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:96 useinbandfec=1",
    "a=fmtp:101 0-16",
    "a=ptime:30",
)
VIDEO = ("m=video 5000 RTP/AVP 31", "a=mid:v")


@pytest.mark.parametrize(
    ("offered", "answered", "sentence"),
    [
        ((*AUDIO, *VIDEO), AUDIO, "1 media lines, the offer 2"),
        (AUDIO, (*AUDIO, *VIDEO), "2 media lines, the offer 1"),
        ((*AUDIO, *VIDEO), (*VIDEO, *AUDIO), "media line 1: audio was offered and video answered"),
        (
            ("m=audio 0 RTP/AVP 0",),
            ("m=audio 4000 RTP/AVP 0",),
            "refused audio stream was answered with port 4000",
        ),
        (
            ("m=audio 4000 RTP/AVP 0",),
            ("m=audio 4000 RTP/SAVP 0",),
            "RTP/AVP was offered and RTP/SAVP answered",
        ),
        (
            ("m=audio 4000 RTP/SAVP 0",),
            ("m=audio 4000 RTP/AVP 0",),
            "RTP/SAVP was offered and RTP/AVP answered",
        ),
        (("m=audio 4000 RTP/AVP 0",), ("m=audio 4000 RTP/AVP",), "without any format"),
    ],
)
def test_what_does_not_answer_the_offer_is_said(offered, answered, sentence):
    assert sentence in (why_no_answer(sdp(*offered), sdp(*answered)) or "")


@pytest.mark.parametrize(
    ("offered", "answered"),
    [
        (AUDIO, ("m=audio 4000 RTP/AVP 0",)),
        (AUDIO, ("m=audio 0 RTP/AVP",)),
        (("m=audio 4000 RTP/AVPF 0",), ("m=audio 4000 RTP/AVP 0",)),
        (("m=audio 4000 RTP/AVP 0", "a=sendonly"), ("m=audio 4000 RTP/AVP 0", "a=sendrecv")),
        (("m=audio 4000 RTP/SAVP 0",), ("m=audio 0 RTP/AVP 0",)),
    ],
)
def test_what_phones_answer_without_harm_is_an_answer(offered, answered):
    assert why_no_answer(sdp(*offered), sdp(*answered)) is None


def test_a_later_offer_keeps_the_media_lines():
    both = sdp(*AUDIO, *VIDEO)
    assert why_no_later_offer(both, sdp(*AUDIO)) is None
    assert "2 before" in (why_no_later_offer(sdp(*AUDIO), both) or "")
    assert "audio turned into video" in (why_no_later_offer(sdp(*VIDEO), sdp(*AUDIO)) or "")
    assert why_no_later_offer(sdp(*VIDEO), sdp("m=audio 0 RTP/AVP 0")) is None


def test_rejecting_refuses_every_stream_in_place():
    refused = reject_all(sdp(*AUDIO, *VIDEO), OURS)
    assert str(refused).split("\r\n") == [
        "v=0",
        "o=trunkline 42 1 IN IP4 198.51.100.1",
        "s=-",
        "c=IN IP4 198.51.100.1",
        "t=5 6",
        "m=audio 0 RTP/AVP 96 8 0 101",
        "m=video 0 RTP/AVP 31",
        "a=mid:v",
        "",
    ]


def test_hold_changes_the_direction_of_live_streams_only():
    offer = sdp(*AUDIO, "m=audio 4002 RTP/AVP 0", "a=recvonly", "m=video 0 RTP/AVP 31")
    held = hold(offer)
    assert [media.attribute("sendonly") is not None for media in held.media] == [True, False, False]
    assert held.media[1].attribute("inactive") == ""
    assert held.media[2] == offer.media[2]
    assert hold(held) == held


def test_a_direction_is_set_on_every_live_stream():
    offer = with_direction(sdp(*AUDIO, "m=video 0 RTP/AVP 31"), Direction.INACTIVE)
    assert offer.media[0].attribute("inactive") == ""
    assert offer.media[1].lines == ()


def test_restricting_keeps_the_named_payload_types_and_their_lines():
    offer = sdp(*AUDIO, "a=rtcp-fb:96 nack", "a=rtcp-fb:* nack", *VIDEO)
    kept = restrict(offer, {8, 101})
    assert media_lines(kept) == [
        "m=audio 4000 RTP/AVP 8 101",
        "a=rtpmap:8 pcma/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=ptime:30",
        "a=rtcp-fb:* nack",
    ]
    assert kept.media[1] == offer.media[1]


@pytest.mark.parametrize("allowed", [set(), {101}, {77}])
def test_a_stream_left_without_a_codec_is_refused(allowed):
    assert restrict(sdp(*AUDIO), allowed).media[0].port == 0


def test_codecs_select_payload_types_in_the_offers_order():
    assert payload_types_of(sdp(*AUDIO).media[0], (PCMU, PCMA)) == (8, 0)
    assert payload_types_of(sdp(*AUDIO).media[0], (OPUS,)) == (96,)


def test_our_answer_takes_the_offerers_first_choice_and_its_numbers():
    answered = answer(sdp(*AUDIO, *VIDEO), (PCMU, PCMA, G722), LOCAL, OURS)
    assert answered is not None
    assert media_lines(answered) == [
        "m=audio 30000 RTP/AVP 8 101",
        "a=rtpmap:8 pcma/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:30",
        "a=sendrecv",
    ]
    assert media_lines(answered, 1) == ["m=video 0 RTP/AVP 31", "a=mid:v"]
    assert str(answered.connection) == "c=IN IP4 198.51.100.1"
    assert why_no_answer(sdp(*AUDIO, *VIDEO), answered) is None


def test_our_answer_names_a_static_codec_that_the_offer_did_not():
    answered = answer(sdp("m=audio 4000 RTP/AVP 9", "a=mid:0"), (G722,), LOCAL, OURS)
    assert answered is not None
    assert media_lines(answered) == [
        "m=audio 30000 RTP/AVP 9",
        "a=rtpmap:9 G722/8000",
        "a=ptime:20",
        "a=mid:0",
        "a=sendrecv",
    ]


def test_only_the_first_usable_audio_stream_is_answered():
    answered = answer(sdp(*VIDEO, "m=audio 0 RTP/AVP 0", *AUDIO, *AUDIO), (PCMU,), LOCAL, OURS)
    assert answered is not None
    assert [media.port for media in answered.media] == [0, 0, 30000, 0]


@pytest.mark.parametrize(
    ("offered", "answered"),
    [("sendonly", "recvonly"), ("recvonly", "sendonly"), ("inactive", "inactive"), ("sendrecv", "sendrecv")],
)
def test_our_answer_follows_the_offered_direction(offered, answered):
    made = answer(sdp("m=audio 4000 RTP/AVP 0", f"a={offered}"), (PCMU,), LOCAL, OURS)
    assert made is not None
    assert made.media[0].attribute(answered) == ""


@pytest.mark.parametrize(
    "lines",
    [
        VIDEO,
        ("m=audio 0 RTP/AVP 0",),
        ("m=audio 4000 RTP/AVP 18",),
        ("m=audio 4000 RTP/SAVP 0", "a=crypto:1 x"),
        (),
    ],
)
def test_there_is_no_answer_when_nothing_fits(lines):
    assert answer(sdp(*lines), (PCMU, PCMA), LOCAL, OURS) is None


def test_our_offer_lists_the_codecs_in_order():
    offer = audio_offer((PCMA, OPUS, PCMU), LOCAL, OURS)
    assert media_lines(offer) == [
        "m=audio 30000 RTP/AVP 8 96 0 101",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:96 opus/48000/2",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=sendrecv",
    ]
    assert parse(offer.to_bytes()) == offer


def test_dynamic_numbers_leave_out_that_of_telephone_event():
    offer = audio_offer([Codec(f"codec{index}", 16000) for index in range(7)], LOCAL, OURS)
    assert offer.media[0].formats == ("96", "97", "98", "99", "100", "102", "103", "101")


PIECES = st.sampled_from(
    [
        "m=audio 4000 RTP/AVP 0 8 101",
        "m=audio 0 RTP/AVP 0",
        "m=video 5000 RTP/AVP 31",
        "m=audio 6000 RTP/AVP 96",
        "m=audio 7000 RTP/SAVP 0",
        "m=audio 8000 RTP/AVP",
        "a=rtpmap:96 pcmu/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=sendonly",
        "a=inactive",
        "a=mid:1",
        "a=ptime:x",
        "a=rtpmap:0",
        "a=rtpmap:0 PCMU/8000",
        "b=AS:1",
    ]
)


@given(st.lists(PIECES, max_size=12), st.lists(st.sampled_from([PCMU, PCMA, G722, OPUS]), max_size=4))
def test_whatever_is_offered_our_answers_answer_it(pieces, supported):
    offer = sdp(*pieces)
    assert why_no_answer(offer, reject_all(offer, OURS)) is None
    made = answer(offer, supported, LOCAL, OURS)
    if made is not None:
        assert why_no_answer(offer, made) is None
        assert parse(made.to_bytes()) == made
        assert [media.port for media in made.media if media.port] == [30000]
