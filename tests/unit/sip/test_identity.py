"""Privacy and identities: RFC 3323, RFC 3325."""

from __future__ import annotations

import pytest

from fakes.sip_bench import make_request
from trunkline.sip.identity import (
    ANONYMOUS,
    asserted_identities,
    hides_identity,
    is_identity_header,
    preferred_identities,
    privacy_of,
    strip_identity,
)
from trunkline.sip.name_address import parse_name_address
from trunkline.sip.parser import parse_message


@pytest.mark.parametrize(
    "name",
    ["P-Asserted-Identity", "p-asserted-identity", "P-ASSERTED-IDENTITY", "P-Asserted-IDENTITY ", "Identity", "y", "Y",
     "remote-party-id", "P-Preferred-Identity", "P-Charge-Info"],
)  # fmt: skip
def test_identity_header_is_known_in_every_spelling(name: str) -> None:
    assert is_identity_header(name)


@pytest.mark.parametrize("name", ["From", "Contact", "Subject", "P-Early-Media", "X-P-Asserted-Identity"])
def test_other_headers_carry_no_identity(name: str) -> None:
    assert not is_identity_header(name)


def test_what_a_stranger_asserts_is_taken_away_however_it_is_written() -> None:
    data = make_request("MESSAGE", branch="z9hG4bK1").to_bytes()
    smuggled = (
        b"P-Asserted-Identity: <sip:ceo@atlanta.example>\r\n"
        b"p-AsSeRtEd-iDeNtItY : <sip:ceo@atlanta.example>\r\n"
        b"Remote-Party-ID:\r\n <sip:ceo@atlanta.example>;party=calling\r\n"
        b"p-charge-info: <sip:ceo@atlanta.example>\r\n"
        b"y: abc\r\n"
    )
    message = parse_message(data.replace(b"Call-ID:", smuggled + b"Call-ID:"))
    assert b"ceo" in message.to_bytes()
    strip_identity(message)
    assert b"ceo" not in message.to_bytes()
    assert b"abc" not in message.to_bytes()
    assert message.to_bytes() == data


def test_both_asserted_identities_are_read() -> None:
    value = '"Alice" <sip:alice@atlanta.example>, <tel:+15550100>'
    found = asserted_identities(make_request(extra=[("P-Asserted-Identity", value)]))
    assert [address.uri.text for address in found] == ["sip:alice@atlanta.example", "tel:+15550100"]
    assert asserted_identities(make_request()) == []


def test_unreadable_identity_counts_as_absent() -> None:
    assert asserted_identities(make_request(extra=[("P-Asserted-Identity", "<sip:alice@")])) == []


def test_preferred_identity_is_read() -> None:
    found = preferred_identities(
        make_request(extra=[("P-Preferred-Identity", "<sip:sales@atlanta.example>")])
    )
    assert [address.uri.text for address in found] == ["sip:sales@atlanta.example"]


@pytest.mark.parametrize(
    ("values", "privacy", "hides"),
    [
        ([], set(), False),
        (["id"], {"id"}, True),
        (["header;user;ID"], {"header", "user", "id"}, True),
        (["user", "critical"], {"user", "critical"}, True),
        (["none"], {"none"}, False),
        (["session"], {"session"}, False),
    ],
)
def test_privacy_is_read(values: list[str], privacy: set[str], hides: bool) -> None:
    message = make_request(extra=[("Privacy", value) for value in values])
    assert privacy_of(message) == privacy
    assert hides_identity(message) is hides


def test_anonymous_address_is_a_readable_one() -> None:
    assert parse_name_address(ANONYMOUS).uri.text == "sip:anonymous@anonymous.invalid"
