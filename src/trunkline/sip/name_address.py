"""The ``name-addr`` form of From, To, Contact, Route, Path, Refer-To and others (RFC 3261 §20.10)."""

from __future__ import annotations

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
    """Split into raw display name, URI text and parameter text, without reading any of them further."""
    open_angle = value.find("<") if '"' not in value else _angle_after_quotes(value)
    if open_angle < 0:
        uri, _, parameters = value.partition(";")
        return "", uri.strip(), parameters
    close_angle = value.find(">", open_angle)
    if close_angle < 0:
        raise ParseError("Unbalanced Angle Brackets")
    rest = value[close_angle + 1 :].strip()
    if rest:
        if rest[0] != ";":
            raise ParseError("Bad Address")
        rest = rest[1:]
    return value[:open_angle].strip(), value[open_angle + 1 : close_angle], rest


def parse_name_address(value: str) -> NameAddress:
    """Read a name-addr or addr-spec with parameters. Raises ParseError.

    Without angle brackets everything behind the first semicolon belongs to the header field, and a comma or
    question mark in the URI is an error (RFC 3261 §20.10).
    """
    name, uri_text, parameters = split_name_address(value)
    if "<" not in value and ("?" in uri_text or "," in uri_text):
        raise ParseError("URI Needs Angle Brackets")
    if name and name[0] == '"' and (len(name) < 2 or name[-1] != '"'):
        raise ParseError("Bad Display Name")
    return NameAddress(parse_uri(uri_text), unquote(name), parse_parameters(parameters))


def _angle_after_quotes(value: str) -> int:
    """Where the URI's bracket opens when a quoted display name, or quoted parameter, is about."""
    position = 0
    quoted = False
    while position < len(value):
        character = value[position]
        if quoted and character == "\\":
            position += 1
        elif character == '"':
            quoted = not quoted
        elif character == "<" and not quoted:
            return position
        position += 1
    if quoted:
        raise ParseError("Unbalanced Quotes")
    return -1


def tag_of(value: str) -> str:
    """The tag parameter of a raw From or To value, "" when there is none. Cheaper than parsing it all."""
    at = value.rfind(">")
    if at < 0:
        at = value.find(";")
        if at < 0:
            return ""
    parameters = value[at + 1 :] if value[at] == ">" else value[at:]
    start = parameters.find(";tag=")
    if start >= 0:
        end = parameters.find(";", start + 5)
        return (parameters[start + 5 :] if end < 0 else parameters[start + 5 : end]).strip()
    if "tag" not in parameters.lower():
        return ""
    return parameter(parse_parameters(parameters.lstrip(" \t;")), "tag") or ""
