"""Where a SIP URI leads: the candidates of RFC 3263 §4, worked out from DNS answers that somebody else fetches.

``locate`` is one function of what is wanted and what is known. As long as an answer is missing it names the
questions; the caller finds their answers, adds them to what it knows and calls again.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from trunkline.sip.flow import SECURE, TCP, TLS, UDP, WS, WSS

NAPTR: Final = "NAPTR"
SRV: Final = "SRV"
A: Final = "A"
AAAA: Final = "AAAA"

LARGE_REQUEST: Final = 1300
"""Bytes above which a request goes over a congestion-controlled transport (RFC 3261 §18.1.1)."""

_MAX_TARGETS: Final = 32
_LONGEST_KNOWN: Final = 64
_SERVICES: Final = {"SIP+D2U": UDP, "SIP+D2T": TCP, "SIPS+D2T": TLS, "SIP+D2W": WS, "SIPS+D2W": WSS}
_SRV_PREFIX: Final = {UDP: "_sip._udp.", TCP: "_sip._tcp.", TLS: "_sips._tcp."}
_DEFAULT_PORT: Final = {UDP: 5060, TCP: 5060, TLS: 5061, WS: 80, WSS: 443}
_SECURED: Final = {TCP: TLS, TLS: TLS, WS: WSS, WSS: WSS}


@dataclass(frozen=True, slots=True)
class Question:
    """A name and the kind of record asked for."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class NaptrRecord:
    """A naming authority pointer (RFC 3403 §4.1)."""

    order: int
    preference: int
    flags: str
    service: str
    regexp: str
    replacement: str


@dataclass(frozen=True, slots=True)
class SrvRecord:
    """The location of a service (RFC 2782)."""

    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class AddressRecord:
    """An IP address, of an A or AAAA record."""

    address: str


Record = NaptrRecord | SrvRecord | AddressRecord
Answers = Mapping[Question, Sequence[Record]]
"""What is known. An empty sequence says that no such record exists; an absent key, that nobody asked."""


@dataclass(frozen=True, slots=True)
class Target:
    """A transport, IP address and port to try, and the name a certificate there must bear."""

    transport: str
    host: str
    port: int
    server_name: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a URI says about where it leads.

    ``transport`` is its transport parameter in lower case, None when absent; ``secure`` is true of ``sips``.
    ``supported`` lists our transports, the preferred one first; ``families`` the kinds of address we can
    reach, the preferred one first. ``plain`` is true of a name that is no DNS domain, such as one of a hosts
    file: only its addresses are asked for.
    """

    host: str
    port: int | None = None
    transport: str | None = None
    secure: bool = False
    supported: tuple[str, ...] = (UDP, TCP, TLS)
    families: tuple[str, ...] = (A, AAAA)
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Located:
    """Candidates in the order to try them; while ``missing`` is not empty they are not known yet."""

    targets: tuple[Target, ...] = ()
    missing: tuple[Question, ...] = ()


@dataclass(slots=True)
class _Search:
    """The working state of one ``locate``."""

    wanted: Wanted
    answers: Answers
    draw: Callable[[], float]
    targets: list[Target] = field(default_factory=list)
    missing: list[Question] = field(default_factory=list)


def numeric_host(host: str) -> str | None:
    """Return the IP address that a URI's host part is, in its usual spelling without brackets; None for a name."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not bare[-1:].isdigit() and ":" not in bare:
        return None
    # Whatever came from the wire must not fill the cache with names of any length.
    return _known_address(bare) if len(bare) <= _LONGEST_KNOWN else _address(bare)


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


_known_address: Final = lru_cache(maxsize=4096)(_address)
"""Each call asks for the address of its trunk several times over."""


def locate(wanted: Wanted, answers: Answers, draw: Callable[[], float]) -> Located:
    """Return the candidates for what is wanted, or the questions whose answers are missing.

    ``draw`` returns a random number in [0, 1): SRV records of one priority are ordered by it and their weight.
    No targets and nothing missing: the URI leads nowhere we can go.
    """
    transport = _transport_stated(wanted.transport, wanted.secure)
    if transport is not None and transport not in wanted.supported:
        return Located()
    address = numeric_host(wanted.host)
    if address is not None:
        target = target_at(
            address, wanted.port, wanted.transport, wanted.secure, wanted.supported, wanted.families
        )
        return Located() if target is None else Located((target,))
    search = _Search(wanted, answers, draw)
    if wanted.port is not None or wanted.plain:
        chosen = transport or _default_transport(wanted.secure)
        if chosen in wanted.supported:
            _add_addresses(search, chosen, wanted.host, wanted.port or _DEFAULT_PORT[chosen])
    elif transport is not None:
        _by_transport(search, transport)
    else:
        _by_naptr(search)
    if search.missing:
        return Located(missing=tuple(dict.fromkeys(search.missing)))
    return Located(targets=tuple(dict.fromkeys(search.targets))[:_MAX_TARGETS])


def for_size(targets: Sequence[Target], size: int, supported: Sequence[str]) -> list[Target]:
    """Put TCP before each UDP candidate when a request is too large for a datagram (RFC 3261 §18.1.1).

    UDP stays as the second try, since the rule's other half is to fall back when TCP is refused.
    """
    if size <= LARGE_REQUEST or TCP not in supported:
        return list(targets)
    ordered: list[Target] = []
    for target in targets:
        if target.transport == UDP:
            ordered.append(Target(TCP, target.host, target.port, target.server_name))
        ordered.append(target)
    return list(dict.fromkeys(ordered))


def target_at(
    address: str,
    port: int | None,
    transport: str | None,
    secure: bool,
    supported: tuple[str, ...],
    families: tuple[str, ...],
) -> Target | None:
    """The one target of a URI whose host is an IP address, for which nothing need be looked up; None: no way there.

    The parameters mean what those of :class:`Wanted` do.
    """
    chosen = _transport_stated(transport, secure) or _default_transport(secure)
    if chosen not in supported or (AAAA if ":" in address else A) not in families:
        return None
    return Target(chosen, address, port or _DEFAULT_PORT[chosen], address)


def _transport_stated(transport: str | None, secure: bool) -> str | None:
    """Return the transport that the URI demands, None when it leaves the choice to us."""
    if transport is None:
        return None
    stated = transport.lower()
    if secure:
        # sips over UDP does not exist; the name stays unsupported, so the URI leads nowhere.
        return _SECURED.get(stated, "sips+" + stated)
    return stated


def _default_transport(secure: bool) -> str:
    # RFC 3263 §4.1: a numeric host or an explicit port without a transport means UDP, for sips TLS.
    return TLS if secure else UDP


def _by_transport(search: _Search, transport: str) -> None:
    """Ask for SRV of the stated transport, else for the addresses, when no port is stated (RFC 3263 §4.2)."""
    prefix = _SRV_PREFIX.get(transport)
    if prefix is None or not _add_services(search, transport, prefix + search.wanted.host):
        _add_addresses(search, transport, search.wanted.host, _DEFAULT_PORT[transport])


def _by_naptr(search: _Search) -> None:
    """Ask for NAPTR, else SRV, else the addresses, when neither transport nor port is stated (RFC 3263 §4.1)."""
    wanted = search.wanted
    records = _answer(search, NAPTR, wanted.host)
    if records is None:
        return
    pointers = [
        record for record in records if isinstance(record, NaptrRecord) and _is_usable(wanted, record)
    ]
    pointers.sort(key=_naptr_order)
    for pointer in pointers:
        transport = _SERVICES[pointer.service.upper()]
        if pointer.flags.lower() == "s":
            _add_services(search, transport, pointer.replacement)
        else:
            _add_addresses(search, transport, pointer.replacement, _DEFAULT_PORT[transport])
    if not pointers:
        _by_services(search)


def _by_services(search: _Search) -> None:
    wanted = search.wanted
    found = False
    for transport in wanted.supported:
        prefix = _SRV_PREFIX.get(transport)
        if prefix is None or (wanted.secure and transport not in SECURE):
            continue
        found = _add_services(search, transport, prefix + wanted.host) or found
    chosen = _default_transport(wanted.secure)
    if not found and chosen in wanted.supported:
        _add_addresses(search, chosen, wanted.host, _DEFAULT_PORT[chosen])


def _is_usable(wanted: Wanted, record: NaptrRecord) -> bool:
    transport = _SERVICES.get(record.service.upper())
    if transport is None or transport not in wanted.supported or record.regexp:
        return False
    if record.flags.lower() not in ("s", "a") or record.replacement in ("", "."):
        return False
    return transport in SECURE or not wanted.secure


def _naptr_order(record: NaptrRecord) -> tuple[int, int]:
    return (record.order, record.preference)


def _add_services(search: _Search, transport: str, name: str) -> bool:
    """Add the candidates of an SRV name; return False when it is known to have no records."""
    records = _answer(search, SRV, name)
    if records is None:
        return True
    services = [record for record in records if isinstance(record, SrvRecord)]
    for service in ordered_by_weight(services, search.draw):
        # RFC 2782: a target of "." says that the service is decidedly not offered.
        if service.target not in ("", "."):
            _add_addresses(search, transport, service.target, service.port)
    return bool(services)


def ordered_by_weight(services: Sequence[SrvRecord], draw: Callable[[], float]) -> list[SrvRecord]:
    """Return SRV records by priority, those of one priority shuffled by weight (RFC 2782's algorithm)."""
    ordered: list[SrvRecord] = []
    for priority in sorted({service.priority for service in services}):
        # Those of weight 0 come first in the running sum, so that they have a very small chance.
        remaining = sorted((service for service in services if service.priority == priority), key=_weight)
        while remaining:
            ordered.append(remaining.pop(_pick(remaining, draw)))
    return ordered


def _pick(services: Sequence[SrvRecord], draw: Callable[[], float]) -> int:
    total = sum([service.weight for service in services])
    threshold = draw() * (total + 1)
    running = 0
    for index, service in enumerate(services):
        running += service.weight
        if running >= int(threshold):
            return index
    return len(services) - 1


def _weight(service: SrvRecord) -> int:
    return service.weight


def _add_addresses(search: _Search, transport: str, name: str, port: int) -> None:
    wanted = search.wanted
    literal = numeric_host(name)
    if literal is not None:
        search.targets.append(Target(transport, literal, port, wanted.host))
        return
    for family in wanted.families:
        for record in _answer(search, family, name) or ():
            if isinstance(record, AddressRecord):
                search.targets.append(Target(transport, record.address, port, wanted.host))


def _answer(search: _Search, kind: str, name: str) -> Sequence[Record] | None:
    """Return the records known for a name; None, after noting the question, when nobody asked yet."""
    question = Question(kind, name.rstrip(".").lower())
    records = search.answers.get(question)
    if records is None:
        search.missing.append(question)
    return records
