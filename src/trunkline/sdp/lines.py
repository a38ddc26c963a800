"""The lines a session description is made of (RFC 8866 §5), each a value that prints itself as it came."""

from __future__ import annotations

import re
from typing import Final

from trunkline.sdp.errors import SdpError

# Names, IPv4 and IPv6 (with brackets and zone, which some peers write). Nothing here may smuggle a separator
# into what is later told to a media engine.
_ADDRESS: Final = re.compile(r"[A-Za-z0-9._:%\[\]-]{1,255}")


class Written:
    """A value that equals another of its kind when both print alike.

    These are plain classes, not dataclasses: every call makes a hundred of them, and the constructor of a frozen
    dataclass takes six times as long.
    """

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


class Line(Written):
    """A line that is kept and printed, and not looked into (``s=``, ``b=``, ``t=``, unknown letters)."""

    def __init__(self, letter: str, value: str) -> None:
        self.letter: Final = letter
        self.value: Final = value

    def __str__(self) -> str:
        return f"{self.letter}={self.value}"


class Attribute(Written):
    """An ``a=`` line (RFC 8866 §5.13). ``value`` is None for a flag without a colon."""

    def __init__(self, name: str, value: str | None = None) -> None:
        self.name: Final = name
        self.value: Final = value

    def __str__(self) -> str:
        return f"a={self.name}" if self.value is None else f"a={self.name}:{self.value}"


class Connection(Written):
    """A ``c=`` line (RFC 8866 §5.7).

    ``ttl`` exists for IPv4 multicast only; ``count`` is the number of consecutive multicast addresses.
    ``address`` is an IP address or a host name, as written.
    """

    def __init__(
        self, network: str, family: str, address: str, ttl: int | None = None, count: int | None = None
    ) -> None:
        self.network: Final = network
        self.family: Final = family
        self.address: Final = address
        self.ttl: Final = ttl
        self.count: Final = count

    def __str__(self) -> str:
        text = f"c={self.network} {self.family} {self.address}"
        if self.ttl is not None:
            text = f"{text}/{self.ttl}"
        return text if self.count is None else f"{text}/{self.count}"


class Origin(Written):
    """An ``o=`` line (RFC 8866 §5.2).

    ``session_id`` and ``version`` stay text: phones write numbers beyond 64 bits, signs, even fractions.
    """

    def __init__(
        self, user: str, session_id: str, version: str, network: str, family: str, address: str
    ) -> None:
        self.user: Final = user
        self.session_id: Final = session_id
        self.version: Final = version
        self.network: Final = network
        self.family: Final = family
        self.address: Final = address

    def __str__(self) -> str:
        return f"o={self.user} {self.session_id} {self.version} {self.network} {self.family} {self.address}"

    @staticmethod
    def ours(address: str, session_id: int, version: int = 1, user: str = "trunkline") -> Origin:
        """The origin of a description that we write ourselves."""
        return Origin(user, str(session_id), str(version), "IN", family_of(address), address)

    def successor(self) -> Origin:
        """The same origin with its version increased by one. Only for origins of ours, whose version is a number."""
        return Origin(
            self.user, self.session_id, str(int(self.version) + 1), self.network, self.family, self.address
        )


DescriptionLine = Line | Attribute | Connection | Origin


def family_of(address: str) -> str:
    """``IP6`` for an address with a colon, else ``IP4``."""
    return "IP6" if ":" in address else "IP4"


def unicast(address: str) -> Connection:
    """The connection line of one unicast address."""
    return Connection("IN", family_of(address), address)


def parse_connection(value: str) -> Connection:
    """Read what stands behind ``c=``."""
    parts = value.split()
    if len(parts) != 3:
        raise SdpError(f"the connection line 'c={value[:80]}' does not have three fields")
    network, family, address = parts
    if "/" not in address:
        if _ADDRESS.fullmatch(address) is None and network == "IN":
            raise SdpError(f"the connection line 'c={value[:80]}' has no usable address")
        return Connection(network, family, address)
    return _parse_multicast(network, family, address, value)


def _parse_multicast(network: str, family: str, text: str, value: str) -> Connection:
    """``224.2.1.1/127``, ``224.2.1.1/127/3`` or ``ff15::101/3`` (RFC 8866 §5.7)."""
    address, *suffix = text.split("/")
    numbers = [
        decimal(part, 255 if family == "IP4" and index == 0 else 65535) for index, part in enumerate(suffix)
    ]
    allowed = 2 if family == "IP4" else 1
    if _ADDRESS.fullmatch(address) is None or len(numbers) > allowed or -1 in numbers:
        raise SdpError(f"the connection line 'c={value[:80]}' is no multicast address with TTL and count")
    if family == "IP4":
        return Connection(network, family, address, numbers[0], numbers[1] if len(numbers) > 1 else None)
    return Connection(network, family, address, None, numbers[0])


def parse_origin(value: str) -> Origin:
    """Read what stands behind ``o=``, with the liberties real phones take.

    Those are spaces in the user name, no user name at all, and no address at the end.
    """
    parts = value.split(" ")
    while len(parts) > 6 and not parts[-1]:
        parts.pop()
    if len(parts) == 5 and parts[3] == "IN":
        parts.append("")
    if len(parts) < 6:
        raise SdpError(f"the origin line 'o={value[:80]}' does not have six fields")
    user = " ".join(parts[:-5])
    return Origin(user, parts[-5], parts[-4], parts[-3], parts[-2], parts[-1])


def decimal(text: str, most: int) -> int:
    """The value of a run of ASCII digits; -1 when it is none or is over ``most``."""
    if not text.isdigit() or not text.isascii() or len(text) > 10:
        return -1
    value = int(text)
    return value if value <= most else -1
