"""The Via header field (RFC 3261 §20.42, RFC 3581)."""

from __future__ import annotations

import re
from typing import Final

from trunkline.sip.errors import ParseError
from trunkline.sip.grammar import (
    NO_PARAMETERS,
    Parameters,
    parameter,
    parse_parameters,
    print_host,
    split_host_port,
)

MAGIC_COOKIE: Final = "z9hG4bK"
"""What every RFC 3261 branch begins with (§8.1.1.7)."""


class Via:
    """One Via value. ``transport`` is in upper case, ``port`` None when absent.

    ``branch`` is "" when absent; ``wants_rport`` tells whether the client asked for symmetric response routing
    (RFC 3581), ``is_stamped`` whether there is a ``received`` already.
    """

    def __init__(self, transport: str, host: str, port: int | None, parameters: Parameters) -> None:
        self.transport: Final = transport
        self.host: Final = host
        self.port: Final = port
        self.parameters: Final = parameters
        branch: str | None = None
        wants_rport = False
        is_stamped = False
        for name, value in parameters:
            if name == "branch":
                if branch is None:
                    branch = value or ""
            elif name == "rport":
                wants_rport = True
            else:
                lower = name.lower()
                if lower == "received":
                    is_stamped = True
                elif lower == "rport":
                    wants_rport = True
                elif lower == "branch" and branch is None:
                    branch = value or ""
        self.branch: Final = branch or ""
        self.wants_rport: Final = wants_rport
        self.is_stamped: Final = is_stamped

    @property
    def sent_by(self) -> str:
        """``host[:port]``: a part of the transaction key (RFC 3261 §17.2.3)."""
        return print_host(self.host) if self.port is None else f"{print_host(self.host)}:{self.port}"

    def received_from(self, host: str, port: int) -> Via:
        """The Via as a server keeps it: with ``received``, and ``rport`` filled in where it was asked for."""
        parameters: list[tuple[str, str | None]] = []
        for pair in self.parameters:
            name = pair[0]
            if name == "branch":
                parameters.append(pair)
            elif name == "rport" or name.lower() == "rport":
                parameters.append((name, str(port)))
            elif name.lower() != "received":
                parameters.append(pair)
        parameters.append(("received", host))
        return Via(self.transport, self.host, self.port, tuple(parameters))

    def response_address(self) -> tuple[str, int]:
        """Where a response goes over a datagram transport (RFC 3261 §18.2.2, RFC 3581 §4).

        ``maddr`` is not followed: nobody uses multicast, and it would let a stranger aim our answers at a third host.
        """
        received = (parameter(self.parameters, "received") or "").strip("[]")
        rport = parameter(self.parameters, "rport") or ""
        if received and rport.isascii() and rport.isdigit() and 0 < int(rport[:6]) < 65536:
            return received, int(rport)
        return received or self.host, self.port or (5061 if self.transport in ("TLS", "WSS") else 5060)

    def __str__(self) -> str:
        parts = ["SIP/2.0/", self.transport, " ", self.sent_by]
        for name, value in self.parameters:
            parts.append(";")
            parts.append(name)
            if value is not None:
                parts.append("=")
                parts.append(value)
        return "".join(parts)


def parse_via(value: str) -> Via:
    """Read one Via value. White space is allowed around the slashes and the colon. Raises ParseError."""
    transport = "UDP"
    space = 11
    if not value.startswith("SIP/2.0/UDP "):
        transport, space = _other_transport(value)
    semicolon = value.find(";", space)
    if semicolon < 0:
        host, port = _sent_by(value[space:])
        return Via(transport, host, port, NO_PARAMETERS)
    host, port = _sent_by(value[space:semicolon])
    return Via(transport, host, port, parse_parameters(value[semicolon + 1 :]))


_places: Final[dict[str, tuple[str, int | None]]] = {}
"""What was read of sent-by values before; when there are too many they are forgotten."""
_MOST_PLACES: Final = 4096
_LONGEST_PLACE: Final = 64


def _sent_by(text: str) -> tuple[str, int | None]:
    """Read ``host[:port]``; the few proxies and devices that are about send theirs with every message."""
    known = _places.get(text)
    if known is not None:
        return known
    place = split_host_port(text.strip(" \t"))
    if len(text) <= _LONGEST_PLACE:
        if len(_places) >= _MOST_PLACES:
            _places.clear()
        _places[text] = place
    return place


def _other_transport(value: str) -> tuple[str, int]:
    """The transport in upper case, and where it ends.

    Another version of SIP than 2.0 is let through: a request that has it is answered 505 along this Via.
    """
    found = _SENT_PROTOCOL.match(value)
    if found is None:
        raise ParseError("Bad Via")
    return found.group(1).upper(), found.end()


_SENT_PROTOCOL: Final = re.compile(
    r"[Ss][Ii][Pp][ \t]*/[ \t]*[0-9]\.[0-9][ \t]*/[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)[ \t]+"
)
