"""Who is calling, and who may know: Privacy, and asserted and preferred identities (RFC 3323, RFC 3325)."""

from __future__ import annotations

from typing import Final

from trunkline.sip.errors import ParseError
from trunkline.sip.message import Message
from trunkline.sip.name_address import NameAddress
from trunkline.sip.names import canonical_name

ANONYMOUS: Final = '"Anonymous" <sip:anonymous@anonymous.invalid>'
"""The From of somebody who hides (RFC 3323 §4.1.1.3), without a tag."""

IDENTITY_HEADERS: Final = frozenset(
    {
        "P-Asserted-Identity",
        "P-Preferred-Identity",
        "Remote-Party-ID",
        "P-Associated-URI",
        "P-Called-Party-ID",
        "P-Served-User",
        "P-Charge-Info",
        "P-Charging-Vector",
        "P-Profile-Key",
        "P-User-Database",
        "Identity",
        "Identity-Info",
    }
)
"""Header fields that say who somebody is and that only a trusted peer may say, in their canonical spelling."""

_IDENTITY_LOWER: Final = frozenset(name.lower() for name in IDENTITY_HEADERS)


def is_identity_header(name: str) -> bool:
    """Whether a header field carries identity, in whatever spelling, compact form included."""
    return canonical_name(name.strip()).lower() in _IDENTITY_LOWER


def strip_identity(message: Message) -> None:
    """Take away what a stranger has no right to say (RFC 3325 §5): every identity header, in every spelling."""
    message.headers = [pair for pair in message.headers if not is_identity_header(pair[0])]


def privacy_of(message: Message) -> frozenset[str]:
    """Read what the caller wants hidden (RFC 3323 §4.2).

    In lower case: ``id``, ``user``, ``header``, ``session``, ``critical``, ``none``; empty when the message
    does not say.
    """
    values: set[str] = set()
    for value in message.get_all("Privacy"):
        for part in value.replace(",", ";").split(";"):
            if part.strip():
                values.add(part.strip().lower())
    return frozenset(values)


def hides_identity(message: Message) -> bool:
    """Whether the asserted identity must be kept from those we do not trust (RFC 3325 §9.3)."""
    privacy = privacy_of(message)
    return "none" not in privacy and ("id" in privacy or "user" in privacy or "header" in privacy)


def asserted_identities(message: Message) -> list[NameAddress]:
    """Read P-Asserted-Identity: none, one, or a SIP and a tel URI. An unreadable header counts as absent.

    Worth something only from a peer that is trusted (RFC 3325 §9.1).
    """
    return _identities(message, "P-Asserted-Identity")


def preferred_identities(message: Message) -> list[NameAddress]:
    """Read P-Preferred-Identity: as whom of several a user agent wants to be known (RFC 3325 §9.2)."""
    return _identities(message, "P-Preferred-Identity")


def _identities(message: Message, name: str) -> list[NameAddress]:
    try:
        return message.addresses(name)
    except ParseError:
        return []
