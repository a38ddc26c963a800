"""The candidates of a URI come in RFC 3263's order, for every mixture of what it and DNS say."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sip.locating import (
    AAAA,
    NAPTR,
    SRV,
    A,
    AddressRecord,
    NaptrRecord,
    Question,
    SrvRecord,
    Target,
    Wanted,
    for_size,
    locate,
    numeric_host,
    ordered_by_weight,
)


def middle() -> float:
    return 0.5


class Zone:
    """DNS as a dict, which counts what it was asked."""

    def __init__(self, *records):
        self.records = {}
        self.asked = []
        for kind, name, record in records:
            self.records.setdefault(Question(kind, name), []).append(record)

    def locate(self, wanted, draw=middle):
        answers = {}
        for _ in range(10):
            located = locate(wanted, answers, draw)
            if not located.missing:
                return [(target.transport, target.host, target.port) for target in located.targets]
            assert not located.targets
            for question in located.missing:
                assert question not in answers, "asked twice"
                self.asked.append((question.kind, question.name))
                answers[question] = tuple(self.records.get(question, ()))
        raise AssertionError("never done")


def a(name, address):
    return (A, name, AddressRecord(address))


def aaaa(name, address):
    return (AAAA, name, AddressRecord(address))


def srv(name, priority, weight, port, target):
    return (SRV, name, SrvRecord(priority, weight, port, target))


def naptr(name, order, preference, service, replacement, flags="s", regexp=""):
    return (NAPTR, name, NaptrRecord(order, preference, flags, service, regexp, replacement))


BILOXI = "biloxi.example"


@pytest.mark.parametrize(
    ("host", "port", "transport", "secure", "expected"),
    [
        ("192.0.2.4", None, None, False, ("udp", "192.0.2.4", 5060)),
        ("192.0.2.4", 5070, None, False, ("udp", "192.0.2.4", 5070)),
        ("192.0.2.4", None, "tcp", False, ("tcp", "192.0.2.4", 5060)),
        ("192.0.2.4", None, "tls", False, ("tls", "192.0.2.4", 5061)),
        ("192.0.2.4", None, None, True, ("tls", "192.0.2.4", 5061)),
        ("192.0.2.4", None, "tcp", True, ("tls", "192.0.2.4", 5061)),
        ("192.0.2.4", 5099, "TCP", True, ("tls", "192.0.2.4", 5099)),
        ("[2001:DB8::4]", None, None, False, ("udp", "2001:db8::4", 5060)),
        ("2001:db8::4", 5062, "udp", False, ("udp", "2001:db8::4", 5062)),
    ],
)
def test_a_numeric_host_needs_no_question(host, port, transport, secure, expected):
    zone = Zone()
    assert zone.locate(Wanted(host, port, transport, secure)) == [expected]
    assert not zone.asked


@pytest.mark.parametrize(
    ("transport", "secure"),
    [("udp", True), ("sctp", False), ("ws", False), ("nonsense", False), ("nonsense", True)],
)
def test_a_transport_that_is_not_ours_leads_nowhere(transport, secure):
    zone = Zone(a(BILOXI, "192.0.2.1"))
    assert zone.locate(Wanted(BILOXI, None, transport, secure)) == []
    assert zone.locate(Wanted("192.0.2.4", None, transport, secure)) == []
    assert not zone.asked


def test_an_address_of_a_family_we_lack_leads_nowhere():
    assert Zone().locate(Wanted("2001:db8::1", families=(A,))) == []


def test_an_explicit_port_asks_for_addresses_only():
    zone = Zone(
        a(BILOXI, "192.0.2.1"), aaaa(BILOXI, "2001:db8::1"), srv(f"_sip._udp.{BILOXI}", 1, 1, 9, "x.example")
    )
    assert zone.locate(Wanted(BILOXI, 5070)) == [("udp", "192.0.2.1", 5070), ("udp", "2001:db8::1", 5070)]
    assert zone.asked == [(A, BILOXI), (AAAA, BILOXI)]


def test_the_preferred_family_comes_first():
    zone = Zone(a(BILOXI, "192.0.2.1"), aaaa(BILOXI, "2001:db8::1"))
    assert zone.locate(Wanted(BILOXI, 5070, families=(AAAA, A)))[0] == ("udp", "2001:db8::1", 5070)


def test_an_explicit_transport_asks_for_its_services_only():
    zone = Zone(
        srv(f"_sip._tcp.{BILOXI}", 1, 1, 5080, "one.example"),
        a("one.example", "192.0.2.1"),
        a(BILOXI, "192.0.2.9"),
    )
    assert zone.locate(Wanted(BILOXI, transport="tcp")) == [("tcp", "192.0.2.1", 5080)]
    assert (NAPTR, BILOXI) not in zone.asked


def test_an_explicit_transport_without_services_uses_the_default_port():
    zone = Zone(a(BILOXI, "192.0.2.9"))
    assert zone.locate(Wanted(BILOXI, transport="tls")) == [("tls", "192.0.2.9", 5061)]
    assert (SRV, f"_sips._tcp.{BILOXI}") in zone.asked


def test_a_plain_name_asks_for_addresses_only():
    zone = Zone(a("pbx", "192.0.2.9"))
    assert zone.locate(Wanted("pbx", plain=True)) == [("udp", "192.0.2.9", 5060)]
    assert zone.asked == [(A, "pbx"), (AAAA, "pbx")]


def test_rfc_3263s_example_follows_naptr_and_srv():
    zone = Zone(
        naptr("example.com", 50, 50, "SIPS+D2T", "_sips._tcp.example.com"),
        naptr("example.com", 90, 50, "SIP+D2T", "_sip._tcp.example.com"),
        naptr("example.com", 100, 50, "SIP+D2U", "_sip._udp.example.com"),
        srv("_sip._tcp.example.com", 0, 1, 5060, "server1.example.com"),
        srv("_sip._tcp.example.com", 1, 2, 5060, "server2.example.com"),
        a("server1.example.com", "192.0.2.1"),
        a("server2.example.com", "192.0.2.2"),
    )
    assert zone.locate(Wanted("example.com", supported=("udp", "tcp"))) == [
        ("tcp", "192.0.2.1", 5060),
        ("tcp", "192.0.2.2", 5060),
    ]


def test_naptr_order_then_preference_decides_and_case_does_not_matter():
    zone = Zone(
        naptr(BILOXI, 20, 1, "sip+d2t", "t.example", "A"),
        naptr(BILOXI, 10, 2, "SIP+D2U", "u.example", "a"),
        naptr(BILOXI, 10, 1, "SIPS+D2T", "s.example", "a"),
        a("t.example", "192.0.2.1"),
        a("u.example", "192.0.2.2"),
        a("s.example", "192.0.2.3"),
    )
    assert zone.locate(Wanted(BILOXI)) == [
        ("tls", "192.0.2.3", 5061),
        ("udp", "192.0.2.2", 5060),
        ("tcp", "192.0.2.1", 5060),
    ]


def test_sips_takes_secure_pointers_only():
    zone = Zone(
        naptr(BILOXI, 10, 1, "SIP+D2U", "_sip._udp.biloxi.example"),
        naptr(BILOXI, 20, 1, "SIPS+D2T", "_sips._tcp.biloxi.example"),
        srv("_sips._tcp.biloxi.example", 0, 0, 5061, "s.example"),
        a("s.example", "192.0.2.3"),
    )
    assert zone.locate(Wanted(BILOXI, secure=True)) == [("tls", "192.0.2.3", 5061)]


@pytest.mark.parametrize(
    "useless",
    [
        naptr(BILOXI, 1, 1, "E2U+sip", "x.example"),
        naptr(BILOXI, 1, 1, "SIP+D2S", "x.example"),
        naptr(BILOXI, 1, 1, "SIP+D2U", "x.example", flags="u"),
        naptr(BILOXI, 1, 1, "SIP+D2U", "."),
        naptr(BILOXI, 1, 1, "SIP+D2U", "x.example", regexp="!^.*$!sip:x!"),
    ],
)
def test_pointers_that_are_not_for_us_are_as_none(useless):
    zone = Zone(useless, a(BILOXI, "192.0.2.9"))
    assert zone.locate(Wanted(BILOXI)) == [("udp", "192.0.2.9", 5060)]


def test_without_pointers_the_services_of_all_our_transports_are_candidates():
    zone = Zone(
        srv(f"_sip._tcp.{BILOXI}", 1, 1, 5080, "t.example"),
        srv(f"_sip._udp.{BILOXI}", 1, 1, 5090, "u.example"),
        a("t.example", "192.0.2.1"),
        a("u.example", "192.0.2.2"),
    )
    assert zone.locate(Wanted(BILOXI, supported=("tcp", "udp"))) == [
        ("tcp", "192.0.2.1", 5080),
        ("udp", "192.0.2.2", 5090),
    ]


def test_without_anything_the_addresses_with_the_default_port_remain():
    zone = Zone(a(BILOXI, "192.0.2.9"), a(BILOXI, "192.0.2.10"))
    assert zone.locate(Wanted(BILOXI)) == [("udp", "192.0.2.9", 5060), ("udp", "192.0.2.10", 5060)]
    assert Zone(a(BILOXI, "192.0.2.9")).locate(Wanted(BILOXI, secure=True)) == [("tls", "192.0.2.9", 5061)]


def test_a_service_declared_absent_leads_nowhere():
    zone = Zone(srv(f"_sip._udp.{BILOXI}", 0, 0, 0, "."), a(BILOXI, "192.0.2.9"))
    assert zone.locate(Wanted(BILOXI, transport="udp")) == []


def test_a_name_without_records_leads_nowhere():
    assert Zone().locate(Wanted(BILOXI)) == []


def test_the_certificate_is_to_bear_the_uris_host_not_the_services():
    answers = {
        Question(SRV, f"_sips._tcp.{BILOXI}"): (SrvRecord(0, 0, 5061, "node7.hoster.example"),),
        Question(A, "node7.hoster.example"): (AddressRecord("192.0.2.7"),),
        Question(AAAA, "node7.hoster.example"): (),
    }
    located = locate(Wanted(BILOXI, transport="tls"), answers, middle)
    assert located.targets == (Target("tls", "192.0.2.7", 5061, BILOXI),)


def test_names_are_asked_in_lower_case_without_the_final_dot():
    located = locate(Wanted("Biloxi.Example.", 5060), {}, middle)
    assert located.missing == (Question(A, BILOXI), Question(AAAA, BILOXI))


def test_lower_priority_value_comes_first_whatever_its_weight():
    services = [SrvRecord(2, 900, 1, "b"), SrvRecord(1, 0, 1, "a"), SrvRecord(3, 1, 1, "c")]
    assert [service.target for service in ordered_by_weight(services, middle)] == ["a", "b", "c"]


@given(
    weights=st.lists(st.integers(min_value=0, max_value=65_535), max_size=8),
    draws=st.lists(st.floats(min_value=0, max_value=1, exclude_max=True), min_size=8, max_size=8),
)
def test_ordering_by_weight_loses_and_doubles_nothing(weights, draws):
    services = [SrvRecord(1, weight, 5060, f"t{index}") for index, weight in enumerate(weights)]
    ordered = ordered_by_weight(services, iter(draws).__next__)
    assert Counter(ordered) == Counter(services)


def test_weight_decides_how_often_a_service_is_first():
    services = [
        SrvRecord(1, 75, 5060, "heavy"),
        SrvRecord(1, 25, 5060, "light"),
        SrvRecord(1, 0, 5060, "spare"),
    ]
    first = Counter(ordered_by_weight(services, lambda at=step: at / 1000)[0].target for step in range(1000))
    assert 720 <= first["heavy"] <= 780
    assert 220 <= first["light"] <= 280
    assert 1 <= first["spare"] <= 20


def test_a_large_request_tries_tcp_before_udp():
    targets = [Target("udp", "192.0.2.1", 5060, BILOXI), Target("tls", "192.0.2.2", 5061, BILOXI)]
    assert [target.transport for target in for_size(targets, 1301, ("udp", "tcp"))] == ["tcp", "udp", "tls"]
    assert for_size(targets, 1300, ("udp", "tcp")) == targets
    assert for_size(targets, 9000, ("udp",)) == targets


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("[::1]", "::1"),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("biloxi.example", None),
        ("1.2.3", None),
        ("", None),
    ],
)
def test_numeric_hosts_are_told_from_names(host, expected):
    assert numeric_host(host) == expected
