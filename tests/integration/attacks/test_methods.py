"""Nobody gets anything done without proving who they are: each method, over each transport."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from integration.attacks.conftest import ATLANTA
from integration.attacks.enemy import Fort, Letter, Wire, offer
from live_server import CHICAGO

pytestmark = pytest.mark.needs("openssl")

WIRES: dict[str, Callable[[Fort], Wire]] = {"udp": Fort.udp, "tcp": Fort.tcp, "tls": Fort.tls, "ws": Fort.ws}

# What a stranger hears to a request outside of any dialog; None is silence.
ANSWERS: dict[str, int | None] = {
    "REGISTER": 401,
    "INVITE": 407,
    "MESSAGE": 407,
    "INFO": 407,
    "SUBSCRIBE": 489,
    "PUBLISH": 489,
    "NOTIFY": 481,
    "UPDATE": 481,
    "PRACK": 481,
    "BYE": 481,
    "CANCEL": 481,
    "REFER": 405,
    "OPTIONS": 200,
    "ACK": None,
    "FETCH": 501,
    "register": 501,
    "Invite": 501,
}
_LATER = frozenset(ANSWERS) - {"REGISTER", "OPTIONS", "CANCEL", "ACK", "register", "Invite", "FETCH"}


@pytest.fixture(scope="module")
def ears(fort: Fort):
    """A registered device, and the carrier: neither may hear a thing."""
    device, carrier = fort.ear(10), fort.ear(CHICAGO)
    assert fort.register(device, "alice", ATLANTA).status == 200
    device.listen()
    yield device, carrier
    fort.register(device, "alice", ATLANTA, Expires="0")
    device.close()
    carrier.close()


def _body(method: str, host: str) -> tuple[str, dict[str, str]]:
    if method in ("INVITE", "UPDATE"):
        return offer(host), {"Content-Type": "application/sdp"}
    if method in ("MESSAGE", "INFO", "NOTIFY"):
        return "buy now", {"Content-Type": "text/plain"}
    return "", {}


@pytest.mark.parametrize("name", WIRES)
def test_a_stranger_gets_nothing_done_with_any_method(fort, ears, name):
    targets = (f"sip:alice@{ATLANTA}", f"sip:+13125550199@{ATLANTA}", f"sip:+13125550199@{fort.server.host}")
    with WIRES[name](fort) as wire:
        for method, expected in ANSWERS.items():
            for target in targets:
                body, fields = _body(method, wire.host)
                extra = {
                    "Refer-To": "<sip:+19005550100@evil.example>",
                    "Event": "presence",
                    "RAck": "1 1 INVITE",
                }
                letter = Letter(
                    method, target, extra.items(), body, transport=wire.transport, **fields,
                    From=f"<sip:dave@{ATLANTA}>;tag=1",
                )  # fmt: skip
                wire.send(letter)
                if expected is not None:
                    assert wire.answer_to(letter).status == expected, (method, target)
        assert [message for message in wire.listen(0.1) if message.get("CSeq") == "ACK"] == []
    for ear in ears:
        assert ear.overheard(0.1) == []


@pytest.mark.parametrize("name", WIRES)
def test_a_stranger_cannot_speak_within_a_dialog_that_does_not_exist(fort, ears, name):
    with WIRES[name](fort) as wire:
        for method in _LATER:
            body, fields = _body(method, wire.host)
            letter = Letter(
                method, f"sip:alice@{ATLANTA}", [("Refer-To", "<sip:dave@evil.example>")], body, transport=wire.transport,
                To=f"<sip:alice@{ATLANTA}>;tag=guessed", **fields,
            )  # fmt: skip
            assert wire.ask(letter).status == 481, method
    for ear in ears:
        assert ear.overheard(0.1) == []


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE", "INFO", "REGISTER"])
@pytest.mark.parametrize(
    "value",
    ["Basic YWxpY2U6c2VjcmV0", "Bearer eyJhbGciOiJub25lIn0.e30.", "Digest", "Digest ", "Negotiate x", ""],
)
def test_credentials_of_another_kind_open_nothing(fort, ears, method, value):
    with fort.udp() as wire:
        letter = Letter(
            method, f"sip:alice@{ATLANTA}", [("Authorization", value), ("Proxy-Authorization", value)],
            From=f"<sip:alice@{ATLANTA}>;tag=1",
        )  # fmt: skip
        assert wire.ask(letter).status in (400, 401, 407)
    for ear in ears:
        assert ear.overheard(0.05) == []
