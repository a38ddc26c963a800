"""What is begun and never ended is forgotten: after every kind of leftover the tables are as empty as before."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from integration.attacks.conftest import ATLANTA, BILOXI, BOBS_NUMBER
from integration.attacks.enemy import Ear, Fort, Letter, Stream, digest, offer, token
from integration.attacks.test_floods import flood, floods
from live_server import SIP_PORT
from trunkline.sip.message import response_to

CALLS = 8
"""So many of each kind in a round."""

FORGOTTEN_S = 100.0
"""A 2xx that nobody acknowledges is given up after 64*T1, 32 s, and what hangs on it after that; on a slow machine later."""

GAUGES = (
    "trunkline_calls", "trunkline_sip_transactions", "trunkline_sip_connections", "trunkline_bindings", "trunkline_media_streams",
    "trunkline_bindings_waiting", "trunkline_cdrs_waiting", 'trunkline_table_entries{table="legs"}',
    'trunkline_table_entries{table="anchors"}', 'trunkline_table_entries{table="limits"}', 'trunkline_table_entries{table="timers"}',
)  # fmt: skip


def entries(fort: Fort) -> dict[str, float]:
    """How much there is of everything that a peer can make us keep."""
    open_sockets = sockets(fort)  # before our own question opens one
    metrics = fort.server.metrics()
    return {**{name: metrics[name] for name in GAUGES}, "sockets": open_sockets}


def settled(fort: Fort, is_settled: Callable[[dict[str, float]], bool]) -> dict[str, float]:
    """Wait for that; returns what there was at last."""
    until = time.monotonic() + FORGOTTEN_S
    while not is_settled(found := entries(fort)) and time.monotonic() < until:
        time.sleep(0.5)
    return found


def sockets(fort: Fort) -> int:
    """How many sockets the server process has open; files of its database come and go."""
    found = 0
    for path in Path(f"/proc/{fort.server.pid}/fd").iterdir():
        with suppress(OSError):
            found += str(path.readlink()).startswith("socket:")
    return found


def begin_calls(fort: Fort, device: Ear, caller: Ear, what_follows, count: int = CALLS) -> None:
    """Calls of which both sides say no more after the device has answered so."""
    for number in range(count):
        letter = Letter(
            "INVITE", f"sip:{BOBS_NUMBER}@{ATLANTA}", (), offer(caller.host), From=f"<sip:alice@{ATLANTA}>;tag={token()}",
            Contact=f"<sip:alice@{caller.host}>", Content_Type="application/sdp", Supported="100rel",
        )  # fmt: skip
        challenge = caller.ask(letter)
        caller.acknowledge(letter, challenge)
        password = fort.server.passwords[f"alice@{ATLANTA}"]
        caller.send(letter.again(digest(challenge, "alice", password, method="INVITE", uri=letter.uri)))
        what_follows(device, device.called(), number)


def ring(device: Ear, request, _number: int) -> None:
    device.respond(request, 180)


def ring_reliably(device: Ear, request, _number: int) -> None:
    device.respond(request, 183, [("Require", "100rel"), ("RSeq", "1")], offer(device.host))


def answer(device: Ear, request, _number: int) -> None:
    device.respond(request, 200, body=offer(device.host))


def fork(device: Ear, request, number: int) -> None:
    for branch in range(10):
        headers = [("Contact", f"<sip:x@{device.host}>")]
        device.send(
            response_to(request, 183 if number % 2 else 200, "", f"branch{branch}", headers).to_bytes()
        )


def say_nothing(_device: Ear, _request, _number: int) -> None: ...


def half_said_over_tcp(fort: Fort) -> None:
    """Connections that end in the middle of a word."""
    words = (
        b"", b"INVITE", b"\r\n\r\n", b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 9999\r\n\r\nabc", b"\0garbage\r\n\r\n",
        Letter("OPTIONS", f"sip:{ATLANTA}", transport="TCP").to_bytes(),
    )  # fmt: skip
    host = fort.address()
    links = [
        socket.create_connection((fort.server.host, SIP_PORT), source_address=(host, 0)) for _ in range(60)
    ]
    for number, link in enumerate(links):
        link.sendall(words[number % len(words)])
    for link in links:
        link.close()
    with Stream((fort.server.host, SIP_PORT), host) as wire:
        assert fort.register(wire, "dave", ATLANTA).status == 200


def leave_everything_half_done(fort: Fort) -> None:
    """One round of all."""
    with fort.ear(15) as device, fort.ear(16) as caller:
        assert fort.register(device, "bob", BILOXI).status == 200
        for what_follows in (ring, ring_reliably, answer, fork, say_nothing):
            begin_calls(fort, device, caller, what_follows)
        assert fort.register(device, "bob", BILOXI, "*", Expires="0").status == 200
    with fort.udp() as wire:
        for _ in range(40):
            assert wire.ask(Letter("REGISTER", f"sip:{ATLANTA}", To=f"<sip:alice@{ATLANTA}>")).status == 401
    with fort.udp() as wire:
        for _, make in floods(fort):
            flood([wire], make, 0.05)
    half_said_over_tcp(fort)


@pytest.mark.needs("openssl")
def test_whatever_is_left_half_done_leaves_nothing_in_any_table(build):
    fort = build(options=(), rtp_ports=(30_000, 30_499), settings={"calls.ring_timeout_s": 10})
    before = entries(fort)
    leave_everything_half_done(fort)
    meanwhile = entries(fort)
    for name in ("trunkline_calls", *(name for name in GAUGES if "legs" in name or "timers" in name)):
        assert meanwhile[name] >= 2 * CALLS, f"it was not half-done: {name}"
    before["sockets"] += 1  # the one by which the media engine is woken, made when it is first needed
    left = settled(fort, lambda found: all(found[name] <= before[name] for name in before))
    assert {name: number for name, number in left.items() if number > before[name]} == {}
