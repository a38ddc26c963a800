"""Where responses go: RFC 3261 §18.2, RFC 3581."""

from __future__ import annotations

import pytest

from fakes.sip_bench import make_request
from trunkline.sip.flow import Flow, Listener
from trunkline.sip.response_flow import reopened_flow, response_flow, stamp_received

UDP = Listener("udp", "198.51.100.1", 5060)
TCP = Listener("tcp", "198.51.100.1", 5060)


def stamped(via: str, flow: Flow) -> tuple[str, Flow]:
    request = make_request()
    request.push("Via", via)
    stamp_received(request, flow)
    return request.get("Via") or "", response_flow(request.top_via, flow)


@pytest.mark.parametrize(
    ("via", "kept"),
    [
        # sent-by is the source, nothing is asked for
        ("192.0.2.1;branch=z9hG4bK1", "192.0.2.1;branch=z9hG4bK1"),
        # rport is filled in, and received with it even where sent-by is right (RFC 3581 §4)
        ("192.0.2.1;rport;branch=z9hG4bK1", "192.0.2.1;rport=7000;branch=z9hG4bK1;received=192.0.2.1"),
        # sent-by is not the source
        ("phone.example;branch=z9hG4bK1", "phone.example;branch=z9hG4bK1;received=192.0.2.1"),
        ("10.0.0.7;branch=z9hG4bK1", "10.0.0.7;branch=z9hG4bK1;received=192.0.2.1"),
        # what the client claims about itself is not believed
        ("192.0.2.1;received=203.0.113.9;branch=z9hG4bK1", "192.0.2.1;branch=z9hG4bK1;received=192.0.2.1"),
        ("192.0.2.1;rport=9;branch=z9hG4bK1", "192.0.2.1;rport=7000;branch=z9hG4bK1;received=192.0.2.1"),
    ],
)
def test_top_via_says_where_the_request_came_from(via: str, kept: str) -> None:
    value, _ = stamped(f"SIP/2.0/UDP {via}", Flow(UDP, "192.0.2.1", 7000))
    assert value == f"SIP/2.0/UDP {kept}"


@pytest.mark.parametrize(
    ("via", "port"),
    [
        ("192.0.2.1;rport", 7000),
        ("192.0.2.1", 5060),
        ("192.0.2.1:5070", 5070),
        ("192.0.2.1:7000", 7000),
        ("phone.example:5080", 5080),
        ("10.0.0.7:5062", 7000),
        ("10.0.0.7:5062;rport", 7000),
    ],
    ids=["rport", "default port", "port of sent-by", "same", "name", "behind NAT", "behind NAT with rport"],
)
def test_datagram_is_answered_at_its_source_host(via: str, port: int) -> None:
    source = Flow(UDP, "192.0.2.1", 7000)
    _, target = stamped(f"SIP/2.0/UDP {via};branch=z9hG4bK1", source)
    assert (target.host, target.port, target.listener) == ("192.0.2.1", port, UDP)


def test_maddr_does_not_aim_our_responses_at_anybody() -> None:
    _, target = stamped(
        "SIP/2.0/UDP 192.0.2.1;maddr=203.0.113.9;branch=z9hG4bK1", Flow(UDP, "192.0.2.1", 5060)
    )
    assert target.host == "192.0.2.1"


def test_connection_answers_itself() -> None:
    flow = Flow(TCP, "192.0.2.1", 40000, 7)
    _, target = stamped("SIP/2.0/TCP 10.0.0.7:5060;branch=z9hG4bK1", flow)
    assert target is flow


def test_ipv6_source_is_written_without_brackets() -> None:
    listener = Listener("udp", "2001:db8::1", 5060)
    value, target = stamped(
        "SIP/2.0/UDP [2001:db8::9]:5060;rport;branch=z9hG4bK1", Flow(listener, "2001:db8::9", 5090)
    )
    assert value == "SIP/2.0/UDP [2001:db8::9]:5060;rport=5090;branch=z9hG4bK1;received=2001:db8::9"
    assert target.port == 5090


@pytest.mark.parametrize(
    ("transport", "sent_by", "port", "name"),
    [
        ("tcp", "192.0.2.1:5080", 5080, ""),
        ("tcp", "192.0.2.1", 5060, ""),
        ("tls", "192.0.2.1", 5061, ""),
        ("tls", "carrier.example:5071", 5071, "carrier.example"),
        # whatever host it names, it is where it came from that is gone back to
        ("tcp", "203.0.113.9:22", 22, ""),
    ],
)
def test_closed_connection_is_opened_anew_to_the_source_at_the_port_of_sent_by(
    transport: str, sent_by: str, port: int, name: str
) -> None:
    request = make_request()
    request.push("Via", f"SIP/2.0/{transport.upper()} {sent_by};branch=z9hG4bK1")
    flow = reopened_flow(
        request.top_via, Flow(Listener(transport, "198.51.100.1", 5060), "192.0.2.1", 40000, 7)
    )
    assert flow is not None
    assert (flow.host, flow.port, flow.connection, flow.server_name) == ("192.0.2.1", port, 0, name)


@pytest.mark.parametrize(
    ("transport", "sent_by"), [("ws", "x.invalid"), ("wss", "x.invalid"), ("tcp", "192.0.2.1:0")]
)
def test_where_nobody_can_be_connected_to_nothing_is_opened(transport: str, sent_by: str) -> None:
    request = make_request()
    request.push("Via", f"SIP/2.0/{transport.upper()} {sent_by};branch=z9hG4bK1")
    listener = Listener(transport, "198.51.100.1", 5060)
    assert reopened_flow(request.top_via, Flow(listener, "192.0.2.1", 40000, 7)) is None
