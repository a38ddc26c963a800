"""Where a URI leads: over our listeners, never to ourselves, and by no name to what is on our link only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from trunkline.app.next_hops import LocatedHops
from trunkline.domain.ports import Hop
from trunkline.sip.flow import Listener
from trunkline.sip.locating import Target
from trunkline.sip.uri import parse_sip_uri

LISTENER = Listener("udp", "203.0.113.1", 5060)
SPECIAL = ["224.0.1.75", "ff02::1", "255.255.255.255", "0.0.0.0", "::", "0.1.2.3"]
METADATA = ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1"]


class FakeEdge:
    def is_own_address(self, host: str, port: int) -> bool:
        return (host, port) == ("203.0.113.1", 5060)

    def listener_for(self, transport: str, _host: str) -> Listener | None:
        return LISTENER if transport == "udp" else None


class FakeResolver:
    """Finds the same addresses for every host."""

    def __init__(self, *hosts: str) -> None:
        self.hosts = hosts

    def resolve(
        self, _host: str, port: int | None, _transport: str | None, _secure: bool, done: Callable[[list[Target]], None]
    ) -> None:  # fmt: skip
        done([Target("udp", host, port or 5060, "") for host in self.hosts])


def led_to(uri: str, *answers: str) -> list[str]:
    found: list[Hop] = []

    def take(hops: Sequence[Hop]) -> None:
        found.extend(hops)

    edge: Any = FakeEdge()
    resolver: Any = FakeResolver(*answers)
    LocatedHops(edge, resolver).find(parse_sip_uri(uri), take)
    return [hop.flow.host for hop in found]


@pytest.mark.parametrize("answer", SPECIAL + METADATA)
def test_no_name_leads_to_many_hosts_or_to_our_link_only(answer: str) -> None:
    assert led_to("sip:carrier.example", answer, "192.0.2.9") == ["192.0.2.9"]


@pytest.mark.parametrize("answer", ["10.0.0.5", "fd00::5", "127.0.0.1", "2001:db8::5"])
def test_a_name_may_lead_to_the_operators_own_network(answer: str) -> None:
    assert led_to("sip:carrier.example", answer) == [answer]


@pytest.mark.parametrize("host", SPECIAL)
def test_no_address_of_many_hosts_is_a_hop(host: str) -> None:
    shown = f"[{host}]" if ":" in host else host
    assert led_to(f"sip:{shown}", host) == []


def test_an_address_of_our_link_is_a_hop_where_it_is_written_as_such() -> None:
    assert led_to("sip:169.254.1.7", "169.254.1.7") == ["169.254.1.7"]


def test_nothing_leads_to_ourselves() -> None:
    assert led_to("sip:carrier.example", "203.0.113.1") == []
    assert led_to("sip:203.0.113.1", "203.0.113.1") == []
    assert led_to("sip:203.0.113.1:5070", "203.0.113.1") == ["203.0.113.1"]
