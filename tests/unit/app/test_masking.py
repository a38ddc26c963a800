"""What a trace and a log line may show of a message."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.app.masking import Masking, without_password, without_secrets

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    "text",
    [
        f'Authorization: Digest username="alice", response="{SECRET}"',
        f"Authorization: Digest username=alice, response={SECRET}, nc=1",
        f"PROXY-AUTHORIZATION: digest RESPONSE = {SECRET}",
        f'Authorization: Digest response="\\"{SECRET}"',
        f'Authorization: Digest response="{SECRET}\r\nX: y',
        f'Authorization: Digest cnonce="{SECRET}", nonce="{SECRET}"',
        f'Authorization: Digest\r\n response\r\n =\r\n "{SECRET}"',
        f"Authorization: Basic {SECRET}",
        f"authorization:Bearer {SECRET}.{SECRET}",
        f"Proxy-Authorization \t: NTLM {SECRET}",
        f"INVITE sip:alice:{SECRET}@atlanta.example SIP/2.0",
        f"To: <SIPS:alice:{SECRET}@atlanta.example;transport=tcp>",
        f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{SECRET}|2^20|1:4",
        f"a=crypto:1  AES_CM_128_HMAC_SHA1_80   inline:{SECRET}",
        f"a=key-mgmt:mikey {SECRET}",
        f"a=ice-pwd:{SECRET}",
    ],
)
def test_no_secret_is_shown(text: str) -> None:
    shown = Masking().text(f"{text}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9\r\n\r\n".encode())
    assert SECRET not in shown
    assert "***" in shown
    assert "branch=z9" in shown


@pytest.mark.parametrize(
    "text",
    [
        'Authorization: Digest username="alice", realm="atlanta.example", ***'.partition(", ***")[0],
        "Contact: <sip:alice@192.0.2.1:5060>;expires=60",
        "Contact: <sip:192.0.2.1:5060;x=a@b>",
        "From: <sip:+13125550100@atlanta.example>;tag=1",
        "a=rtpmap:0 PCMU/8000",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Masking().text(text.encode()) == text


def test_a_password_in_a_uri_is_starred_out_and_the_rest_of_it_stays() -> None:
    assert (
        without_password(f"sip:alice:{SECRET}@atlanta.example:5060;lr")
        == "sip:alice:***@atlanta.example:5060;lr"
    )
    assert without_password("sip:alice@atlanta.example:5060") == "sip:alice@atlanta.example:5060"


@given(
    st.lists(st.sampled_from(["sip:", "SIPS:", "sip", ":", "@", ";", "?", "a", "bc", "<", " ", '"'])).map(
        "".join
    )
)
def test_passwords_are_found_as_the_grammar_has_them(text: str) -> None:
    plainly = re.sub(r'(?i)(sips?:[^\s:@<>"]*):[^\s@<>";?]*@', r"\1:***@", text)
    assert without_password(text) == plainly


@pytest.mark.parametrize(
    "piece", ["a=crypto:", "sip:a:", "nonce", "nonce= ", 'response="', "authorization: digest "]
)
def test_what_repeats_itself_is_looked_at_once(piece: str) -> None:
    """In time that grew with the square of the length this would take a hundred seconds and more."""
    begun = time.thread_time()
    without_secrets(
        f"INVITE sip:bob@biloxi.example SIP/2.0\r\n\r\n{piece * (500_000 // len(piece))}".encode()
    )
    assert time.thread_time() - begun < 5
