"""The HTTP application: health, metrics, the APIs and the dashboard in one, behind one guard."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from trunkline.api.application import build_api
from trunkline.api.authentication import Gate
from trunkline.api.native.application import build_native
from trunkline.api.rate_limit import Rate, RateLimits
from trunkline.app.http_guard import HttpGuard
from trunkline.app.http_refusals import routed
from trunkline.app.http_settings import HttpLimits
from trunkline.app.metrics import metrics_text
from trunkline.app.prompt_store import PromptStore
from trunkline.app.reach import ServerReach
from trunkline.app.server import Server
from trunkline.app.sip_addresses import sip_addresses
from trunkline.dashboard.application import build_dashboard
from trunkline.dashboard.setup_token import SetupToken
from trunkline.provisioning.access import AccessControl
from trunkline.provisioning.passwords import PasswordHashes
from trunkline.provisioning.provisioning import Provisioning
from trunkline.provisioning.realms import RealmNaming
from trunkline.store.provisioning_store import SqlProvisioningStore

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BURST_S: Final = 4.0
"""How many seconds' worth of requests may come at once."""


def open_gate(server: Server, naming: RealmNaming, limits: HttpLimits) -> Gate:
    """The use cases and the access control of a running server."""
    store = SqlProvisioningStore(server.database)
    hashes = PasswordHashes()
    return Gate(
        access=AccessControl(store, server.clock, hashes=hashes),
        provisioning=Provisioning(PromptStore(store, server.catch_up), server.clock, naming, hashes=hashes),
        limits=RateLimits(_rate(limits.of_principal), _rate(limits.of_source), server.clock.now),
    )


def _rate(per_second: float) -> Rate:
    return Rate(per_second, max(1.0, BURST_S * per_second))


def build_application(server: Server, gate: Gate, limits: HttpLimits, setup: SetupToken) -> ASGIApp:
    """Everything that is answered over HTTP. ``setup`` is what lets somebody make the first user."""
    watching = Watching(server)
    addresses = partial(sip_addresses, lambda: server.listeners)
    pages = build_dashboard(
        gate.provisioning, gate.access, server.operations, ServerReach(server), server.clock, setup
    )
    routes: Sequence[BaseRoute] = [
        *watching.routes(),
        *build_api(addresses),
        *build_native(server.operations, server.clock),
        *pages,
    ]
    return HttpGuard(routed(routes), gate, limits.max_body, server.counts)


class Watching:
    """``/health`` and ``/metrics``, for programs that watch the server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def routes(self) -> list[Route]:
        """Their routes."""
        return [Route("/health", self._health), Route("/metrics", self._metrics)]

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
