"""Messages of our own, one for each class of fault or freedom that RFC 4475 and RFC 5118 name."""

import pytest

from conformance.reading import OWN, outcome, read
from trunkline.sip.message import Request, response_to
from trunkline.sip.multipart import parse_multipart
from trunkline.sip.parser import Rejected, parse_message
from trunkline.sip.uri import SipUri

EXPECTED = {
    # Odd, and well formed.
    "white-space-everywhere": "request INVITE",
    "every-token-character": "request Odd-!%*_+`'~.METHOD",
    "escapes-in-uris": "request INVITE",
    "escaped-nul-in-users": "request REGISTER",
    "escapes-that-are-none": "request RE%47ISTER",
    "no-space-before-the-bracket": "request OPTIONS",
    "long-values": "request INVITE",
    "trailing-octets": "request REGISTER",
    "semicolons-in-the-user": "request OPTIONS",
    "transports-of-all-kinds": "request OPTIONS",
    "parts-in-a-body": "request MESSAGE",
    "reason-in-other-letters": "response 200",
    "reason-left-out": "response 180",
    "response-for-another-host": "response 200",
    "as-before-rfc-3261": "request INVITE",
    "ipv6-everywhere": "request INVITE",
    "ipv6-port-within-brackets": "request REGISTER",
    # Well formed; whether it can be served is decided further up.
    "no-hops-left": "request OPTIONS",
    "unknown-extensions-required": "request OPTIONS",
    "unknown-media-type": "request INVITE",
    "unknown-authorization-scheme": "request REGISTER",
    "addresses-of-other-schemes": "request REGISTER",
    "contact-parameter-outside": "request REGISTER",
    "contact-parameter-inside": "request REGISTER",
    "contact-with-escaped-route": "request REGISTER",
    # Wrong, and let through since nothing can be misread.
    "date-in-local-time": "request INVITE",
    "unquoted-comma-in-a-name": "request OPTIONS",
    "spaces-within-brackets": "request OPTIONS",
    # Wrong, and answered.
    "via-of-separators": "400 Bad Via",
    "content-length-beyond-the-end": "400 Content-Length Too Large",
    "content-length-negative": "400 Bad Content-Length",
    "content-length-twice": "400 Conflicting Content-Length",
    "numbers-out-of-range": "400 CSeq Too Large",
    "quotes-left-open": "400 Unbalanced Quotes",
    "brackets-round-the-request-uri": "400 Bad URI",
    "spaces-in-the-request-uri": "400 Bad URI",
    "two-spaces-in-the-request-line": "400 Bad URI",
    "spaces-behind-the-request-line": "400 Bad Request Line",
    "headers-in-the-request-uri": "400 Headers in Request-URI",
    "unescaped-percent-in-the-user": "400 Bad Escape in URI",
    "another-version": "505 Version Not Supported",
    "cseq-of-another-method": "400 CSeq Method Mismatch",
    "cseq-of-another-unknown-method": "400 CSeq Method Mismatch",
    "unknown-scheme": "416 Unsupported URI Scheme",
    "unknown-scheme-with-slashes": "416 Unsupported URI Scheme",
    "contact-with-a-bare-question-mark": "400 URI Needs Angle Brackets",
    "from-to-and-call-id-missing": "400 Missing From Header",
    "everything-twice": "400 Duplicate CSeq Header",
    "branch-of-the-cookie-alone": "400 Bad Branch",
    "ipv6-without-brackets": "400 Bad Port",
    "ipv6-with-three-colons": "400 Bad IPv6 Reference",
    "smuggled-by-two-spellings": "400 Duplicate To Header",
    "white-space-in-a-name": "400 Bad Header Line",
    "line-without-a-colon": "400 Bad Header Line",
    "escape-sequence-in-a-value": "400 Control Character in Header",
    # Wrong, and not answered: a response, an ACK, or nowhere to answer to, or an answer would carry the fault on.
    "status-too-large": "dropped: Bad Status Line",
    "response-numbers-out-of-range": "dropped: CSeq Too Large",
    "ack-with-a-fault": "dropped: Duplicate To Header",
    "via-missing": "dropped: Missing Via Header",
    "smuggled-by-a-bare-line-feed": "dropped: Bare Line End in Header",
    "smuggled-by-a-bare-carriage-return": "dropped: Bare Line End in Header",
    "nul-in-a-value": "dropped: NUL in Header",
    "line-feeds-only": "dropped: No End of Header",
    "continued-start-line": "dropped: Folded Start Line",
    "ended-in-the-middle": "dropped: No End of Header",
}
WELL_FORMED = [name for name, expected in EXPECTED.items() if expected.startswith("re")]
REFUSED = [name for name, expected in EXPECTED.items() if expected[0].isdigit()]


def message(name: str) -> Request:
    found = read(OWN / f"{name}.sip")
    assert isinstance(found, Request)
    return found


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
def test_message_meets_its_expectation(name, expected):
    assert outcome((OWN / f"{name}.sip").read_bytes()) == expected


def test_every_message_has_an_expectation():
    assert {path.stem for path in OWN.iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("name", WELL_FORMED)
def test_well_formed_message_survives_being_printed(name):
    read(OWN / f"{name}.sip")


@pytest.mark.parametrize("name", REFUSED)
def test_refused_request_has_an_answer_that_reads_well(name):
    with pytest.raises(Rejected) as caught:
        parse_message((OWN / f"{name}.sip").read_bytes())
    answer = response_to(caught.value.request, caught.value.status, caught.value.reason).to_bytes()
    assert answer.startswith(f"SIP/2.0 {caught.value.status} {caught.value.reason}\r\n".encode())
    assert b"\r\nVia: SIP/" in answer


def test_white_space_is_seen_through():
    found = message("white-space-everywhere")
    assert (found.from_tag, found.cseq_number, found.max_forwards) == ("a1", 7, 70)
    assert found.address("From").display_name == 'Alice "the \\ first"'
    assert (found.top_via.host, found.top_via.port, found.top_via.branch) == ("192.0.2.20", 5060, "z9hG4bKws")
    assert found.top_via.wants_rport


def test_every_character_of_a_token_and_of_a_uri_is_kept():
    found = message("every-token-character")
    assert isinstance(found.uri, SipUri)
    assert (found.uri.user, found.uri.password) == ("al-_.!~*'()&=+$,;?/ice", "p&=+$,w")
    assert found.uri.parameters == (("p-_.!~*'()", "[]/:&+$"),)
    assert found.get("x-.!%*_+`'~") == "トランク"


def test_escapes_are_undone_in_users_and_nowhere_else():
    uri = message("escapes-in-uris").uri
    assert isinstance(uri, SipUri)
    assert (uri.username, uri.host) == ("sip:bob@biloxi.example", "atlanta.example")
    contact = message("escapes-in-uris").address("Contact").uri
    assert isinstance(contact, SipUri)
    assert contact.parameters == (("%6C%72", None), ("x", "%41%2542"))
    assert message("escapes-that-are-none").address("To").display_name == "%Z%45"


def test_parts_of_a_body_are_cut():
    found = message("parts-in-a-body")
    parts = parse_multipart(found.get("Content-Type") or "", found.body)
    assert [part.body for part in parts] == [b"Hello", b"\x00\x01\xff\r\n\xfe"]


def test_ipv6_hosts_are_read_everywhere():
    found = message("ipv6-everywhere")
    assert isinstance(found.uri, SipUri)
    assert (found.uri.host, found.uri.port) == ("2001:db8::20", 5070)
    assert found.top_via.response_address() == ("2001:db8::255", 6050)
    inside = message("ipv6-port-within-brackets").uri
    assert isinstance(inside, SipUri)
    assert (inside.host, inside.port) == ("2001:db8::20:5070", None)


def test_octets_behind_the_body_are_passed_over():
    assert message("trailing-octets").body == b""
