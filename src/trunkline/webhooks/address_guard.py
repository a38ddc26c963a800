"""The guard of outgoing requests: a name that somebody else gave must not lead into this machine or its networks.

Names are resolved here, every address is judged, and who connects uses the very address that was judged: there is no
second look-up that could answer otherwise (DNS rebinding). Numbers in odd spellings (``0x7f.1``, ``2130706433``) are
judged by the address that the system makes of them.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from trunkline.domain.reach import Reach, reach_of

RESOLVING_S: Final = 5.0
"""A name that takes longer is not known."""

_RESOLVERS: Final = 4
"""Names that are looked up at a time: those of strangers may be slow."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_SPECIAL: Final[tuple[Network, ...]] = tuple(
    ip_network(text)
    for text in (
        "168.63.129.16/32",  # a cloud's own agent
        "192.0.0.0/24",  # IETF protocol assignments, and a cloud's metadata
        "192.88.99.0/24",  # relays of 6to4
        "198.18.0.0/15",  # benchmarks
        "240.0.0.0/4",  # reserved
        "::/96",  # IPv4-compatible
        "64:ff9b:1::/48",  # local translation
        "100::/64",  # discard
        "2001::/23",  # IETF protocol assignments: Teredo, ORCHID, …
        "2002::/16",  # 6to4: leads to whichever IPv4 address is in it
        "5f00::/16",  # segment routing
    )
)
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
_LAST_32: Final = 0xFFFF_FFFF


class AddressRefused(OSError):  # noqa: N818 - theirs, not an error of ours
    """Nothing is sent there.

    ``sentence`` says why, for who gave the address. ``is_for_good`` is False for a name that merely is not known now.
    """

    def __init__(self, sentence: str, *, is_for_good: bool = True) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.is_for_good = is_for_good


class AddressGuard:
    """Judges where requests may go.

    ``allowed`` are networks that the operator opened beside the public ones. ``own_ports`` are the TCP ports that this
    server listens at: it never talks to itself, whatever is allowed. ``is_own`` tells addresses of this machine.
    """

    def __init__(
        self,
        allowed: Sequence[Network] = (),
        own_ports: Callable[[], Collection[int]] = tuple,
        *,
        resolve: Resolve | None = None,
        is_own: Callable[[Address], bool] | None = None,
    ) -> None:
        self._allowed = tuple(allowed)
        self._own_ports = own_ports
        self._resolve = resolve or SystemResolver().resolve
        self._is_own = is_own or is_of_this_machine

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host, every one of them good to connect to. Raises AddressRefused.

        One bad address refuses the name: an honest receiver has none.
        """
        try:
            found = await asyncio.wait_for(self._resolve(host.strip("[]"), port), RESOLVING_S)
        except TimeoutError:
            raise AddressRefused(
                f"The name {host} was not resolved within {RESOLVING_S:.0f} seconds.", is_for_good=False
            ) from None
        except (OSError, UnicodeError) as error:
            raise AddressRefused(
                f"The name {host} is not known: {_reason(error)}.", is_for_good=False
            ) from error
        if not found:
            raise AddressRefused(f"The name {host} has no address.", is_for_good=False)
        for address in found:
            self.check(address, port)
        return list(dict.fromkeys(found))

    def check(self, address: str, port: int) -> None:
        """Raise AddressRefused unless a request may go to an address."""
        why = self._why_not(address, port)
        if why:
            raise AddressRefused(f"Nothing is sent to {address}: {why}.")

    def _why_not(self, text: str, port: int) -> str:
        if not 0 < port < 65_536:
            return f"{port} is no port"
        try:
            address = plain_address(text)
        except ValueError:
            return "it is no address"
        reach = reach_of(str(address))
        if reach is Reach.NOWHERE:
            return "it is the address of no host"
        is_own = reach is Reach.MACHINE or self._is_own(address)
        if is_own and port in self._own_ports():
            return "this server itself listens there"
        if any(address in network for network in self._allowed):
            return ""
        if is_own:
            return "it is this machine"
        if reach is Reach.LINK:
            return "it means something else on every link, and clouds give their secrets there"
        if reach is not Reach.WORLD or any(address in network for network in _SPECIAL):
            return "it is in a private or special network"
        return ""


def plain_address(text: str) -> Address:
    """An address without its wrapping: IPv4 within IPv6 (mapped, or translated by NAT64) is that IPv4 address.

    Raises ValueError for what is none.
    """
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            address = IPv6Address(int(address))
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _TRANSLATED:
            return IPv4Address(int(address) & _LAST_32)
    return address


def is_of_this_machine(address: Address) -> bool:
    """Whether an address is one of this machine's: only those can be bound."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


class SystemResolver:
    """Asks the system, on threads of its own: slow names hold up nobody else."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a name, or of an address in any spelling that the system reads. Raises OSError."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_RESOLVERS, "outgoing-names")
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _look_up, host, port)
        return [str(entry[4][0]) for entry in found]


def _look_up(host: str, port: int) -> list[tuple[int, int, int, str, tuple[str | int, ...]]]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)  # type: ignore[return-value]


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
