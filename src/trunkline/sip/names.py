"""Header field names: their one canonical spelling, compact forms, and how often they may stand."""

from __future__ import annotations

from typing import Final

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

CANONICAL: Final[dict[str, str]] = {
    **{name: name for name in _KNOWN},
    **{name.lower(): name for name in _KNOWN},
    **{name.upper(): name for name in _KNOWN},
    **_COMPACT,
    **{short.upper(): name for short, name in _COMPACT.items()},
}
"""The usual spellings of known names. Other mixtures of case go through :func:`canonical_name`."""

KNOWN: Final = frozenset(_KNOWN)

SINGLETONS: Final = frozenset(
    {
        "Call-ID", "Content-Disposition", "Content-Length", "Content-Type", "CSeq", "Date", "Event", "Expires", "From",
        "Max-Forwards", "MIME-Version", "Min-Expires", "Min-SE", "RAck", "Refer-To", "Replaces", "RSeq",
        "Session-Expires", "Subscription-State", "Timestamp", "To",
    }
)
"""Header fields that stand at most once: two of them would be read differently by different servers."""


def canonical_name(name: str) -> str:
    """The one spelling of a known header field name; an unknown name comes back as it was written."""
    known = CANONICAL.get(name)
    if known is not None:
        return known
    return CANONICAL.get(name.lower(), name)
