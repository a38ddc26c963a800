"""Header field names: their one canonical spelling, compact forms, and how often they may stand."""

from __future__ import annotations

from typing import Final

# fmt: off
_COMPACT: Final = {
    "a": "Accept-Contact", "b": "Referred-By", "c": "Content-Type", "d": "Request-Disposition",
    "e": "Content-Encoding", "f": "From", "i": "Call-ID", "j": "Reject-Contact", "k": "Supported",
    "l": "Content-Length", "m": "Contact", "n": "Identity-Info", "o": "Event", "r": "Refer-To",
    "s": "Subject", "t": "To", "u": "Allow-Events", "v": "Via", "x": "Session-Expires", "y": "Identity",
}
"""RFC 3261 §7.3.3 and the IANA registry of header fields."""

_KNOWN: Final = (
    "Accept", "Accept-Contact", "Accept-Encoding", "Accept-Language", "Alert-Info", "Allow", "Allow-Events",
    "Authentication-Info", "Authorization", "Call-ID", "Call-Info", "Contact", "Content-Disposition",
    "Content-Encoding", "Content-Language", "Content-Length", "Content-Type", "CSeq", "Date", "Diversion",
    "Error-Info", "Event", "Expires", "Flow-Timer", "From", "Geolocation", "History-Info", "Identity", "Identity-Info",
    "In-Reply-To", "Info-Package", "Join", "Max-Forwards", "MIME-Version", "Min-Expires", "Min-SE", "Organization",
    "P-Access-Network-Info", "P-Asserted-Identity", "P-Associated-URI", "P-Charging-Vector", "P-Early-Media",
    "P-Preferred-Identity", "Path", "Priority", "Privacy", "Proxy-Authenticate", "Proxy-Authentication-Info",
    "Proxy-Authorization", "Proxy-Require", "RAck", "Reason", "Record-Route", "Recv-Info", "Refer-Sub", "Refer-To",
    "Referred-By", "Reject-Contact", "Remote-Party-ID", "Replaces", "Reply-To", "Request-Disposition", "Require",
    "Retry-After", "Route", "RSeq", "Server", "Service-Route", "Session-Expires", "SIP-ETag", "SIP-If-Match",
    "Subject", "Subscription-State", "Supported", "Target-Dialog", "Timestamp", "To", "Unsupported", "User-Agent",
    "Via", "Warning", "WWW-Authenticate",
)

SINGLETONS: Final = frozenset(
    {
        "Call-ID", "Content-Disposition", "Content-Length", "Content-Type", "CSeq", "Date", "Event", "Expires", "From",
        "Max-Forwards", "MIME-Version", "Min-Expires", "Min-SE", "RAck", "Refer-To", "Replaces", "RSeq",
        "Session-Expires", "Subscription-State", "Timestamp", "To",
    }
)
"""Header fields that stand at most once: two of them would be read differently by different servers."""
# fmt: on

VIA: Final = 1
CONTACT: Final = 2
CONTENT_LENGTH: Final = 4
MANDATORY: Final = VIA | 8 | 16 | 32 | 64
"""What every message must have (RFC 3261 §8.1.1), but for Max-Forwards, which old peers leave out."""

_BITS: Final = {
    "Via": VIA,
    "Contact": CONTACT,
    "Content-Length": CONTENT_LENGTH,
    "From": 8,
    "To": 16,
    "Call-ID": 32,
    "CSeq": 64,
}
"""The bits of the fields that the parser knows by theirs; other singletons get the bits behind."""

MAY_REPEAT: Final = VIA | CONTACT | CONTENT_LENGTH
"""Fields with a bit that are no fault when they come again; of Content-Length the values are compared."""


_COMMON: Final = frozenset(
    {
        "Accept", "Allow", "Allow-Events", "Content-Length", "Content-Type", "Event", "Expires", "Max-Forwards",
        "Min-SE", "Proxy-Require", "Require", "Server", "Session-Expires", "Supported", "User-Agent",
    }
)  # fmt: skip


class Field:
    """A known header field: its name, and its bit, 0 where the parser need not watch it.

    ``is_common``: its values tell of a kind of device rather than of one device, dialog or message.
    """

    def __init__(self, name: str, bit: int, *, is_common: bool) -> None:
        self.name: Final = name
        self.bit: Final = bit
        self.is_common: Final = is_common


def _fields() -> dict[str, Field]:
    """Every known name in its usual spellings, and the compact forms."""
    fields: dict[str, Field] = {}
    next_bit = 128
    for name in _KNOWN:
        bit = _BITS.get(name, 0)
        if not bit and name in SINGLETONS:
            bit = next_bit
            next_bit *= 2
        field = Field(name, bit, is_common=name in _COMMON)
        for spelling in (name, name.lower(), name.upper()):
            fields[spelling] = field
    for compact, name in _COMPACT.items():
        fields[compact] = fields[compact.upper()] = fields[name]
    return fields


FIELDS: Final[dict[str, Field]] = _fields()
"""Known names by their usual spellings. Other mixtures of case go through :func:`canonical_name`."""

KNOWN: Final = frozenset(_KNOWN)


def canonical_name(name: str) -> str:
    """The one spelling of a known header field name; an unknown name comes back as it was written."""
    field = FIELDS.get(name) or FIELDS.get(name.lower())
    return name if field is None else field.name
