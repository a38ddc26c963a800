"""What the network says about datagrams that did not arrive: the error queue of a Linux UDP socket."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# From linux/in.h and linux/in6.h; the socket module names them only from Python 3.14 on.
_IP_RECVERR: Final = 11
_IPV6_RECVERR: Final = 25

_EXTENDED_ERROR: Final = struct.Struct("=IBBBBII")  # struct sock_extended_err, linux/errqueue.h
_FROM_NETWORK: Final = (2, 3)  # SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6
_BATCH: Final = 64

# RFC 3261 §18.4: unreachable is a failure; what a retransmission cures (a smaller path MTU) is none.
_FAILURES: Final = frozenset(
    (
        errno.ECONNREFUSED,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.EACCES,
        errno.ENOPROTOOPT,
        errno.EHOSTDOWN,
    )
)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A datagram that came back: where it went, how it began, and why it failed."""

    host: str
    port: int
    beginning: bytes
    reason: str


def ask_for_errors(datagram_socket: socket.socket) -> None:
    """Let the kernel keep ICMP errors for this socket."""
    if datagram_socket.family == socket.AF_INET6:
        datagram_socket.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
    else:
        datagram_socket.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)


def errors_of(datagram_socket: socket.socket) -> Iterator[Undelivered]:
    """Take the waiting errors off a socket, at most a batch of them; those that are no failures are skipped."""
    for _ in range(_BATCH):
        try:
            beginning, notes, _flags, address = datagram_socket.recvmsg(
                2048,
                512,
                socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT,
            )
        except OSError:
            return
        for _level, kind, data in notes:
            if kind not in (_IP_RECVERR, _IPV6_RECVERR) or len(data) < _EXTENDED_ERROR.size:
                continue
            number, origin, *_rest = _EXTENDED_ERROR.unpack_from(data)
            if origin in _FROM_NETWORK and number in _FAILURES:
                yield Undelivered(address[0], address[1], beginning, os.strerror(number))
