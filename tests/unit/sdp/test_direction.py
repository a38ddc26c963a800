"""Directions mirror, answer and hold as RFC 3264 says."""

import pytest

from trunkline.sdp.description import parse
from trunkline.sdp.direction import Direction, answer_direction, directed, direction_among, direction_of, held

BOTH, SEND, LISTEN, NONE = Direction.SENDRECV, Direction.SENDONLY, Direction.RECVONLY, Direction.INACTIVE


@pytest.mark.parametrize(
    ("offered", "wanted", "answered"),
    [
        (BOTH, BOTH, BOTH),
        (BOTH, SEND, SEND),
        (BOTH, LISTEN, LISTEN),
        (BOTH, NONE, NONE),
        (SEND, BOTH, LISTEN),
        (SEND, SEND, NONE),
        (SEND, LISTEN, LISTEN),
        (SEND, NONE, NONE),
        (LISTEN, BOTH, SEND),
        (LISTEN, SEND, SEND),
        (LISTEN, LISTEN, NONE),
        (LISTEN, NONE, NONE),
        (NONE, BOTH, NONE),
        (NONE, SEND, NONE),
        (NONE, LISTEN, NONE),
        (NONE, NONE, NONE),
    ],
)
def test_the_answer_stays_within_what_was_offered(offered, wanted, answered):
    assert answer_direction(offered, wanted) is answered


@pytest.mark.parametrize(("one", "other"), [(BOTH, BOTH), (SEND, LISTEN), (LISTEN, SEND), (NONE, NONE)])
def test_the_other_party_sees_the_mirror(one, other):
    assert one.mirrored is other


@pytest.mark.parametrize(("before", "after"), [(BOTH, SEND), (SEND, SEND), (LISTEN, NONE), (NONE, NONE)])
def test_hold_stops_listening_only(before, after):
    assert held(before) is after


def description(session: str, media: str):
    return parse(f"v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nt=0 0\n{session}m=audio 4000 RTP/AVP 0\n{media}")


@pytest.mark.parametrize(
    ("session", "media", "found"),
    [
        ("", "", BOTH),
        ("a=inactive\n", "", NONE),
        ("a=inactive\n", "a=sendonly\n", SEND),
        ("", "a=ptime:20\na=recvonly\n", LISTEN),
        ("", "a=recvonly\na=sendrecv\n", LISTEN),
    ],
)
def test_the_streams_own_direction_comes_first(session, media, found):
    read = description(session, media)
    assert direction_of(read.media[0], read) is found


def test_a_direction_takes_the_place_of_the_old_one():
    media = description("", "a=recvonly\na=ptime:20\na=sendrecv\n").media[0]
    assert [str(line) for line in directed(media, NONE).lines] == ["a=inactive", "a=ptime:20"]
    assert direction_among(description("", "a=ptime:20\n").media[0].lines) is None
