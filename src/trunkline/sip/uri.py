"""SIP, SIPS, tel and other URIs (RFC 3261 §19.1, RFC 3966)."""

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
    print_parameters,
    split_host_port,
    unescape,
)

MAX_URI: Final = 2048
"""Longer Request-URIs are answered 414."""

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_BAD: Final = re.compile(r"[\x00-\x20\x7f<>\"{}|\\^`]")
_COMPARED_ALWAYS: Final = ("user", "ttl", "method", "maddr", "transport")


class Uri:
    """Any URI. ``scheme`` is in lower case, ``text`` what it was made of."""

    def __init__(self, scheme: str, text: str) -> None:
        self.scheme: Final = scheme
        self.text: Final = text

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Uri) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"<{self.text}>"


class SipUri(Uri):
    """A ``sip:`` or ``sips:`` URI.

    ``user`` and ``password`` are as escaped on the wire, ``user`` is empty when absent; ``host`` is in lower case,
    without brackets; ``port`` None when absent; ``headers`` is what follows ``?``.
    """

    def __init__(
        self, scheme: str, user: str, host: str, port: int | None = None, parameters: Parameters = NO_PARAMETERS,
        headers: str = "", password: str | None = None, text: str = "",
    ) -> None:
        super().__init__(scheme, text or _print(scheme, user, password, host, port, parameters, headers))
        self.user: Final = user
        self.password: Final = password
        self.host: Final = host
        self.port: Final = port
        self.parameters: Final = parameters
        self.headers: Final = headers

    @property
    def is_secure(self) -> bool:
        """Whether the scheme is ``sips``."""
        return self.scheme == "sips"

    @property
    def username(self) -> str:
        """The user with its escapes undone."""
        return unescape(self.user)

    @property
    def transport(self) -> str | None:
        """The transport parameter in lower case, None when absent."""
        value = parameter(self.parameters, "transport")
        return value.lower() if value else None

    @property
    def is_loose_router(self) -> bool:
        """Whether ``;lr`` is there (RFC 3261 §19.1.1)."""
        return parameter(self.parameters, "lr") is not None

    def parameter(self, name: str) -> str | None:
        """The value of a URI parameter; "" when it has none, None when it is absent."""
        return parameter(self.parameters, name)

    def with_parameters(self, parameters: Parameters) -> SipUri:
        """The same URI with other parameters."""
        return SipUri(self.scheme, self.user, self.host, self.port, parameters, self.headers, self.password)

    def without_headers(self) -> SipUri:
        """The URI as it may stand in a Request-URI (RFC 3261 §19.1.5): no headers."""
        if not self.headers:
            return self
        return SipUri(self.scheme, self.user, self.host, self.port, self.parameters, "", self.password)

    def header(self, name: str) -> str | None:
        """A header of the ``?`` part, unescaped; the name is compared without case. None when absent."""
        for pair in self.headers.split("&"):
            key, _, value = pair.partition("=")
            if unescape(key).lower() == name:
                return unescape(value)
        return None


class TelUri(Uri):
    """A ``tel:`` URI (RFC 3966). ``number`` is without visual separators, ``+`` kept."""

    def __init__(self, number: str, parameters: Parameters, text: str) -> None:
        super().__init__("tel", text)
        self.number: Final = number
        self.parameters: Final = parameters


def _print(
    scheme: str, user: str, password: str | None, host: str, port: int | None, parameters: Parameters, headers: str
) -> str:
    login = ""
    if user:
        login = f"{user}@" if password is None else f"{user}:{password}@"
    place = print_host(host) if port is None else f"{print_host(host)}:{port}"
    return f"{scheme}:{login}{place}{print_parameters(parameters)}{'?' + headers if headers else ''}"


def parse_uri(text: str) -> Uri:
    """Read a URI: :class:`SipUri`, :class:`TelUri`, or :class:`Uri` for other schemes. Raises ParseError."""
    colon = text.find(":")
    if colon <= 0:
        raise ParseError("Bad URI")
    scheme = text[:colon].lower()
    if _BAD.search(text):
        raise ParseError("Bad URI")
    if scheme in ("sip", "sips"):
        return _parse_sip_uri(scheme, text, text[colon + 1 :])
    if scheme == "tel":
        number, _, rest = text[colon + 1 :].partition(";")
        return TelUri(re.sub(r"[-.() ]", "", number), parse_parameters(rest), text)
    if not _SCHEME.fullmatch(scheme):
        raise ParseError("Bad URI")
    return Uri(scheme, text)


def parse_sip_uri(text: str) -> SipUri:
    """Read a URI that must be a SIP or SIPS one. Raises ParseError."""
    uri = parse_uri(text)
    if not isinstance(uri, SipUri):
        raise ParseError("Unsupported URI Scheme", 416)
    return uri


def _parse_sip_uri(scheme: str, text: str, rest: str) -> SipUri:
    user = ""
    password: str | None = None
    at = rest.rfind("@")
    if at >= 0:
        user, colon, after = rest[:at].partition(":")
        if colon:
            password = after
        if not user:
            raise ParseError("Bad URI")
        if "%" in user:
            _check_escapes(user)
        rest = rest[at + 1 :]
    rest, _, headers = rest.partition("?")
    place, _, parameter_text = rest.partition(";")
    host, port = split_host_port(place)
    return SipUri(scheme, user, host, port, parse_parameters(parameter_text), headers, password, text)


def _check_escapes(text: str) -> None:
    for part in text.split("%")[1:]:
        if len(part) < 2 or not all(character in "0123456789abcdefABCDEF" for character in part[:2]):
            raise ParseError("Bad Escape in URI")


def equivalent(left: Uri, right: Uri) -> bool:
    """Compare two URIs as RFC 3261 §19.1.4 does."""
    if left.text == right.text:
        return True
    if not isinstance(left, SipUri) or not isinstance(right, SipUri):
        return False
    return (
        left.scheme == right.scheme
        and left.port == right.port
        and left.host == right.host
        and unescape(left.user) == unescape(right.user)
        and (left.password or "") == (right.password or "")
        and _same_parameters(left.parameters, right.parameters)
        and _header_set(left.headers) == _header_set(right.headers)
    )


def _same_parameters(left: Parameters, right: Parameters) -> bool:
    """Parameters in both must match; user, ttl, method, maddr and transport must be in both or neither."""
    ours = {name.lower(): (value or "").lower() for name, value in left}
    theirs = {name.lower(): (value or "").lower() for name, value in right}
    if any(name in theirs and theirs[name] != value for name, value in ours.items()):
        return False
    return all((name in ours) == (name in theirs) for name in _COMPARED_ALWAYS)


def _header_set(text: str) -> frozenset[str]:
    return frozenset(unescape(pair) for pair in text.split("&")) if text else frozenset()
