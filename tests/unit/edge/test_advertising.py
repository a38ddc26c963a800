"""A peer is told the address it can reach, and a target is reached from a listener that can."""

from __future__ import annotations

import pytest

from trunkline.edge.advertising import ListenerTable
from trunkline.edge.listener_text import parse_listener


class Routes:
    """The routing table of a machine with a private and a public address."""

    OWN = ("192.0.2.10", "198.51.100.10", "127.0.0.1", "2001:db8::10", "::1")

    def towards(self, host: str) -> str:
        if host.startswith("127."):
            return host
        if host == "::1":
            return "::1"
        if ":" in host:
            return "2001:db8::10"
        return "192.0.2.10" if host.startswith("192.0.2.") else "198.51.100.10"

    def is_own(self, host: str) -> bool:
        return host in self.OWN


def table(*texts: str) -> ListenerTable:
    listeners = ListenerTable(Routes())
    for text in texts:
        settings = parse_listener(text)
        listeners.add(settings, settings.port)
    return listeners


def test_a_wildcard_shows_each_peer_the_address_on_its_route():
    listeners = table("udp:0.0.0.0:5060")
    bound = listeners.bound[0]
    assert listeners.seen_from(bound, "192.0.2.77").sent_by == "192.0.2.10:5060"
    assert listeners.seen_from(bound, "203.0.113.77").sent_by == "198.51.100.10:5060"
    assert listeners.seen_from(bound, "127.0.0.1").sent_by == "127.0.0.1:5060"


def test_the_faces_of_one_route_are_one_listener_and_lead_back_to_the_bound_one():
    listeners = table("udp:0.0.0.0:5060")
    bound = listeners.bound[0]
    face = listeners.seen_from(bound, "203.0.113.1")
    assert face is listeners.seen_from(bound, "203.0.113.2")
    assert face is listeners.choose("udp", "203.0.113.3")
    assert listeners.bound_of(face) is bound
    assert listeners.bound_of(bound) is bound
    assert face.host == "0.0.0.0"


def test_an_advertised_address_is_shown_to_everybody():
    listeners = table("udp:0.0.0.0:5060;advertise=203.0.113.5:5080")
    assert listeners.seen_from(listeners.bound[0], "192.0.2.77").sent_by == "203.0.113.5:5080"
    assert listeners.seen_at(listeners.bound[0], "192.0.2.10").sent_by == "203.0.113.5:5080"


def test_a_listener_on_one_address_shows_that():
    listeners = table("udp:192.0.2.10:5060")
    assert listeners.seen_from(listeners.bound[0], "203.0.113.1").sent_by == "192.0.2.10:5060"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.77", "udp:192.0.2.10:5060"),
        ("203.0.113.1", "udp:198.51.100.10:5062"),
        ("127.0.0.1", "udp:127.0.0.1:5064"),
        ("127.0.0.2", "udp:192.0.2.10:5060"),
        ("2001:db8::99", "udp:[2001:db8::10]:5066"),
    ],
)
def test_the_listener_on_the_route_is_chosen(host, expected):
    listeners = table("udp:192.0.2.10:5060", "udp:0.0.0.0:5062", "udp:127.0.0.1:5064", "udp:[::]:5066")
    chosen = listeners.choose("udp", host)
    assert chosen is not None
    if host == "127.0.0.2":
        assert chosen.sent_by == "127.0.0.2:5062"
    else:
        assert repr(chosen) == expected


def test_loopback_does_not_reach_the_outside():
    assert table("udp:127.0.0.1:5060").choose("udp", "203.0.113.1") is None


def test_family_and_transport_must_fit():
    listeners = table("udp:192.0.2.10:5060")
    assert listeners.choose("tcp", "192.0.2.1") is None
    assert listeners.choose("udp", "2001:db8::1") is None


def test_an_accounts_own_port_is_the_last_choice():
    listeners = table("udp:192.0.2.10:5070;account=1", "udp:0.0.0.0:5060")
    chosen = listeners.choose("udp", "192.0.2.77")
    assert chosen is not None
    assert chosen.port == 5060
    only = table("udp:192.0.2.10:5070;account=1").choose("udp", "192.0.2.77")
    assert only is not None
    assert only.account_id == 1


def test_a_remembered_port_finds_its_listener():
    listeners = table("udp:0.0.0.0:5060", "tcp:0.0.0.0:5060", "udp:[::]:5060")
    found = listeners.find("tcp", 5060, "192.0.2.77")
    assert found is not None
    assert repr(found) == "tcp:192.0.2.10:5060"
    assert listeners.find("tcp", 5061, "192.0.2.77") is None
    assert listeners.find("tcp", 5060, "2001:db8::1") is None


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("192.0.2.10", 5060, True),
        ("127.0.0.1", 5060, True),
        ("192.0.2.11", 5060, False),
        ("192.0.2.10", 5061, False),
        ("SIP.example", 5090, True),
        ("sip.example", 5060, False),
        ("198.51.100.10", 5080, True),
        ("192.0.2.10", 5080, False),
        ("2001:db8::10", 5060, False),
    ],
)
def test_our_own_addresses_are_recognised(host, port, expected):
    listeners = table(
        "udp:0.0.0.0:5060", "tcp:0.0.0.0:5070;advertise=sip.example:5090", "udp:198.51.100.10:5080"
    )
    assert listeners.is_own(host, port) is expected
