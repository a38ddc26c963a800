"""Via: what is read of it, what a server adds, where a response goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sip.errors import ParseError
from trunkline.sip.via import Via, parse_via


@pytest.mark.parametrize(
    ("value", "transport", "sent_by", "branch"),
    [
        ("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1", "UDP", "192.0.2.1:5060", "z9hG4bK1"),
        ("SIP/2.0/TCP Atlanta.example", "TCP", "atlanta.example", ""),
        ("SIP/2.0/tls [2001:db8::9:1]:6050;rport;branch=z9hG4bK1", "TLS", "[2001:db8::9:1]:6050", "z9hG4bK1"),
        ("SIP/2.0/UNKNOWN t4.example;branch=x", "UNKNOWN", "t4.example", "x"),
        (
            "SIP  / 2.0  / TCP     spindle.example   ;  branch  =   z9hG4bK9ikj8",
            "TCP",
            "spindle.example",
            "z9hG4bK9ikj8",
        ),
        ("sip/2.0/udp\t192.0.2.1 : 5060", "UDP", "192.0.2.1:5060", ""),
        ("SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56", "WSS", "df7jal23ls0d.invalid", "z9hG4bK56"),
        ("SIP/7.0/UDP atlanta.example", "UDP", "atlanta.example", ""),
    ],
)
def test_forms_that_are_read(value, transport, sent_by, branch):
    via = parse_via(value)
    assert (via.transport, via.sent_by, via.branch) == (transport, sent_by, branch)


@pytest.mark.parametrize(
    "value",
    [
        "",
        ";",
        "SIP/2.0/UDP",
        "SIP/2.0/UDPx",
        "SIP/2.0/UDP ",
        "SIP/2.0/UDP ;branch=x",
        "SIP/2.0 UDP atlanta.example",
        "SIP/2/UDP a",
        "HTTP/2.0/UDP atlanta.example",
        "SIP/2.0/U/DP atlanta.example",
        "SIP/2.0/UDP atlanta.example:99999",
        "SIP/2.0/UDP a b",
        "SIP/2.0/UDP 2001:db8::1",
        "SIP/2.0/UDP [2001:db8::1",
        "SIP/2.0/UDP atlanta.example;=x",
    ],
)
def test_what_is_refused(value):
    with pytest.raises(ParseError):
        parse_via(value)


def test_a_server_notes_where_the_request_came_from():
    via = parse_via("SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport;received=6.6.6.6")
    kept = via.received_from("192.0.2.7", 40000)
    assert str(kept) == "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport=40000;received=192.0.2.7"
    assert kept.response_address() == ("192.0.2.7", 40000)
    assert via.wants_rport


def test_without_rport_the_response_goes_to_the_port_of_sent_by():
    via = parse_via("SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1").received_from("192.0.2.7", 40000)
    assert via.response_address() == ("192.0.2.7", 5070)
    assert not via.wants_rport


def test_the_default_port_depends_on_the_transport():
    assert parse_via("SIP/2.0/UDP 192.0.2.1").response_address() == ("192.0.2.1", 5060)
    assert parse_via("SIP/2.0/TLS 192.0.2.1").response_address() == ("192.0.2.1", 5061)


def test_maddr_does_not_send_responses_elsewhere():
    via = parse_via("SIP/2.0/UDP 192.0.2.1;maddr=198.51.100.1;branch=x").received_from("192.0.2.1", 5060)
    assert via.response_address() == ("192.0.2.1", 5060)


@pytest.mark.parametrize("value", ["received=[2001:db8::9:255]", "received=2001:db8::9:255"])
def test_received_is_read_with_and_without_brackets(value):
    assert parse_via(f"SIP/2.0/UDP [2001:db8::9:1];{value}").response_address() == ("2001:db8::9:255", 5060)


@pytest.mark.parametrize("rport", ["0", "65536", "99999999999999999999", "x", "-1", "٣", ""])
def test_an_rport_that_is_no_port_is_passed_over(rport):
    via = parse_via(f"SIP/2.0/UDP 10.0.0.1:5070;rport={rport};received=192.0.2.7")
    assert via.response_address() == ("192.0.2.7", 5070)


TOKEN = st.text(st.sampled_from("abcXYZ019-.!~*_+"), min_size=1, max_size=8)


@given(
    transport=st.sampled_from(["UDP", "TCP", "TLS", "WS", "WSS", "SCTP", "X-1"]),
    host=st.sampled_from(["atlanta.example", "192.0.2.1", "2001:db8::1"]),
    port=st.none() | st.integers(1, 65535),
    parameters=st.lists(st.tuples(TOKEN, st.none() | TOKEN), max_size=4).map(tuple),
)
def test_a_printed_via_reads_back_the_same(transport, host, port, parameters):
    made = Via(transport, host, port, parameters)
    read = parse_via(str(made))
    assert (read.transport, read.host, read.port, read.parameters) == (transport, host, port, parameters)


@given(
    st.text(max_size=40)
    | st.text(st.sampled_from("SIP/2.0UDTC ;=:[]a1"), max_size=40).map("SIP/2.0/UDP ".__add__)
)
def test_any_text_is_a_via_or_a_parse_error(text):
    try:
        via = parse_via(text)
    except ParseError:
        return
    assert parse_via(str(via)).sent_by == via.sent_by
