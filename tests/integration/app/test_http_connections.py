"""Clients that send or read slowly, or not at all, or no HTTP: each is cut off, and the others are served."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

import pytest
import uvicorn
from lxml import etree
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from uvicorn.server import ServerState

from fakes.waiting import until
from integration.app.conftest import Serve
from trunkline.app import http_connection
from trunkline.app.http_connection import BoundedConnection, Crowd, Place
from trunkline.app.http_settings import HttpBounds

LIMIT_S = 30.0
"""Far more than any bound here: a slow machine may take its time."""

HOST = b"Host: trunkline.example\r\n"


@dataclass
class Standing:
    """A server of connections and what its application saw."""

    port: int
    crowd: Crowd
    seen: list[str] = field(default_factory=list)


@asynccontextmanager
async def serving(bounds: HttpBounds, *, exempt: tuple[str, ...] = ()) -> AsyncIterator[Standing]:
    async def measure(request: Request) -> Response:
        try:
            size = len(await request.body())
        except ClientDisconnect:
            place.seen.append("gone")
            raise
        place.seen.append(f"{size}")
        return PlainTextResponse(f"{size}")

    async def unread(_request: Request) -> Response:
        return PlainTextResponse("no")

    async def large(_request: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(10_000):
                yield b"x" * 65_536

        return StreamingResponse(pieces())

    methods = ["GET", "POST"]
    routes = [
        Route("/measure", measure, methods=methods),
        Route("/unread", unread, methods=methods),
        Route("/large", large),
    ]
    application = Starlette(routes=routes)
    config = uvicorn.Config(application, log_config=None, lifespan="off", ws="none", timeout_keep_alive=60)
    config.load()
    crowd = Crowd(bounds, tuple(ip_network(text) for text in exempt))
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: BoundedConnection(config, state, {}, bounds=bounds, crowd=crowd), "127.0.0.1", 0
    )
    place = Standing(server.sockets[0].getsockname()[1], crowd)
    yield place
    server.close()
    await until(lambda: not state.connections and not state.tasks, limit_s=LIMIT_S)


class Client:
    """A client that sends what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def trickle(self) -> None:
        """Send an octet every now and then until the server has enough of it."""
        with suppress(OSError):
            while not self.reader.at_eof():
                self.writer.write(b"x")
                await self.writer.drain()
                await asyncio.sleep(0.02)

    async def all(self) -> bytes:
        """Everything until the server closes."""
        async with asyncio.timeout(LIMIT_S):
            received = b""
            with suppress(ConnectionResetError):
                while piece := await self.reader.read(65_536):
                    received += piece
        return received

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, header fields and body of a response with a Content-Length."""
        async with asyncio.timeout(LIMIT_S):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            fields = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
            }
            body = await self.reader.readexactly(int(fields["content-length"]))
        return int(head[0].split()[1]), fields, body


@asynccontextmanager
async def connected(place: Standing) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    yield Client(reader, writer)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def until_cut_off(client: Client, work: Callable[[], Awaitable[None]]) -> bytes:
    trickling = asyncio.ensure_future(work())
    received = await client.all()
    trickling.cancel()
    with suppress(asyncio.CancelledError):
        await trickling
    return received


async def test_a_head_that_comes_octet_by_octet_is_cut_off_and_told_so() -> None:
    async with serving(HttpBounds(head_s=1.5)) as place, connected(place) as client:
        client.send(b"GET /api/accounts/1000001/realms HTTP/1.1\r\nX-Long: ")
        received = await until_cut_off(client, client.trickle)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in head.lower()
    assert etree.fromstring(body).tag == "RealmsResponse"


async def test_a_second_head_is_bounded_as_the_first() -> None:
    async with serving(HttpBounds(head_s=2.0)) as place, connected(place) as client:
        client.send(b"GET /unread HTTP/1.1\r\n" + HOST + b"\r\n")
        assert (await client.answer())[0] == 200
        client.send(b"GET /unread HTTP/1.1\r\nX-Long: ")
        assert (await until_cut_off(client, client.trickle)).startswith(b"HTTP/1.1 408 ")


async def test_who_says_nothing_is_left_without_a_word() -> None:
    async with serving(HttpBounds(head_s=0.2)) as place, connected(place) as client:
        assert await client.all() == b""


async def test_a_body_that_comes_octet_by_octet_is_cut_off() -> None:
    async with serving(HttpBounds(body_s=0.3)) as place:
        for path in (b"/measure", b"/unread"):
            async with connected(place) as client:
                client.send(b"POST " + path + b" HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\n")
                received = await until_cut_off(client, client.trickle)
                assert received.startswith(b"HTTP/1.1 408 " if path == b"/measure" else b"HTTP/1.1 200 ")
        await until(lambda: place.seen == ["gone"], limit_s=LIMIT_S)


async def test_an_endless_body_in_chunks_is_cut_off() -> None:
    async def chunks() -> None:
        with suppress(OSError):
            while True:
                client.send(b"1\r\nx\r\n")
                await client.writer.drain()
                await asyncio.sleep(0.02)

    async with serving(HttpBounds(body_s=0.3)) as place, connected(place) as client:
        client.send(b"POST /measure HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
        assert (await until_cut_off(client, chunks)).startswith(b"HTTP/1.1 408 ")


async def test_who_does_not_read_is_cut_off() -> None:
    async with serving(HttpBounds(response_s=0.3)) as place, connected(place) as client:
        client.send(b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n")
        await until(lambda: place.crowd.total == 1, limit_s=LIMIT_S)
        await until(lambda: place.crowd.total == 0, limit_s=LIMIT_S)


async def test_clients_in_time_are_served_over_one_connection() -> None:
    async with serving(HttpBounds()) as place, connected(place) as client:
        for _ in range(2):
            client.send(b"POST /measure HTTP/1.1\r\n" + HOST + b"Content-Length: 200000\r\n\r\n")
            client.send(b"x" * 200_000)
            assert (await client.answer())[2] == b"200000"
        client.send(
            b"POST /measure HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        )
        async with asyncio.timeout(LIMIT_S):
            assert (await client.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        client.send(b"hello")
        assert (await client.answer())[2] == b"5"
        both = b"GET /unread HTTP/1.1\r\n" + HOST + b"\r\n"
        client.send(both + both)
        assert [(await client.answer())[0] for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    ("path", "read"),
    [
        (b"/api/accounts/1/realms", lambda body: etree.fromstring(body).tag == "RealmsResponse"),
        (b"/native/v1/accounts", lambda body: json.loads(body)["status"] in {400, 431, 501}),
        (b"/sign-in", lambda body: body.lstrip().lower().startswith(b"<!doctype html>")),
    ],
)
@pytest.mark.parametrize(
    ("rest", "status"),
    [
        (HOST + b"Content-Length: many\r\n\r\n", 400),
        (HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (HOST + b"Content-Length: -1\r\n\r\n", 400),
        (HOST + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        (HOST + b"X-Long: " + b"x" * 100_000, 431),
        (b"\r\n", 400),
        (b"no field\r\n\r\n", 400),
    ],
)
async def test_what_is_no_http_is_refused_in_the_form_of_the_surface(
    path: bytes, read: Callable[[bytes], bool], rest: bytes, status: int
) -> None:
    async with serving(HttpBounds()) as place, connected(place) as client:
        client.send(b"GET " + path + b" HTTP/1.1\r\n" + rest)
        received_status, fields, body = await client.answer()
        assert (received_status, fields["connection"]) == (status, "close")
        assert read(body)


async def test_a_refusal_says_nothing_of_what_came() -> None:
    async with serving(HttpBounds()) as place, connected(place) as client:
        client.send(b"GET /api/accounts/1/realms/\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n")
        _, _, body = await client.answer()
    sentence = etree.fromstring(body).findtext("ResponseStatus/Description")
    assert sentence == "The request cannot be read: illegal request line."


async def test_strangers_with_no_http_at_all_write_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(HttpBounds()) as place:
        for number in range(100):
            async with connected(place) as client:
                client.send(b"\x16\x03\x01 hello %d\r\n\r\n" % number)
                assert (await client.all()).startswith(b"HTTP/1.1 400 ")
    assert len(caplog.records) < 60


async def test_over_the_bound_is_503_and_far_over_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "_SPARE", 1)
    request = b"GET /native/v1/accounts HTTP/1.1\r\n" + HOST + b"\r\n"
    async with serving(HttpBounds(most_connections=1)) as place, connected(place) as first:
        await until(lambda: place.crowd.total == 1, limit_s=LIMIT_S)
        async with connected(place) as second:
            await until(lambda: place.crowd.total == 2, limit_s=LIMIT_S)
            async with connected(place) as third:
                assert await third.all() == b""
            second.send(request)
            status, fields, body = await second.answer()
            assert (status, fields["retry-after"], json.loads(body)["status"]) == (503, "10", 503)
            assert await second.all() == b""
        first.send(b"GET /unread HTTP/1.1\r\n" + HOST + b"\r\n")
        assert (await first.answer())[0] == 200


def test_one_address_cannot_take_all_places_but_a_proxy_may() -> None:
    bounds = HttpBounds(most_connections=1000, most_connections_of_address=2)
    crowd = Crowd(bounds, (ip_network("192.0.2.0/28"),))
    entered = [crowd.enter("198.51.100.7") for _ in range(23)]
    assert entered == [Place.FREE] * 2 + [Place.CROWDED] * 20 + [Place.NONE]
    assert crowd.enter("198.51.100.8") is Place.FREE
    assert {crowd.enter("192.0.2.1") for _ in range(50)} == {Place.FREE}
    for _ in range(23):
        crowd.leave("198.51.100.7")
    assert crowd.enter("198.51.100.7") is Place.FREE


def test_a_running_server_has_the_bounds_of_its_settings(serve: Serve) -> None:
    server = serve(settings={"web.head_s": 3.0, "web.max_connections": 500})
    host, _, port = server.http_url.removeprefix("http://").rpartition(":")

    async def wait() -> bytes:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /health HTTP/1.1\r\n")
        received: Any = await asyncio.wait_for(reader.read(), LIMIT_S)
        writer.close()
        return bytes(received)

    assert asyncio.run(wait()).startswith(b"HTTP/1.1 408 ")
