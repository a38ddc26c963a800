"""The JSON API as routes: everything below one prefix, with its description and its human pages beside it."""

from __future__ import annotations

from collections import Counter
from typing import Final

from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount
from starlette.types import Message, Receive, Scope, Send

from trunkline.api.native import (
    accounts,
    applications,
    audit,
    calls,
    cdrs,
    credentials,
    dry_run,
    events,
    exports,
    hash_doctor,
    imports,
    keys,
    ladders,
    numbers,
    overview,
    realms,
    registrations,
    rejections,
    trunks,
    users,
    webhooks,
)
from trunkline.api.native.description import Description
from trunkline.api.native.human_pages import page_routes
from trunkline.api.native.problems import add_handlers
from trunkline.domain.clock import Clock
from trunkline.operations.operations import Operations
from trunkline.provisioning.import_table import ImportTable

PREFIX: Final = "/native/v1"
"""Collides with no path of the other dialects: those have /api, /v1.0, /v2, /v1 (as some of the service's products
write it) and /accounts."""

ROUTERS: Final = (
    accounts.router,
    users.router,
    keys.router,
    realms.router,
    credentials.router,
    imports.router,
    exports.router,
    applications.router,
    trunks.router,
    numbers.router,
    overview.router,
    registrations.router,
    calls.router,
    ladders.router,
    cdrs.router,
    events.router,
    webhooks.router,
    rejections.router,
    dry_run.router,
    hash_doctor.router,
    audit.router,
)
"""In the order of the description."""


def build_native(operations: Operations, clock: Clock) -> list[BaseRoute]:
    """The routes of this API. What authentication stands on is in each request's ``state.gate``."""
    application = build_application(operations, clock)
    description = Description(application, PREFIX)
    return [Mount(PREFIX, _HeadAsGet(application)), *page_routes(description)]


def build_application(operations: Operations, clock: Clock) -> FastAPI:
    """The operations as an application of their own, without its description."""
    application = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    application.state.operations = operations
    application.state.clock = clock
    application.state.imports = ImportTable(clock)
    application.state.streams = Counter()
    for router in ROUTERS:
        application.include_router(router)
    add_handlers(application)
    _complete_routes(application)
    return application


class _HeadAsGet:
    """Answers HEAD as GET without its body (RFC 9110, 9.3.2), which a stream has no end of."""

    def __init__(self, application: FastAPI) -> None:
        self._application = application

    @property
    def routes(self) -> list[BaseRoute]:
        """The operations, for who looks for them behind a mount."""
        return self._application.routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope.get("method") != "HEAD":
            await self._application(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._application({**scope, "method": "GET"}, receive, send_head)


def _complete_routes(application: FastAPI) -> None:
    """Let the framework make its routes now: it puts that off until the first request, when calls would have to wait."""
    scope = {"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": []}
    for route in application.routes:
        route.matches(scope)
