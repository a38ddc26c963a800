"""Accept and open stream connections: the sockets before asyncio's transports take them over."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Final

from trunkline.edge.certificates import Certificates
from trunkline.edge.connection import Connection
from trunkline.edge.connection_table import ConnectionTable
from trunkline.edge.counters import count
from trunkline.edge.surroundings import Surroundings
from trunkline.edge.wires import StreamWire, WebSocketWire, Wire
from trunkline.sip.flow import WS, WSS, Flow, Listener

_log: Final = logging.getLogger(__name__)

_ACCEPT_BATCH: Final = 64
_BACKLOG: Final = 1_024
_PAUSE_S: Final = 1.0
_OUT_OF_RESOURCES: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)

# A peer that vanished without a word is found by the kernel: probes after a minute of silence keep a NAT
# mapping open as well, and what is sent has half a minute to be acknowledged.
_OPTIONS: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
)

_Place = tuple[Listener, str, int, str]
"""Whence and where a connection goes: our listener, the remote address and port, the name over there."""


def new_connection(
    number: int,
    bound: Listener,
    connections: ConnectionTable,
    around: Surroundings,
    *,
    server_name: str = "",
) -> Connection:
    """Return a connection before it is made; one that we open has a server name."""
    wire: Wire = WebSocketWire(around.limits) if bound.transport in (WS, WSS) else StreamWire(around.limits)
    return Connection(
        number, wire, connections, around, was_opened=bool(server_name), server_name=server_name
    )


class Acceptor:
    """The listening socket of one TCP, TLS, WS or WSS listener.

    It accepts by itself, so that connections count against the limits before their TLS handshake.
    """

    def __init__(
        self,
        bound_socket: socket.socket,
        listener: Listener,
        certificates: Certificates | None,
        connections: ConnectionTable,
        around: Surroundings,
    ) -> None:
        self._socket: Final = bound_socket
        self._listener: Final = listener
        self._certificates: Final = certificates
        self._connections: Final = connections
        self._around: Final = around
        self._is_open = False
        self._pause: asyncio.TimerHandle | None = None
        self._tasks: Final[set[asyncio.Task[None]]] = set()

    def start(self) -> None:
        """Begin to accept."""
        self._is_open = True
        self._socket.setblocking(False)
        self._socket.listen(_BACKLOG)
        self._around.loop.add_reader(self._socket.fileno(), self._accept_batch)

    def stop(self) -> None:
        """Accept no more, and give up connections whose handshake is not done."""
        if self._is_open:
            self._around.loop.remove_reader(self._socket.fileno())
            self._is_open = False
        if self._pause is not None:
            self._pause.cancel()
        for task in self._tasks:
            task.cancel()
        self._socket.close()

    def _accept_batch(self) -> None:
        for _ in range(_ACCEPT_BATCH):
            try:
                accepted, address = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _OUT_OF_RESOURCES:
                    self._pause_accepting(error)
                    return
                continue  # the peer gave up while it waited
            self._take(accepted, address[0], address[1])

    def _take(self, accepted: socket.socket, host: str, port: int) -> None:
        refusal = self._connections.refusal(host)
        if refusal:
            count(self._around.counters.refused, refusal)
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            accepted.close()
            return
        number = self._connections.reserve(self._listener, host, port)
        task = self._around.loop.create_task(self._set_up(accepted, number))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _set_up(self, accepted: socket.socket, number: int) -> None:
        connection = new_connection(number, self._listener, self._connections, self._around)
        secured = None if self._certificates is None else self._certificates.for_accepting
        try:
            accepted.setblocking(False)
            _set_options(accepted)
            await self._around.loop.connect_accepted_socket(
                lambda: connection,
                accepted,
                ssl=secured,
                ssl_handshake_timeout=None if secured is None else self._around.limits.handshake_s,
            )
        except (OSError, TimeoutError) as error:
            count(self._around.counters.refused, "TLS handshake" if secured else "broken")
            _log.info("a connection to %s was not set up: %s", self._listener, describe(error))
        else:
            self._around.counters.accepted += 1
        finally:
            if connection.flow is None:
                self._connections.release(number)
                accepted.close()

    def _pause_accepting(self, error: OSError) -> None:
        """Leave waiting connections in the kernel's queue for a while: trying at once would fail at once."""
        count(self._around.counters.refused, os.strerror(error.errno or 0))
        _log.warning("%s does not accept connections for %s s: %s", self._listener, _PAUSE_S, describe(error))
        if self._is_open:
            self._around.loop.remove_reader(self._socket.fileno())
            self._pause = self._around.loop.call_later(_PAUSE_S, self._resume)

    def _resume(self) -> None:
        if self._is_open:
            self._around.loop.add_reader(self._socket.fileno(), self._accept_batch)


class _Opening:
    """A connection being opened, and what waits to be sent over it."""

    def __init__(self) -> None:
        self.waiting: Final[list[tuple[Flow, bytes]]] = []
        self.size = 0


class Opener:
    """Opens connections to remote addresses, and keeps what is to be sent over them until they are."""

    def __init__(
        self,
        connections: ConnectionTable,
        around: Surroundings,
        failed: Callable[[Flow, bytes, str], None],
    ) -> None:
        self._connections: Final = connections
        self._loop: Final = around.loop
        self._limits: Final = around.limits
        self._around: Final = around
        self._failed: Final = failed
        self._openings: Final[dict[_Place, _Opening]] = {}
        self._tasks: Final[set[asyncio.Task[None]]] = set()

    def send(self, bound: Listener, flow: Flow, data: bytes, certificates: Certificates | None) -> None:
        """Open a connection for a flow and send this over it, unless one is being opened: then wait for that."""
        place = (bound, flow.host, flow.port, flow.server_name or flow.host)
        opening = self._openings.get(place)
        if opening is None:
            refusal = self._connections.refusal(flow.host)
            if refusal:
                self._failed(flow, data, refusal)
                return
            opening = self._openings[place] = _Opening()
            task = self._loop.create_task(self._open(place, opening, certificates))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if opening.size + len(data) > self._limits.max_waiting:
            self._failed(flow, data, "too much waits for a connection")
            return
        opening.size += len(data)
        opening.waiting.append((flow, data))

    def stop(self) -> None:
        """Give up what is being opened."""
        for task in self._tasks:
            task.cancel()

    async def _open(
        self,
        place: _Place,
        opening: _Opening,
        certificates: Certificates | None,
    ) -> None:
        bound, host, port, server_name = place
        number = self._connections.reserve(bound, host, port)
        connection = new_connection(number, bound, self._connections, self._around, server_name=server_name)
        reason = ""
        try:
            secured = None if certificates is None else certificates.for_connecting
            async with asyncio.timeout(self._limits.connect_s):
                await self._connect(connection, place, secured)
            self._around.counters.opened += 1
        except (OSError, OverflowError, TimeoutError, ssl.CertificateError) as error:
            reason = describe(error)
        except asyncio.CancelledError:
            reason = "stopping"
            raise
        finally:
            del self._openings[place]
            if connection.flow is None:
                self._connections.release(number)
            for flow, data in opening.waiting:
                fault = reason or connection.send(data)
                if fault:
                    self._failed(flow, data, fault)

    async def _connect(self, connection: Connection, place: _Place, secured: ssl.SSLContext | None) -> None:
        bound, host, port, server_name = place
        family = socket.AF_INET6 if bound.is_ipv6 else socket.AF_INET
        stream_socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            socket.inet_pton(family, host.partition("%")[0])  # a name would be looked up
            stream_socket.setblocking(False)
            _set_options(stream_socket)
            # A wildcard lets the kernel choose by the route; any other address is the one peers know us by.
            if bound.host.partition("%")[0] not in ("0.0.0.0", "::"):  # noqa: S104
                stream_socket.bind((bound.host, 0))
            await self._loop.sock_connect(stream_socket, (host, port))
            await self._loop.create_connection(
                lambda: connection,
                sock=stream_socket,
                ssl=secured,
                server_hostname=None if secured is None else server_name,
                ssl_handshake_timeout=None if secured is None else self._limits.handshake_s,
            )
        finally:
            if connection.flow is None:
                stream_socket.close()


def describe(error: BaseException) -> str:
    """Return what went wrong with a connection, in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not accepted: {error.verify_message}"
    if isinstance(error, TimeoutError) and not error.errno:
        return "timed out"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__


def _set_options(stream_socket: socket.socket) -> None:
    for level, option, value in _OPTIONS:
        stream_socket.setsockopt(level, option, value)
