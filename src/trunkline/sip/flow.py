"""Flows: the way a message came, and the way one is to go (RFC 5626 §2, RFC 3261 §18)."""

from __future__ import annotations

from typing import Final

UDP: Final = "udp"
TCP: Final = "tcp"
TLS: Final = "tls"
WS: Final = "ws"
WSS: Final = "wss"

RELIABLE: Final = frozenset({TCP, TLS, WS, WSS})
"""Transports that retransmit by themselves."""

SECURE: Final = frozenset({TLS, WSS})


class Listener:
    """A local address that SIP is spoken at, and the address that peers are told to use for it.

    ``host`` is the bound IP address without brackets; ``advertised_host`` and ``advertised_port`` go into
    Via and Contact. ``account_id`` is set when an account has this port for itself.
    """

    def __init__(
        self,
        transport: str,
        host: str,
        port: int,
        advertised_host: str = "",
        advertised_port: int = 0,
        account_id: int | None = None,
    ) -> None:
        self.transport: Final = transport
        self.host: Final = host
        self.port: Final = port
        self.advertised_host: Final = advertised_host or host
        self.advertised_port: Final = advertised_port or port
        self.account_id: Final = account_id
        shown = f"[{self.advertised_host}]" if ":" in self.advertised_host else self.advertised_host
        self.sent_by: Final = f"{shown}:{self.advertised_port}"

    def is_same_socket(self, other: Listener) -> bool:
        """Whether another is bound where this one is; it may advertise another of our addresses to its peers."""
        return self.transport == other.transport and self.port == other.port and self.host == other.host

    @property
    def is_ipv6(self) -> bool:
        """Whether the bound address is an IPv6 one."""
        return ":" in self.host

    def __repr__(self) -> str:
        return f"{self.transport}:{self.sent_by}"


class Flow:
    """A path between one of our listeners and one remote address.

    ``host`` is an IP address without brackets. ``connection`` numbers the stream connection; 0 for datagrams, and
    for a stream that is yet to be opened: then ``server_name`` is the name that the certificate over there must
    bear (RFC 5922), the address itself when empty. Two flows are the same when the first four parts are,
    listeners being the same when they are one socket.
    """

    def __init__(
        self,
        listener: Listener,
        host: str,
        port: int,
        connection: int = 0,
        server_name: str = "",
    ) -> None:
        self.listener: Final = listener
        self.host: Final = host
        self.port: Final = port
        self.connection: Final = connection
        self.server_name: Final = server_name

    @property
    def transport(self) -> str:
        """One of udp, tcp, tls, ws, wss."""
        return self.listener.transport

    @property
    def is_reliable(self) -> bool:
        """Whether the transport retransmits by itself."""
        return self.listener.transport != UDP

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Flow)
            and self.port == other.port
            and self.host == other.host
            and self.connection == other.connection
            and (self.listener is other.listener or self.listener.is_same_socket(other.listener))
        )

    def __hash__(self) -> int:
        return hash((self.host, self.port, self.connection))

    def __repr__(self) -> str:
        shown = f"[{self.host}]" if ":" in self.host else self.host
        mark = f"#{self.connection}" if self.connection else ""
        return f"{self.listener.transport}:{shown}:{self.port}{mark}"
