"""Globally routable user agent URIs: one device of an address-of-record (RFC 5627, the public kind)."""

from __future__ import annotations

import re
from typing import Final

from trunkline.sip.grammar import unescape, unquote
from trunkline.sip.name_address import NameAddress
from trunkline.sip.uri import SipUri

_UNESCAPED: Final = re.compile(r"[A-Za-z0-9\-_.!~*'()\[\]/:&+$]")
"""``paramchar`` (RFC 3261 §25.1)."""


def instance_of(contact: NameAddress) -> str:
    """The ``+sip.instance`` of a Contact without quotes and angle brackets; "" when absent (RFC 5626 §4.1)."""
    return instance_name(unquote(contact.parameter("+sip.instance") or "").strip())


def instance_name(value: str) -> str:
    """An instance without the angle brackets it stands in as a ``+sip.instance``."""
    return value[1:-1] if value.startswith("<") and value.endswith(">") else value


def public_gruu(aor: SipUri, instance: str) -> SipUri:
    """Make the public GRUU of an instance: the address-of-record with the instance as ``gr`` (RFC 5627 §5.1).

    The same device gets the same GRUU at every registration; nothing is stored.
    """
    escaped = "".join(
        character
        if _UNESCAPED.fullmatch(character)
        else "".join(f"%{octet:02X}" for octet in character.encode("utf-8", "surrogateescape"))
        for character in instance
    )
    return SipUri(aor.scheme, aor.user, aor.host, aor.port, (("gr", escaped),))


def gruu_instance(uri: SipUri) -> str | None:
    """The instance a URI names; "" for a temporary GRUU, None for a URI that is no GRUU (RFC 5627 §3.3)."""
    value = uri.parameter("gr")
    return None if value is None else unescape(value)


def aor_of_gruu(uri: SipUri) -> SipUri:
    """The address-of-record of a public GRUU: the URI without its parameters (RFC 5627 §3.3)."""
    return SipUri(uri.scheme, uri.user, uri.host, uri.port)
