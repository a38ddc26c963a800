"""Which of our addresses a peer sees: what Via and Contact must say when a listener is bound to all addresses."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Final

from trunkline.edge.listener_text import ListenerSettings
from trunkline.sip.flow import Listener

# A documentation address: asking for the route there sends nothing, and the answer is the default route's address.
_ANYWHERE: Final = {False: "192.0.2.1", True: "2001:db8::1"}
_LOOPBACK: Final = {False: "127.0.0.1", True: "::1"}
_ANY_PORT: Final = 9


class LocalAddresses:
    """The machine's own addresses, asked of its routing table and remembered for ``keep_s`` seconds."""

    def __init__(self, clock: Callable[[], float], keep_s: float = 60.0, max_remembered: int = 4_096) -> None:
        self._clock: Final = clock
        self._keep_s: Final = keep_s
        self._max_remembered: Final = max_remembered
        self._towards: Final[dict[str, tuple[float, str]]] = {}
        self._own: Final[dict[str, tuple[float, bool]]] = {}

    def towards(self, host: str) -> str:
        """Return our address on the route to an IP address; an empty string when there is no route."""
        now = self._clock()
        known = self._towards.get(host)
        if known is not None and known[0] > now:
            return known[1]
        if len(self._towards) >= self._max_remembered:
            self._towards.clear()
        address = local_address_towards(host)
        self._towards[host] = (now + self._keep_s, address)
        return address

    def is_own(self, host: str) -> bool:
        """Whether an IP address belongs to this machine."""
        now = self._clock()
        known = self._own.get(host)
        if known is not None and known[0] > now:
            return known[1]
        if len(self._own) >= self._max_remembered:
            self._own.clear()
        answer = _can_bind(host)
        self._own[host] = (now + self._keep_s, answer)
        return answer


def local_address_towards(host: str) -> str:
    """Return our address on the route to an IP address, sending nothing; an empty string when there is none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, _ANY_PORT))
            return str(probe.getsockname()[0])
        except OSError:
            return ""


def _can_bind(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if address.is_unspecified or address.is_multicast:
        return False
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True


class ListenerTable:
    """Our listeners, and the faces that those bound to all addresses show to each peer.

    A face is a ``Listener`` that differs from the bound one in its advertised address only. Flows carry the
    face that their peer sees, so that whoever prints a Via needs to know nothing of this.
    """

    def __init__(self, addresses: LocalAddresses) -> None:
        self._addresses: Final = addresses
        self._settings: Final[dict[Listener, ListenerSettings]] = {}
        self._faces: Final[dict[Listener, dict[str, Listener]]] = {}
        self._bound_of: Final[dict[Listener, Listener]] = {}

    @property
    def bound(self) -> tuple[Listener, ...]:
        """One listener for each socket, in the order they were added."""
        return tuple(self._settings)

    def add(self, settings: ListenerSettings, port: int) -> Listener:
        """Enter a socket that is bound now, at this port; return its listener."""
        advertised = settings.advertised_host
        is_ipv6 = ":" in settings.host
        shows_faces = settings.is_wildcard and not advertised
        if shows_faces:
            advertised = self._addresses.towards(_ANYWHERE[is_ipv6]) or _LOOPBACK[is_ipv6]
        listener = Listener(
            settings.transport,
            settings.host,
            port,
            advertised,
            settings.advertised_port,
            settings.account_id,
        )
        self._settings[listener] = settings
        self._bound_of[listener] = listener
        if shows_faces:
            self._faces[listener] = {advertised: listener}
        return listener

    def bound_of(self, listener: Listener) -> Listener | None:
        """Return the bound listener that a listener is a face of; None when it is not ours."""
        return self._bound_of.get(listener)

    def settings_of(self, listener: Listener) -> ListenerSettings:
        """Return the settings that a bound listener was made from."""
        return self._settings[listener]

    def seen_from(self, bound: Listener, host: str) -> Listener:
        """Return the face that a bound listener shows to a remote IP address."""
        if bound not in self._faces:
            return bound
        return self.seen_at(bound, self._addresses.towards(host))

    def seen_at(self, bound: Listener, local_host: str) -> Listener:
        """Return the face that a bound listener shows at one of our addresses."""
        faces = self._faces.get(bound)
        if faces is None or not local_host:
            return bound
        face = faces.get(local_host)
        if face is None:
            face = Listener(
                bound.transport,
                bound.host,
                bound.port,
                local_host,
                self._settings[bound].advertised_port,
                bound.account_id,
            )
            faces[local_host] = face
            self._bound_of[face] = bound
        return face

    def choose(self, transport: str, host: str) -> Listener | None:
        """Return the listener to reach a remote IP address from, None when no one can.

        Preferred is one bound to our address on the route there, then one bound to all addresses, then
        any other of the family, though never loopback to the outside. An account's own port comes last.
        """
        is_ipv6 = ":" in host
        local = self._addresses.towards(host)
        best: Listener | None = None
        best_rank = 0
        for bound, settings in self._settings.items():
            if bound.transport != transport or bound.is_ipv6 != is_ipv6:
                continue
            rank = _rank(settings, local)
            if rank and bound.account_id is None:
                rank += 10
            if rank > best_rank:
                best, best_rank = bound, rank
        return None if best is None else self.seen_from(best, host)

    def find(self, transport: str, port: int, host: str) -> Listener | None:
        """Return the face towards a remote IP address of the listener at this local port, None when there is none."""
        for bound in self._settings:
            if bound.transport == transport and bound.port == port and bound.is_ipv6 == (":" in host):
                return self.seen_from(bound, host)
        return None

    def is_own(self, host: str, port: int) -> bool:
        """Whether a host, without brackets, and a port are where peers reach one of our listeners."""
        lowered = host.lower()
        for bound, settings in self._settings.items():
            if port == bound.advertised_port and lowered == bound.advertised_host.lower():
                return True
            if port != bound.port:
                continue
            if lowered == bound.host:
                return True
            if settings.is_wildcard and bound.is_ipv6 == (":" in host) and self._addresses.is_own(host):
                return True
        return False


def _rank(settings: ListenerSettings, local: str) -> int:
    if settings.host == local:
        return 3
    if settings.is_wildcard:
        return 2
    bound_to_loopback = ipaddress.ip_address(settings.host.partition("%")[0]).is_loopback
    routed_by_loopback = bool(local) and ipaddress.ip_address(local.partition("%")[0]).is_loopback
    return 0 if bound_to_loopback and not routed_by_loopback else 1
