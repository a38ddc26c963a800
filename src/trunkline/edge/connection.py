"""One stream connection: bytes in, messages out, and the clock that it lives by."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Protocol, cast

from trunkline.edge.counters import count
from trunkline.edge.surroundings import Surroundings
from trunkline.edge.wires import Wire
from trunkline.sip.flow import Flow

_log: Final = logging.getLogger(__name__)

SILENT: Final = "no message came"
UNPROVEN: Final = "nobody proved who it is"
CROWDED_OUT: Final = "made room for another"
SLOW: Final = "a message took too long"
IDLE: Final = "idle"
LINGERED: Final = "malformed"
ENDED_BY_PEER: Final = "ended by the peer"
NOT_READING: Final = "the peer does not read"
CLOSED_HERE: Final = "closed here"
STOPPING: Final = "stopping"


class ConnectionOwner(Protocol):
    """Whoever keeps the connections and looks after their deadlines."""

    def connection_made(self, connection: Connection, transport: asyncio.Transport) -> Flow:
        """Enter a connection whose handshake is done; return its flow."""
        ...

    def connection_lost(self, connection: Connection) -> None:
        """Remove a connection."""
        ...

    def look(self, connection: Connection, at: float) -> None:
        """Call ``check`` no later than this time of the loop."""
        ...


class Connection(asyncio.Protocol):
    """A TCP, TLS or WebSocket connection.

    ``was_opened`` tells that we opened it; then ``server_name`` is the name that was wanted there, else it is empty.
    ``is_vouched_for``: somebody proved over it who it is.
    """

    def __init__(
        self,
        number: int,
        wire: Wire,
        owner: ConnectionOwner,
        around: Surroundings,
        *,
        was_opened: bool,
        server_name: str = "",
    ) -> None:
        self.number: Final = number
        self.was_opened: Final = was_opened
        self.server_name: Final = server_name
        self.flow: Flow | None = None
        self._wire: Final = wire
        self._owner: Final = owner
        self._loop: Final = around.loop
        self._receiver: Final = around.receiver
        self._counters: Final = around.counters
        self._limits: Final = around.limits
        self._transport: asyncio.Transport | None = None
        self._made_at = self._loop.time()
        self._active_at = self._made_at
        self._partial_since: float | None = None
        self._held_until = 0.0
        self._lingers_until: float | None = None
        self._is_known = was_opened  # the receiver has heard of it, so it hears of its end
        self.is_vouched_for = was_opened
        self._end_reason = ""

    def is_open(self) -> bool:
        """Whether messages can be sent and are read."""
        return self._transport is not None and not self._end_reason and self._lingers_until is None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin (asyncio calls this, after the TLS handshake where there is one)."""
        # Of asyncio's kind by its methods: uvloop's transports inherit from nothing of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._made_at = self._active_at = self._loop.time()
        self.flow = self._owner.connection_made(self, self._transport)
        self._owner.look(self, self._deadline()[0])

    def data_received(self, data: bytes) -> None:
        """Take bytes from the peer (asyncio calls this)."""
        if not self.is_open() or self.flow is None:
            return
        self._active_at = self._loop.time()
        messages = self._wire.receive(data)
        self._reply()
        if messages:
            self._is_known = True
            count(self._counters.received, self.flow.transport, len(messages))
        for message in messages:
            if not self.is_open():
                return
            self._deliver(message, self.flow)
        if self._wire.fault is not None:
            self._linger(self.flow)
        elif self._wire.is_ended:
            self.close(ENDED_BY_PEER)
        else:
            self._time_partial(restart=bool(messages))

    def eof_received(self) -> bool:
        """Close: a peer that has stopped sending cannot take part in SIP (asyncio calls this)."""
        self._end_reason = self._end_reason or ENDED_BY_PEER
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """End (asyncio calls this, once)."""
        reason = self._end_reason or (str(exc) if exc is not None else ENDED_BY_PEER)
        self._transport = None
        self._end_reason = reason
        self._owner.connection_lost(self)
        count(self._counters.closed, reason if exc is None else "broken")
        if self._is_known and self.flow is not None and reason != STOPPING:
            self._receiver.flow_closed(self.flow, reason)

    def send(self, data: bytes) -> str:
        """Write a message; return an empty string, or the reason why it cannot be."""
        if not self.is_open() or self._transport is None or self.flow is None:
            return "connection closed"
        encoded = self._wire.encode(data)
        if not encoded:
            return "connection not ready"
        self._write(encoded)
        self._active_at = self._loop.time()
        count(self._counters.sent, self.flow.transport)
        return self._end_reason

    def hold_open(self, seconds: float) -> None:
        """Don't count it as idle for so long from now."""
        self._held_until = max(self._held_until, self._loop.time() + seconds)

    def close(self, reason: str) -> None:
        """Write what is still to be written, say good-bye and close."""
        if self._transport is None or self._transport.is_closing():
            return
        self._end_reason = self._end_reason or reason
        self._write(self._wire.ending())
        self._transport.close()
        # A peer that doesn't read would keep what is unwritten, and us, for ever.
        self._lingers_until = self._loop.time() + self._limits.linger_s
        self._owner.look(self, self._lingers_until)

    def abort(self, reason: str) -> None:
        """Close at once; what is unwritten is lost."""
        self._end_reason = self._end_reason or reason
        if self._transport is not None:
            self._transport.abort()

    def check(self) -> None:
        """Close if a deadline has passed; else ask to be looked at again at the next one."""
        deadline, reason = self._deadline()
        if deadline > self._loop.time():
            self._owner.look(self, deadline)
        elif self._lingers_until is not None or reason == SLOW:
            self.abort(reason)
        else:
            self.close(reason)

    def _deliver(self, message: bytes, flow: Flow) -> None:
        try:
            self._receiver.received(message, flow)
        except Exception:  # noqa: BLE001
            # A fault above the edge is not the peer's: its connection goes on.
            self._counters.receiver_faults += 1
            _log.exception("a message on %s was not dealt with", flow)

    def _reply(self) -> None:
        """Write what the wire itself has to answer."""
        replies = self._wire.replies()
        if replies:
            self._write(replies)

    def _write(self, data: bytes) -> None:
        if not data or self._transport is None:
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > self._limits.max_unsent:
            self.abort(NOT_READING)

    def _linger(self, flow: Flow) -> None:
        """Show the malformed head above, give the answer time to be read, and close."""
        fault = self._wire.fault
        if fault is not None and fault.head:
            self._is_known = True
            count(self._counters.dropped, fault.reason)
            try:
                self._receiver.malformed(flow, fault.reason, fault.head)
            except Exception:  # noqa: BLE001
                self._counters.receiver_faults += 1
                _log.exception("a malformed message on %s was not dealt with", flow)
        if self._transport is None or self._transport.is_closing():
            return
        # Closing with unread bytes would reset the connection, and the answer with it.
        self._lingers_until = self._loop.time() + self._limits.linger_s
        self._end_reason = LINGERED
        self._write(self._wire.ending())
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._owner.look(self, self._lingers_until)

    def _time_partial(self, *, restart: bool) -> None:
        """Start the clock of a message at its first byte; more of its bytes don't touch it."""
        if not self._wire.is_partial:
            self._partial_since = None
        elif self._partial_since is None or restart:
            self._partial_since = self._active_at
            self._owner.look(self, self._active_at + self._limits.message_s)

    def _deadline(self) -> tuple[float, str]:
        """Return when this connection is to end if nothing changes, and why."""
        if self._lingers_until is not None:
            return self._lingers_until, self._end_reason
        limits = self._limits
        deadline = max(self._active_at + limits.idle_s, self._held_until)
        reason = IDLE
        if not self.is_vouched_for and self._made_at + limits.stranger_s < deadline:
            deadline, reason = self._made_at + limits.stranger_s, UNPROVEN
        if not self._is_known and self._made_at + limits.silent_s < deadline:
            deadline, reason = self._made_at + limits.silent_s, SILENT
        if self._partial_since is not None and self._partial_since + limits.message_s < deadline:
            deadline, reason = self._partial_since + limits.message_s, SLOW
        return deadline, reason
