"""Payload types are matched with their codecs."""

import pytest

from trunkline.sdp.codecs import (
    G722,
    PCMA,
    PCMU,
    Codec,
    PayloadFormat,
    payload_formats,
    payload_types,
    static_payload_type,
    telephone_event,
)
from trunkline.sdp.description import MediaDescription
from trunkline.sdp.lines import Attribute


def audio(formats: str, *rtpmaps: str) -> MediaDescription:
    return MediaDescription(
        "audio", 4000, "RTP/AVP", tuple(formats.split()), tuple(Attribute("rtpmap", each) for each in rtpmaps)
    )


def test_static_types_need_no_rtpmap():
    assert payload_formats(audio("0 8 9")) == (
        PayloadFormat(0, PCMU),
        PayloadFormat(8, PCMA),
        PayloadFormat(9, G722),
    )


def test_an_rtpmap_counts_more_than_the_static_table():
    assert payload_formats(audio("0", "0 opus/48000/2")) == (PayloadFormat(0, Codec("opus", 48000, 2)),)


def test_the_first_of_two_rtpmaps_counts():
    assert payload_formats(audio("96", "96 iLBC/8000", "96 speex/8000")) == (
        PayloadFormat(96, Codec("iLBC", 8000)),
    )


@pytest.mark.parametrize("rtpmap", ["96", "96 iLBC", "96 iLBC/x", "x iLBC/8000", "128 iLBC/8000", ""])
def test_an_unreadable_rtpmap_explains_nothing(rtpmap):
    assert payload_formats(audio("96", rtpmap)) == (PayloadFormat(96, None),)


def test_names_match_in_any_case_and_a_spelled_out_single_channel():
    assert payload_formats(audio("0", "0 pcmu/8000/1"))[0].codec == Codec("pcmu", 8000, 1)
    assert Codec("pcmu", 8000).matches(PCMU)
    assert not Codec("pcmu", 16000).matches(PCMU)
    assert not Codec("L16", 44100, 2).matches(Codec("L16", 44100))


def test_what_is_no_payload_type_is_left_out():
    assert payload_types(audio("0 128 t38 8 -1")) == (0, 8)


def test_telephone_event_is_found_in_any_spelling():
    assert telephone_event(audio("0 101", "101 telephone-event/8000")) == 101
    assert telephone_event(audio("0 97", "97 TELEPHONE-EVENT/8000/1")) == 97
    assert telephone_event(audio("0")) is None


def test_the_narrow_band_telephone_event_is_preferred():
    assert (
        telephone_event(audio("96 110 126", "110 telephone-event/48000", "126 telephone-event/8000")) == 126
    )
    assert telephone_event(audio("96 110", "110 telephone-event/48000")) == 110


def test_a_telephone_event_outside_the_formats_does_not_count():
    assert telephone_event(audio("0", "101 telephone-event/8000")) is None


def test_only_codecs_of_rfc_3551_have_a_static_type():
    assert [static_payload_type(codec) for codec in (PCMU, PCMA, G722, Codec("opus", 48000, 2))] == [
        0,
        8,
        9,
        None,
    ]
