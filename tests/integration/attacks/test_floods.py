"""Floods, drips and giants: memory stays where it was, nothing is left after, and others are served."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import ExitStack

import pytest

from integration.attacks.conftest import ATLANTA, BILOXI, BOBS_NUMBER
from integration.attacks.enemy import PATIENCE_S, Datagrams, Fort, Letter, Stream, digest, offer, token
from live_server import SIP_PORT, eventually
from trunkline.sip.message import Request

pytestmark = pytest.mark.needs("openssl")

BRIEF = (
    "{method} sip:{target} SIP/2.0\r\nv:SIP/2.0/UDP a:{port};branch=z9hG4bK{token}\r\nf:<sip:a>;tag=1\r\nt:<sip:a>\r\n"
    "i:{token}\r\nCSeq:1 {method}\r\n\r\n"
)
"""As short as a request can be."""

MOST_FACTOR = 3.0
METHODS = (
    "REGISTER",
    "INVITE",
    "OPTIONS",
    "MESSAGE",
    "INFO",
    "SUBSCRIBE",
    "PUBLISH",
    "BYE",
    "CANCEL",
    "UPDATE",
    "REFER",
    "FETCH",
    "ACK",
)


@pytest.mark.parametrize("to_tag", ["", ";tag=1"])
def test_no_answer_to_a_stranger_is_much_longer_than_its_request_or_comes_twice(fort, to_tag):
    wires = {}
    for method in METHODS:
        wire = fort.udp()
        data = BRIEF.format(method=method, target=ATLANTA, port=wire.port, token=token()).replace(
            "t:<sip:a>", f"t:<sip:a>{to_tag}"
        )
        wire.send(data.encode())
        wires[method] = wire, len(data)
    time.sleep(1.2)  # an answer to an INVITE would be repeated twice by now
    for method, (wire, size) in wires.items():
        answers = wire.listen(0.01)
        wire.close()
        assert len(answers) == (0 if method == "ACK" else 1), (method, answers)
        assert wire.octets <= MOST_FACTOR * size, (method, wire.octets, size)


def test_no_answer_goes_where_a_stranger_points(fort):
    """Via's host, received, maddr and rport name a victim: whoever sent the request gets the answer."""
    with fort.ear(70) as victim, fort.ear(71, 5062) as mallory:
        for via in (
            f"SIP/2.0/UDP {victim.host}:5060;branch=z9hG4bK%s", f"SIP/2.0/UDP {victim.host}:5060;branch=z9hG4bK%s;rport",
            f"SIP/2.0/UDP x.invalid;branch=z9hG4bK%s;rport=5060;received={victim.host}",
            f"SIP/2.0/UDP x.invalid;branch=z9hG4bK%s;rport;maddr={victim.host};ttl=1", f"SIP/2.0/TCP {victim.host};branch=z9hG4bK%s;rport",
        ):  # fmt: skip
            for method in ("OPTIONS", "INVITE", "REGISTER", "BYE"):
                route = [("Route", f"<sip:{victim.host};lr>"), ("Record-Route", f"<sip:{victim.host};lr>")]
                letter = Letter(
                    method, f"sip:{ATLANTA}", route, Via=via % token(), Contact=f"<sip:{victim.host}>"
                )
                assert mallory.ask(letter).status >= 200
        assert victim.overheard() == []


def floods(fort: Fort):
    """What is sent as fast as it can be, made anew for each datagram."""
    forged = f'Authorization: Digest username="u%d", realm="{ATLANTA}", nonce="x", uri="sip:{ATLANTA}", response="{"0" * 32}"\r\n'

    def request(method: str, number: int, lines: str = "") -> bytes:
        return (
            f"{method} sip:u{number}@{ATLANTA} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK{method}{number};rport\r\n"
            f"From: <sip:m{number}@{ATLANTA}>;tag={number}\r\nTo: <sip:b@{ATLANTA}>\r\nCall-ID: f{number}\r\nCSeq: 1 {method}\r\n{lines}\r\n"
        ).encode()

    yield "INVITE", lambda number: request("INVITE", number)
    yield "REGISTER", lambda number: request("REGISTER", number)
    yield (
        "guesses",
        lambda number: request("REGISTER", number, forged % number).replace(b"sip:u%d@" % number, b"sip:", 1),
    )
    yield "MESSAGE", lambda number: request("MESSAGE", number)
    yield "BYE", lambda number: request("BYE", number)
    yield "CANCEL", lambda number: request("CANCEL", number)
    yield "ACK", lambda number: request("ACK", number)
    yield "garbage", lambda number: bytes([number % 256]) * 300
    yield "half SIP", lambda number: b"INVITE sip:a SIP/2.0\r\nVia: %d" % number
    yield "Vias", lambda number: request("OPTIONS", number, "Via: SIP/2.0/UDP a;branch=1\r\n" * 60)


def flood(wires: list[Datagrams], make, for_s: float) -> int:
    """Send as fast as the sockets take it, and throw away what comes."""
    for wire in wires:
        wire.link.setblocking(False)
    number = 0
    until = time.monotonic() + for_s
    while time.monotonic() < until:
        for wire in wires:
            for _ in range(10):
                number += 1
                try:
                    wire.link.sendto(make(number), wire._server)
                except BlockingIOError:
                    break
            try:
                while True:
                    wire.link.recv(65_535)
            except (BlockingIOError, ConnectionRefusedError):
                pass
        time.sleep(0.0005)
    return number


def test_floods_leave_nothing_and_others_are_served(build):
    # What ladders keep is bounded by this setting, and another test's matter.
    fort = build(options=(), settings={"ladders.memory_mb": 1})
    with fort.tcp() as honest, fort.ear(13) as device, ExitStack() as wires_of_enemies:
        assert fort.register(device, "bob", BILOXI).status == 200
        one, many = ([wires_of_enemies.enter_context(fort.udp()) for _ in range(n)] for n in (1, 20))
        flood(one, dict(floods(fort))["INVITE"], 0.3)  # what is only made once
        before = fort.resident_kib()
        for name, make in floods(fort):
            for wires in (one, many):
                sent = flood(wires, make, 0.15)
                began = time.monotonic()
                assert fort.register(honest, "alice", ATLANTA).status == 200
                assert time.monotonic() - began < PATIENCE_S / 2, (name, sent)
                assert fort.server.metrics()["trunkline_sip_transactions"] == 0, name
        assert fort.resident_kib() - before < 30_000
        # Whoever sent all that is one of many: a device at its address is heard, and calls go through.
        letter = Letter(
            "INVITE", f"sip:{BOBS_NUMBER}@{ATLANTA}", (), offer(honest.host), transport="TCP", Content_Type="application/sdp",
            From=f"<sip:alice@{ATLANTA}>;tag=1", Contact=f"<sip:alice@{honest.host};transport=tcp>",
        )  # fmt: skip
        challenge = honest.ask(letter)
        honest.acknowledge(letter, challenge)
        second = letter.again(
            digest(
                challenge, "alice", fort.server.passwords[f"alice@{ATLANTA}"], method="INVITE", uri=letter.uri
            )
        )
        honest.send(second)
        device.busy(device.called())
        assert honest.answer_to(second).status == 486
    # The log told of it, but not of each.
    assert len(fort.server.logged("lines_left_out")) < 3_000_000


def test_whoever_guesses_from_an_address_silences_nobody_who_is_known_there(build):
    """Two devices behind one router; the guesses could as well be forged datagrams of somebody elsewhere."""
    fort = build(options=())
    host = fort.address()
    with fort.udp(host) as device, fort.udp(host) as mallory, fort.udp(host) as new:
        assert fort.register(device, "bob", BILOXI).status == 200
        letter = Letter("REGISTER", f"sip:{ATLANTA}", To=f"<sip:alice@{ATLANTA}>")
        challenge = mallory.ask(letter)
        statuses = set()
        for number in range(130):
            guess = digest(challenge, f"u{number}", "guess", method="REGISTER", uri=letter.uri, nc=number + 1)
            statuses.add(mallory.ask(letter.again(guess)).status)
        assert statuses == {401, 403}
        assert fort.register(device, "bob", BILOXI).status == 200
        assert fort.register(new, "dave", ATLANTA).status == 403
    with fort.udp() as elsewhere:
        assert fort.register(elsewhere, "dave", ATLANTA).status == 200


# Connections.


def test_half_open_and_silent_connections_are_cheap_and_keep_nobody_out(fort):
    host = fort.address()
    before, descriptors = fort.resident_kib(), fort.descriptors()
    ports = (SIP_PORT, fort.tls_port, fort.ws_port)
    idle = [
        socket.create_connection((fort.server.host, port), source_address=(host, 0)) for port in ports * 100
    ]
    for number, link in enumerate(idle):
        if number % 4:
            link.sendall((b"", b"\x16", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n")[number % 4])
    with fort.tls() as honest:
        assert fort.register(honest, "alice", ATLANTA).status == 200
    assert fort.resident_kib() - before < 40_000
    for link in idle:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        link.close()
    assert eventually(lambda: fort.descriptors() <= descriptors + 1)


def test_handshakes_that_break_off_at_any_point_do_no_harm(fort):
    secured = ssl.create_default_context(cafile=fort.certificate)
    for size in (1, 5, 6, 60, 200, 400):
        link = socket.create_connection((fort.server.host, fort.tls_port), source_address=(fort.address(), 0))
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = secured.wrap_bio(incoming, outgoing, server_hostname=fort.server.host)
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        link.sendall(outgoing.read()[:size])
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        link.close()
    with fort.tls() as honest:
        assert honest.ask(Letter("OPTIONS", f"sip:{ATLANTA}", transport="TLS")).status == 200


def test_a_peer_that_does_not_read_is_let_go(fort):
    wire = fort.tcp()
    wire.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.link.settimeout(0.5)
    data = Letter("OPTIONS", f"sip:{ATLANTA}", transport="TCP").to_bytes() * 50
    before = fort.resident_kib()
    with pytest.raises((ConnectionError, TimeoutError)):
        wire.link.sendall(data * 1000)
    assert fort.resident_kib() - before < 20_000
    wire.close()


# Giants.


def test_giants_are_answered_for_what_they_are(fort):
    def answer(wire: Stream, letter: Letter):
        wire.send(letter)
        found = wire.seek(lambda message: not isinstance(message, Request))
        return found.status if found is not None else None

    cases: list[tuple[int | None, Letter]] = [
        (413, Letter("INVITE", f"sip:{ATLANTA}", Content_Length="999999999")),
        (400, Letter("INVITE", f"sip:{ATLANTA}", Content_Length="-1")),
        (400, Letter("INVITE", f"sip:{ATLANTA}", [("Content-Length", "5")], Content_Length="9")),
        (513, Letter("INVITE", f"sip:{ATLANTA}", [("X-Y", "y")] * 300)),
        (513, Letter("INVITE", f"sip:{ATLANTA}", [("X-Y", "y" * 17_000)])),
        (414, Letter("INVITE", f"sip:{'a' * 3000}@{ATLANTA}", To="<sip:x>")),
        (400, Letter("REGISTER", f"sip:{ATLANTA}", [("Contact", ",".join(["<sip:a@b>"] * 1000))] * 3)),
        (None, Letter("INVITE", f"sip:{ATLANTA}", [("X-Y", "y" * 15_000)] * 5)),
    ]
    for status, letter in cases:
        with fort.tcp() as wire:
            assert answer(wire, letter) == status, letter.to_bytes()[:200]
    with fort.udp() as wire:
        for status, letter in cases[3:7]:
            assert wire.ask(letter).status == status
        wire.send(Letter("INVITE", f"sip:{ATLANTA}", [("Via", "SIP/2.0/UDP a;branch=z9hG4bKx")] * 80))
        assert wire.link.recv(65_535).startswith(b"SIP/2.0 483 ")


def test_a_user_has_so_many_devices_and_no_more(fort):
    with fort.udp() as wire:
        statuses = [
            fort.register(
                wire,
                "erin",
                ATLANTA,
                f'<sip:erin@{wire.host}:{5100 + number}>;+sip.instance="<urn:uuid:{number}>"',
            ).status
            for number in range(14)
        ]
        assert statuses == [200] * 10 + [403] * 4
        began = time.monotonic()
        many = ",".join(f"<sip:erin@{wire.host}:{number}>;expires=0" for number in range(2000, 2064))
        assert fort.register(wire, "erin", ATLANTA, many).status == 200
        assert time.monotonic() - began < PATIENCE_S / 2
        assert fort.register(wire, "erin", ATLANTA, "*", Expires="0").status == 200


def test_the_devices_of_a_connection_go_with_it(fort):
    def there() -> list[str]:
        return [one.aor for one in fort.server.registrations() if (one.host, one.port) == place]

    with fort.tcp() as wire:
        place = wire.host, wire.port
        for user in ("alice", "dave"):
            assert fort.register(wire, user, ATLANTA).status == 200
        assert eventually(lambda: sorted(there()) == [f"alice@{ATLANTA}", f"dave@{ATLANTA}"])
    assert eventually(lambda: there() == [])
