"""The HTTP server: a socket, uvicorn on the server's own event loop, and the way out."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from ipaddress import ip_address, ip_network
from typing import Final

import uvicorn

from trunkline.app.configuration import address_towards_outside
from trunkline.app.http_application import build_application, open_gate
from trunkline.app.http_connection import BoundedConnection, Crowd
from trunkline.app.http_settings import HttpSettings
from trunkline.app.https_certificate import HttpsCertificate
from trunkline.app.proxy_notice import ProxyNotice
from trunkline.app.server import Server
from trunkline.dashboard.setup_token import SetupToken
from trunkline.edge.edge import ListenError

_BACKLOG: Final = 128


class HttpServer:
    """Answers health, metrics, the APIs and the dashboard on one address, within the server's event loop."""

    def __init__(self, server: Server, settings: HttpSettings) -> None:
        self._server = server
        self._settings = settings
        self._uvicorn: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None
        self.gate: Final = open_gate(server, settings.naming, settings.limits)
        self._setup = SetupToken()
        self.port = 0

    async def start(self) -> None:
        """Bind and serve. Raises ListenError when the address or the certificate cannot be had."""
        config = self._configuration()
        bound = self._bind()
        self.port = bound.getsockname()[1]
        self._server.webhooks.own_ports.add(self.port)
        self._uvicorn = _WithoutSignals(config)
        self._task = asyncio.get_running_loop().create_task(self._uvicorn.serve(sockets=[bound]))

    @property
    def shown(self) -> str:
        """``address:port`` as it stands in a URL."""
        return _shown(self._settings.host, self.port)

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""
        return "https" if self._settings.certificate else "http"

    @property
    def address(self) -> str:
        """Where a browser on this machine, or beside it, finds the pages."""
        return f"{self.scheme}://{_shown(_reached(self._settings.host), self.port)}"

    @property
    def setup_path(self) -> str:
        """The page of the first user, with the token that opens it once. A secret while there is no user."""
        return self._setup.path

    async def has_users(self) -> bool:
        """Whether anybody can sign in."""
        return bool(await self.gate.provisioning.users.all())

    async def stop(self) -> None:
        """Finish what is being answered, and close."""
        if self._uvicorn is not None and self._task is not None:
            self._uvicorn.should_exit = True
            self._server.operations.events.let_go()
            await self._task

    def _configuration(self) -> uvicorn.Config:
        settings = self._settings
        application = build_application(self._server, self.gate, settings.limits, self._setup)
        config = uvicorn.Config(
            application if settings.trusted_proxies else ProxyNotice(application),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            http=self._connection(),  # type: ignore[arg-type]
            timeout_graceful_shutdown=2,
        )
        config.load()
        if not settings.certificate:
            return config
        try:
            config.ssl = HttpsCertificate(settings.certificate, settings.key, time.monotonic).context
        except OSError as error:
            raise ListenError(
                f"cannot use the HTTP certificate {settings.certificate} and key {settings.key}: {error}"
            ) from error
        return config

    def _connection(self) -> Callable[..., BoundedConnection]:
        bounds = self._settings.bounds
        proxies = [ip_network(text, strict=False) for text in self._settings.trusted_proxies]
        return partial(BoundedConnection, bounds=bounds, crowd=Crowd(bounds, proxies))

    def _bind(self) -> socket.socket:
        host, port = self._settings.host, self._settings.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((host, port))
            bound.listen(_BACKLOG)  # from now on nobody is refused who was told that we are ready
        except OSError as error:
            bound.close()
            where = f"http {_shown(host, port)}"
            raise ListenError(f"cannot listen on {where}: {os.strerror(error.errno or 0)}") from error
        return bound


def _reached(host: str) -> str:
    """A host to name where this one is bound: all addresses are no address to go to."""
    try:
        is_every = not host or ip_address(host).is_unspecified
    except ValueError:
        return host
    return address_towards_outside(host or "0.0.0.0") if is_every else host  # noqa: S104 - looked up, not bound


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _WithoutSignals(uvicorn.Server):
    """Leaves signals to whoever runs the event loop."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture none."""
        yield
