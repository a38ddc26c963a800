"""What a registrar reads of a REGISTER: gathered in one pass over its header fields."""

from __future__ import annotations

from typing import Final

from trunkline.registrar.contact import ABSENT, seconds
from trunkline.sip.errors import ParseError
from trunkline.sip.grammar import split_commas
from trunkline.sip.message import Request
from trunkline.sip.name_address import parse_name_address
from trunkline.sip.uri import SipUri

_CONTACT: Final = 1
_EXPIRES: Final = 2
_TO: Final = 3
_CALL_ID: Final = 4
_SUPPORTED: Final = 5
_REQUIRE: Final = 6
_PATH: Final = 7
_USER_AGENT: Final = 8
_AUTHORIZATION: Final = 9
_VIA: Final = 10

_FIELDS: Final = {
    "Contact": _CONTACT,
    "Expires": _EXPIRES,
    "To": _TO,
    "Call-ID": _CALL_ID,
    "Supported": _SUPPORTED,
    "Require": _REQUIRE,
    "Path": _PATH,
    "User-Agent": _USER_AGENT,
    "Authorization": _AUTHORIZATION,
    "Via": _VIA,
}

_LONGEST_USER_AGENT: Final = 200
_LONGEST_CALL_ID: Final = 1024
_LONGEST_PATH: Final = 4096
_MOST_CONTACTS: Final = 64
"""More than any limit of bindings is likely to be: each is compared with all others."""


class Registration:
    """A REGISTER as the registrar sees it. ``expires`` is ABSENT or MALFORMED where the header field is.

    ``is_wildcard`` tells of ``Contact: *``, and ``contacts`` holds the values as they came. Raises ParseError.
    """

    def __init__(self, request: Request) -> None:
        self.contacts: list[str] = []
        self.expires = ABSENT
        self.to = ""
        self.call_id = ""
        self.cseq: Final = request.cseq_number
        self.supported = ""
        self.required: list[str] = []
        self.path: tuple[str, ...] = ()
        self.user_agent = ""
        self.has_credentials = False
        self.vias = 0
        for name, value in request.headers:
            field = _FIELDS.get(name, 0)
            if field == 0:
                continue
            if field == _CONTACT:
                self._add_contacts(value)
            elif field == _VIA:
                self.vias += len(split_commas(value)) if "," in value else 1
            elif field == _TO:
                self.to = value
            elif field == _CALL_ID:
                self.call_id = value
            elif field == _EXPIRES:
                self.expires = seconds(value)
            elif field == _SUPPORTED:
                self.supported += "," + value
            elif field == _USER_AGENT:
                self.user_agent = value[:_LONGEST_USER_AGENT]
            elif field == _AUTHORIZATION:
                self.has_credentials = True
            elif field == _PATH:
                self.path += tuple(split_commas(value))
            else:
                self.required.extend(tag.strip().lower() for tag in value.split(",") if tag.strip())
        if len(self.contacts) > _MOST_CONTACTS:
            raise ParseError("Too Many Contacts")
        if len(self.call_id) > _LONGEST_CALL_ID:
            raise ParseError("Call-ID Too Long")
        self.is_wildcard: Final = "*" in self.contacts
        if self.path:
            self._check_path()

    def supports(self, tag: str) -> bool:
        """Whether the device said it knows this extension."""
        if tag in self.required:
            return True
        return tag in self.supported.lower() and tag in [
            part.strip().lower() for part in self.supported.split(",")
        ]

    @property
    def first_hop_keeps_flows(self) -> bool:
        """Whether nobody stands between, or the edge that does keeps flows (RFC 5626 §6)."""
        if self.vias < 2:
            return True
        return bool(self.path) and _has_ob(self.path[-1])

    def _add_contacts(self, value: str) -> None:
        if "," in value:
            self.contacts.extend(split_commas(value))
        elif value:
            self.contacts.append(value)

    def _check_path(self) -> None:
        if sum([len(value) for value in self.path]) > _LONGEST_PATH:
            raise ParseError("Path Too Long")
        for value in self.path:
            if not isinstance(parse_name_address(value).uri, SipUri):
                raise ParseError("Bad Path")


def _has_ob(path: str) -> bool:
    """Whether a Path value is that of an edge proxy that keeps flows."""
    uri = parse_name_address(path).uri
    return isinstance(uri, SipUri) and uri.parameter("ob") is not None
