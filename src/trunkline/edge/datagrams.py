"""SIP over UDP: one socket per listener, read in batches, whose answers go out together.

This is the hot path of every REGISTER; what can be done once per address or once per batch is not done per
datagram.
"""

from __future__ import annotations

import errno
import logging
import os
import select
import socket
from collections import deque
from typing import Any, Final

from trunkline.edge import icmp
from trunkline.edge.advertising import ListenerTable
from trunkline.edge.counters import count
from trunkline.edge.surroundings import Surroundings
from trunkline.sip.flow import UDP, Flow, Listener
from trunkline.sip.stun import binding_response, parse_binding_request

_log: Final = logging.getLogger(__name__)

_BATCH: Final = 64
_ANSWERS_AT_ONCE: Final = 16
"""So many messages are read before what they caused is sent: a peer that waits is woken once for many answers, and
the kernel's way out stays in the processor's cache. More would only make the first of them wait."""
_MAX_DATAGRAM: Final = 65_535
_SENT_REMEMBERED: Final = 1_024
_SO_RCVBUFFORCE: Final = 33
_SO_SNDBUFFORCE: Final = 32
_FULL: Final = frozenset((errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS))
_PADDING: Final = b"\r\n \t\x00"

# RFC 3261's token characters: the first byte of a method, or of "SIP/2.0".
_STARTS_SIP: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~")


_Source = tuple[Any, ...]
"""Host and port; of an IPv6 socket the flow label and the scope too."""


class DatagramSocket:
    """The bound UDP socket of one listener."""

    def __init__(
        self,
        bound_socket: socket.socket,
        listener: Listener,
        listeners: ListenerTable,
        around: Surroundings,
    ) -> None:
        self._socket = bound_socket
        self._listener: Final = listener
        self._listeners: Final = listeners
        self._loop: Final = around.loop
        self._receiver: Final = around.receiver
        self._counters: Final = around.counters
        self._limits: Final = around.limits
        # uvloop ends the watch on a descriptor that reports POLLERR, which is how an ICMP error announces
        # itself. An epoll around the socket is readable for data, room and errors alike and never fails.
        self._readiness: Final = select.epoll()
        self._is_open = False
        # Two generations instead of a list ordered by use: what is still wanted moves to the young one.
        self._flows: dict[_Source, Flow] = {}
        self._old_flows: dict[_Source, Flow] = {}
        self._numeric: set[str] = set()
        self._is_reading = False
        self._is_busy = False
        self._answers: list[tuple[Flow, bytes]] = []
        self._waiting: Final[deque[tuple[Flow, bytes]]] = deque()
        self._sent: Final[list[tuple[Flow, bytes] | None]] = [None] * _SENT_REMEMBERED
        self._sent_total = 0

    def start(self) -> None:
        """Begin to read."""
        self._is_open = True
        self._socket.setblocking(False)
        _enlarge_buffers(self._socket, self._limits.socket_buffer)
        icmp.ask_for_errors(self._socket)
        self._readiness.register(self._socket.fileno(), select.EPOLLIN)
        self._loop.add_reader(self._readiness.fileno(), self._ready)

    def stop(self) -> None:
        """Send what still waits if there is room for it, and close."""
        if self._is_open:
            self._flush()
            self._loop.remove_reader(self._readiness.fileno())
            self._is_open = False
        self._readiness.close()
        self._socket.close()

    def send(self, flow: Flow, data: bytes) -> None:
        """Send a datagram now, or put it in line when the socket has no room.

        While a batch is being read, "now" is behind its next few messages.
        """
        if self._is_reading:
            self._answers.append((flow, data))
        else:
            self._send_now((flow, data))

    def _send_now(self, datagram: tuple[Flow, bytes]) -> None:
        flow, data = datagram
        host = flow.host
        if self._waiting or not self._is_open or (host not in self._numeric and not self._is_numeric(host)):
            self._put_in_line(flow, data)
            return
        try:
            self._socket.sendto(data, (host, flow.port))
        except OSError as error:
            self._send_refused(flow, data, error)
            return
        except OverflowError:
            self._fail(flow, data, "not an IP address and port")
            return
        total = self._sent_total
        self._sent[total % _SENT_REMEMBERED] = datagram
        self._sent_total = total + 1
        self._counters.sent[UDP] += 1

    def _send_answers(self) -> None:
        """Send what the messages read so far have caused."""
        answers = self._answers
        self._answers = []
        for datagram in answers:
            self._send_now(datagram)

    def _ready(self) -> None:
        """Drain what is readable, up to a batch; then whatever else woke us."""
        self._is_reading = True
        try:
            taken = self._read_batch()
        finally:
            self._is_reading = False
            self._send_answers()
        self._is_busy = taken > 1
        if self._waiting:
            self._flush()

    def _read_batch(self) -> int:
        """Read and deliver; returns how many datagrams there were."""
        receive = self._socket.recvfrom
        deliver = self._receiver.received
        flows = self._flows
        taken = 0
        delivered = 0
        data: bytes
        address: _Source
        while taken < _BATCH:
            if taken == 1 and not self._is_busy and not self._readiness.poll(0):
                break  # one at a time comes lately: to ask is a quarter of what a read costs that finds nothing
            try:
                data, address = receive(_MAX_DATAGRAM)
            except BlockingIOError:
                if not taken:
                    self._take_errors()
                break
            except OSError:
                self._take_errors()
                break
            taken += 1
            try:
                if not data or data[0] not in _STARTS_SIP:
                    self._take_other(data, address)
                    continue
                flow = flows.get(address)
                if flow is None:
                    flow = self._flow_from(address)
                    flows = self._flows
                delivered += 1
                deliver(data, flow)
                if len(self._answers) >= _ANSWERS_AT_ONCE:
                    self._send_answers()
            except Exception:  # noqa: BLE001
                # A fault above the edge must not stop the reading of what others send.
                self._counters.receiver_faults += 1
                _log.exception("a message from %s was not dealt with", address)
        if delivered:
            self._counters.received[UDP] += delivered
        return taken

    def _flow_from(self, address: _Source) -> Flow:
        """Return the flow of an address that is not in the young generation, and put it there."""
        flow = self._old_flows.get(address)
        if flow is None:
            face = self._listeners.seen_from(self._listener, address[0])
            flow = Flow(face, address[0], address[1])
        if len(self._flows) >= self._limits.max_flows_remembered // 2:
            self._old_flows = self._flows
            self._flows = {}
            self._numeric = set()
        self._flows[address] = flow
        self._numeric.add(flow.host)
        return flow

    def _take_other(self, data: bytes, address: _Source) -> None:
        """Deal with a datagram that does not start like a SIP message."""
        first = data[0] if data else 0
        if not data or first in _PADDING:
            message = data.lstrip(_PADDING)
            if not message:
                self._counters.keepalives += 1
                return
            # RFC 3261 §7.5: line ends before the start line are skipped.
            if message[0] in _STARTS_SIP and first in b"\r\n":
                count(self._counters.received, UDP)
                self._receiver.received(message, self._flows.get(address) or self._flow_from(address))
                return
        if first < 2:
            self._take_stun(data, address)
        elif 128 <= first < 192:
            count(self._counters.dropped, "RTP")
        elif first == 22:
            count(self._counters.dropped, "TLS")
        else:
            count(self._counters.dropped, "not SIP")

    def _take_stun(self, data: bytes, address: _Source) -> None:
        request = parse_binding_request(data)
        if request is None:
            count(self._counters.dropped, "not SIP")
            return
        self._counters.keepalives += 1
        try:
            self._socket.sendto(binding_response(request, address[0], address[1]), address)
        except OSError:
            count(self._counters.dropped, "STUN response")

    def _take_errors(self) -> None:
        """Report the datagrams that came back, if we did send them lately; anybody can forge an ICMP error."""
        for undelivered in icmp.errors_of(self._socket):
            self._counters.icmp_errors += 1
            for remembered in self._sent:
                if remembered is None:
                    continue
                flow, data = remembered
                if (
                    flow.port == undelivered.port
                    and flow.host == undelivered.host
                    and data.startswith(undelivered.beginning)
                ):
                    self._fail(flow, data, undelivered.reason)
                    break

    def _send_refused(self, flow: Flow, data: bytes, error: OSError) -> None:
        if error.errno in _FULL:
            self._put_in_line(flow, data)
            return
        if error.errno != errno.EMSGSIZE:
            # The error may be an earlier datagram's, reported at the next chance: take it off and try again.
            self._take_errors()
            try:
                self._socket.sendto(data, (flow.host, flow.port))
            except OSError as second_error:
                error = second_error
            else:
                self._remember(flow, data)
                return
        self._fail(flow, data, os.strerror(error.errno or 0))

    def _put_in_line(self, flow: Flow, data: bytes) -> None:
        """Keep a datagram until there is room for it; or say why it can never be sent."""
        if not self._is_open:
            return
        if not self._is_numeric(flow.host) or not 0 < flow.port <= 65_535:
            self._fail(flow, data, "not an IP address and port")
        elif len(self._waiting) >= self._limits.max_datagrams_waiting:
            count(self._counters.dropped, "send queue full")
            self._fail(flow, data, "send queue full")
        else:
            self._waiting.append((flow, data))
            if len(self._waiting) == 1:
                self._readiness.modify(self._socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def _flush(self) -> None:
        """Send what is in line until it is empty or the socket has no room."""
        while self._waiting:
            flow, data = self._waiting[0]
            try:
                self._socket.sendto(data, (flow.host, flow.port))
            except OSError as error:
                if error.errno in _FULL:
                    return
                self._waiting.popleft()
                self._send_refused(flow, data, error)
                continue
            self._waiting.popleft()
            self._remember(flow, data)
        self._readiness.modify(self._socket.fileno(), select.EPOLLIN)

    def _remember(self, flow: Flow, data: bytes) -> None:
        """Count a datagram that was sent, and know it again if it comes back."""
        self._sent[self._sent_total % _SENT_REMEMBERED] = (flow, data)
        self._sent_total += 1
        self._counters.sent[UDP] += 1

    def _is_numeric(self, host: str) -> bool:
        """Whether a host is an IP address; a name would make the kernel's caller wait for DNS."""
        if host in self._numeric:
            return True
        try:
            socket.inet_pton(self._socket.family, host.partition("%")[0])
        except OSError:
            return False
        if len(self._numeric) >= self._limits.max_flows_remembered:
            self._numeric = set()
        self._numeric.add(host)
        return True

    def _fail(self, flow: Flow, data: bytes, reason: str) -> None:
        self._counters.send_failures += 1
        self._loop.call_soon(self._receiver.send_failed, flow, data, reason)


def _enlarge_buffers(datagram_socket: socket.socket, size: int) -> None:
    """Ask for large buffers: beyond the system's bound where we may, up to it elsewhere."""
    for forced, plain in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        try:
            datagram_socket.setsockopt(socket.SOL_SOCKET, forced, size)
        except OSError:
            datagram_socket.setsockopt(socket.SOL_SOCKET, plain, size)
