"""The ``name-addr`` form of From, To, Contact, Route, Path, Refer-To and others (RFC 3261 §20.10)."""

from __future__ import annotations

import re
from typing import Final

from trunkline.sip.errors import ParseError
from trunkline.sip.grammar import (
    NO_PARAMETERS,
    Parameters,
    parameter,
    parse_parameters,
    print_parameters,
    quote,
    unquote,
    without_parameter,
)
from trunkline.sip.uri import Uri, parse_uri


class NameAddress:
    """A display name (unquoted, may be empty), a URI, and the header field's parameters."""

    def __init__(self, uri: Uri, display_name: str = "", parameters: Parameters = NO_PARAMETERS) -> None:
        self.uri: Final = uri
        self.display_name: Final = display_name
        self.parameters: Final = parameters

    @property
    def tag(self) -> str:
        """The tag of a From or To, "" when there is none."""
        return parameter(self.parameters, "tag") or ""

    def parameter(self, name: str) -> str | None:
        """A header parameter; "" when it has no value, None when absent."""
        return parameter(self.parameters, name)

    def with_tag(self, tag: str) -> NameAddress:
        """The same address with this tag; "" takes the tag away."""
        parameters = without_parameter(self.parameters, "tag")
        return NameAddress(self.uri, self.display_name, (*parameters, ("tag", tag)) if tag else parameters)

    def __str__(self) -> str:
        name = f"{quote(self.display_name)} " if self.display_name else ""
        return f"{name}<{self.uri.text}>{print_parameters(self.parameters)}"


def split_name_address(value: str) -> tuple[str, str, str]:
    """Split into raw display name, URI text and parameter text, without reading any of them further.

    Raises ParseError for quotes and angle brackets that do not close.
    """
    opening = value.find("<") if '"' not in value else _bracket_after_quotes(value)
    if opening < 0:
        uri, _, parameters = value.partition(";")
        return "", uri.strip(" \t"), parameters
    closing = value.find(">", opening)
    if closing < 0:
        raise ParseError("Unbalanced Angle Brackets")
    rest = value[closing + 1 :].strip(" \t")
    if rest:
        if rest[0] != ";":
            raise ParseError("Bad Address")
        rest = rest[1:]
    return value[:opening].strip(" \t"), value[opening + 1 : closing].strip(" \t"), rest


def check_brackets(value: str) -> None:
    """See that quotes and angle brackets close, and read no further. Raises ParseError."""
    if '"' in value:
        split_name_address(value)
        return
    closing = value.find(">")
    if closing < value.find("<"):
        raise ParseError("Unbalanced Angle Brackets")


def parse_name_address(value: str) -> NameAddress:
    """Read a name-addr or addr-spec with parameters. Raises ParseError.

    Without angle brackets everything behind the first semicolon belongs to the header field, and a comma or
    question mark in the URI is an error (RFC 3261 §20.10).
    """
    name, uri_text, parameters = split_name_address(value)
    if "<" not in value and ("?" in uri_text or "," in uri_text):
        raise ParseError("URI Needs Angle Brackets")
    if name:
        name = _display_name(name)
    return NameAddress(parse_uri(uri_text), name, parse_parameters(parameters))


def _display_name(text: str) -> str:
    """A display name without its quotes, and without the control characters that a quoted one may escape."""
    if text[0] == '"':
        if _end_of_quotes(text, 0) != len(text) - 1:
            raise ParseError("Bad Display Name")
        text = unquote(text)
    elif '"' in text:
        raise ParseError("Bad Display Name")
    return text if text.isprintable() else _CONTROLS.sub("", text)


_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")


def _end_of_quotes(text: str, opening: int) -> int:
    """Where the quoted string that opens here closes. Raises ParseError when it does not."""
    position = text.find('"', opening + 1)
    if "\\" not in text:
        if position < 0:
            raise ParseError("Unbalanced Quotes")
        return position
    position = opening + 1
    while position < len(text):
        character = text[position]
        if character == '"':
            return position
        position += 2 if character == "\\" else 1
    raise ParseError("Unbalanced Quotes")


def _bracket_after_quotes(value: str) -> int:
    """Where the URI's bracket opens when a quoted display name, or quoted parameter, is about; -1 without one."""
    position = 0
    while True:
        quotes = value.find('"', position)
        bracket = value.find("<", position)
        if quotes < 0 or 0 <= bracket < quotes:
            return bracket
        position = _end_of_quotes(value, quotes) + 1


def tag_of(value: str) -> str:
    """The tag parameter of a raw From or To value, without parsing it all.

    "" when there is none, and when the value is unreadable, so that even a malformed request can be answered.
    """
    at = value.find(";", value.rfind(">") + 1)
    if '"' not in value:
        if at < 0:
            return ""
        if value.startswith(";tag=", at):
            end = value.find(";", at + 5)
            return (value[at + 5 :] if end < 0 else value[at + 5 : end]).strip(" \t")
    try:
        parameters = value[at + 1 :] if '"' not in value else split_name_address(value)[2]
        return parameter(parse_parameters(parameters), "tag") or ""
    except ParseError:
        return ""
