"""STUN binding requests are answered with the address they came from, and nothing else is taken for one."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sip.stun import binding_response, parse_binding_request

COOKIE = bytes.fromhex("2112a442")
TRANSACTION = bytes(range(12))


def attribute(kind: int, value: bytes) -> bytes:
    return kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value + bytes(-len(value) % 4)


def request(body: bytes = b"", kind: bytes = b"\x00\x01", cookie: bytes = COOKIE) -> bytes:
    return kind + len(body).to_bytes(2, "big") + cookie + TRANSACTION + body


def answer(datagram: bytes, host: str = "192.0.2.1", port: int = 32853) -> bytes:
    parsed = parse_binding_request(datagram)
    assert parsed is not None
    return binding_response(parsed, host, port)


def test_ipv4_response_is_the_one_of_rfc_5769():
    # §2.2's XOR-MAPPED-ADDRESS: 192.0.2.1 port 32853.
    assert answer(request()) == b"\x01\x01\x00\x0c" + COOKIE + TRANSACTION + bytes.fromhex(
        "002000080001a147e112a643"
    )


def test_ipv6_response_is_masked_with_the_transaction():
    transaction = bytes.fromhex("b7e7a701bc34d686fa87dfae")  # of RFC 5769 §2.3
    datagram = b"\x00\x01\x00\x00" + COOKIE + transaction
    value = bytes.fromhex("0002a1470113a9faa5d3f179bc25f4b5bed2b9d9")
    assert answer(datagram, "2001:db8:1234:5678:11:2233:4455:6677") == (
        b"\x01\x01\x00\x18" + COOKIE + transaction + b"\x00\x20\x00\x14" + value
    )


def test_a_scoped_address_is_answered_without_its_scope():
    assert len(answer(request(), "fe80::1%eth0")) == 44


def test_an_old_client_gets_the_plain_mapped_address():
    reply = answer(request(cookie=b"\x01\x02\x03\x04"))
    assert reply[20:] == bytes.fromhex("0001000800018055c0000201")


def test_an_old_clients_change_request_does_not_stop_the_answer():
    assert answer(request(attribute(3, bytes(4)), cookie=b"abcd"))[:2] == b"\x01\x01"


def test_an_attribute_that_must_be_understood_gets_error_420():
    reply = answer(request(attribute(0x0024, b"\x00\x00\x00\x01")))
    assert reply[:2] == b"\x01\x11"
    assert b"\x00\x00\x04\x14" in reply
    assert reply.endswith(attribute(0x000A, b"\x00\x24"))
    assert len(reply) == 20 + int.from_bytes(reply[2:4], "big")


def test_optional_attributes_are_skipped():
    assert answer(request(attribute(0x8022, b"a phone")))[:2] == b"\x01\x01"


def fingerprinted(body: bytes = b"") -> bytes:
    unsigned = b"\x00\x01" + (len(body) + 8).to_bytes(2, "big") + COOKIE + TRANSACTION + body
    return unsigned + attribute(0x8028, (zlib.crc32(unsigned) ^ 0x5354554E).to_bytes(4, "big"))


def test_a_fingerprint_is_checked_and_answered_with_one():
    reply = answer(fingerprinted())
    assert reply[-8:-4] == b"\x80\x28\x00\x04"
    assert int.from_bytes(reply[-4:], "big") == zlib.crc32(reply[:-8]) ^ 0x5354554E
    assert int.from_bytes(reply[2:4], "big") == len(reply) - 20


def test_a_wrong_fingerprint_is_no_request():
    assert parse_binding_request(fingerprinted()[:-1] + b"\x00") is None


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x00",
        request()[:-1],
        request() + b"x",
        request(kind=b"\x01\x01"),
        request(kind=b"\x00\x03"),
        request(b"\x80\x22\x00\xff"),
        request(b"\x80\x22"),
        b"\x00\x01\x00\x02" + COOKIE + TRANSACTION + b"ab",
        fingerprinted() + attribute(0x8022, b"late"),
    ],
)
def test_anything_else_is_no_request(datagram):
    assert parse_binding_request(datagram) is None


@given(st.binary(max_size=120))
def test_any_bytes_are_answered_or_ignored(noise):
    for datagram in (
        noise,
        b"\x00\x01"
        + len(noise[: len(noise) // 4 * 4]).to_bytes(2, "big")
        + COOKIE
        + TRANSACTION
        + noise[: len(noise) // 4 * 4],
    ):
        parsed = parse_binding_request(datagram)
        if parsed is not None:
            reply = binding_response(parsed, "192.0.2.1", 5060)
            assert len(reply) == 20 + int.from_bytes(reply[2:4], "big")
