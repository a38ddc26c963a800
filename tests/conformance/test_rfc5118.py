"""The messages of RFC 5118: IPv6 in SIP."""

import pytest

from conformance.reading import TORTURE, outcome, read
from trunkline.sip.message import Request
from trunkline.sip.uri import SipUri
from trunkline.sip.via import parse_via

FOLDER = TORTURE / "rfc5118"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the RFC's messages are not there: {FOLDER}")

EXPECTED = {
    "ipv6-good": "request REGISTER",  # §4.1
    "ipv6-bad": "400 Bad Port",  # §4.2
    "port-ambiguous": "request REGISTER",  # §4.3: the port is a part of the address
    "port-unambiguous": "request REGISTER",  # §4.4
    "via-received-param-with-delim": "request BYE",  # §4.5
    "via-received-param-no-delim": "request OPTIONS",
    "ipv6-in-sdp": "request INVITE",  # §4.6
    "mult-ip-in-header": "request BYE",  # §4.7
    "mult-ip-in-sdp": "request INVITE",  # §4.8
    "ipv4-mapped-ipv6": "request INVITE",  # §4.9
    "ipv6-bug-abnf-3-colons": "400 Bad IPv6 Reference",  # §4.10
    "ipv6-correct-abnf-2-colons": "request OPTIONS",
}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
def test_message_meets_its_expectation(name, expected):
    assert outcome((FOLDER / name).read_bytes()) == expected


def test_every_message_has_an_expectation():
    assert {path.name for path in FOLDER.iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("name", [name for name, expected in EXPECTED.items() if expected.startswith("re")])
def test_well_formed_message_survives_being_printed(name):
    read(FOLDER / name)


@pytest.mark.parametrize(
    ("name", "host", "port"),
    [
        ("ipv6-good", "2001:db8::10", None),
        ("port-ambiguous", "2001:db8::10:5070", None),
        ("port-unambiguous", "2001:db8::10", 5070),
        ("ipv6-correct-abnf-2-colons", "2001:db8::192.0.2.1", None),
    ],
)
def test_address_and_port_are_told_apart(name, host, port):
    message = read(FOLDER / name)
    assert isinstance(message, Request)
    assert isinstance(message.uri, SipUri)
    assert (message.uri.host, message.uri.port) == (host, port)


@pytest.mark.parametrize("name", ["via-received-param-with-delim", "via-received-param-no-delim"])
def test_received_is_read_with_and_without_brackets(name):
    assert read(FOLDER / name).top_via.response_address() == ("2001:db8::9:255", 5060)


def test_vias_of_both_families_stand_side_by_side():
    vias = [parse_via(value) for value in read(FOLDER / "mult-ip-in-header").values("Via")]
    assert [via.sent_by for via in vias] == ["[2001:db8::9:1]:6050", "192.0.2.1", "[2001:db8::9:255]"]
    assert vias[2].response_address() == ("192.0.2.200", 5060)


def test_a_mapped_address_is_an_ipv6_address():
    assert read(FOLDER / "ipv4-mapped-ipv6").top_via.host == "::ffff:192.0.2.10"
