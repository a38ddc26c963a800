"""Carriers that close their connections: what they are to hear goes over others that are opened to them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from integration.app.conftest import Enter, Serve
from live_server import CHICAGO, PATIENCE_S, SIP_PORT
from scenarios.town import ATLANTA, BILOXI, BOBS_NUMBER, CAROL
from trunkline.sip.framing import StreamFramer
from trunkline.sip.message import Request, response_to
from trunkline.sip.parser import parse_message

LISTENS_AT = 5090


def described(host: str) -> str:
    """A session description of somebody at this address."""
    return (
        f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        "m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
    )


class Listening:
    """Takes connections at the port that a carrier's Via or target names."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.listening: asyncio.Server | None = None
        self.accepted: list[asyncio.StreamWriter] = []

    async def listen(self) -> None:
        """Take connections."""
        self.listening = await asyncio.start_server(self._taken, self.host, LISTENS_AT)

    async def close(self) -> None:
        """Listen no more, and leave no connection open."""
        if self.listening is not None:
            self.listening.close()
        for writer in self.accepted:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted.append(writer)
        await self._accept(reader, writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


class Carrier(Listening):
    """A carrier with a connection for each INVITE, and a port of its own where it is called back."""

    def __init__(self, host: str, server: tuple[str, int]) -> None:
        super().__init__(host)
        self.server = server
        self.heard = b""
        self.has_heard = asyncio.Event()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard += await reader.read(65_536)
        self.has_heard.set()
        writer.close()

    async def invite(self, name: str) -> asyncio.StreamWriter:
        """Send an INVITE to Bob's number; returns the connection it went over once it was taken in."""
        reader, writer = await asyncio.open_connection(*self.server, local_addr=(self.host, 0))
        offer = described(self.host)
        head = (
            f"INVITE sip:{BOBS_NUMBER}@{self.server[0]} SIP/2.0\r\n"
            f"Via: SIP/2.0/TCP {name}:{LISTENS_AT};branch=z9hG4bKreopen\r\n"
            "Max-Forwards: 70\r\n"
            f"From: <sip:{CAROL}@carrier.example>;tag=carol\r\nTo: <sip:{BOBS_NUMBER}@{self.server[0]}>\r\n"
            "Call-ID: reopening\r\nCSeq: 1 INVITE\r\n"
            f"Contact: <sip:{CAROL}@{self.host}:{LISTENS_AT};transport=tcp>\r\n"
            f"Content-Type: application/sdp\r\nContent-Length: {len(offer)}\r\n\r\n"
        )
        writer.write((head + offer).encode())
        assert b"100 Trying" in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        return writer


@pytest.mark.parametrize("name", ["carrier.example", "203.0.113.9"])
async def test_answer_comes_over_a_connection_to_the_source_at_the_port_of_sent_by(
    serve: Serve, enter: Enter, name: str
) -> None:
    server = serve()
    scene = enter(server)
    bob = await scene.device("bob", BILOXI, 11)
    carrier = Carrier(server.network.address(CHICAGO), (server.host, SIP_PORT))
    await carrier.listen()
    try:
        connection = await carrier.invite(name)
        ringing = await bob.rung()
        connection.close()
        await connection.wait_closed()
        await scene.until(lambda: server.metrics()["trunkline_sip_connections"] == 0)
        ringing.answer()
        await asyncio.wait_for(carrier.has_heard.wait(), PATIENCE_S)
        assert carrier.heard.startswith(b"SIP/2.0 200 OK\r\n")
    finally:
        await carrier.close()


async def test_call_ends_where_nobody_listens_at_the_port_of_sent_by(serve: Serve, enter: Enter) -> None:
    server = serve()
    scene = enter(server)
    bob = await scene.device("bob", BILOXI, 11)
    carrier = Carrier(server.network.address(CHICAGO), (server.host, SIP_PORT))
    connection = await carrier.invite("carrier.example")
    ringing = await bob.rung()
    connection.close()
    await connection.wait_closed()
    await scene.until(lambda: server.metrics()["trunkline_sip_connections"] == 0)
    assert server.metrics()["trunkline_calls"] == 1
    ringing.ring()
    await scene.until(lambda: ringing.methods == ["CANCEL"])
    await scene.until(lambda: server.metrics()["trunkline_calls"] == 0)


async def test_call_through_a_carrier_that_closed_its_connection_is_ended_over_another(
    serve: Serve, enter: Enter
) -> None:
    server = serve()
    carrier = AnsweringCarrier(server.network.address(CHICAGO))
    await carrier.listen()
    server.add_trunk("boston", f"sip:{carrier.host}:{LISTENS_AT};transport=tcp", prefixes=("+44",))
    await asyncio.to_thread(server.wait_for_changes)
    scene = enter(server)
    alice = await scene.party("alice", 10, realm=ATLANTA)
    try:
        call = alice.invite(f"sip:+442071838750@{ATLANTA}")
        await scene.until(lambda: call.status == 200)
        await asyncio.wait_for(carrier.is_closed.wait(), PATIENCE_S)
        await scene.until(lambda: server.metrics()["trunkline_sip_connections"] == 0)
        await alice.hang_up(call)
        await scene.until(lambda: carrier.requests == ["INVITE", "ACK", "BYE"])
        assert carrier.connections == 2
    finally:
        await carrier.close()


class AnsweringCarrier(Listening):
    """A carrier that answers everything with 200, and closes its first connection once a call stands."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.requests: list[str] = []
        self.connections = 0
        self.is_closed = asyncio.Event()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        framer = StreamFramer()
        while self.requests[-1:] != ["ACK"] or self.is_closed.is_set():
            data = await reader.read(65_536)
            if not data:
                break
            for message in framer.receive(data):
                self._take(message, writer)
        writer.close()
        self.is_closed.set()

    def _take(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        request = parse_message(data)
        assert isinstance(request, Request)
        self.requests.append(request.method)
        if request.method == "ACK":
            return
        headers = [("Contact", f"<sip:{self.host}:{LISTENS_AT};transport=tcp>")]
        body = b""
        if request.method == "INVITE":
            body = described(self.host).encode()
            headers.append(("Content-Type", "application/sdp"))
        writer.write(response_to(request, 200, "", "boston", headers, body).to_bytes())
