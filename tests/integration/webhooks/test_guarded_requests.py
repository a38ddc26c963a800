"""Requests behind the guard, on real sockets: each attempt to be led inside has a lie in it, and leads nowhere."""

import ssl
import subprocess
import time
from ipaddress import ip_network

import httpx
import pytest

from fakes.http_receiver import LASTS_S, HttpReceiver
from trunkline.domain.webhook import Delivery, Webhook, WebhookEvent
from trunkline.webhooks.address_guard import (
    AddressGuard,
    AddressRefused,
    SystemResolver,
    is_of_this_machine,
    plain_address,
)
from trunkline.webhooks.guarded_transport import GuardedTransport
from trunkline.webhooks.sender import Sender
from trunkline.webhooks.signing import is_genuine

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DELIVERY = Delivery("webhook-1", 1, "registered", '{"id":1}', 0.0, 0.0, id=42)
NUMBERS = [
    "2130706433", "0x7f.1", "017700000001", "127.1", "0x7f000001", "0177.0.0.1", "127.0.1", "[::1]",
    "[::ffff:7f00:1]", "[::ffff:127.0.0.1]", "localhost", "127.0.0.1", "0.0.0.0", "0", "[::]", "%31%32%37.0.0.1",
]  # fmt: skip


class Liar:
    """A name server that answers each question with the next of its lies, the last one again and again."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def resolve(self, host, port):
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def inside():
    """What nobody outside may reach."""
    receiver = HttpReceiver("127.0.0.1")
    yield receiver
    receiver.close()


@pytest.fixture
def outside():
    """Stands for the world: the guard is told that this address is."""
    receiver = HttpReceiver("127.77.0.1")
    yield receiver
    receiver.close()


def guarded(*answers, allowed="127.77.0.0/16"):
    resolve = Liar(*answers) if answers else SystemResolver()
    return AddressGuard([ip_network(allowed)], resolve=resolve.resolve), resolve


async def send(url, guard, timeout_s=20.0):
    sender = Sender(guard, timeout_s=timeout_s)
    try:
        webhook = Webhook("webhook-1", 1, url, frozenset(WebhookEvent), SECRET)
        return await sender.send(webhook, DELIVERY, time.time())
    finally:
        await sender.close()


async def test_what_arrives_is_signed_and_says_what_it_is(outside):
    guard, _ = guarded(["127.77.0.1"])
    outcome = await send(f"http://app.example:{outside.port}/events?a=b", guard)
    assert outcome.is_delivered
    assert outcome.status == 200
    got = outside.got[0]
    assert got.path == "/events?a=b"
    assert got.body == b'{"id":1}'
    assert got.headers["host"] == f"app.example:{outside.port}"
    assert got.headers["content-type"] == "application/json"
    assert (got.headers["webhook-id"], got.headers["trunkline-event"], got.headers["trunkline-attempt"]) == (
        "msg_42", "registered", "1",
    )  # fmt: skip
    assert is_genuine(SECRET, got.headers, got.body, time.time())


@pytest.mark.parametrize("host", NUMBERS)
async def test_no_spelling_of_this_machine_leads_inside(host, inside):
    guard, _ = guarded()
    outcome = await send(f"http://{host}:{inside.port}/", guard)
    assert not outcome.is_delivered
    assert outcome.status is None
    assert inside.connections == 0


async def test_a_name_that_leads_elsewhere_the_second_time_is_asked_once(inside, outside):
    guard, liar = guarded(["127.77.0.1"], ["127.0.0.1"])
    assert (await send(f"http://app.example:{outside.port}/", guard)).is_delivered
    assert liar.asked == ["app.example"]
    outcome = await send(f"http://app.example:{inside.port}/", guard)
    assert "Nothing is sent to 127.0.0.1" in outcome.detail
    assert inside.connections == 0


@pytest.mark.parametrize(
    "answer", [["127.77.0.1", "127.0.0.1"], ["127.0.0.1", "127.77.0.1"], ["::ffff:127.0.0.1"], ["0.0.0.0"]]
)
async def test_a_name_with_one_address_inside_leads_nowhere(answer, inside, outside):
    guard, _ = guarded(answer)
    assert not (await send(f"http://app.example:{inside.port}/", guard)).is_delivered
    assert not (await send(f"http://app.example:{outside.port}/", guard)).is_delivered
    assert inside.connections == outside.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_inside_is_not_followed(status, inside, outside):
    outside.status, outside.headers = status, {"Location": inside.url}
    guard, _ = guarded()
    outcome = await send(outside.url, guard)
    assert outcome.status == status
    assert "redirects are not followed" in outcome.detail
    assert inside.connections == 0


async def test_whoever_follows_redirects_is_guarded_at_each_hop(inside, outside):
    outside.status, outside.headers = 307, {"Location": inside.url}
    guard, _ = guarded()
    async with httpx.AsyncClient(
        transport=GuardedTransport(guard), follow_redirects=True, trust_env=False
    ) as client:
        with pytest.raises(AddressRefused):
            await client.post(outside.url, content=b"x")
    assert len(outside.got) == 1
    assert inside.connections == 0


async def test_a_proxy_of_the_environment_does_not_stand_between(inside, outside, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, inside.url)
    guard, _ = guarded()
    assert (await send(outside.url, guard)).is_delivered
    assert inside.connections == 0


async def test_the_servers_own_ports_are_closed_even_in_an_open_network(outside):
    guard = AddressGuard([ip_network("127.0.0.0/8")], lambda: {outside.port})
    outcome = await send(outside.url, guard)
    assert "this server itself listens there" in outcome.detail
    assert outside.connections == 0


@pytest.mark.parametrize("manner", ["drip", "flood", "hang up"])
async def test_a_receiver_that_answers_without_end_costs_little(manner, outside):
    outside.manner = manner
    guard, _ = guarded()
    began = time.monotonic()
    outcome = await send(outside.url, guard, timeout_s=2.0)
    assert time.monotonic() - began < LASTS_S - 1
    assert outcome.is_delivered == (manner == "flood")


async def test_a_receiver_that_is_not_there_is_said_so(outside):
    guard, _ = guarded()
    outside.close()
    outcome = await send(outside.url, guard)
    assert outcome.detail.startswith("No connection")
    assert outcome.status is None


async def test_the_next_address_is_tried_when_the_first_does_not_answer(outside):
    guard, _ = guarded(["127.77.0.9", "127.77.0.1"])
    assert (await send(f"http://app.example:{outside.port}/", guard)).is_delivered


@pytest.fixture
def certified(outside, tmp_path):
    """The receiver speaks TLS, as app.example."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=app.example",
            "-addext", "subjectAltName=DNS:app.example", "-keyout", str(key), "-out", str(certificate),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    outside._server.socket = tls.wrap_socket(outside._server.socket, server_side=True)
    return ssl.create_default_context(cafile=str(certificate))


@pytest.mark.parametrize(("host", "is_trusted"), [("app.example", True), ("evil.example", False)])
async def test_the_certificate_must_be_for_the_name_though_the_address_was_judged(
    host, is_trusted, outside, certified
):
    guard, _ = guarded(["127.77.0.1"])
    transport = GuardedTransport(guard, tls=certified)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        asked = client.post(f"https://{host}:{outside.port}/", content=b"x")
        if is_trusted:
            assert (await asked).status_code == 200
        else:
            with pytest.raises(httpx.ConnectError):
                await asked


def test_this_machine_knows_its_own_addresses():
    assert is_of_this_machine(plain_address("127.0.0.1"))
    assert not is_of_this_machine(plain_address("192.0.2.1"))
    assert not is_of_this_machine(plain_address("2001:db8::1"))
