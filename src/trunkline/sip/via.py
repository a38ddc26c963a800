"""The Via header field (RFC 3261 §20.42, RFC 3581)."""

from __future__ import annotations

from typing import Final

from trunkline.sip.errors import ParseError
from trunkline.sip.grammar import (
    TOKEN,
    Parameters,
    parameter,
    parse_parameters,
    print_host,
    print_parameters,
    split_host_port,
)

MAGIC_COOKIE: Final = "z9hG4bK"
"""What every RFC 3261 branch begins with (§8.1.1.7)."""


class Via:
    """One Via value. ``transport`` is in upper case, ``port`` None when absent."""

    def __init__(self, transport: str, host: str, port: int | None, parameters: Parameters) -> None:
        self.transport: Final = transport
        self.host: Final = host
        self.port: Final = port
        self.parameters: Final = parameters
        self.branch: Final = parameter(parameters, "branch") or ""

    @property
    def sent_by(self) -> str:
        """``host[:port]``: a part of the transaction key (RFC 3261 §17.2.3)."""
        return print_host(self.host) if self.port is None else f"{print_host(self.host)}:{self.port}"

    @property
    def wants_rport(self) -> bool:
        """Whether the client asked for symmetric response routing (RFC 3581)."""
        return parameter(self.parameters, "rport") is not None

    def received_from(self, host: str, port: int) -> Via:
        """The Via as a server keeps it: with ``received``, and ``rport`` filled in where it was asked for."""
        parameters = [
            (name, str(port) if name.lower() == "rport" else value)
            for name, value in self.parameters
            if name.lower() != "received"
        ]
        return Via(self.transport, self.host, self.port, (*parameters, ("received", host)))

    def response_address(self) -> tuple[str, int]:
        """Where a response goes over a datagram transport (RFC 3261 §18.2.2, RFC 3581 §4)."""
        maddr = parameter(self.parameters, "maddr")
        received = parameter(self.parameters, "received")
        rport = parameter(self.parameters, "rport")
        port = self.port or (5061 if self.transport in ("TLS", "WSS") else 5060)
        if received and rport and rport.isdigit():
            return received, int(rport)
        return maddr or received or self.host, port

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {self.sent_by}{print_parameters(self.parameters)}"


def parse_via(value: str) -> Via:
    """Read one Via value. White space is allowed around the slashes and the colon. Raises ParseError."""
    if value.startswith("SIP/2.0/"):
        transport, space, rest = value[8:].partition(" ")
        if not space:
            transport, _, rest = value[8:].partition("\t")
    else:
        name, _, after = value.partition("/")
        version, _, after = after.partition("/")
        if name.strip().upper() != "SIP" or version.strip() != "2.0":
            raise ParseError("Bad Via")
        after = after.lstrip()
        transport, _, rest = after.replace("\t", " ").partition(" ")
    if not TOKEN.fullmatch(transport):
        raise ParseError("Bad Via")
    place, _, parameters = rest.partition(";")
    host, port = split_host_port(place.strip())
    return Via(transport.upper(), host, port, parse_parameters(parameters))
