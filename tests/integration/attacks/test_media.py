"""Media stays between those who speak: strangers are not heard, and the engine is turned against nobody."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from fakes.call_party import PartyCall
from integration.attacks.conftest import ATLANTA, BILOXI
from integration.attacks.enemy import Fort, offer
from live_party import LiveParty, Scene
from trunkline.sdp.anchoring import streams
from trunkline.sdp.description import parse

pytestmark = pytest.mark.needs("openssl")

STRANGE = 0xBAD
"""The SSRC of what strangers send."""


def rtp(number: int, payload_type: int = 0) -> bytes:
    return struct.pack("!BBHII", 0x80, payload_type, number, number * 160, STRANGE) + b"\x7f" * 160


GOODBYE = struct.pack("!BBHI", 0x81, 203, 1, STRANGE)
REPORT = struct.pack("!BBHI5I", 0x80, 200, 6, STRANGE, 0, 0, 0, 0, 0)


class Strangers:
    """Sockets of a third party that send to a port."""

    def __init__(self, *hosts: str) -> None:
        self.sockets = []
        for host in hosts:
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.bind((host, 0))
            made.setblocking(False)
            self.sockets.append(made)

    def send(self, data: bytes, place: tuple[str, int]) -> None:
        for each in self.sockets:
            each.sendto(data, place)

    def heard(self) -> list[bytes]:
        found = []
        for each in self.sockets:
            try:
                while True:
                    found.append(each.recv(2048))
            except BlockingIOError:
                pass
        return found

    def close(self) -> None:
        for each in self.sockets:
            each.close()


@pytest_asyncio.fixture
async def strangers(fort: Fort) -> AsyncIterator[Strangers]:
    made = Strangers(fort.address(), fort.address())
    yield made
    made.close()


def place_of(description: bytes) -> tuple[str, int]:
    stream = streams(parse(description))[0]
    assert stream.address is not None
    return stream.address, stream.port


def strange(party: LiveParty) -> list[object]:
    """What a party heard of strangers."""
    return [packet for packet in party.talk.heard if getattr(packet, "ssrc", None) == STRANGE]


async def connected(scene: Scene) -> tuple[LiveParty, LiveParty, PartyCall]:
    alice = await scene.device("alice", ATLANTA, 20)
    bob = await scene.device("bob", BILOXI, 21)
    call = alice.invite(f"sip:bob@{BILOXI}")
    incoming = await bob.rung()
    incoming.answer()
    await scene.until(lambda: call.status == 200)
    return alice, bob, call


async def leave(scene: Scene, *parties: LiveParty) -> None:
    for party in parties:
        asked = party.registering(0)
        await scene.until(lambda asked=asked: asked.status)


async def test_nobody_is_heard_but_the_parties(fort: Fort, scene: Scene, strangers: Strangers) -> None:
    """Both parties speak from where their descriptions say: the engine takes nothing from anywhere else."""
    alice, bob, call = await connected(scene)
    incoming = bob.call
    assert incoming.invite is not None
    alices, bobs = place_of(call.responses[-1].body), place_of(incoming.invite.body)
    alice.talk.start(*alices)
    bob.talk.start(*bobs)
    await scene.until(lambda: len(alice.talk.heard) > 5 and len(bob.talk.heard) > 5)
    for number in range(30):
        for place in (alices, bobs):
            strangers.send(rtp(number), place)
            strangers.send(rtp(number, 101), place)
            strangers.send(b"\x00\x01\x00\x00" + b"x" * 16, place)
            strangers.send(GOODBYE, (place[0], place[1] + 1))
            strangers.send(REPORT + GOODBYE, (place[0], place[1] + 1))
        await asyncio.sleep(0.01)
    before = len(alice.talk.heard), len(bob.talk.heard)
    await scene.until(lambda: len(alice.talk.heard) > before[0] + 10 and len(bob.talk.heard) > before[1] + 10)
    assert strange(alice) == strange(bob) == []
    assert strangers.heard() == []
    await alice.hang_up(call)
    await leave(scene, alice, bob)


async def test_a_party_that_was_heard_is_not_displaced(
    fort: Fort, scene: Scene, strangers: Strangers
) -> None:
    """Alice's description shows a private address, so the first who sends is taken for her; later ones are not."""
    alice = await scene.device("alice", ATLANTA, 20)
    bob = await scene.device("bob", BILOXI, 21)
    hidden = fort.address()
    call = alice.invite(f"sip:bob@{BILOXI}", alice.offer().replace(alice.host.encode(), hidden.encode()))
    incoming = await bob.rung()
    incoming.answer()
    await scene.until(lambda: call.status == 200)
    assert incoming.invite is not None
    alices = place_of(call.responses[-1].body)
    alice.talk.start(*alices)
    bob.talk.start(*place_of(incoming.invite.body))
    await scene.until(lambda: len(alice.talk.heard) > 5 and len(bob.talk.heard) > 5)
    for number in range(30):
        strangers.send(rtp(number), alices)
        await asyncio.sleep(0.01)
    # Neither does a re-INVITE that repeats what is known open the latch again.
    again = call.reinvite(alice.offer(version=2).replace(alice.host.encode(), hidden.encode()))
    await scene.until(lambda: again.status == 200)
    for number in range(30, 60):
        strangers.send(rtp(number), alices)
        await asyncio.sleep(0.01)
    before = len(alice.talk.heard)
    await scene.until(lambda: len(alice.talk.heard) > before + 10)
    assert strange(bob) == []
    assert strangers.heard() == []
    await alice.hang_up(call)
    await leave(scene, alice, bob)


REFUSED = {
    "multicast": "IN IP4 224.0.0.5",
    "broadcast": "IN IP4 255.255.255.255",
    "a name": "IN IP4 metadata.internal",
    "a name with a zone": "IN IP6 fe80::1%eth0",
    "multicast of IPv6": "IN IP6 ff02::1",
}


@pytest.mark.parametrize("name", REFUSED)
async def test_media_is_aimed_at_no_group_and_no_name(fort: Fort, scene: Scene, name: str) -> None:
    alice = await scene.party("alice", 20, username="alice", realm=ATLANTA)
    bob = await scene.device("bob", BILOXI, 21)
    body = offer(alice.host).replace(f"c=IN IP4 {alice.host}", f"c={REFUSED[name]}").encode()
    call = alice.invite(f"sip:bob@{BILOXI}", body)
    await scene.until(lambda: call.status)
    assert call.status == 488, name
    assert bob.incoming == []
    await leave(scene, bob)


@pytest.mark.parametrize("port", [1, 53, 123, 161, 1023])
async def test_media_is_aimed_at_no_service(fort: Fort, scene: Scene, port: int) -> None:
    alice = await scene.party("alice", 20, username="alice", realm=ATLANTA)
    bob = await scene.device("bob", BILOXI, 21)
    call = alice.invite(f"sip:bob@{BILOXI}", offer(fort.server.host, port).encode())
    await scene.until(lambda: call.status)
    assert call.status == 488
    await leave(scene, bob)


async def test_media_does_not_go_in_circles(fort: Fort, scene: Scene) -> None:
    """Alice calls, and moves her media to the port that the engine opened for Bob, or for herself."""
    alice, bob, call = await connected(scene)
    assert bob.call.invite is not None
    for host, port in (place_of(call.responses[-1].body), place_of(bob.call.invite.body)):
        for at in (port, port + 1):
            again = call.reinvite(offer(host, at).encode())
            await scene.until(lambda again=again: again.status)
            assert again.status == 488
    await alice.hang_up(call)
    await leave(scene, alice, bob)


async def test_a_giant_description_is_refused_and_costs_no_port(fort: Fort, scene: Scene) -> None:
    alice = await scene.party("alice", 20, "tcp", username="alice", realm=ATLANTA)
    bob = await scene.device("bob", BILOXI, 21)
    body = offer(alice.host)
    giants = {
        488: [body + "m=audio 40100 RTP/AVP 0\r\n" * 20],
        400: [
            body + "m=audio 40100 RTP/AVP 0\r\n" * 100, body + "a=x\r\n" * 2000, body + f"a={'x' * 10_000}\r\n", body + "c=IN IP4\r\n",
            body + "x" * 100_000,
        ],
    }  # fmt: skip
    for status, bodies in giants.items():
        for each in bodies:
            call = alice.invite(f"sip:bob@{BILOXI}", each.encode())
            await scene.until(lambda call=call: call.status)
            assert call.status == status, each[:300]
    assert bob.incoming == []
    assert fort.server.metrics()["trunkline_media_streams"] == 0
    await leave(scene, bob)
