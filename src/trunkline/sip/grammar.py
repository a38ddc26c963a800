"""The small pieces of RFC 3261's grammar (§25.1) that many header fields share."""

from __future__ import annotations

import re
from typing import Final

from trunkline.sip.errors import ParseError

TOKEN: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
"""``token``."""

HOST: Final = re.compile(
    r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_\-]*[A-Za-z0-9_])?)(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_\-]*[A-Za-z0-9_])?)*\.?"
)
"""``hostname`` or ``IPv4address``; the underscore is no part of the grammar, but of many private names."""

_LONGEST_IPV6: Final = 45
_LONGEST_HOST: Final = 255
_NAMES_KEPT: Final = 4096
_IPV6_GROUP: Final = re.compile(r"[0-9A-Fa-f]{1,4}")
_IPV4: Final = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)")

Parameters = tuple[tuple[str, str | None], ...]
"""``;name=value`` pairs in their order; the name as written, the value None where there is no ``=``.
Quoted values keep their quotes."""

NO_PARAMETERS: Final[Parameters] = ()


def is_token(text: str) -> bool:
    """Whether this is a ``token``: the usual one of letters and digits is told without a regular expression."""
    return (text.isalnum() and text.isascii()) or TOKEN.fullmatch(text) is not None


def split_commas(value: str) -> list[str]:
    """Split a header field at its top-level commas: not inside quotes, not inside angle brackets.

    Empty elements are left out. Raises ParseError for quotes that do not close.
    """
    if "," not in value:
        return [value.strip()]
    if '"' not in value and "<" not in value:
        return [part for part in [piece.strip() for piece in value.split(",")] if part]
    return [part for part in [piece.strip() for piece in _split_top_level(value, ",")] if part]


def split_semicolons(text: str) -> list[str]:
    """Split at the semicolons that are not inside quotes. Raises ParseError for quotes that do not close."""
    if '"' not in text:
        return text.split(";")
    return _split_top_level(text, ";")


def _split_top_level(text: str, separator: str) -> list[str]:
    parts: list[str] = []
    start = 0
    for position in _top_level(text, separator):
        parts.append(text[start:position])
        start = position + 1
    parts.append(text[start:])
    return parts


def _top_level(text: str, separator: str) -> list[int]:
    """Where the separator stands outside of quotes and angle brackets."""
    positions: list[int] = []
    quoted = False
    escaped = False
    angle = False
    for position, character in enumerate(text):
        if escaped:
            escaped = False
        elif quoted:
            if character == "\\":
                escaped = True
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character == "<":
            angle = True
        elif character == ">":
            angle = False
        elif character == separator and not angle:
            positions.append(position)
    if quoted:
        raise ParseError("Unbalanced Quotes")
    return positions


def parse_parameters(text: str) -> Parameters:
    """Read ``a=b;c`` (without a leading semicolon). Empty ones are passed over. Raises ParseError."""
    if not text:
        return NO_PARAMETERS
    found: list[tuple[str, str | None]] = []
    has_blanks = " " in text or "\t" in text
    for part in split_semicolons(text):
        equals = part.find("=")
        if not has_blanks and equals != 0:
            if equals > 0:
                found.append((part[:equals], part[equals + 1 :]))
            elif part:
                found.append((part, None))
            continue
        name = (part if equals < 0 else part[:equals]).strip(" \t")
        if name:
            found.append((name, None if equals < 0 else part[equals + 1 :].strip(" \t")))
        elif equals >= 0:
            raise ParseError("Parameter Without Name")
    return tuple(found)


def parameter(parameters: Parameters, name: str) -> str | None:
    """The value of a parameter (name in lower case): "" when it has none, None when it is absent."""
    for key, value in parameters:
        if key == name or key.lower() == name:
            return value or ""
    return None


def without_parameter(parameters: Parameters, name: str) -> Parameters:
    """The parameters less those of this name (lower case)."""
    return tuple(pair for pair in parameters if pair[0].lower() != name)


def print_parameters(parameters: Parameters) -> str:
    """``;a=b;c``, empty for none."""
    text = ""
    for name, value in parameters:
        text += f";{name}" if value is None else f";{name}={value}"
    return text


def unquote(text: str) -> str:
    """The content of a quoted string; text without quotes comes back as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner = text[1:-1]
    if "\\" not in inner:
        return inner
    return re.sub(r"\\(.)", r"\1", inner)


def quote(text: str) -> str:
    """A quoted string with its quotes."""
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def unescape(text: str) -> str:
    """Undo ``%hh`` escapes; escapes that are none stay as they are."""
    if "%" not in text:
        return text
    octets = re.sub(rb"%([0-9A-Fa-f]{2})", _octet, text.encode("utf-8", "surrogateescape"))
    return octets.decode("utf-8", "surrogateescape")


def _octet(match: re.Match[bytes]) -> bytes:
    return bytes([int(match.group(1), 16)])


_USER: Final = re.compile(r"[A-Za-z0-9\-_.!~*'()&=+$,;?/]*")


def escape_user(text: str) -> str:
    """Escape what the ``user`` rule does not allow (RFC 3261 §25.1, user-unreserved)."""
    if _USER.fullmatch(text):
        return text
    return "".join([character if _USER.fullmatch(character) else _escaped(character) for character in text])


def _escaped(character: str) -> str:
    return "".join([f"%{octet:02X}" for octet in character.encode("utf-8", "surrogateescape")])


_UNPRINTABLE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def printable(text: str) -> str:
    """Text from the wire as it may go into logs, databases and pages.

    Control characters, those that turn the direction of writing, and octets that are no UTF-8 become U+FFFD.
    """
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def split_host_port(text: str) -> tuple[str, int | None]:
    """Read ``host[:port]``: the host in lower case, IPv6 without brackets, and the port, None when absent.

    Raises ParseError.
    """
    if text.startswith("["):
        return _split_ipv6_reference(text)
    colon = text.find(":")
    if colon < 0:
        return _host(text.strip(" \t")), None
    return _host(text[:colon].strip(" \t")), _port(text[colon + 1 :].strip(" \t"))


_names: Final[dict[str, str]] = {}
"""Host names that were read before, in lower case. Few are in use at a time; when there are too many, they are
forgotten."""


def _host(text: str) -> str:
    known = _names.get(text)
    if known is not None:
        return known
    if (
        text.replace(".", "").isdigit()
        and text.isascii()
        and text[0] != "."
        and text[-1] != "."
        and ".." not in text
    ):
        return text  # an IPv4 address
    if len(text) > _LONGEST_HOST or not HOST.fullmatch(text):
        raise ParseError("Bad Host")
    if len(_names) >= _NAMES_KEPT:
        _names.clear()
    _names[text] = text.lower()
    return _names[text]


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 5:
        raise ParseError("Bad Port")
    port = int(text)
    if port > 65535:
        raise ParseError("Bad Port")
    return port


def _split_ipv6_reference(text: str) -> tuple[str, int | None]:
    close = text.find("]")
    host = text[1:close]
    if close < 0 or len(host) > _LONGEST_IPV6 or not is_ipv6(host):
        raise ParseError("Bad IPv6 Reference")
    rest = text[close + 1 :].strip(" \t")
    if not rest:
        return host.lower(), None
    if rest[0] != ":":
        raise ParseError("Bad Host")
    return host.lower(), _port(rest[1:].strip(" \t"))


def is_ipv6(text: str) -> bool:
    """Whether this is an IPv6 address (RFC 4291 §2.2), without brackets and zone."""
    if ":" not in text or ":::" in text or text.count("::") > 1:
        return False
    head, double, tail = text.partition("::")
    groups = (head.split(":") if head else []) + (tail.split(":") if tail else [])
    if groups and "." in groups[-1]:
        if not _IPV4.fullmatch(groups.pop()):
            return False
        groups += ["0", "0"]
    if not all(_IPV6_GROUP.fullmatch(group) for group in groups):
        return False
    return len(groups) <= 7 if double else len(groups) == 8


def is_ipv4(text: str) -> bool:
    """Whether this is a dotted IPv4 address."""
    return _IPV4.fullmatch(text) is not None


def is_ip_address(text: str) -> bool:
    """Whether this is an address rather than a name."""
    return is_ipv4(text) or is_ipv6(text)


def print_host(host: str) -> str:
    """A host as it stands in a URI or Via: IPv6 gets its brackets."""
    return f"[{host}]" if ":" in host else host


_OCTETS: Final = {str(number): number for number in range(256)}
"""The numbers that are read most: Max-Forwards is one in every request."""


def decimal(text: str, name: str, most: int) -> int:
    """Read a decimal header field; ``name`` is for the reason phrase. Raises ParseError."""
    small = _OCTETS.get(text)
    if small is not None and small <= most:
        return small
    text = text.strip(" \t")
    if not text.isascii() or not text.isdigit():
        raise ParseError(f"Bad {name}")
    number = int(text) if len(text) <= 10 else most + 1
    if number > most:
        raise ParseError(f"{name} Too Large")
    return number
