"""What people write to each other, and the digits they dial, are not shown; what a ladder is looked at for is."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.app.masking import Masking
from trunkline.app.text_masking import without_text

WORDS = "4929 1234: meet me at ten"
SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
PARTS = (
    "--b7\r\nContent-Type: application/sdp\r\n\r\n" + SDP
    + f"\r\n--b7\r\nContent-Type: text/plain\r\n\r\n{WORDS}\r\n--b7--\r\n{WORDS}"
)  # fmt: skip


def message(body: str, content_type: str | None, method: str = "INFO") -> str:
    header = "" if content_type is None else f"Content-Type: {content_type}\r\n"
    return (
        f"{method} sip:bob@biloxi.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9\r\nCSeq: 7 {method}\r\n"
        f"{header}Content-Length: {len(body.encode())}\r\n\r\n{body}"
    )


def shown(text: str) -> str:
    return without_text(text.encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        message(WORDS, "text/plain", "MESSAGE"),
        message(WORDS, "TEXT/Plain;charset=utf-8"),
        message(WORDS, "text/html"),
        message(WORDS, "\r\n text/plain"),
        message(WORDS, "application/sdp\r\nc: text/plain"),
        message(WORDS, "application/vnd.example+json", "MESSAGE"),
        message(WORDS, None),
        message(f"From: <im:alice@atlanta.example>\r\n\r\nContent-Type: text/plain\r\n\r\n{WORDS}", "message/cpim"),
        message(WORDS, "application/dtmf"),
        message(WORDS, "audio/telephone-event"),
        message(f"p=Digit-Collection\r\ny=Digits\r\nd={WORDS}\r\n", "application/vnd.nortelnetworks.digits"),
        message(f'<kpml-response digits="{WORDS}" code="200"/>', "application/kpml-response+xml", "NOTIFY"),
        message(PARTS, "multipart/mixed;boundary=b7", "INVITE"),
        message(PARTS, 'Multipart/Mixed; boundary="b7"', "INVITE"),
        message(PARTS, "multipart/mixed", "INVITE"),
        message(f"--b7\r\n\r\n{WORDS}\r\n--b7--\r\n", "multipart/mixed;boundary=b7"),
        message(f"--b7\r\n{WORDS}\r\n--b7--\r\n", "multipart/mixed;boundary=b7"),
        message(WORDS, "multipart/mixed;boundary=b7"),
        message(message(WORDS, "text/plain"), "message/sipfrag", "NOTIFY"),
        message(WORDS, "application/octet-stream").replace("INFO sip:bob@biloxi.example SIP/2.0", "SIP/2.0 200 OK")
        .replace("7 INFO", "7 MESSAGE"),
        message(WORDS, "text/plain").replace("\r\n", "\n"),
        "\r\n\r\n" + message(WORDS, "text/plain"),
    ],
)  # fmt: skip
def test_words_are_not_shown_and_the_head_is(text: str) -> None:
    hidden = shown(text)
    assert WORDS not in hidden
    assert "4929" not in hidden
    assert hidden.partition("Content-Length")[0].strip() == text.partition("Content-Length")[0].strip()
    assert Masking().text(text.encode()).count(WORDS) == 0
    assert WORDS in Masking(shows_text=True).text(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        message(SDP, "application/sdp", "INVITE"),
        message(SDP, None, "INVITE"),
        message("SIP/2.0 180 Ringing\r\n", "message/sipfrag;version=2.0", "NOTIFY"),
        message("<media_control/>", "application/media_control+xml"),
        message("Messages-Waiting: yes\r\n", "application/simple-message-summary", "NOTIFY"),
        message("", "text/plain"),
        message("", None, "MESSAGE"),
        message("", None, "BYE").rstrip("\r\n"),
        message(
            f"--b7\r\nContent-Type: application/sdp\r\n\r\n{SDP}\r\n--b7--\r\n",
            "multipart/mixed;boundary=b7",
            "INVITE",
        ),
        "",
    ],
)
def test_what_is_no_text_stays(text: str) -> None:
    assert shown(text) == text


def test_lengths_and_lines_stay() -> None:
    text = message("one\r\n\r\n\u20ac two", "text/plain", "MESSAGE")
    assert shown(text).partition("\r\n\r\n")[2] == "***\r\n\r\n*******"


def test_of_dialled_digits_only_how_long_they_were_pressed_is_shown() -> None:
    body = "Signal=5\r\nDuration=160\r\nduration= 4929x\r\nOther: 4929\r\n"
    hidden = shown(message(body, "application/dtmf-relay")).partition("\r\n\r\n")[2]
    assert hidden == "Signal=*\r\nDuration=160\r\nduration= *****\r\n***********\r\n"


def test_of_several_parts_those_that_are_no_text_are_shown() -> None:
    hidden = shown(message(PARTS, "multipart/mixed;boundary=b7", "INVITE"))
    assert SDP in hidden
    assert hidden.count("--b7") == 3


@given(st.binary(max_size=400))
def test_nothing_in_a_message_of_text_is_shown_and_nothing_is_added(body: bytes) -> None:
    head = b"MESSAGE sip:bob@biloxi.example SIP/2.0\r\nCSeq: 1 MESSAGE\r\n\r\n"
    hidden = without_text(head + body)
    assert len(hidden) == len(head + body)
    assert hidden.startswith(head)
    assert not hidden[len(head) :].strip(b"*\r\n")


@pytest.mark.parametrize(
    "text",
    [
        message("\n" * 65_000, "application/dtmf-relay"),
        message(" " * 65_000, "application/dtmf-relay"),
        message("--b7\r\n" * 10_000, "multipart/mixed;boundary=b7"),
        message("C: message/sip\r\n\r\n" * 3_600, "message/sip"),
        message("digits" + " " * 60_000, "application/kpml-response+xml"),
        "INFO sip:a SIP/2.0\r\n" + "C:" + "\r\n " * 20_000 + "\r\n\r\nx",
        "INFO sip:a SIP/2.0\r\n" + "CSeq: 1" + " \t" * 30_000 + "\r\n\r\nx",
    ],
)
def test_hostile_bodies_cost_no_more_than_long_ones(text: str) -> None:
    begin = time.thread_time()
    without_text(text.encode())
    assert time.thread_time() - begin < 1.0
