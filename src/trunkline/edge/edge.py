"""The edge: all SIP sockets of a server, and the one way to send over any of them."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Sequence
from typing import Final

from trunkline.edge.advertising import ListenerTable, LocalAddresses
from trunkline.edge.certificates import Certificates
from trunkline.edge.connection import CLOSED_HERE
from trunkline.edge.connection_table import ConnectionTable
from trunkline.edge.counters import Counters
from trunkline.edge.datagrams import DatagramSocket
from trunkline.edge.limits import EdgeLimits
from trunkline.edge.listener_text import ListenerSettings
from trunkline.edge.receiver import Receiver
from trunkline.edge.stream_sockets import Acceptor, Opener
from trunkline.edge.surroundings import Surroundings
from trunkline.sip.flow import SECURE, UDP, WS, WSS, Flow, Listener


class ListenError(OSError):
    """A listener cannot be had. ``str()`` of it is a sentence that names it and says why."""


class Edge:
    """Binds listeners, hands what arrives to a receiver and sends what it is given.

    Bind and read with ``start``; from then on ``listeners`` are known. All methods are to be called from the event
    loop; none but ``start`` and ``stop`` wait.
    """

    def __init__(
        self,
        settings: Sequence[ListenerSettings],
        receiver: Receiver,
        limits: EdgeLimits | None = None,
    ) -> None:
        self.counters: Final = Counters()
        self._settings: Final = tuple(settings)
        self._receiver: Final = receiver
        self._limits: Final = limits or EdgeLimits()
        self._certificates: Final[dict[Listener, Certificates]] = {}
        self._datagram_sockets: Final[dict[Listener, DatagramSocket]] = {}
        self._acceptors: Final[list[Acceptor]] = []
        self._running: _Running | None = None

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """What is listened on, in the order given, with the ports that were free where 0 was asked for."""
        return self._require_running().listeners.bound

    async def start(self) -> None:
        """Bind all listeners and begin to read; raises ``ListenError`` when one cannot be had, and keeps none."""
        loop = asyncio.get_running_loop()
        running = _Running(Surroundings(loop, self._receiver, self.counters, self._limits), self._fail)
        self._running = running
        try:
            for settings in self._settings:
                self._bind(running, settings)
        except OSError:
            await self.stop()
            raise
        for datagram_socket in list(self._datagram_sockets.values()):
            datagram_socket.start()
        for acceptor in self._acceptors:
            acceptor.start()

    async def stop(self) -> None:
        """Accept and read no more, write what waits to be written, and close everything.

        The receiver hears nothing of the connections that end by it.
        """
        running = self._running
        if running is None:
            return
        for acceptor in self._acceptors:
            acceptor.stop()
        running.opener.stop()
        await running.connections.stop()
        for datagram_socket in set(self._datagram_sockets.values()):
            datagram_socket.stop()
        self._acceptors.clear()
        self._datagram_sockets.clear()
        self._running = None

    def send(self, flow: Flow, data: bytes) -> None:
        """Send one message over a flow; never waits.

        A stream flow without a connection, or whose connection was opened here and is closed, reuses one to that
        remote address or has one opened. What certainly fails is told to the receiver's ``send_failed``, later and
        with this flow.
        """
        datagram_socket = self._datagram_sockets.get(flow.listener)
        if datagram_socket is not None:
            datagram_socket.send(flow, data)
        else:
            self._send_otherwise(flow, data)

    def listener_for(self, transport: str, host: str) -> Listener | None:
        """Return the listener to reach a remote IP address from over a transport, None when none fits.

        What it advertises is our address on the route there. A flow made with it and connection 0 can be sent on.
        """
        return self._require_running().listeners.choose(transport, host)

    def listener_at(self, transport: str, port: int, host: str) -> Listener | None:
        """Return the listener at a local port as a remote IP address sees it, None when there is none.

        For flows that are remembered over a restart.
        """
        return self._require_running().listeners.find(transport, port, host)

    def is_own_address(self, host: str, port: int) -> bool:
        """Whether a host (an address or an advertised name, no brackets) and port are one of our listeners'."""
        return self._require_running().listeners.is_own(host, port)

    def local_address_towards(self, host: str) -> str:
        """Return our address on the route to a remote IP address, an empty string when there is no route."""
        return self._require_running().addresses.towards(host)

    def is_alive(self, flow: Flow) -> bool:
        """Whether a flow can be sent on as it is: always for datagrams, else if its connection is open."""
        if not flow.is_reliable:
            return True
        return self._require_running().connections.of_flow(flow) is not None

    def hold_open(self, flow: Flow, seconds: float) -> None:
        """Don't close the flow's connection as idle for so long: a registration lives on it."""
        connection = self._require_running().connections.of_flow(flow)
        if connection is not None:
            connection.hold_open(seconds)

    def vouch(self, flow: Flow) -> None:
        """Somebody has proved over this flow who it is: its connection is kept as long as there is use for it."""
        connection = self._require_running().connections.of_flow(flow)
        if connection is not None and not connection.is_vouched_for:
            self._require_running().connections.vouch(connection)

    def close_flow(self, flow: Flow) -> None:
        """Close the flow's connection after writing what waits; the receiver's ``flow_closed`` follows."""
        connection = self._require_running().connections.of_flow(flow)
        if connection is not None:
            connection.close(CLOSED_HERE)

    def _send_otherwise(self, flow: Flow, data: bytes) -> None:
        """Send on a stream, or on a face of a UDP listener that was not seen before."""
        running = self._running
        bound = running.listeners.bound_of(flow.listener) if running is not None else None
        if running is None or bound is None:
            self._fail(flow, data, "not listening")
        elif bound.transport == UDP:
            datagram_socket = self._datagram_sockets[bound]
            self._datagram_sockets[flow.listener] = datagram_socket
            datagram_socket.send(flow, data)
        else:
            self._send_on_stream(running, bound, flow, data)

    def _send_on_stream(self, running: _Running, bound: Listener, flow: Flow, data: bytes) -> None:
        connection = running.connections.of_flow(flow) if flow.connection else None
        # What the peer opened cannot be opened by us; what we opened can be again.
        may_open = not flow.connection or bool(flow.server_name)
        if connection is None and may_open:
            settings = running.listeners.settings_of(bound)
            verified = settings.verify and bound.transport in SECURE
            connection = running.connections.with_remote(bound, flow, verified=verified)
        if connection is not None:
            fault = connection.send(data)
            if fault:
                self._fail(flow, data, fault)
        elif not may_open:
            self._fail(flow, data, "connection closed")
        elif bound.transport in (WS, WSS):
            # RFC 7118 §5: only the client opens WebSocket connections.
            self._fail(flow, data, "no WebSocket connection")
        else:
            running.opener.send(bound, flow, data, self._certificates.get(bound))

    def _bind(self, running: _Running, settings: ListenerSettings) -> None:
        certificates = None
        if settings.transport in SECURE:
            try:
                certificates = Certificates(settings, running.around.loop.time)
            except OSError as error:
                raise ListenError(f"cannot use the certificate of {settings}: {error}") from error
        bound_socket = _bound_socket(settings)
        listener = running.listeners.add(settings, bound_socket.getsockname()[1])
        if settings.transport == UDP:
            self._datagram_sockets[listener] = DatagramSocket(
                bound_socket, listener, running.listeners, running.around
            )
            return
        if certificates is not None:
            self._certificates[listener] = certificates
        self._acceptors.append(
            Acceptor(bound_socket, listener, certificates, running.connections, running.around)
        )

    def _fail(self, flow: Flow, data: bytes, reason: str) -> None:
        self.counters.send_failures += 1
        if self._running is not None:
            self._running.around.loop.call_soon(self._receiver.send_failed, flow, data, reason)

    def _require_running(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the edge is not started")
        return self._running


class _Running:
    """What exists while the edge runs."""

    def __init__(self, around: Surroundings, failed: Callable[[Flow, bytes, str], None]) -> None:
        self.around: Final = around
        self.addresses: Final = LocalAddresses(around.loop.time)
        self.listeners: Final = ListenerTable(self.addresses)
        self.connections: Final = ConnectionTable(self.listeners, around)
        self.opener: Final = Opener(self.connections, around, failed)


def _bound_socket(settings: ListenerSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    kind = socket.SOCK_DGRAM if settings.transport == UDP else socket.SOCK_STREAM
    bound_socket = socket.socket(family, kind)
    try:
        if family == socket.AF_INET6:
            # 0.0.0.0 and [::] are two listeners, and no IPv4 address comes in IPv6 dress.
            bound_socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            bound_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound_socket.bind((settings.host, settings.port))
    except OSError as error:
        bound_socket.close()
        raise ListenError(f"cannot listen on {settings}: {os.strerror(error.errno or 0)}") from error
    return bound_socket
