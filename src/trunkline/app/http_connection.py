"""HTTP/1.1 connections that end in time: slow heads, bodies and readers are cut off, and nobody takes all places."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import Counter
from collections.abc import Sequence
from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Final
from urllib.parse import unquote

import h11
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from trunkline.app.http_refusals import refused
from trunkline.app.http_settings import HttpBounds
from trunkline.app.line_budget import LineBudget

SLOWEST_BODY: Final = 16 * 1024
"""Octets of a body that are taken for a second of patience more."""

RETRY_AFTER_S: Final = 10
LINGER_S: Final = 5.0
"""So long a closed connection may take to send what is left."""

_SPARE: Final = 100
_SPARE_OF_ADDRESS: Final = 20
"""So many connections more are told that there are too many; yet more are closed without a word."""

_HEAD_KEPT: Final = 2048
_LOG: Final = logging.getLogger("trunkline.http.connection")
_lines = LineBudget(per_second=1.0, burst=20.0)
_LOG.addFilter(lambda _record: _lines.admits())


class Place(Enum):
    """What a new connection gets."""

    FREE = "free"
    CROWDED = "crowded"
    NONE = "none"


class Crowd:
    """Who is connected. ``exempt`` are the networks of proxies, through which many come."""

    def __init__(self, bounds: HttpBounds, exempt: Sequence[IPv4Network | IPv6Network] = ()) -> None:
        self._bounds = bounds
        self._exempt = tuple(exempt)
        self._of_address: Counter[str] = Counter()
        self.total = 0

    def enter(self, address: str) -> Place:
        """Count a connection, and tell whether there is a place for it. It leaves in any case."""
        self.total += 1
        self._of_address[address] += 1
        over = self.total - self._bounds.most_connections
        over_of_address = self._of_address[address] - self._bounds.most_connections_of_address
        if over_of_address > 0 and self._is_exempt(address):
            over_of_address = 0
        if over > _SPARE or over_of_address > _SPARE_OF_ADDRESS:
            return Place.NONE
        return Place.CROWDED if over > 0 or over_of_address > 0 else Place.FREE

    def leave(self, address: str) -> None:
        """A connection is over."""
        self.total -= 1
        self._of_address[address] -= 1
        if not self._of_address[address]:
            del self._of_address[address]

    def _is_exempt(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._exempt)


async def crowded(scope: Scope, receive: Receive, send: Send) -> None:
    """The application of connections for which there is no place."""
    sentence = "There are too many connections now. Try again in a while."
    headers = {"Retry-After": str(RETRY_AFTER_S), "Connection": "close"}
    await refused(scope, 503, sentence, headers)(scope, receive, send)


class BoundedConnection(H11Protocol):
    """One connection. What it waits for is bounded: a head, a body, or that the client reads."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        bounds: HttpBounds,
        crowd: Crowd,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.logger = _LOG
        self._bounds = bounds
        self._crowd = crowd
        self._address: str | None = None
        self._head = b""
        self._awaited: tuple[object, RequestResponseCycle | None] = (None, None)
        self._awaited_since = 0.0
        self._received = 0
        self._patience: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._leaving: asyncio.TimerHandle | None = None

    # What the transport tells.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection in, as far as there is a place."""
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        place = self._crowd.enter(self._address)
        if place is Place.NONE:
            transport.abort()
            return
        if place is Place.CROWDED:
            self.app = crowded
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        if self._address is not None:
            self._crowd.leave(self._address)
            self._address = None
        for timer in (self._patience, self._reading, self._leaving):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, and see what is waited for next."""
        if self.conn.their_state is h11.IDLE and len(self._head) < _HEAD_KEPT:
            self._head += data[:_HEAD_KEPT]
        self._received += len(data)
        super().data_received(data)
        self._watch()

    def pause_writing(self) -> None:
        """The client does not read as fast as it is answered."""
        super().pause_writing()
        self._reading = self.loop.call_later(self._bounds.response_s, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read again."""
        super().resume_writing()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    # What the protocol makes of it.

    def on_response_complete(self) -> None:
        """A response is over; there may be a next request already."""
        super().on_response_complete()
        self._watch()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing came after a response: go, even if the client does not take the rest."""
        super().timeout_keep_alive_handler()
        self._linger()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, as who sent it will understand it."""
        error = sys.exception()
        status = getattr(error, "error_status_hint", 400)
        reason = str(error or msg).partition(": bytearray")[0]  # what came is not said again
        self._give_up(status, f"The request cannot be read: {reason[:120]}.")

    def _should_upgrade(self) -> bool:
        return False  # offers of other protocols may be passed over (RFC 9110, 7.8)

    # Patience.

    def _watch(self) -> None:
        """Give the client time for what it is to send now; what has begun goes on."""
        state = self.conn.their_state
        if state is not h11.IDLE:
            self._head = b""
        awaited = (state if state in {h11.IDLE, h11.SEND_BODY} else None, self.cycle)
        if awaited == self._awaited:
            return
        self._awaited, self._awaited_since, self._received = awaited, self.loop.time(), 0
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        # Between requests the time of keep-alive counts, which ends with the first octet.
        if awaited[0] is h11.SEND_BODY:
            self._patience = self.loop.call_later(self._bounds.body_s, self._check_body)
        elif awaited[0] is h11.IDLE:
            self._patience = self.loop.call_later(self._bounds.head_s, self._end_head)

    def _end_head(self) -> None:
        if not self._head:
            self._close()
            return
        self._give_up(408, f"The head of the request did not come within {self._bounds.head_s:g} s.")

    def _check_body(self) -> None:
        granted = self._bounds.body_s + self._received / SLOWEST_BODY
        left = self._awaited_since + granted - self.loop.time()
        if self.flow.read_paused or self.cycle.waiting_for_100_continue:  # it is we who take our time
            self._awaited_since += max(1.0, -left)
            left = 1.0
        if left > 0:
            self._patience = self.loop.call_later(left, self._check_body)
        else:
            self._give_up(408, "The body of the request comes too slowly.")

    # Ends.

    def _give_up(self, status: int, sentence: str) -> None:
        """Answer, where nothing was answered yet, and close."""
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            scope = self._asked()
            self._write(refused(scope, status, sentence), is_head=scope["method"] == "HEAD")
        self._close()

    def _asked(self) -> Scope:
        """What is known of the request that is not answered by the application."""
        if self.conn.their_state is h11.SEND_BODY and self.scope is not None:
            return {**self.scope}
        method, _, rest = self._head.lstrip().partition(b" ")
        target = rest.partition(b"\r\n")[0].partition(b" ")[0].partition(b"?")[0].decode("latin-1")
        is_readable = method.isalpha() and target.startswith("/")
        path = unquote(target) if is_readable else "/native"  # a program, most likely
        return {"type": "http", "method": method.decode("latin-1") or "GET", "path": path, "headers": []}

    def _write(self, response: Response, *, is_head: bool) -> None:
        headers = [*response.raw_headers, (b"connection", b"close")]
        status = response.status_code
        events: list[h11.Event] = [
            h11.Response(status_code=status, headers=headers, reason=STATUS_PHRASES.get(status, b""))
        ]
        if not is_head:
            events.append(h11.Data(data=bytes(response.body)))
        for event in (*events, h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")

    def _close(self) -> None:
        self.transport.close()
        self._linger()

    def _linger(self) -> None:
        if self._leaving is None:
            self._leaving = self.loop.call_later(LINGER_S, self.transport.abort)
