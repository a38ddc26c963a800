"""Health and metrics over HTTP."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from trunkline.app.metrics import metrics_text
from trunkline.app.server import Server
from trunkline.edge.edge import ListenError

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_BACKLOG: Final = 128


class HttpServer:
    """Answers ``/health`` and ``/metrics`` on one address, within the server's event loop."""

    def __init__(self, server: Server, host: str, port: int) -> None:
        self._server = server
        self._host = host
        self._port = port
        self._uvicorn: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None
        self.port = 0

    async def start(self) -> None:
        """Bind and serve. Raises ListenError when the address cannot be had."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((self._host, self._port))
            bound.listen(_BACKLOG)  # from now on nobody is refused who was told that we are ready
        except OSError as error:
            bound.close()
            where = f"http {_shown(self._host, self._port)}"
            raise ListenError(f"cannot listen on {where}: {os.strerror(error.errno or 0)}") from error
        self.port = bound.getsockname()[1]
        config = uvicorn.Config(
            self._application(),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
        self._uvicorn = _WithoutSignals(config)
        self._task = asyncio.get_running_loop().create_task(self._uvicorn.serve(sockets=[bound]))

    @property
    def shown(self) -> str:
        """``address:port`` as it stands in a URL."""
        return _shown(self._host, self.port)

    async def stop(self) -> None:
        """Finish what is being answered, and close."""
        if self._uvicorn is not None and self._task is not None:
            self._uvicorn.should_exit = True
            await self._task

    def _application(self) -> Starlette:
        return Starlette(routes=[Route("/health", self._health), Route("/metrics", self._metrics)])

    async def _health(self, _request: Request) -> Response:
        """200 while calls can be served; 503 with the reason while draining or without media."""
        server = self._server
        problems: list[str] = []
        if server.exchange.is_draining:
            problems.append("draining")
        if not server.engine.is_running:
            problems.append("media engine down")
        body = {
            "status": "ok" if not problems else "unavailable",
            "problems": problems,
            "calls": len(server.exchange.calls),
            "bindings": len(server.bindings),
        }
        return JSONResponse(body, 200 if not problems else 503)

    async def _metrics(self, _request: Request) -> Response:
        return Response(metrics_text(self._server), media_type=METRICS_TYPE)


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _WithoutSignals(uvicorn.Server):
    """Leaves signals to whoever runs the event loop."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture none."""
        yield
