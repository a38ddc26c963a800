"""Devices that register over every transport, and are reached the way they came."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from live_party import Scene
from live_server import LiveServer
from live_sipp import Play
from scenarios.town import ATLANTA, BILOXI, BOB, town

pytestmark = pytest.mark.needs("openssl")

TLS_PORT = 5061
WS_PORT = 8080


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server's certificate and key are."""
    return tmp_path_factory.mktemp("certificate")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[LiveServer]:
    """The town's server with more listeners."""
    pem, key = certificate / "sip.pem", certificate / "sip.key"
    server = town(
        tmp_path_factory.mktemp("town"),
        sip=("udp", "tcp", f"tls:{TLS_PORT};cert={pem};key={key}", f"ws:{WS_PORT}"),
    )
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={server.host}", "-addext", f"subjectAltName=IP:{server.host}", "-keyout", key, "-out", pem],
        check=True, capture_output=True,
    )  # fmt: skip
    server.start()
    yield server
    server.close()


@pytest.mark.needs("sipp")
@pytest.mark.parametrize("transport", ["u1", "t1"])
def test_device_registers_refreshes_and_unregisters(play: Play, server: LiveServer, transport: str) -> None:
    play("device_registers", 11, call=BOB, login=BOB, transport=transport).done()
    assert server.metrics()["trunkline_bindings"] == 0


@pytest.mark.needs("sipp")
@pytest.mark.parametrize(("transport", "number"), [("u1", 13), ("t1", 14)])
def test_device_with_a_wrong_password_gets_another_chance_and_then_a_refusal(
    play: Play, transport: str, number: int
) -> None:
    play("device_is_refused", number, call=BOB, login=BOB, transport=transport).done()


@pytest.mark.parametrize(("transport", "port"), [("udp", 0), ("tcp", 0), ("tls", TLS_PORT), ("ws", WS_PORT)])
async def test_device_is_called_over_the_way_it_registered(
    scene: Scene, certificate: Path, transport: str, port: int
) -> None:
    trusted = str(certificate / "sip.pem")
    bob = await scene.device("bob", BILOXI, 11, transport, port=port, trusted=trusted)
    alice = await scene.party("alice", 10, realm=ATLANTA)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status and bob.call.acks)
    await scene.conversation(call, bob.call)
    bob.call.bye()
    await scene.until(lambda: call.is_over)


async def test_browser_is_reached_by_its_connection_though_its_contact_is_nowhere(scene: Scene) -> None:
    bob = await scene.party("bob", 11, "ws", port=WS_PORT, realm=BILOXI)
    await bob.register(
        contact='<sip:k3jd83@q9rs1lk2.invalid;transport=ws>;+sip.instance="<urn:uuid:0b1c>";reg-id=1'
    )
    alice = await scene.party("alice", 10, "tcp", realm=ATLANTA)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status and bob.call.acks)
    await alice.hang_up(call)


async def test_registration_ends_with_the_connection(scene: Scene, server: LiveServer) -> None:
    alice = await scene.party("alice", 10, realm=ATLANTA)
    bob = await scene.device("bob", BILOXI, 11, "tcp")
    bob.leave()
    bob.register_cseq = 0
    await scene.until(lambda: server.metrics()["trunkline_bindings"] == 0)
    call = alice.invite(f"sip:{BOB}")
    await scene.until(lambda: call.status)
    assert call.status == 480


async def test_device_that_comes_back_over_another_connection_is_reached_there(scene: Scene) -> None:
    alice = await scene.party("alice", 10, realm=ATLANTA)
    contact = '<sip:bob@{};transport=tcp>;+sip.instance="<urn:uuid:0b0b>";reg-id=1'
    first = await scene.party("first", 11, "tcp", username="bob", realm=BILOXI)
    await first.register(contact=contact.format(first.host))
    second = await scene.party("second", 12, "tcp", username="bob", realm=BILOXI)
    await second.register(contact=contact.format(second.host))
    call = alice.invite(f"sip:{BOB}")
    (await second.rung()).answer()
    await scene.until(lambda: call.status)
    assert first.incoming == []
    await alice.hang_up(call)


async def test_too_brief_a_registration_is_told_the_least(scene: Scene) -> None:
    bob = await scene.party("bob", 11, realm=BILOXI)
    asked = bob.registering(5)
    await scene.until(lambda: asked.status)
    assert asked.status == 423
    assert asked.responses[-1].get("Min-Expires") == "60"


async def test_eleventh_device_of_a_user_is_refused(scene: Scene) -> None:
    bob = await scene.party("bob", 11, realm=BILOXI)
    for number in range(10):
        await bob.register(contact=f"<sip:bob@{bob.host}:{7000 + number}>")
    asked = bob.registering(contact=f"<sip:bob@{bob.host}:7010>")
    await scene.until(lambda: asked.status)
    assert asked.status == 403


async def test_unknown_user_and_wrong_password_look_alike(scene: Scene) -> None:
    bob = await scene.party("bob", 11, realm=BILOXI, password="wrong")
    nobody = await scene.party("nobody", 12, realm=BILOXI, password="wrong")
    seen = []
    for party in (bob, nobody):
        asked = party.registering()
        await scene.until(lambda asked=asked: asked.responses)
        response = asked.responses[-1]
        seen.append((response.status, response.reason, [name for name, _ in response.headers]))
    assert seen[0] == seen[1]
