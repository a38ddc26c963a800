"""Names are resolved with a DNS server on loopback, the hosts file and the system's resolver, on both loops."""

from __future__ import annotations

import asyncio

import pytest

from fakes.name_server import NameServer
from live_server import PATIENCE_S
from trunkline.edge.dns_lookup import Found, LookupFailedError, SystemLookup
from trunkline.edge.resolver import Resolver
from trunkline.sip.locating import A, AddressRecord, Question

ZONE = """
biloxi.example. 60 IN NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp.biloxi.example.
biloxi.example. 60 IN NAPTR 20 10 "s" "SIP+D2U" "" _sip._udp.biloxi.example.
_sip._tcp.biloxi.example. 60 IN SRV 10 5 5070 one.biloxi.example.
_sip._tcp.biloxi.example. 60 IN SRV 20 5 5070 alias.biloxi.example.
_sip._udp.biloxi.example. 60 IN SRV 10 5 5080 one.biloxi.example.
one.biloxi.example. 60 IN A 192.0.2.1
one.biloxi.example. 60 IN AAAA 2001:db8::1
alias.biloxi.example. 60 IN CNAME two.biloxi.example.
two.biloxi.example. 60 IN A 192.0.2.2
atlanta.example. 60 IN A 192.0.2.3
"""


@pytest.fixture
def hosts(tmp_path):
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost # here\n192.0.2.9\tpbx.office.example pbx\n")
    return str(path)


async def find(resolver, host, port=None, transport=None, secure=False):
    found = asyncio.get_running_loop().create_future()
    resolver.resolve(host, port, transport, secure, found.set_result)
    return [
        (target.transport, target.host, target.port) for target in await asyncio.wait_for(found, PATIENCE_S)
    ]


def test_pointers_services_aliases_and_addresses_are_followed_and_remembered(run, hosts):
    async def scenario():
        async with NameServer(ZONE) as server:
            resolver = Resolver(
                ("udp", "tcp"),
                lookup=SystemLookup(["127.0.0.1"], server.port, hosts_file=hosts),
                draw=lambda: 0,
            )
            expected = [
                ("tcp", "192.0.2.1", 5070),
                ("tcp", "2001:db8::1", 5070),
                ("tcp", "192.0.2.2", 5070),
                ("udp", "192.0.2.1", 5080),
                ("udp", "2001:db8::1", 5080),
            ]
            assert await find(resolver, "biloxi.example") == expected
            asked = len(server.asked)
            assert await find(resolver, "biloxi.example") == expected
            assert len(server.asked) == asked
            resolver.stop()

    run(scenario)


def test_a_domain_with_addresses_only_has_the_default_port(run, hosts):
    async def scenario():
        async with NameServer(ZONE) as server:
            resolver = Resolver(
                ("udp", "tcp", "tls"), lookup=SystemLookup(["127.0.0.1"], server.port, hosts_file=hosts)
            )
            assert await find(resolver, "atlanta.example") == [("udp", "192.0.2.3", 5060)]
            assert await find(resolver, "atlanta.example", secure=True) == [("tls", "192.0.2.3", 5061)]
            resolver.stop()

    run(scenario)


def test_what_is_absent_holds_for_the_zones_time(run, hosts, monkeypatch):
    monkeypatch.setattr("trunkline.edge.dns_lookup._system_addresses", lambda name, family: [])

    async def scenario():
        async with NameServer(ZONE) as server:
            lookup = SystemLookup(["127.0.0.1"], server.port, hosts_file=hosts)
            found = await lookup.find(Question("SRV", "_sip._udp.nowhere.example"))
            assert found == Found((), 120.0)
            lookup.stop()

    run(scenario)


@pytest.mark.parametrize("fault", ["is_silent", "is_broken"])
def test_a_name_server_that_fails_is_told_from_absence(run, hosts, monkeypatch, fault):
    monkeypatch.setattr("trunkline.edge.dns_lookup._system_addresses", lambda name, family: [])

    async def scenario():
        async with NameServer(ZONE) as server:
            setattr(server, fault, True)
            lookup = SystemLookup(["127.0.0.1"], server.port, lifetime_s=0.4, hosts_file=hosts)
            for kind in ("SRV", "A"):
                with pytest.raises(LookupFailedError):
                    await lookup.find(Question(kind, "biloxi.example"))
            lookup.stop()

    run(scenario)


def test_the_system_is_asked_last_when_dns_knows_no_address(run, hosts, monkeypatch):
    asked = []

    def system(name, family):
        asked.append(name)
        return ["192.0.2.50"]

    monkeypatch.setattr("trunkline.edge.dns_lookup._system_addresses", system)

    async def scenario():
        async with NameServer(ZONE) as server:
            lookup = SystemLookup(["127.0.0.1"], server.port, hosts_file=hosts)
            assert (await lookup.find(Question(A, "nowhere.example"))).records == (
                AddressRecord("192.0.2.50"),
            )
            assert (await lookup.find(Question(A, "atlanta.example"))).records == (
                AddressRecord("192.0.2.3"),
            )
            assert asked == ["nowhere.example"]
            lookup.stop()

    run(scenario)


def test_plain_names_and_those_of_the_hosts_file_never_reach_dns(run, hosts):
    async def scenario():
        async with NameServer(ZONE) as server:
            lookup = SystemLookup(["127.0.0.1"], server.port, hosts_file=hosts)
            assert lookup.is_plain("pbx.office.example")
            assert lookup.is_plain("PBX")
            assert lookup.is_plain("phone.localhost")
            assert not lookup.is_plain("biloxi.example")
            resolver = Resolver(("udp",), ("A",), lookup=lookup)
            assert await find(resolver, "localhost") == [("udp", "127.0.0.1", 5060)]
            assert not server.asked
            resolver.stop()

    run(scenario)


def test_a_changed_hosts_file_is_read_again(hosts, tmp_path):
    lookup = SystemLookup(["127.0.0.1"], hosts_file=hosts)
    assert not lookup.is_plain("new.example")
    (tmp_path / "hosts").write_text("192.0.2.9 new.example\n")
    lookup._hosts_stamp = -1
    assert lookup.is_plain("new.example")
    lookup.stop()
    assert not SystemLookup(hosts_file=str(tmp_path / "absent")).is_plain("new.example")
