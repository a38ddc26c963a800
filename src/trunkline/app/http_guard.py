"""What stands before every HTTP request: rates, sizes, protective header fields, and a line in the log."""

from __future__ import annotations

import re
import time
from typing import Any, Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trunkline.api.authentication import CHALLENGE, Gate
from trunkline.api.rate_limit import TooManyRequests
from trunkline.app.counts import Counts
from trunkline.app.http_failures import HttpFailures
from trunkline.app.http_refusals import asks_who, refused, too_many
from trunkline.app.line_budget import LineBudget
from trunkline.domain.principal import Principal

STRANGERS_BODY: Final = 65_536
"""Octets that somebody may send who names neither himself nor a sign-in: enough for a form."""

UNLIMITED_PATHS: Final = frozenset({"/health", "/metrics"})
"""Watchers look as often as they like; their looks are logged at debug level."""

PASSED_OVER: Final = 64 * 1024 * 1024
"""Octets of a refused body that are waited for, so that its sender hears why; of larger ones nothing is."""

_LONGEST_PATH: Final = 300
_MOST_DIGITS: Final = 15
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
        exchange = _Exchange(scope, receive, send, self._max_body)
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
        if (response := _refused_for_its_body(scope)) is not None:
            await response(scope, exchange.receive, exchange.send)
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


def _refused_for_its_body(scope: Scope) -> Response | None:
    """The refusal of a body that may mean two things (RFC 9112, 6.1), or is compressed; None for all others."""
    headers = Headers(scope=scope)
    if "content-length" in headers and "transfer-encoding" in headers:
        sentence = "A request has a Content-Length or a Transfer-Encoding, not both."
        return refused(scope, 400, sentence, {"Connection": "close"})
    encoding = headers.get("content-encoding", "").strip()[:40]
    if encoding.lower() not in {"", "identity"}:
        sentence = f"A body with Content-Encoding {encoding!r} is not read here; send it as it is."
        return refused(scope, 415, sentence, {"Accept-Encoding": "identity", "Connection": "close"})
    return None


class _Exchange:
    """One request and its response: counts what comes in, and adds to what goes out."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, max_body: int) -> None:
        self.scope = scope
        self.status = 0
        self.body_refused = False
        self._receive = receive
        self._send = send
        headers = Headers(scope=scope)
        self._is_known = "authorization" in headers or "cookie" in headers
        self._max_body = max_body if self._is_known else min(max_body, STRANGERS_BODY)
        self._received = 0

    @property
    def announces_too_much(self) -> bool:
        """Whether the request says that its body is larger than it may be."""
        announced = self._announced
        return announced is not None and announced > self._max_body

    @property
    def _announced(self) -> int | None:
        length = Headers(scope=self.scope).get("content-length", "")
        return int(length) if length.isdecimal() and len(length) <= _MOST_DIGITS else None

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
        """Answer 413, or 401 to a stranger, where nothing was answered yet."""
        if not self.status:
            # Who closes on a client that still sends may take from it what was answered.
            is_soon_over = self._announced is not None and self._announced <= PASSED_OVER
            headers = {} if is_soon_over else {"Connection": "close"}
            if self._is_known or not asks_who(self.scope["path"]):
                sentence = f"The body is too large: at most {self._max_body} octets are read."
                response = refused(self.scope, 413, sentence, headers)
            else:  # many clients send their credentials only when they are asked for
                sentence = f"Say who you are, to send more than {self._max_body} octets."
                response = refused(self.scope, 401, sentence, {**headers, "WWW-Authenticate": CHALLENGE})
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
