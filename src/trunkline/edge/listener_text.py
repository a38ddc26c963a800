"""Read and print listeners as an operator writes them: ``tls:[::]:5061;cert=...;key=...``."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from trunkline.sip.flow import SECURE, TCP, TLS, UDP, WS, WSS

_DEFAULT_PORT: Final = {UDP: 5060, TCP: 5060, TLS: 5061, WS: 80, WSS: 443}
_OPTIONS: Final = ("advertise", "account", "cert", "key", "name", "ca", "client-ca", "verify")
_OF_CERTIFICATE: Final = ("cert", "key", "name")
_HOST_NAME: Final = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*\.?"
)


_SERVER_NAME: Final = re.compile(rf"(?:\*\.)?{_HOST_NAME.pattern}")


class ListenerTextError(ValueError):
    """The text names no listener. ``str()`` of it is a sentence that says what is wrong and how to write it."""


@dataclass(frozen=True, slots=True)
class NamedCertificate:
    """A certificate, and its key, for clients that ask for one of these names (RFC 6066 §3).

    The names are in lower case; ``*.`` before one stands for any one label.
    """

    names: tuple[str, ...]
    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """A listener as it is wished for.

    Port 0 asks for any free one. ``certificate`` and ``key`` are PEM files, and ``named`` are those for clients that
    ask for another name; ``authorities`` a PEM file of
    those we trust when we connect (the system's when empty), ``client_authorities`` of those whose
    certificate a client must show (none is demanded when empty). ``verify`` is whether we check the certificate
    of a server that we connect to.
    """

    transport: str
    host: str
    port: int
    advertised_host: str = ""
    advertised_port: int = 0
    account_id: int | None = None
    certificate: str = ""
    key: str = ""
    authorities: str = ""
    client_authorities: str = ""
    verify: bool = True
    named: tuple[NamedCertificate, ...] = ()

    @property
    def is_wildcard(self) -> bool:
        """Whether it is bound to all addresses of its family."""
        return ipaddress.ip_address(self.host.partition("%")[0]).is_unspecified

    def __str__(self) -> str:
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport}:{shown}:{self.port}"


def parse_listener(text: str) -> ListenerSettings:
    """Return the listener that a text names, or raise ``ListenerTextError``.

    The form is ``transport:address[:port][;option=value]...``; an IPv6 address stands in brackets.
    """
    address, *options = [part.strip() for part in text.strip().split(";")]
    transport, colon, place = address.partition(":")
    transport = transport.lower()
    if transport not in _DEFAULT_PORT or not colon:
        raise ListenerTextError(
            f"{text!r} is no listener: begin with udp:, tcp:, tls:, ws: or wss:, as in udp:127.0.0.1:5060",
        )
    host, port = _host_and_port(text, place)
    _require_address(text, host)
    pairs = [_pair(text, option) for option in options]
    chosen = _single_options(text, pairs)
    _require_fitting(text, transport, {name for name, _ in pairs})
    own, *named = _certificates(text, pairs) or [NamedCertificate((), "", "")]
    advertised_host, advertised_port = _advertised(text, chosen.get("advertise", ""))
    return ListenerSettings(
        transport=transport,
        host=host,
        port=_DEFAULT_PORT[transport] if port is None else port,
        advertised_host=advertised_host,
        advertised_port=advertised_port or 0,
        account_id=_account(text, chosen.get("account")),
        certificate=own.certificate,
        key=own.key,
        authorities=chosen.get("ca", ""),
        client_authorities=chosen.get("client-ca", ""),
        verify=_yes_or_no(text, chosen.get("verify", "yes")),
        named=tuple(named),
    )


def _host_and_port(text: str, place: str) -> tuple[str, int | None]:
    if place.startswith("["):
        host, bracket, rest = place[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ListenerTextError(f"{text!r}: write an IPv6 address as [address]:port, as in [::1]:5060")
        return host, _port(text, rest[1:]) if rest else None
    host, colon, port = place.partition(":")
    if ":" in port:
        raise ListenerTextError(f"{text!r}: an IPv6 address stands in brackets, as in [::1]:5060")
    return host, _port(text, port) if colon else None


def _port(text: str, digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 5 and int(digits) <= 65_535):
        raise ListenerTextError(f"{text!r}: {digits!r} is no port: write a number from 0 to 65535")
    return int(digits)


def _require_address(text: str, host: str) -> None:
    try:
        ipaddress.ip_address(host)
    except ValueError as error:
        raise ListenerTextError(
            f"{text!r}: {host!r} is no IP address to listen on: write one of this machine's, "
            "or 0.0.0.0 or [::] for all of them",
        ) from error


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = option.partition("=")
    name, value = name.strip().lower(), value.strip()
    if name not in _OPTIONS:
        raise ListenerTextError(f"{text!r}: unknown option {name!r}: there are {', '.join(_OPTIONS)}")
    if not equals or not value:
        raise ListenerTextError(f"{text!r}: {name} needs a value: write {name}=...")
    return name, value


def _single_options(text: str, pairs: list[tuple[str, str]]) -> dict[str, str]:
    """The options that may be given once."""
    chosen: dict[str, str] = {}
    for name, value in pairs:
        if name in _OF_CERTIFICATE:
            continue
        if name in chosen:
            raise ListenerTextError(f"{text!r}: {name} is given twice")
        chosen[name] = value
    return chosen


def _certificates(text: str, pairs: list[tuple[str, str]]) -> list[NamedCertificate]:
    """The certificates: each ``cert`` begins one, and the ``key`` and the names behind it are its own."""
    found: list[NamedCertificate] = []
    for name, value in pairs:
        if name == "cert":
            found.append(NamedCertificate((), value, ""))
        elif name in _OF_CERTIFICATE:
            if not found:
                raise ListenerTextError(f"{text!r}: {name} belongs behind the cert that it is of")
            found[-1] = _with(text, found[-1], name, value)
    for one in found[1:]:
        if not one.names:
            raise ListenerTextError(
                f"{text!r}: say for which name {one.certificate} is: add ;name=sip.example behind it"
            )
    return [NamedCertificate(one.names, one.certificate, one.key or one.certificate) for one in found]


def _with(text: str, one: NamedCertificate, name: str, value: str) -> NamedCertificate:
    if name == "key":
        if one.key:
            raise ListenerTextError(f"{text!r}: key is given twice for {one.certificate}")
        return NamedCertificate(one.names, one.certificate, value)
    if not _SERVER_NAME.fullmatch(value) or value.replace(".", "").isdigit():
        raise ListenerTextError(f"{text!r}: {value!r} is no host name that a client could ask for")
    return NamedCertificate((*one.names, value.lower().rstrip(".")), one.certificate, one.key)


def _require_fitting(text: str, transport: str, chosen: set[str]) -> None:
    if transport in SECURE:
        if "cert" not in chosen:
            raise ListenerTextError(
                f"{text!r}: {transport} needs a certificate: add ;cert=FILE and, if the key is apart, ;key=FILE",
            )
        return
    for name in (*_OF_CERTIFICATE, "ca", "client-ca", "verify"):
        if name in chosen:
            raise ListenerTextError(f"{text!r}: {name} has no meaning for {transport}, only for tls and wss")


def _advertised(text: str, value: str) -> tuple[str, int | None]:
    if not value:
        return "", None
    host, port = _host_and_port(text, value)
    if ":" in host or host.replace(".", "").isdigit():
        _require_advertisable(text, host)
    elif not _HOST_NAME.fullmatch(host):
        raise ListenerTextError(f"{text!r}: {host!r} is neither a host name nor an IP address to advertise")
    if port == 0:
        raise ListenerTextError(f"{text!r}: port 0 cannot be advertised")
    return host, port


def _require_advertisable(text: str, host: str) -> None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise ListenerTextError(f"{text!r}: {host!r} is no IP address to advertise") from error
    if address.is_unspecified:
        raise ListenerTextError(f"{text!r}: {host} cannot be advertised: write the address that peers reach")


def _account(text: str, digits: str | None) -> int | None:
    if digits is None:
        return None
    if not (digits.isascii() and digits.isdigit()):
        raise ListenerTextError(f"{text!r}: account={digits} is no account number")
    return int(digits)


def _yes_or_no(text: str, word: str) -> bool:
    if word.lower() not in ("yes", "no"):
        raise ListenerTextError(f"{text!r}: write verify=yes or verify=no")
    return word.lower() == "yes"
