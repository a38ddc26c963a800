"""Running a server until it is told to stop: signals, draining, the way out."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

import structlog
import uvloop

from trunkline.app.configuration import http_settings, server_settings
from trunkline.app.http import HttpServer
from trunkline.app.server import Server
from trunkline.settings import Settings

Started = Callable[[Server, HttpServer | None], Awaitable[None]]


def run(settings: Settings, started: Started) -> None:
    """Serve until SIGTERM or SIGINT; ``started`` is awaited once everything listens.

    The first signal drains: no new calls, running ones end or are ended after the drain time. A second one stops
    at once. Raises what starting raises.
    """
    uvloop.run(_serve(settings, started))


async def _serve(settings: Settings, started: Started) -> None:
    stopping = asyncio.Event()
    hurried = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, stopping, hurried)
    server = await Server.start(server_settings(settings))
    http: HttpServer | None = None
    try:
        if settings.http:
            http = HttpServer(server, http_settings(settings))
            await http.start()
        await started(server, http)
        await stopping.wait()
        await _drain(server, settings.sip.drain_s, hurried)
    finally:
        if http is not None:
            await http.stop()
        await server.stop()


def _stop(stopping: asyncio.Event, hurried: asyncio.Event) -> None:
    """The first signal asks to stop, the next one to hurry."""
    if stopping.is_set():
        hurried.set()
    stopping.set()


async def _drain(server: Server, limit_s: float, hurried: asyncio.Event) -> None:
    log = structlog.get_logger("trunkline")
    log.info("draining", calls=len(server.exchange.calls), seconds=limit_s)
    drained = asyncio.ensure_future(server.drain(limit_s))
    hurry = asyncio.ensure_future(hurried.wait())
    await asyncio.wait({drained, hurry}, return_when=asyncio.FIRST_COMPLETED)
    if not drained.done():
        drained.cancel()
        await asyncio.gather(drained, return_exceptions=True)
        await server.drain(0.0)
    hurry.cancel()
    log.info("stopped")
