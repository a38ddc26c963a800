"""Names are looked up once and remembered."""

from __future__ import annotations

import asyncio

import pytest

from trunkline.edge.dns_lookup import Found, LookupFailedError
from trunkline.edge.resolver import Resolver
from trunkline.sip.flow import Listener
from trunkline.sip.locating import AddressRecord, NaptrRecord, SrvRecord

BILOXI = "biloxi.example"


class Names:
    """A lookup that answers from a dict, counts, and waits when told to."""

    def __init__(self, records, plain=()):
        self.records = records
        self.plain = plain
        self.asked = []
        self.fails = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def find(self, question):
        self.asked.append((question.kind, question.name))
        await self.gate.wait()
        if self.fails:
            raise LookupFailedError("no name server answers")
        return Found(tuple(self.records.get((question.kind, question.name), ())), 60.0)

    def is_plain(self, host):
        return host in self.plain

    def stop(self):
        pass


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def names():
    return Names(
        {
            ("SRV", f"_sip._udp.{BILOXI}"): [
                SrvRecord(1, 1, 5070, "one.example"),
                SrvRecord(2, 1, 5070, "two.example"),
            ],
            ("A", "one.example"): [AddressRecord("192.0.2.1")],
            ("A", "two.example"): [AddressRecord("192.0.2.2")],
            ("A", "pbx"): [AddressRecord("192.0.2.3")],
            ("NAPTR", "atlanta.example"): [NaptrRecord(1, 1, "a", "SIP+D2T", "", "one.example")],
        },
        plain=("pbx",),
    )


@pytest.fixture
def resolver(names, clock):
    return Resolver(("udp", "tcp"), lookup=names, clock=clock, draw=lambda: 0.5)


async def find(resolver, host, port=None, transport=None, secure=False):
    found = asyncio.get_running_loop().create_future()
    resolver.resolve(host, port, transport, secure, found.set_result)
    return [(target.transport, target.host, target.port) for target in await asyncio.wait_for(found, 30)]


def found_at_once(resolver, host, port=None, transport=None, secure=False):
    found = []
    resolver.resolve(host, port, transport, secure, found.extend)
    return [(target.transport, target.host, target.port) for target in found]


async def test_a_numeric_host_is_answered_at_once(resolver, names):
    assert found_at_once(resolver, "192.0.2.9") == [("udp", "192.0.2.9", 5060)]
    assert found_at_once(resolver, "[2001:db8::9]", 5070, "tcp") == [("tcp", "2001:db8::9", 5070)]
    assert not names.asked


@pytest.mark.parametrize("host", ["df7jal23ls0d.invalid", "INVALID.", "", "x.y.invalid."])
async def test_invalid_leads_nowhere_and_is_not_asked(resolver, names, host):
    assert await find(resolver, host) == []
    assert not names.asked


async def test_a_name_is_looked_up_and_then_known(resolver, names):
    targets = [("udp", "192.0.2.1", 5070), ("udp", "192.0.2.2", 5070)]
    assert await find(resolver, "Biloxi.Example.") == targets
    asked = len(names.asked)
    assert len(set(names.asked)) == asked
    assert found_at_once(resolver, BILOXI) == targets
    assert len(names.asked) == asked


async def test_pointers_lead_to_their_transport(resolver):
    assert await find(resolver, "atlanta.example") == [("tcp", "192.0.2.1", 5060)]


async def test_a_plain_name_is_asked_for_its_addresses_only(resolver, names):
    assert await find(resolver, "pbx") == [("udp", "192.0.2.3", 5060)]
    assert names.asked == [("A", "pbx"), ("AAAA", "pbx")]


async def test_what_does_not_exist_is_known_not_to(resolver, names):
    assert await find(resolver, "nowhere.example") == []
    asked = len(names.asked)
    assert await find(resolver, "nowhere.example") == []
    assert len(names.asked) == asked


async def test_many_waiting_for_one_name_ask_once(resolver, names):
    names.gate.clear()
    waiting = [asyncio.ensure_future(find(resolver, BILOXI)) for _ in range(20)]
    await asyncio.sleep(0)
    names.gate.set()
    results = await asyncio.gather(*waiting)
    assert all(result == results[0] and len(result) == 2 for result in results)
    assert len(set(names.asked)) == len(names.asked)


async def test_answers_are_asked_anew_after_their_time(resolver, names, clock):
    await find(resolver, BILOXI)
    names.records["A", "one.example"] = [AddressRecord("192.0.2.77")]
    clock.now += 61
    assert (await find(resolver, BILOXI))[0] == ("udp", "192.0.2.77", 5070)


async def test_a_dns_that_is_down_leaves_the_last_answers(resolver, names, clock):
    before = await find(resolver, BILOXI)
    names.fails = True
    clock.now += 600
    assert await find(resolver, BILOXI) == before
    assert await find(resolver, "atlanta.example") == []
    assert resolver.lookups_failed > 0


async def test_lookups_that_wait_are_bounded(resolver, names):
    names.gate.clear()
    results = []
    for number in range(2_100):
        resolver.resolve(f"n{number}.example", None, None, False, results.append)
    assert results == [[]] * 100
    names.gate.set()
    resolver.stop()
    await asyncio.sleep(0)


async def test_what_is_supported_follows_the_listeners(names):
    listeners = [
        Listener("udp", "::1", 5060),
        Listener("tcp", "127.0.0.1", 5060),
        Listener("udp", "127.0.0.1", 5060),
    ]
    resolver = Resolver.towards(listeners, names)
    assert found_at_once(resolver, "192.0.2.1", None, "tls") == []
    names.records["A", "dual.example"] = [AddressRecord("192.0.2.1")]
    names.records["AAAA", "dual.example"] = [AddressRecord("2001:db8::1")]
    assert await find(resolver, "dual.example", 5060) == [
        ("udp", "2001:db8::1", 5060),
        ("udp", "192.0.2.1", 5060),
    ]


async def test_after_stop_nobody_is_called(resolver, names):
    names.gate.clear()
    results = []
    resolver.resolve(BILOXI, None, None, False, results.append)
    await asyncio.sleep(0)
    resolver.stop()
    names.gate.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert results == []
