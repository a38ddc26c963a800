"""The stream connections that exist, how many each address has, and the one timer that ends those overdue."""

from __future__ import annotations

import asyncio
import contextlib
from ipaddress import IPv6Address
from typing import Final

from trunkline.edge.advertising import ListenerTable
from trunkline.edge.connection import CROWDED_OUT, STOPPING, Connection
from trunkline.edge.deadlines import Deadlines
from trunkline.edge.surroundings import Surroundings
from trunkline.sip.flow import Flow, Listener

TOO_MANY: Final = "too many connections"
TOO_MANY_OF_ADDRESS: Final = "too many connections of this address"

_HOST_BITS: Final = 64
"""Of an IPv6 address: whoever has one has all that differ in these bits only."""


class ConnectionTable:
    """All stream connections of all listeners."""

    def __init__(self, listeners: ListenerTable, around: Surroundings) -> None:
        self._listeners: Final = listeners
        self._loop: Final = around.loop
        self._counters: Final = around.counters
        self._limits: Final = around.limits
        self._by_number: Final[dict[int, Connection]] = {}
        self._by_remote: Final[dict[tuple[Listener, str, int, str], Connection]] = {}
        self._reserved: Final[dict[int, tuple[Listener, str, int]]] = {}
        self._of_address: Final[dict[str, int]] = {}
        # Those that nobody vouches for, the oldest first.
        self._strangers: Final[dict[int, Connection]] = {}
        self._deadlines: Final = Deadlines()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._last_number = 0
        self._all_gone: asyncio.Event | None = None

    def refusal(self, host: str) -> str:
        """Return why there may be no more connections with a remote address; empty when there may.

        When there are as many as may be, the oldest stranger leaves: strangers at many addresses keep nobody out.
        """
        if self._of_address.get(_place(host), 0) >= self._limits.max_connections_per_address:
            return TOO_MANY_OF_ADDRESS
        if self._counters.connections >= self._limits.max_connections and not self._crowd_out():
            return TOO_MANY
        return ""

    def _crowd_out(self) -> bool:
        for number, connection in self._strangers.items():
            del self._strangers[number]
            connection.abort(CROWDED_OUT)
            return True
        return False

    def vouch(self, connection: Connection) -> None:
        """Somebody has proved over this connection who it is."""
        connection.is_vouched_for = True
        self._strangers.pop(connection.number, None)

    def reserve(self, bound: Listener, host: str, port: int) -> int:
        """Count one more connection, which is about to be set up; return its number."""
        self._last_number += 1
        self._reserved[self._last_number] = (bound, host, port)
        place = _place(host)
        self._of_address[place] = self._of_address.get(place, 0) + 1
        self._counters.connections += 1
        return self._last_number

    def release(self, number: int) -> None:
        """Take back a number whose connection has ended or never came to be. Doing so twice does no harm."""
        reserved = self._reserved.pop(number, None)
        if reserved is None:
            return
        place = _place(reserved[1])
        self._counters.connections -= 1
        remaining = self._of_address[place] - 1
        if remaining:
            self._of_address[place] = remaining
        else:
            del self._of_address[place]

    def connection_made(self, connection: Connection, transport: asyncio.Transport) -> Flow:
        """Enter a connection whose handshake is done; return its flow."""
        # Not the transport's own peer name: it has none when the peer is gone already.
        bound, host, port = self._reserved[connection.number]
        local = transport.get_extra_info("sockname")
        face = self._listeners.seen_at(bound, local[0]) if local else bound
        flow = Flow(face, host, port, connection.number, connection.server_name)
        self._by_number[connection.number] = connection
        self._by_remote[bound, flow.host, flow.port, connection.server_name] = connection
        if not connection.is_vouched_for:
            self._strangers[connection.number] = connection
        return flow

    def connection_lost(self, connection: Connection) -> None:
        """Remove a connection."""
        self._deadlines.forget(connection.number)
        self._by_number.pop(connection.number, None)
        self._strangers.pop(connection.number, None)
        reserved = self._reserved.get(connection.number)
        flow = connection.flow
        if reserved is not None and flow is not None:
            remote = (reserved[0], flow.host, flow.port, connection.server_name)
            if self._by_remote.get(remote) is connection:
                del self._by_remote[remote]
        self.release(connection.number)
        if self._all_gone is not None and not self._by_number:
            self._all_gone.set()

    def of_flow(self, flow: Flow) -> Connection | None:
        """Return the open connection of a flow; None when it is gone, or the flow is from before a restart."""
        connection = self._by_number.get(flow.connection)
        if connection is None or not connection.is_open() or connection.flow is None:
            return None
        known = connection.flow
        return connection if known.host == flow.host and known.port == flow.port else None

    def with_remote(self, bound: Listener, flow: Flow, *, verified: bool) -> Connection | None:
        """Return an open connection between a listener and a flow's remote address, None when there is none.

        If it must be verified, one that the peer opened will not do: it has shown no name.
        """
        connection = self._by_remote.get((bound, flow.host, flow.port, flow.server_name or flow.host))
        if connection is None and not verified:
            connection = self._by_remote.get((bound, flow.host, flow.port, ""))
        return connection if connection is not None and connection.is_open() else None

    def look(self, connection: Connection, at: float) -> None:
        """Call the connection's ``check`` no later than this time of the loop."""
        self._deadlines.look(connection.number, at)
        self._set_timer()

    async def stop(self) -> None:
        """Close all connections, giving them a while to write what they have; then end the rest."""
        for connection in list(self._by_number.values()):
            connection.close(STOPPING)
        if self._by_number:
            self._all_gone = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_gone.wait(), self._limits.stop_s)
        for connection in list(self._by_number.values()):
            connection.abort(STOPPING)
        await asyncio.sleep(0)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        at = self._deadlines.next_at()
        if at is None or (self._timer is not None and self._timer_at <= at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_at(at, self._check_due)

    def _check_due(self) -> None:
        self._timer = None
        # Timers of a loop may fire a clock tick early.
        for number in self._deadlines.due(max(self._loop.time(), self._timer_at)):
            connection = self._by_number.get(number)
            if connection is not None:
                connection.check()
        self._set_timer()


def _place(host: str) -> str:
    """What counts as one address: an IPv4 address, or the network of an IPv6 one."""
    if ":" not in host:
        return host
    return f"{int(IPv6Address(host)) >> _HOST_BITS:x}"
