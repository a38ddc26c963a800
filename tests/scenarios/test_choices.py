"""What an operator may choose: serial ringing, longest calls, direct media, IPv6, digest algorithms, NAT pings."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from live_party import IPV6, Scene
from live_ports import own_ports
from live_server import LiveServer, Records
from scenarios.town import ATLANTA, BILOXI, BOB, town
from trunkline.domain.cdr import EndCause
from trunkline.domain.media_mode import MediaMode

Begin = Callable[..., Scene]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    """Start servers with settings of their own."""
    servers: list[LiveServer] = []

    def start(**arguments: Any) -> LiveServer:
        servers.append(town(tmp_path, **arguments))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest_asyncio.fixture
async def begin(serve: Callable[..., LiveServer]) -> AsyncIterator[Begin]:
    """Start a server and bring in a scene."""
    scenes: list[Scene] = []

    def start(**arguments: Any) -> Scene:
        scenes.append(Scene(serve(**arguments)))
        return scenes[-1]

    yield start
    for scene in scenes:
        await scene.close()


async def test_devices_may_ring_one_after_the_other_by_q(begin: Begin) -> None:
    scene = begin(settings={"calls.serial_ring": True, "calls.ring_timeout_s": 3})
    alice = await scene.party("alice", 10, realm=ATLANTA)
    desk, mobile = (
        await scene.party("desk", 11, username="bob", realm=BILOXI),
        await scene.party("mobile", 12, username="bob", realm=BILOXI),
    )
    await mobile.register(contact=f"{mobile.contact};q=0.2")
    await desk.register(contact=f"{desk.contact};q=0.9")
    call = alice.invite(f"sip:{BOB}")
    (await desk.rung()).ring()
    await asyncio.sleep(0.3)
    assert mobile.incoming == []
    (await mobile.rung()).answer()
    await scene.until(lambda: call.status and desk.call.is_over)
    assert (call.status, desk.call.methods) == (200, ["CANCEL"])
    await alice.hang_up(call)


async def test_longest_call_is_ended_on_both_sides(begin: Begin) -> None:
    scene = begin(settings={"calls.longest_call_s": 1})
    records = Records(scene.server)
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    called_at = time.monotonic()
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status)
    await scene.until(lambda: call.is_over and bob.call.is_over)
    cdr = records.only()
    assert cdr.end_cause is EndCause.TOO_LONG
    assert 0.9 < cdr.duration_s < time.monotonic() - called_at


async def test_parties_of_direct_media_send_to_each_other(begin: Begin) -> None:
    scene = begin()
    for login in ("ivan", "judy"):
        scene.server.add_credential(login, ATLANTA, media=MediaMode.DIRECT)
    await asyncio.to_thread(scene.server.wait_for_changes)
    ivan, judy = await scene.party("ivan", 10, realm=ATLANTA), await scene.device("judy", ATLANTA, 11)
    call = ivan.invite(f"sip:judy@{ATLANTA}")
    (await judy.rung()).answer()
    await scene.until(lambda: call.status and judy.call.acks)
    assert f"m=audio {ivan.media_port} ".encode() in judy.call.invite.body
    assert f"m=audio {judy.media_port} ".encode() in call.responses[-1].body
    assert scene.server.metrics()["trunkline_media_streams"] == 0
    await scene.conversation(call, judy.call)
    await ivan.hang_up(call)


async def test_devices_on_ipv4_and_ipv6_hear_each_other(begin: Begin) -> None:
    port = own_ports().pair()
    scene = begin(sip=("udp", "tcp", f"udp:[::1]:{port}"), rtp_ports=own_ports().media)
    alice = await scene.party("alice", IPV6, port=port, realm=ATLANTA)
    bob = await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status and bob.call.acks)
    assert b"IN IP6 ::1" in call.responses[-1].body
    assert b"IP6" not in bob.call.invite.body
    await scene.conversation(call, bob.call)
    await alice.hang_up(call)
    await alice.register()
    back = bob.invite(f"sip:alice@{ATLANTA}")
    (await alice.rung()).answer()
    await scene.until(lambda: back.status and alice.call.acks)
    await scene.conversation(back, alice.call)
    await bob.hang_up(back)


async def test_better_digests_are_offered_first_where_wanted(begin: Begin) -> None:
    scene = begin(settings={"digest.algorithms": "SHA-256,MD5"})
    bob = await scene.party("bob", 11, realm=BILOXI)
    challenges: list[str] = []
    scene.loses = lambda _sender, _receiver, text: bool(
        challenges.extend(re.findall(r"algorithm=([\w-]+)", text))
    )
    await bob.register()
    assert challenges[:2] == ["SHA-256", "MD5"]


async def test_device_behind_nat_is_reached_where_it_registered_from_and_pinged(begin: Begin) -> None:
    scene = begin(settings={"registrar.nat_ping_s": 0.5})
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.party("bob", 11, realm=BILOXI)
    await bob.register(contact="<sip:bob@10.9.8.7:5062>")
    await scene.until(lambda: [request.method for request in bob.requests].count("OPTIONS") >= 2)
    call = alice.invite(f"sip:{BOB}")
    invite = (await bob.rung()).invite
    assert invite is not None
    assert invite.uri_text == "sip:bob@10.9.8.7:5062"
    bob.call.answer()
    await scene.until(lambda: call.status)
    await alice.hang_up(call)


async def test_device_behind_nat_that_answers_no_ping_loses_its_registration(begin: Begin) -> None:
    scene = begin(settings={"registrar.nat_ping_s": 0.5})
    bob = await scene.party("bob", 11, realm=BILOXI)
    await bob.register(contact="<sip:bob@10.9.8.7:5062>")
    bob.deaf = {"OPTIONS"}
    bob.register_cseq = 0
    await scene.until(lambda: scene.server.metrics()["trunkline_bindings"] == 0)


async def test_device_that_says_a_wrong_media_address_is_heard_and_answered_where_it_sends_from(
    begin: Begin,
) -> None:
    scene = begin()
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    offer = alice.offer(port=40_008).replace(alice.host.encode(), b"10.9.8.7")
    call = alice.invite(f"sip:{BOB}", offer)
    (await bob.rung()).answer()
    await scene.until(lambda: call.status and bob.call.acks)
    await scene.conversation(call, bob.call)
    await alice.hang_up(call)
