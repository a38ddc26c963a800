"""Messages: access to header fields, changes to them, printing, and the response to a request."""

import pytest

from trunkline.sip.errors import ParseError, UsageError
from trunkline.sip.message import Request, Response, response_to
from trunkline.sip.parser import parse_message
from trunkline.sip.via import parse_via


def request(*headers: tuple[str, str], body: bytes = b"") -> Request:
    return Request("INVITE", "sip:bob@biloxi.example", list(headers), body)


def invite() -> Request:
    return request(
        ("Via", "SIP/2.0/UDP a.example;branch=z9hG4bK1, SIP/2.0/TCP b.example;branch=z9hG4bK2"),
        ("Via", "SIP/2.0/UDP c.example;branch=z9hG4bK3"),
        ("From", "Alice <sip:alice@atlanta.example>;tag=a1"),
        ("To", "<sip:bob@biloxi.example>"),
        ("Call-ID", "call-1"),
        ("CSeq", "7 INVITE"),
        ("Record-Route", "<sip:p1.example;lr>, <sip:p2.example;lr>"),
        ("Record-Route", "<sip:p3.example;lr>"),
        ("Timestamp", "54"),
        ("X-Odd", "kept"),
    )


def test_a_header_field_is_found_by_its_canonical_name_and_by_any_case():
    message = request(("Subject", "one"), ("subject", "two"), ("X-Odd", "three"))
    assert message.get("Subject") == "one"
    assert message.get("x-odd") == "three"
    assert message.get("s") == "one"
    assert message.get("To") is None
    assert message.get("X-Other") is None


def test_values_are_cut_at_commas_and_come_in_order():
    assert invite().values("Record-Route") == [
        "<sip:p1.example;lr>",
        "<sip:p2.example;lr>",
        "<sip:p3.example;lr>",
    ]
    assert invite().get_all("Record-Route") == [
        "<sip:p1.example;lr>, <sip:p2.example;lr>",
        "<sip:p3.example;lr>",
    ]
    assert next(str(address.uri) for address in invite().addresses("Record-Route")) == "sip:p1.example;lr"
    assert invite().values("Contact") == []
    assert request(("Supported", "")).values("Supported") == []


def test_option_tags_are_compared_without_case():
    message = request(("Supported", "path, 100rel"), ("Supported", "Timer"))
    assert message.has_token("Supported", "100REL")
    assert message.has_token("Supported", "timer")
    assert not message.has_token("Supported", "rel")
    assert not message.has_token("Require", "timer")


def test_set_replaces_the_first_and_drops_the_others():
    message = request(("A", "1"), ("Contact", "x"), ("B", "2"), ("Contact", "y"))
    message.set("Contact", "z")
    assert message.headers == [("A", "1"), ("Contact", "z"), ("B", "2")]
    message.set("C", "3")
    assert message.headers[-1] == ("C", "3")


def test_header_fields_can_be_added_before_behind_and_taken_away():
    message = request(("A", "1"))
    message.add("B", "2")
    message.push("Route", "<sip:p.example;lr>")
    assert [name for name, _ in message.headers] == ["Route", "A", "B"]
    message.remove("A")
    assert [name for name, _ in message.headers] == ["Route", "B"]


def test_the_top_via_is_the_first_value_of_the_first_field():
    message = invite()
    assert message.top_via.sent_by == "a.example"
    message.pop_via()
    assert message.top_via.sent_by == "b.example"
    message.pop_via()
    assert message.top_via.sent_by == "c.example"
    message.pop_via()
    with pytest.raises(ParseError, match="Missing Via"):
        _ = message.top_via


def test_a_pushed_via_is_the_top_one():
    message = invite()
    assert message.top_via.sent_by == "a.example"
    message.push("Via", "SIP/2.0/UDP us.example;branch=z9hG4bK9")
    assert message.top_via.sent_by == "us.example"


def test_the_top_via_can_be_replaced_within_a_list():
    message = invite()
    message.replace_top_via(parse_via("SIP/2.0/UDP a.example;branch=z9hG4bK1;received=192.0.2.1"))
    assert message.get("Via") == (
        "SIP/2.0/UDP a.example;branch=z9hG4bK1;received=192.0.2.1, SIP/2.0/TCP b.example;branch=z9hG4bK2"
    )
    assert message.top_via.response_address()[0] == "192.0.2.1"


@pytest.mark.parametrize("value", ["", ",", " , ", ",,SIP"])
def test_a_via_of_commas_is_a_parse_error(value):
    with pytest.raises(ParseError):
        _ = request(("Via", value)).top_via


def test_the_cseq_is_read_once_and_again_after_a_change():
    message = invite()
    assert (message.cseq_number, message.cseq_method) == (7, "INVITE")
    message.set("CSeq", "8 ACK")
    assert (message.cseq_number, message.cseq_method) == (8, "ACK")


@pytest.mark.parametrize(
    "value", ["", "1", "INVITE", "x INVITE", "-1 INVITE", "2147483648 INVITE", "1 INVITE x", "1.0 INVITE"]
)
def test_a_bad_cseq_is_a_parse_error(value):
    with pytest.raises(ParseError):
        _ = request(("CSeq", value)).cseq_number


def test_a_missing_cseq_is_a_parse_error():
    with pytest.raises(ParseError, match="Missing CSeq"):
        _ = request().cseq_method


def test_tags_and_addresses():
    message = invite()
    assert (message.from_tag, message.to_tag) == ("a1", "")
    assert message.address("From").display_name == "Alice"
    with pytest.raises(ParseError):
        message.address("Refer-To")


def test_max_forwards_is_seventy_when_absent():
    assert invite().max_forwards == 70
    assert request(("Max-Forwards", "0")).max_forwards == 0
    with pytest.raises(ParseError, match="Max-Forwards Too Large"):
        _ = request(("Max-Forwards", "256")).max_forwards


def test_the_media_type_is_told_without_parameters():
    assert request(("Content-Type", "Application/SDP ; charset=utf-8")).content_type == "application/sdp"
    assert request().content_type == ""


def test_the_request_uri_is_read_when_asked_for_and_again_after_a_change():
    message = invite()
    assert str(message.uri) == "sip:bob@biloxi.example"
    message.set_uri("sip:carol@chicago.example")
    assert str(message.uri) == "sip:carol@chicago.example"
    assert message.start_line == "INVITE sip:carol@chicago.example SIP/2.0"


def test_a_message_is_printed_with_the_length_of_its_body():
    message = request(("Subject", "Grüße \udcff"), body=b"\x00\x01\xff")
    assert message.to_bytes() == (
        b"INVITE sip:bob@biloxi.example SIP/2.0\r\nSubject: Gr\xc3\xbc\xc3\x9fe \xff\r\nContent-Length: 3\r\n\r\n\x00\x01\xff"
    )


@pytest.mark.parametrize("value", ["a\r\nContact: <sip:mallory@biloxi.example>", "a\nb", "a\rb"])
def test_a_line_end_never_gets_into_a_header_field(value):
    with pytest.raises(UsageError):
        request(("Subject", value)).to_bytes()
    with pytest.raises(UsageError):
        Response(200, value, []).to_bytes()


def test_a_response_copies_what_tells_the_transaction_and_the_dialog():
    response = response_to(
        invite(), 200, to_tag="b2", headers=[("Contact", "<sip:bob@192.0.2.2>")], body=b"x"
    )
    assert [name for name, _ in response.headers] == [
        "Via",
        "Via",
        "From",
        "To",
        "Call-ID",
        "CSeq",
        "Record-Route",
        "Record-Route",
        "Contact",
    ]
    assert response.get("To") == "<sip:bob@biloxi.example>;tag=b2"
    assert (response.status, response.reason, response.body) == (200, "OK", b"x")
    assert response.is_final


def test_a_100_carries_the_timestamp_and_no_route():
    response = response_to(invite(), 100)
    assert response.get("Timestamp") == "54"
    assert response.get("Record-Route") is None
    assert not response.is_final
    assert response.start_line == "SIP/2.0 100 Trying"


def test_a_refusal_carries_no_route():
    assert response_to(invite(), 486).get("Record-Route") is None


def test_a_to_tag_that_is_there_stays():
    original = request(("To", "<sip:bob@biloxi.example>;tag=old"))
    assert response_to(original, 481, to_tag="new").get("To") == "<sip:bob@biloxi.example>;tag=old"


def test_unregistered_codes_get_the_phrase_of_their_class():
    assert response_to(invite(), 499).reason == "Client Error"
    assert response_to(invite(), 400, "Missing CSeq Header").start_line == "SIP/2.0 400 Missing CSeq Header"


def test_messages_show_what_they_are():
    assert repr(invite()) == "<Request INVITE sip:bob@biloxi.example 7 INVITE>"
    assert repr(response_to(invite(), 180)) == "<Response 180 Ringing 7 INVITE>"


def test_a_response_reads_back_as_it_was_printed():
    response = response_to(
        invite(), 183, to_tag="b2", body=b"v=0\r\n", headers=[("Content-Type", "application/sdp")]
    )
    read = parse_message(response.to_bytes())
    assert isinstance(read, Response)
    assert (read.status, read.reason, read.headers, read.body) == (
        183,
        "Session Progress",
        response.headers,
        b"v=0\r\n",
    )


def test_tags_follow_what_becomes_of_from_and_to() -> None:
    request = Request("INVITE", "sip:bob@biloxi.example", [("From", "<sip:alice@atlanta.example>;tag=1")])
    assert (request.from_tag, request.to_tag) == ("1", "")
    request.set("From", "<sip:alice@atlanta.example>;tag=2")
    request.add("To", "<sip:bob@biloxi.example>;tag=3")
    assert (request.from_tag, request.to_tag) == ("2", "3")
    request.remove("To")
    assert request.to_tag == ""
