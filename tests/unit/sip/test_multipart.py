"""Bodies of several parts: cutting, printing, finding the session description in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sip.errors import ParseError
from trunkline.sip.message import Request
from trunkline.sip.multipart import (
    MAX_DEPTH,
    MAX_PARTS,
    Part,
    boundary_of,
    find_part,
    parse_multipart,
    print_multipart,
)

MIXED = "multipart/mixed;boundary=b1"
BODY = (
    b"preamble\r\n--b1\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b1 \r\ncontent-type: application/sdp\r\n"
    b"Content-Disposition: session;\r\n handling=required\r\n\r\nv=0\r\n\r\n--b1--\r\nepilogue"
)


def message(content_type: str, body: bytes) -> Request:
    return Request("INVITE", "sip:bob@biloxi.example", [("Content-Type", content_type)], body)


def test_parts_are_cut_and_what_is_around_them_is_passed_over():
    first, second = parse_multipart(MIXED, BODY)
    assert (first.media_type, first.body) == ("text/plain", b"hello")
    assert second.headers == (
        ("Content-Type", "application/sdp"),
        ("Content-Disposition", "session; handling=required"),
    )
    assert second.body == b"v=0\r\n"


def test_a_part_without_a_type_is_plain_text():
    (part,) = parse_multipart(MIXED, b"--b1\r\n\r\nhello\r\n--b1--")
    assert (part.headers, part.media_type, part.body) == ((), "text/plain", b"hello")


@pytest.mark.parametrize("body", [b"--b1\r\n\r\n\r\n--b1--", b"--b1\r\n\r\n--b1--", b"--b1\r\n--b1--"])
def test_a_part_may_be_empty(body):
    assert parse_multipart(MIXED, body) == (Part((), b""),)


def test_a_longer_boundary_that_begins_alike_is_no_delimiter():
    (part,) = parse_multipart(MIXED, b"--b1\r\n\r\nx\r\n--b10\r\ny\r\n--b1--")
    assert part.body == b"x\r\n--b10\r\ny"


def test_binary_bodies_stay_as_they_are():
    body = bytes(range(256))
    (part,) = parse_multipart(
        MIXED, b"--b1\r\nContent-Type: application/octet-stream\r\n\r\n" + body + b"\r\n--b1--"
    )
    assert part.body == body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b1--",
        b"--b1",
        b"--b1\r\n\r\nx",
        b"no delimiter\r\n",
        b"--b1\r\n\r\nx\r\n--b1",
        b"--b1\r\nbad line\r\n\r\nx\r\n--b1--",
    ],
)
def test_bodies_that_cannot_be_cut_are_refused(body):
    with pytest.raises(ParseError):
        parse_multipart(MIXED, body)


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        (MIXED, "b1"),
        ('multipart/mixed; Boundary="a b:c"', "a b:c"),
        ("multipart/signed;micalg=x;boundary=----1", "----1"),
    ],
)
def test_the_boundary_may_be_quoted(content_type, boundary):
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize(
    "parameters",
    ["", ";boundary", ";boundary=", ';boundary="a "', ";boundary=ü", ";boundary=" + "a" * 71, ';boundary="a'],
)
def test_a_boundary_that_is_none_is_refused(parameters):
    with pytest.raises(ParseError):
        boundary_of("multipart/mixed" + parameters)


def test_parts_over_the_limit_are_refused():
    with pytest.raises(ParseError, match="Too Many") as caught:
        parse_multipart(MIXED, b"--b1\r\n\r\nx\r\n" * (MAX_PARTS + 1) + b"--b1--")
    assert caught.value.status == 513


def test_the_session_description_is_found_alone_in_parts_and_within_parts():
    assert find_part(message("Application/SDP;x=y", b"v=0\r\n"), "application/sdp") == b"v=0\r\n"
    assert find_part(message(MIXED, BODY), "application/sdp") == b"v=0\r\n"
    nested = print_multipart((Part((("Content-Type", MIXED),), BODY),), "outer")
    assert find_part(message("multipart/signed;boundary=outer", nested), "application/sdp") == b"v=0\r\n"


def test_absent_is_none():
    assert find_part(message(MIXED, BODY), "application/isup") is None
    assert find_part(message("text/plain", b"x"), "application/sdp") is None
    assert find_part(Request("INVITE", "sip:bob@biloxi.example", []), "application/sdp") is None


def test_parts_too_deep_are_refused():
    body = BODY
    content_type = MIXED
    for level in range(MAX_DEPTH):
        body = print_multipart((Part((("Content-Type", content_type),), body),), f"x{level}")
        content_type = f"multipart/mixed;boundary=x{level}"
    with pytest.raises(ParseError, match="Too Deep"):
        find_part(message(content_type, body), "application/sdp")


@given(st.lists(st.binary(max_size=40).filter(lambda body: b"--b1" not in body), min_size=1, max_size=5))
def test_printed_parts_read_back_the_same(bodies):
    parts = tuple(Part((("Content-Type", "application/octet-stream"),), body) for body in bodies)
    assert parse_multipart(MIXED, print_multipart(parts, "b1")) == parts


@given(
    st.lists(
        st.sampled_from(
            [b"--b1", b"--", b"\r\n", b"x", b":", b" ", b"a: b", b"Content-Type: multipart/mixed;boundary=b1"]
        ),
        max_size=25,
    ).map(b"".join)
)
def test_any_octets_are_parts_or_a_parse_error(body):
    try:
        find_part(message(MIXED, body), "application/sdp")
    except ParseError:
        return
