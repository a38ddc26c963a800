"""What stands before every HTTP request: rates, sizes, protective header fields, and a line in the log."""

from __future__ import annotations

import re
import time
from typing import Any, Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trunkline.api.authentication import Gate
from trunkline.api.rate_limit import TooManyRequests
from trunkline.app.counts import Counts
from trunkline.app.http_failures import HttpFailures
from trunkline.app.http_refusals import refused, too_many
from trunkline.app.line_budget import LineBudget
from trunkline.domain.principal import Principal

STRANGERS_BODY: Final = 65_536
"""Octets that somebody may send who names neither himself nor a sign-in: enough for a form."""

UNLIMITED_PATHS: Final = frozenset({"/health", "/metrics"})
"""Watchers look as often as they like; their looks are logged at debug level."""

_LONGEST_PATH: Final = 300
_AUTHORITY: Final = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)
_HSTS: Final = "max-age=31536000"
_PROTECTIVE: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""Header fields that responses get unless they bring their own."""

_log: Final = structlog.get_logger("trunkline.http")


class HttpGuard:
    """Wraps an ASGI application; ``max_body`` are the octets that a known sender may send.

    ``counts`` is told of what fails through no fault of a sender.
    """

    def __init__(self, application: ASGIApp, gate: Gate, max_body: int, counts: Counts | None = None) -> None:
        self._application = application
        self._gate = gate
        self._max_body = max_body
        self._strangers_lines = LineBudget()
        self._failures = HttpFailures(counts or Counts())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        _take_origin_form(scope)
        state: dict[str, Any] = scope.setdefault("state", {})
        state["gate"] = self._gate
        exchange = _Exchange(scope, receive, send, self._limit(scope))
        started = time.monotonic()
        try:
            await self._answer(exchange)
        finally:
            self._tell(exchange, (time.monotonic() - started) * 1000)

    async def _answer(self, exchange: _Exchange) -> None:
        scope = exchange.scope
        try:
            if scope["path"] not in UNLIMITED_PATHS:
                self._gate.limits.check_source(_source(scope))
        except TooManyRequests as fault:
            await too_many(scope, fault)(scope, exchange.receive, exchange.send)
            return
        if exchange.announces_too_much:
            await exchange.refuse_body()
            return
        try:
            await self._application(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            return  # nobody is there to be answered
        except Exception as error:  # noqa: BLE001 - it is logged and answered as ours
            # Whoever was reading a body that was refused failed, as he should.
            if not exchange.body_refused:
                await self._fail(exchange, error)

    async def _fail(self, exchange: _Exchange, error: Exception) -> None:
        response = self._failures.answer(exchange.scope, error)
        if not exchange.status:  # else the connection is closed in the middle of what was begun
            await response(exchange.scope, exchange.receive, exchange.send)

    def _limit(self, scope: Scope) -> int:
        headers = Headers(scope=scope)
        is_known = "authorization" in headers or "cookie" in headers
        return self._max_body if is_known else min(self._max_body, STRANGERS_BODY)

    def _tell(self, exchange: _Exchange, took_ms: float) -> None:
        scope = exchange.scope
        principal = scope["state"].get("principal")
        name = principal.name if isinstance(principal, Principal) else None
        if name is None and exchange.status >= 400 and not self._strangers_lines.admits():
            return
        watch = scope["path"] in UNLIMITED_PATHS and exchange.status < 500
        (_log.debug if watch else _log.info)(
            "request",
            method=scope["method"],
            path=scope["path"][:_LONGEST_PATH],
            status=exchange.status,
            ms=round(took_ms, 1),
            source=_source(scope),
            principal=name,
            **self._strangers_lines.note(),
        )


def _take_origin_form(scope: Scope) -> None:
    """A target may be a whole address, as clients of proxies send it; its host then counts instead of Host (RFC 9112, 3.2.2)."""
    found = _AUTHORITY.match(scope["path"])
    if found is None:
        return
    scope["path"] = scope["path"][found.end() :] or "/"
    scope["raw_path"] = (
        _AUTHORITY.sub("", scope.get("raw_path", b"").decode("latin-1"), 1).encode("latin-1") or b"/"
    )
    others = [(name, value) for name, value in scope["headers"] if name != b"host"]
    scope["headers"] = [(b"host", found[1].encode("latin-1", "replace")), *others]


class _Exchange:
    """One request and its response: counts what comes in, and adds to what goes out."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, max_body: int) -> None:
        self.scope = scope
        self.status = 0
        self.body_refused = False
        self._receive = receive
        self._send = send
        self._max_body = max_body
        self._received = 0

    @property
    def announces_too_much(self) -> bool:
        """Whether the request says that its body is larger than it may be."""
        length = Headers(scope=self.scope).get("content-length", "")
        return length.isdecimal() and int(length) > self._max_body

    async def receive(self) -> Message:
        """The next piece of the request; nothing more of a body that grows too large."""
        if self.body_refused:
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            if self._received > self._max_body:
                await self.refuse_body()
                return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        """Send a piece of the response, unless the request was refused meanwhile."""
        if self.body_refused:
            return
        await self._pass_on(message)

    async def refuse_body(self) -> None:
        """Answer 413, where nothing was answered yet."""
        if not self.status:
            sentence = f"The body is too large: at most {self._max_body} octets are read."
            response = refused(self.scope, 413, sentence, {"Connection": "close"})
            await response(self.scope, self._receive, self._pass_on)
        self.body_refused = True

    async def _pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _PROTECTIVE.items():
                headers.setdefault(name, value)
            if self.scope["scheme"] == "https":
                headers.setdefault("Strict-Transport-Security", _HSTS)
        await self._send(message)


def _source(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""
