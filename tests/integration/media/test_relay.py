"""Relaying, latching and moving, through the real engine."""

import asyncio
import socket
import struct

import pytest

from fakes.waiting import until
from live_ports import own_ports
from live_server import PATIENCE_S
from trunkline.domain.media import NOWHERE, LocalMedia, MediaFailureCause, RemoteMedia, Side, StreamSilent
from trunkline.media.settings import MediaInterface

from .conftest import remote, where

SHORT = {"silence_timeout_s": 2, "setup_timeout_s": 3}


async def test_two_parties_hear_each_other_and_packets_come_through_whole(studio):
    alice, bob = await studio.peer(frequency_hz=440), await studio.peer(frequency_hz=1000)
    for_alice, for_bob = await studio.bridge("s1", alice, bob)
    alice.start(for_alice)
    bob.start(for_bob)
    await asyncio.gather(alice.wait_heard(40), bob.wait_heard(40))
    assert alice.tone_share(1000) > 0.95
    assert bob.tone_share(440) > 0.95
    assert {packet.source for packet in bob.heard} == {for_bob}
    assert {packet.ssrc for packet in bob.heard} == {alice.ssrc}
    sequences = [packet.sequence for packet in bob.heard]
    assert sequences == [(sequences[0] + number) & 0xFFFF for number in range(len(sequences))]


async def test_any_codec_is_relayed_unread(studio):
    alice, bob = await studio.peer(payload_type=111), await studio.peer()
    for_alice, _ = await studio.bridge("s1", alice, bob, payload_types=(111,), telephone_event=None)
    payloads = [bytes([number]) * (10 + number) for number in range(20)]
    for payload in payloads:
        alice.send(for_alice, payload)
    await until(lambda: len(bob.heard) >= 20)
    assert [packet.payload for packet in bob.heard] == payloads


async def test_rtcp_goes_between_the_neighbouring_ports(studio):
    alice, bob = [await studio.peer(port=own_ports().pair()) for _ in range(2)]
    for_alice, _ = await studio.bridge("s1", alice, bob)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
    ):
        sender.bind(("127.0.0.1", alice.port + 1))
        receiver.bind(("127.0.0.1", bob.port + 1))
        receiver.setblocking(False)
        report = struct.pack("!BBHIIIIII", 0x80, 200, 6, alice.ssrc, 0, 0, 0, 0, 0)
        sender.sendto(report, (for_alice[0], for_alice[1] + 1))
        async with asyncio.timeout(PATIENCE_S):
            assert await asyncio.get_running_loop().sock_recv(receiver, 2000) == report


async def test_a_device_behind_nat_is_heard_and_hears_once_it_sends(studio):
    alice, bob = await studio.peer(), await studio.peer(frequency_hz=1000)
    await studio.set("s1", Side.CALLER, RemoteMedia("192.0.2.1", 4000, trusted=False, payload_types=(0,)))
    for_alice = where(await studio.set("s1", Side.CALLEE, remote(bob)))
    alice.start(for_alice)
    await bob.wait_heard(10)
    bob.start(bob.heard[0].source)
    await alice.wait_heard(10)


async def test_a_stranger_cannot_take_over_a_latched_party(studio):
    alice, bob, mallory = await studio.peer(), await studio.peer(), await studio.peer("127.0.0.9")
    for_alice, for_bob = await studio.bridge("s1", alice, bob)
    alice.start(for_alice)
    bob.start(for_bob)
    await alice.wait_heard(10)
    mallory.start(for_alice)
    await alice.wait_heard(20)
    assert mallory.heard == []
    assert bob.heard_from(mallory) == 0


async def test_a_stranger_who_comes_first_gets_nothing_of_a_trusted_party(studio):
    alice, bob, mallory = await studio.peer(), await studio.peer(), await studio.peer("127.0.0.9")
    for_alice, for_bob = await studio.bridge("s1", alice, bob, trusted=True)
    mallory.start(for_alice)
    await asyncio.sleep(0.1)
    bob.start(for_bob)
    await alice.wait_heard(10)
    alice.start(for_alice)
    await bob.wait_heard(10)
    assert mallory.heard == []
    assert bob.heard_from(mallory) == 0


async def test_changing_codecs_does_not_open_the_latch_again(studio):
    alice, bob, mallory = await studio.peer(), await studio.peer(), await studio.peer("127.0.0.9")
    for_alice, for_bob = await studio.bridge("s1", alice, bob)
    alice.start(for_alice)
    bob.start(for_bob)
    await alice.wait_heard(10)
    alice.stop()
    await studio.set("s1", Side.CALLER, remote(alice, payload_types=(8,)))
    await studio.set("s1", Side.CALLER, remote(alice, payload_types=(0,), telephone_event=None))
    mallory.start(for_alice)
    await alice.wait_heard(20)
    assert mallory.heard == []


async def test_hold_keeps_ports_latch_and_audio_and_lifts_the_silence_limit(studio):
    alice, bob, mallory = await studio.peer(), await studio.peer(), await studio.peer("127.0.0.9")
    for_alice, for_bob = await studio.bridge("s1", alice, bob)
    alice.start(for_alice)
    bob.start(for_bob)
    await alice.wait_heard(10)
    held = RemoteMedia("0.0.0.0", alice.port, trusted=False, payload_types=(0,))
    assert where(await studio.set("s1", Side.CALLER, held)) == for_bob
    mallory.start(for_alice)
    await alice.wait_heard(10)
    assert mallory.heard == []
    assert where(await studio.set("s1", Side.CALLER, remote(alice))) == for_bob
    await alice.wait_heard(10)


@pytest.mark.parametrize("settings", [SHORT], indirect=True)
async def test_a_held_stream_may_be_silent_and_a_resumed_one_may_not(studio):
    alice, bob = await studio.peer(), await studio.peer()
    await studio.bridge("s1", alice, bob)
    await studio.set("s1", Side.CALLER, RemoteMedia("127.0.0.1", 0, trusted=False, payload_types=(0,)))
    await asyncio.sleep(4)
    assert studio.events == []
    await studio.set("s1", Side.CALLER, remote(alice))
    assert await studio.event(StreamSilent) == StreamSilent("s1")


@pytest.mark.parametrize("trusted", [False, True])
async def test_a_party_that_moves_is_heard_at_its_new_address_on_the_same_ports(studio, trusted):
    alice, bob, carol = await studio.peer(), await studio.peer(), await studio.peer(frequency_hz=1500)
    for_alice, for_bob = await studio.bridge("s1", alice, bob, trusted=trusted)
    alice.start(for_alice)
    bob.start(for_bob)
    await alice.wait_heard(10)
    bob.stop()
    assert where(await studio.set("s1", Side.CALLEE, remote(carol, trusted=trusted))) == for_alice
    carol.start(for_bob)
    before = len(alice.heard)
    await carol.wait_heard(10)
    await until(lambda: alice.heard_from(carol, before) >= 19)


async def test_a_latched_party_that_moves_to_a_trusted_address_is_heard(studio):
    alice, bob, carol = await studio.peer(), await studio.peer("127.0.0.5"), await studio.peer("127.0.0.6")
    for_bob = where(await studio.set("s1", Side.CALLER, remote(alice)))
    for_alice = where(await studio.set("s1", Side.CALLEE, RemoteMedia("192.0.2.1", 4000, trusted=False)))
    alice.start(for_alice)
    bob.start(for_bob)
    await bob.wait_heard(5)
    bob.stop()
    await studio.set("s1", Side.CALLEE, remote(carol, trusted=True))
    carol.start(for_bob)
    await carol.wait_heard(10)
    assert alice.heard_from(carol) > 5


async def test_ipv6_and_ipv4_are_bridged_in_one_stream(studio):
    alice, bob = await studio.peer("::1"), await studio.peer(frequency_hz=1000)
    for_bob = where(await studio.set("s1", Side.CALLER, remote(alice, trusted=True), "ip4"))
    for_alice = where(await studio.set("s1", Side.CALLEE, remote(bob, trusted=True), "ip6"))
    assert (for_alice[0], for_bob[0]) == ("::1", "127.0.0.1")
    bob.start(for_bob)
    await alice.wait_heard(10)
    alice.start(for_alice)
    await bob.wait_heard(40)
    assert bob.tone_share(440) > 0.95


NETWORKS = {
    "interfaces": (
        MediaInterface("lan", "127.0.0.2"),
        MediaInterface("wan", "127.0.0.3", advertised="203.0.113.5"),
    )
}


@pytest.mark.parametrize("settings", [NETWORKS], indirect=True)
async def test_two_networks_are_bridged_and_the_advertised_address_is_told(studio):
    alice, bob = await studio.peer("127.0.0.12"), await studio.peer("127.0.0.13")
    for_bob = await studio.set("s1", Side.CALLER, remote(alice), "wan")
    for_alice = await studio.set("s1", Side.CALLEE, remote(bob), "lan")
    assert (for_bob.address, for_alice.address) == ("203.0.113.5", "127.0.0.2")
    alice.start(where(for_alice))
    bob.start(("127.0.0.3", for_bob.port))
    await asyncio.gather(alice.wait_heard(10), bob.wait_heard(10))
    assert bob.heard[0].source == ("127.0.0.3", for_bob.port)


@pytest.mark.parametrize("settings", [NETWORKS], indirect=True)
async def test_a_stream_facing_nowhere_cannot_be_reached_until_it_faces_a_network(studio):
    alice, bob = await studio.peer("127.0.0.12"), await studio.peer("127.0.0.13")
    nowhere = await studio.set("s1", Side.CALLER, remote(alice), NOWHERE)
    for_alice = where(await studio.set("s1", Side.CALLEE, None, "lan"))
    assert nowhere.address == "127.0.0.1"
    alice.start(for_alice)
    facing_bob = await studio.set("s1", Side.CALLER, remote(alice), "wan")
    assert facing_bob.address == "203.0.113.5"
    assert where(await studio.set("s1", Side.CALLEE, remote(bob), "lan")) == for_alice
    bob.start(("127.0.0.3", facing_bob.port))
    await asyncio.gather(alice.wait_heard(10), bob.wait_heard(10))


async def test_the_callee_may_be_described_first(studio):
    alice, bob = await studio.peer(frequency_hz=440), await studio.peer(frequency_hz=1000)
    for_alice = where(await studio.set("s1", Side.CALLEE, remote(bob)))
    for_bob = where(await studio.set("s1", Side.CALLER, remote(alice)))
    alice.start(for_alice)
    bob.start(for_bob)
    await asyncio.gather(alice.wait_heard(40), bob.wait_heard(40))
    assert bob.tone_share(440) > 0.95
    statistics = await studio.ask(studio.engine.close, "s1")
    assert statistics.caller.received == pytest.approx(alice.sent, abs=2)


async def test_a_side_described_twice_before_the_other_keeps_its_port(studio):
    alice, bob = await studio.peer(), await studio.peer()
    first = await studio.set("s1", Side.CALLER, RemoteMedia("127.0.0.1", 4000, trusted=False))
    assert await studio.set("s1", Side.CALLER, remote(alice)) == first
    for_alice = where(await studio.set("s1", Side.CALLEE, remote(bob)))
    bob.start(where(first))
    alice.start(for_alice)
    await asyncio.gather(alice.wait_heard(10), bob.wait_heard(10))


FIRST, LAST = own_ports().small
SMALL = {"interfaces": (MediaInterface("ip4", "127.0.0.1"),), "port_min": FIRST, "port_max": LAST}


@pytest.mark.parametrize("settings", [SMALL], indirect=True)
async def test_the_ports_used_up_are_exhaustion_and_free_again_after_closing(studio):
    far = RemoteMedia("127.0.0.1", 5000, trusted=False)
    for _ in range(3):
        opened = []
        for number in range(20):
            name = f"s{number}"
            answer = await studio.ask(studio.engine.set_remote, name, Side.CALLER, far, "ip4")
            if isinstance(answer, LocalMedia):
                opened.append(name)
                answer = await studio.ask(studio.engine.set_remote, name, Side.CALLEE, far, "ip4")
            if not isinstance(answer, LocalMedia):
                break
        assert answer.cause is MediaFailureCause.EXHAUSTED
        assert len(opened) >= 8
        # Long enough for the engine's threads to fall asleep: nobody sends a packet that would wake them.
        await asyncio.sleep(0.3)
        for name in opened:
            await studio.ask(studio.engine.close, name)


@pytest.mark.parametrize("settings", [SHORT], indirect=True)
async def test_a_stream_without_rtp_is_silent_whether_set_up_or_not(studio):
    alice, bob = await studio.peer(), await studio.peer()
    for_alice, _ = await studio.bridge("s1", alice, bob)
    await studio.set("s2", Side.CALLER, remote(alice))
    alice.start(for_alice)
    assert await studio.event(StreamSilent) == StreamSilent("s2")
    alice.stop()
    assert await studio.event(StreamSilent) == StreamSilent("s1")
    assert studio.engine.open_streams == 0


async def test_hundreds_of_streams_opened_in_one_tick_all_open(studio):
    """Answers left unread were seen to be dropped by the engine: what is under way must be bounded."""
    answers = []
    far = RemoteMedia("127.0.0.1", 5000, trusted=False, payload_types=(0,))
    for number in range(200):
        name = f"s{number}"
        studio.engine.set_remote(name, Side.CALLER, far, "ip4", answers.append)
        studio.engine.set_remote(name, Side.CALLEE, far, "ip4", answers.append)
        studio.engine.query(name, answers.append)
        studio.engine.close(name, answers.append)
    await until(lambda: len(answers) == 800)
    assert sum(isinstance(answer, LocalMedia) for answer in answers) == 400
    assert studio.engine.restarts == 0
