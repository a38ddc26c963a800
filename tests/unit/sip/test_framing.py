"""A byte stream is cut into the same messages whatever its chunks, and a faulty one is not read on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sip import framing
from trunkline.sip.framing import StreamFramer


def message(body: bytes = b"", header: bytes = b"Content-Length", extra: bytes = b"") -> bytes:
    return (
        b"MESSAGE sip:bob@biloxi.example SIP/2.0\r\nCall-ID: a84b4c76e66710\r\n"
        + extra
        + header
        + b": %d\r\n\r\n" % len(body)
        + body
    )


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    chunks = []
    for size in sizes:
        chunks.append(data[:size])
        data = data[size:]
    return [*chunks, data]


bodies = st.binary(max_size=60) | st.sampled_from([b"\r\n\r\n", b"\r\n", b"Content-Length: 9\r\n\r\n"])
spaces = st.sampled_from([b"", b"\r\n", b"\r\n\r\n", b"\r\n\r\n\r\n"])


@given(
    parts=st.lists(
        st.tuples(spaces, bodies, st.sampled_from([b"Content-Length", b"l", b"CONTENT-LENGTH ", b"L"])),
        max_size=6,
    ),
    sizes=st.lists(st.integers(min_value=0, max_value=90), max_size=40),
)
def test_any_chunking_gives_the_same_messages_and_pings(parts, sizes):
    sent = [message(body, header) for _space, body, header in parts]
    stream = b"".join(space + whole for (space, _body, _header), whole in zip(parts, sent, strict=True))
    framer = StreamFramer()
    received = [whole for chunk in cut(stream, sizes) for whole in framer.receive(chunk)]
    assert received == sent
    assert framer.fault is None
    assert not framer.is_partial
    assert framer.pings == sum(space.count(b"\r\n") // 2 for space, _body, _header in parts)


@given(data=st.binary(max_size=300), sizes=st.lists(st.integers(min_value=0, max_value=40), max_size=20))
def test_any_bytes_give_the_same_messages_and_fault_in_one_chunk_or_many(data, sizes):
    data = b"OPTIONS sip:x SIP/2.0\r\nl: 3\r\n\r\nabc" + data
    whole, chunked = StreamFramer(), StreamFramer()
    at_once = whole.receive(data)
    in_turn = [found for chunk in cut(data, sizes) for found in chunked.receive(chunk)]
    assert at_once == in_turn
    assert (whole.fault is None) == (chunked.fault is None)
    if whole.fault is not None and chunked.fault is not None:
        assert whole.fault.reason == chunked.fault.reason


def test_one_byte_at_a_time_is_enough():
    stream = message(b"hello") + b"\r\n\r\n" + message(b"\r\n\r\nthere")
    framer = StreamFramer()
    received = [found for index in range(len(stream)) for found in framer.receive(stream[index : index + 1])]
    assert received == [message(b"hello"), message(b"\r\n\r\nthere")]
    assert framer.pings == 1


def test_a_folded_content_length_is_read():
    framer = StreamFramer()
    folded = b"OPTIONS sip:x SIP/2.0\r\nContent-Length:\r\n  4\r\n\r\nbody"
    assert framer.receive(folded) == [folded]


def test_equal_content_lengths_twice_are_no_conflict():
    framer = StreamFramer()
    assert len(framer.receive(message(b"abc", extra=b"l: 3\r\n"))) == 1


def test_content_length_as_part_of_another_name_or_value_does_not_count():
    framer = StreamFramer()
    whole = message(b"abc", extra=b"X-Content-Length: 77\r\nSubject: content-length: 5\r\n\tl: 9\r\n")
    assert framer.receive(whole) == [whole]


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"OPTIONS sip:x SIP/2.0\r\nCall-ID: 1\r\n\r\n", framing.MISSING_CONTENT_LENGTH),
        (b"OPTIONS sip:x SIP/2.0\r\n\r\n", framing.MISSING_CONTENT_LENGTH),
        (b"OPTIONS sip:x SIP/2.0\r\nl: 3\r\nContent-Length: 4\r\n\r\n", framing.CONFLICTING_CONTENT_LENGTHS),
        (b"OPTIONS sip:x SIP/2.0\r\nl: 3, 3\r\n\r\n", framing.BAD_CONTENT_LENGTH),
        (b"OPTIONS sip:x SIP/2.0\r\nl: -3\r\n\r\n", framing.BAD_CONTENT_LENGTH),
        (b"OPTIONS sip:x SIP/2.0\r\nl: +3\r\n\r\n", framing.BAD_CONTENT_LENGTH),
        (b"OPTIONS sip:x SIP/2.0\r\nl: 0x3\r\n\r\n", framing.BAD_CONTENT_LENGTH),
        (b"OPTIONS sip:x SIP/2.0\r\nl:\r\n\r\n", framing.BAD_CONTENT_LENGTH),
        (b"OPTIONS sip:x SIP/2.0\r\nl: 1\r\n 2\r\n\r\n", framing.BAD_CONTENT_LENGTH),
        (b"OPTIONS sip:x SIP/2.0\r\nl: 99999999999\r\n\r\n", framing.BAD_CONTENT_LENGTH),
        (b"OPTIONS sip:x SIP/2.0\r\nl: 9999\r\n\r\n", framing.BODY_TOO_LARGE),
        (b"OPTIONS sip:x SIP/2.0\r\nX: a\nl: 9\r\nl: 3\r\n\r\n", framing.BARE_LINE_END),
        (b"OPTIONS sip:x SIP/2.0\r\nX: a\rl: 9\r\nl: 3\r\n\r\n", framing.BARE_LINE_END),
    ],
)
def test_a_head_without_one_clear_size_is_a_fault_with_the_head_to_answer(head, reason):
    framer = StreamFramer(max_head=500, max_body=1000)
    assert framer.receive(message(b"before") + head + b"body") == [message(b"before")]
    assert framer.fault is not None
    assert (framer.fault.reason, framer.fault.head, framer.fault.head_is_whole) == (reason, head, True)


@pytest.mark.parametrize(
    "head", [b"X" * 600, b"OPTIONS sip:x SIP/2.0\r\n" + b"X: y\r\n" * 100 + b"l: 0\r\n\r\n"]
)
def test_a_head_over_the_limit_is_a_fault_before_it_ends(head):
    framer = StreamFramer(max_head=500)
    assert framer.receive(head) == []
    assert framer.fault is not None
    assert framer.fault.reason == framing.HEAD_TOO_LARGE
    assert len(framer.fault.head) == 500
    assert not framer.fault.head_is_whole


@pytest.mark.parametrize(
    "first", [b"\x16\x03\x01\x02\x00", b"\x80\x00", b"\x00", b" OPTIONS", b"\n\n", b"{}", b"\r\n\r\n<x>"]
)
def test_what_cannot_start_a_message_is_a_fault_at_once(first):
    framer = StreamFramer()
    framer.receive(first)
    assert framer.fault is not None
    assert framer.fault.reason == framing.NOT_SIP


def test_nothing_is_read_after_a_fault():
    framer = StreamFramer()
    framer.receive(b"\x16\x03")
    assert framer.receive(message()) == []
    assert not framer.is_partial


def test_a_lone_line_end_is_no_ping_and_no_message():
    framer = StreamFramer()
    framer.receive(b"\r\n")
    assert framer.pings == 0
    assert not framer.is_partial


def test_a_line_end_split_over_chunks_counts():
    framer = StreamFramer()
    for piece in (b"\r", b"\n\r", b"\n"):
        framer.receive(piece)
    assert framer.pings == 1
    assert not framer.is_partial


def test_a_message_that_has_begun_is_partial_until_its_last_byte():
    framer = StreamFramer()
    whole = message(b"abc")
    framer.receive(whole[:-1])
    assert framer.is_partial
    framer.receive(whole[-1:])
    assert not framer.is_partial
