"""What an operator settles about media: networks, ports, time limits and folders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final

from trunkline.domain.media import NOWHERE

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,30}")
_LOG_LEVELS: Final = ("crit", "err", "warn", "info", "dbug")
_MOST_INTERFACES: Final = 16
_PORTS_PER_STREAM: Final = 4


def _plain_address(text: str) -> IPv4Address | IPv6Address:
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise ValueError(f"{text!r}: an address with a zone cannot carry media")
    return address


@dataclass(frozen=True, slots=True)
class MediaInterface:
    """A network that media ports are opened on.

    ``name`` is what calls say as ``facing``: ``ip4``, ``ip6`` or a name of the operator's. ``address`` is local
    to this machine; ``advertised`` is what session descriptions show instead of it (a router's outside
    address), None for the address itself.
    """

    name: str
    address: str
    advertised: str | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name == NOWHERE:
            raise ValueError(
                f"media interface name {self.name!r}: letters, digits, - and _ only, not {NOWHERE!r}"
            )
        address = _plain_address(self.address)
        if address.is_unspecified and self.advertised is None:
            raise ValueError(
                f"media interface {self.name}: {self.address} needs an advertised address beside it"
            )
        if self.advertised is not None and _plain_address(self.advertised).version != address.version:
            raise ValueError(f"media interface {self.name}: advertised address is of another address family")

    @property
    def ip(self) -> IPv4Address | IPv6Address:
        """The local address as a value."""
        return _plain_address(self.address)


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """How the embedded media engine runs. Folders are made when missing.

    ``silence_timeout_s``: a stream without any RTP for so long ends; ``hold_timeout_s`` counts instead while a
    side is on hold, ``setup_timeout_s`` until both sides are known (longer than the longest ringing).
    ``hang_timeout_s``: a command unanswered for so long means that the engine hangs, and it is replaced.
    """

    recordings_folder: Path
    prompts_folder: Path
    interfaces: tuple[MediaInterface, ...] = (MediaInterface("ip4", "127.0.0.1"),)
    port_min: int = 30000
    port_max: int = 39999
    silence_timeout_s: int = 60
    hold_timeout_s: int = 14400
    setup_timeout_s: int = 300
    hang_timeout_s: float = 3.0
    start_timeout_s: float = 10.0
    log_level: str = "err"

    def __post_init__(self) -> None:
        if not 1 <= len(self.interfaces) <= _MOST_INTERFACES:
            raise ValueError(f"media needs 1 to {_MOST_INTERFACES} interfaces")
        if len({interface.name for interface in self.interfaces}) != len(self.interfaces):
            raise ValueError("two media interfaces have the same name")
        if self.port_min < 1024 or self.port_max > 65535:
            raise ValueError("media ports lie between 1024 and 65535")
        if self.port_max - self.port_min + 1 < _PORTS_PER_STREAM:
            raise ValueError("the media port range is too small: a stream takes 4 ports")
        if min(self.silence_timeout_s, self.hold_timeout_s, self.setup_timeout_s) < 1:
            raise ValueError("media time limits are whole seconds, 1 or more")
        if self.log_level not in _LOG_LEVELS:
            raise ValueError(f"media log level is one of {', '.join(_LOG_LEVELS)}")

    @property
    def stream_capacity(self) -> int:
        """How many streams the ports can hold at the very most (half of it is a sound plan).

        Every address has the whole range to itself.
        """
        addresses = len({interface.ip for interface in self.interfaces})
        return addresses * (self.port_max - self.port_min + 1) // _PORTS_PER_STREAM

    @property
    def serves_loopback(self) -> bool:
        """Whether a party on this very machine is legitimate (demo, tests): some interface is loopback."""
        return any(interface.ip.is_loopback for interface in self.interfaces)

    def interface_facing(self, facing: str) -> MediaInterface | None:
        """Find the interface of a name, or the first of an address family; None when there is none."""
        for interface in self.interfaces:
            if interface.name == facing:
                return interface
        version = {"ip4": 4, "ip6": 6}.get(facing)
        return next((each for each in self.interfaces if each.ip.version == version), None)
