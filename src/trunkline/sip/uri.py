"""SIP, SIPS, tel and other URIs (RFC 3261 §19.1, RFC 3966)."""

from __future__ import annotations

import re
from functools import lru_cache
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
        self,
        scheme: str,
        user: str,
        host: str,
        port: int | None = None,
        parameters: Parameters = NO_PARAMETERS,
        headers: str = "",
        password: str | None = None,
        text: str = "",
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

    def parameter(self, name: str) -> str | None:
        """The value of a parameter such as phone-context; "" when it has none, None when it is absent."""
        return parameter(self.parameters, name)


def _print(
    scheme: str,
    user: str,
    password: str | None,
    host: str,
    port: int | None,
    parameters: Parameters,
    headers: str,
) -> str:
    login = ""
    if user:
        login = f"{user}@" if password is None else f"{user}:{password}@"
    place = print_host(host) if port is None else f"{print_host(host)}:{port}"
    return f"{scheme}:{login}{place}{print_parameters(parameters)}{'?' + headers if headers else ''}"


def parse_uri(text: str) -> Uri:
    """Read a URI: :class:`SipUri`, :class:`TelUri`, or :class:`Uri` for other schemes. Raises ParseError."""
    return _known(text) if len(text) <= _LONGEST_KNOWN else _read(text)


def _read(text: str) -> Uri:
    if _BAD.search(text):
        raise ParseError("Bad URI")
    if text.startswith("sip:"):
        return _parse_sip_uri("sip", text, 4)
    colon = text.find(":")
    scheme = text[: max(colon, 0)].lower()
    if scheme in ("sip", "sips"):
        return _parse_sip_uri(scheme, text, colon + 1)
    if scheme == "tel":
        return _parse_tel_uri(text, text[colon + 1 :])
    if not _SCHEME.fullmatch(scheme):
        raise ParseError("Bad URI")
    return Uri(scheme, text)


_LONGEST_KNOWN: Final = 128
_known: Final = lru_cache(maxsize=4096)(_read)
"""The same few URIs stand in all messages of a call, and a realm's in all REGISTERs: URIs do not change, so one is made
for all."""


def parse_sip_uri(text: str) -> SipUri:
    """Read a URI that must be a SIP or SIPS one. Raises ParseError."""
    uri = parse_uri(text)
    if not isinstance(uri, SipUri):
        raise ParseError("Unsupported URI Scheme", 416)
    return uri


def _parse_sip_uri(scheme: str, text: str, start: int) -> SipUri:
    """Read what stands behind the scheme.

    The user may hold semicolons and question marks (RFC 3261 §25.1), and an ``@`` that should have been escaped, as
    in ``bob@biloxi.example@realm``. It ends at the last ``@`` before the first semicolon or question mark that
    follows the first ``@``: a later one belongs to a parameter or header that should have escaped it.
    """
    user = ""
    password: str | None = None
    at = text.find("@", start)
    if at >= 0:
        if text.find("@", at + 1) > 0:
            at = text.rfind("@", at, _end_of_host(text, at))
        user, colon, after = text[start:at].partition(":")
        if colon:
            password = after
            _check_escapes(password)
        if not user:
            raise ParseError("Bad URI")
        _check_escapes(user)
        start = at + 1
    headers = ""
    question = text.find("?", start)
    if question >= 0:
        headers = text[question + 1 :]
    else:
        question = len(text)
    semicolon = text.find(";", start, question)
    if semicolon < 0:
        host, port = split_host_port(text[start:question])
        return SipUri(scheme, user, host, port, NO_PARAMETERS, headers, password, text)
    host, port = split_host_port(text[start:semicolon])
    parameters = parse_parameters(text[semicolon + 1 : question])
    return SipUri(scheme, user, host, port, parameters, headers, password, text)


def _end_of_host(text: str, start: int) -> int:
    """Where the first semicolon or question mark from here on stands; the end of the text without one."""
    ends = [end for end in (text.find(";", start), text.find("?", start)) if end >= 0]
    return min(ends) if ends else len(text)


_SEPARATORS: Final = re.compile(r"[-.()]")
_TELEPHONE_NUMBER: Final = re.compile(r"\+?[0-9A-Fa-f*#]+")


def _parse_tel_uri(text: str, rest: str) -> TelUri:
    number, _, parameters = rest.partition(";")
    number = _SEPARATORS.sub("", number)
    if not _TELEPHONE_NUMBER.fullmatch(number):
        raise ParseError("Bad Telephone Number")
    return TelUri(number, parse_parameters(parameters), text)


def _check_escapes(text: str) -> None:
    if "%" in text and _BAD_ESCAPE.search(text):
        raise ParseError("Bad Escape in URI")


_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def equivalent(left: Uri, right: Uri) -> bool:
    """Compare two URIs as RFC 3261 §19.1.4 and, for ``tel``, RFC 3966 §4 do."""
    if left.text == right.text:
        return True
    if isinstance(left, TelUri) and isinstance(right, TelUri):
        return left.number.lower() == right.number.lower() and _by_name(left.parameters) == _by_name(
            right.parameters
        )
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


def _by_name(parameters: Parameters) -> dict[str, str]:
    return {unescape(name).lower(): unescape(value or "").lower() for name, value in parameters}


def _same_parameters(left: Parameters, right: Parameters) -> bool:
    """Parameters in both must match; user, ttl, method, maddr and transport must be in both or neither."""
    if not left and not right:
        return True
    ours = _by_name(left)
    theirs = _by_name(right)
    if any(name in theirs and theirs[name] != value for name, value in ours.items()):
        return False
    return all((name in ours) == (name in theirs) for name in _COMPARED_ALWAYS)


def _header_set(text: str) -> frozenset[tuple[str, str]]:
    if not text:
        return frozenset()
    pairs = [pair.partition("=") for pair in text.split("&")]
    return frozenset({(unescape(name).lower(), unescape(value)) for name, _, value in pairs})
