"""Webhooks of a running server: events arrive, again after failures, and over a kill."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import httpx
import pytest

from fakes.http_receiver import HttpReceiver
from integration.app.conftest import Enter, Serve
from live_ports import own_ports
from live_server import PATIENCE_S, LiveServer, eventually
from scenarios.town import BILOXI, BOB
from trunkline.webhooks.signing import is_genuine

OPEN = {"webhooks.allowed_networks": "127.0.0.0/8"}
ALL = [
    word
    for name in ("registered", "moved", "expired", "unregistered", "refused", "call-ended", "limit-reached")
    for word in ("--event", name)
]


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    made = HttpReceiver("127.0.0.1")
    yield made
    made.close()


def add(server: LiveServer, url: str, *words: str) -> dict[str, str]:
    """Let a URL be told of events; returns the webhook with its secret."""
    made: dict[str, str] = json.loads(server.cli("webhook", "add", url, *(words or ALL), "--json"))
    server.wait_for_changes()
    return made


def deliveries(server: LiveServer, webhook: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(server.cli("webhook", "deliveries", webhook, "--json"))
    return found


async def test_a_device_that_registers_calls_and_goes_is_told_of(
    serve: Serve, enter: Enter, receiver: HttpReceiver
) -> None:
    server = serve(settings=OPEN)
    made = add(server, receiver.url)
    scene = enter(server)
    bob = await scene.device("bob", BILOXI, 11)
    await scene.until(lambda: len(receiver.got) == 1)
    got = receiver.got[0]
    assert got.event["kind"] == got.headers["trunkline-event"] == "registered"
    assert got.event["subject"] == got.event["data"]["aor"] == BOB
    assert is_genuine(made["secret"], got.headers, got.body, time.time())
    call = bob.invite(f"sip:nobody@{BILOXI}")
    await scene.until(lambda: call.status)
    await scene.until(lambda: len(receiver.got) == 3)
    assert sorted(one.event["kind"] for one in receiver.got[1:]) == ["call-ended", "refused"]
    await scene.until(lambda: server.metrics()["trunkline_webhooks_delivered_total"] == 3)
    await scene.until(lambda: server.metrics()["trunkline_webhooks_waiting"] == 0)


async def test_a_receiver_that_fails_and_recovers_gets_everything_in_order(
    serve: Serve, enter: Enter, receiver: HttpReceiver
) -> None:
    server = serve(settings=OPEN)
    made = add(server, receiver.url)
    receiver.status = 503
    scene = enter(server)
    for number, name in enumerate(("bob", "alice")):
        await scene.device(name, BILOXI if name == "bob" else "atlanta.example", 11 + number)
    await scene.until(lambda: len(receiver.got) >= 2)
    receiver.status = 200
    await scene.until(lambda: {one["state"] for one in deliveries(server, made["id"])} == {"delivered"})
    told = deliveries(server, made["id"])
    assert [one["body"]["subject"].partition("@")[0] for one in told] == ["alice", "bob"]  # type: ignore[index]
    assert told[1]["attempts"] >= 2  # type: ignore[operator]
    assert len({one.headers["webhook-id"] for one in receiver.got}) == 2


async def test_what_happened_before_a_kill_is_told_after_it(
    serve: Serve, enter: Enter, receiver: HttpReceiver
) -> None:
    server = serve(settings=OPEN)
    made = add(server, receiver.url)
    receiver.manner = "hang up"
    scene = enter(server)
    await scene.device("bob", BILOXI, 11)
    await scene.until(lambda: receiver.got)
    server.kill()
    first = receiver.got[0]
    receiver.manner = "answer"
    receiver.got.clear()
    server.start()
    assert eventually(lambda: receiver.got)
    again = receiver.got[0]
    assert again.body == first.body
    assert again.headers["webhook-id"] == first.headers["webhook-id"]
    assert eventually(lambda: deliveries(server, made["id"])[0]["state"] == "delivered")


async def test_what_nobody_could_take_is_there_after_a_kill(serve: Serve, enter: Enter) -> None:
    server = serve(settings=OPEN)
    port = own_ports().pair()  # nobody else is given it meanwhile
    made = add(server, f"http://127.0.0.1:{port}/events")
    await enter(server).device("bob", BILOXI, 11)
    assert eventually(lambda: deliveries(server, made["id"]))
    server.kill()
    late = HttpReceiver("127.0.0.1", port)
    try:
        server.start()
        assert eventually(lambda: late.got)
        assert late.got[0].event["subject"] == BOB
    finally:
        late.close()


def test_a_test_event_tells_whether_it_arrives(serve: Serve, receiver: HttpReceiver) -> None:
    server = serve(settings=OPEN)
    made = add(server, receiver.url, "--event", "moved")
    assert "It arrived: the receiver answered 200." in server.cli("webhook", "test", made["id"])
    assert receiver.got[0].event["kind"] == "test"
    rotated = json.loads(server.cli("webhook", "rotate", made["id"], "--json"))
    server.wait_for_changes()
    server.cli("webhook", "test", receiver.url)
    for secret in (made["secret"], rotated["secret"]):
        assert is_genuine(secret, receiver.got[1].headers, receiver.got[1].body, time.time())
    assert receiver.url in server.cli("webhook", "list")
    assert "works" in server.cli("webhook", "list")
    server.cli("webhook", "remove", made["id"])
    assert "There is no webhook yet" in server.cli("webhook", "list")
    log = server.log()
    assert made["secret"] not in log
    assert rotated["secret"] not in log


INSIDE = [
    "http://{host}:{port}/health", "http://localhost:{port}/health", "http://127.0.0.1:{receiver}/events",
    "http://0x7f000001:{receiver}/events", "http://[::ffff:127.0.0.1]:{receiver}/events",
    "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://0.0.0.0:{receiver}/events",
]  # fmt: skip


def test_the_json_api_leads_nobody_inside(serve: Serve, receiver: HttpReceiver) -> None:
    server = serve()
    key = json.loads(server.cli("key", "add", "program", "--role", "operator", "--json"))
    base = f"{server.http_url}/native/v1/accounts/{key['account_id']}/webhooks"
    port = int(server.http_url.rpartition(":")[2])
    with httpx.Client(auth=(key["id"], key["secret"]), timeout=PATIENCE_S) as client:
        for template in INSIDE:
            url = template.format(host=server.host, port=port, receiver=receiver.port)
            made = client.post(base, json={"url": url, "events": ["registered"]})
            assert made.status_code == 201
            sent = client.post(f"{base}/{made.json()['id']}/test")
            assert sent.status_code == 202
            where = server.http_url + sent.headers["location"]
            assert eventually(lambda where=where: client.get(where).json()["attempts"]), url
            outcome = client.get(where).json()
            assert (outcome["state"], outcome["status"]) == ("waiting", None), url
            assert outcome["detail"].startswith("Nothing is sent to "), outcome
            me = f"{base}/{made.json()['id']}"
            assert eventually(lambda me=me: client.get(me).json()["standing"]["failures"])
            assert "secret" not in client.get(me).json()
            assert client.delete(f"{base}/{made.json()['id']}").status_code == 204
    assert receiver.connections == 0
