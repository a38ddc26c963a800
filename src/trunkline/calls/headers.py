"""The header fields we put into messages of our own, and those that pass from one leg to the other."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from trunkline.calls.leg import Leg
from trunkline.sip.grammar import split_commas
from trunkline.sip.message import Message

ALLOW: Final = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, MESSAGE"
SUPPORTED: Final = "100rel, timer, replaces"
SUPPORTED_TAGS: Final = frozenset(
    {
        "100rel", "timer", "replaces", "path", "outbound", "gruu", "norefersub", "histinfo", "from-change",
    }
)  # fmt: skip
SDP: Final = "application/sdp"

_PASSED: Final = frozenset(
    {
        "Accept-Language", "Alert-Info", "Call-Info", "Organization", "Priority", "Subject",
    }
)  # fmt: skip
"""What a callee may know of the caller's INVITE besides its identity. All else ends here: topology stays hidden."""

_EARLIER_CALLS: Final = frozenset({"Diversion", "History-Info"})
"""Who was called before: carriers take it for an identity."""

_CLAIM: Final = re.compile(
    r"x-(?:p-|sip-)?(?:asserted|preferred|remote-party|identity|auth|forwarded|real-ip|"
    r"(?:src|source|client|originating|remote|peer)-?(?:ip|addr))",
    re.IGNORECASE,
)
"""Private header fields by which proxies tell the servers behind them who somebody is: only those proxies may."""

_PASSED_IN_DIALOG: Final = frozenset(
    {
        "Accept", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Event",
        "Info-Package", "MIME-Version", "Reason", "Subject", "Subscription-State",
    }
)  # fmt: skip


def passed_to_callee(message: Message, *, to_trunk: bool, shows_any: bool) -> list[tuple[str, str]]:
    """The caller's header fields that a callee leg gets too; private ``X-`` fields go to devices only.

    ``shows_any``: the caller may show any identity, so that its word on who was called before goes on as well.
    """
    found: list[tuple[str, str]] = []
    for pair in message.headers:
        name = pair[0]
        if (
            name in _PASSED
            or (shows_any and name in _EARLIER_CALLS)
            or (not to_trunk and _is_private(name))
            or name.lower() == "user-to-user"
        ):
            found.append(pair)
    return found


def _is_private(name: str) -> bool:
    return name[:2] in ("X-", "x-") and _CLAIM.match(name) is None


def passed_in_dialog(message: Message, *, to_trunk: bool) -> list[tuple[str, str]]:
    """The header fields that travel with the body of an INFO, MESSAGE or NOTIFY."""
    return [
        pair
        for pair in message.headers
        if pair[0] in _PASSED_IN_DIALOG or (not to_trunk and _is_private(pair[0]))
    ]


def own_headers(leg: Leg, supported: str = SUPPORTED) -> list[tuple[str, str]]:
    """Contact, Allow and Supported of a leg's dialog-forming messages."""
    return [("Contact", leg.contact), ("Allow", ALLOW), ("Supported", supported)]


def methods_allowed(message: Message) -> frozenset[str]:
    """The methods of an Allow header field; empty when there is none."""
    text = ",".join(message.get_all("Allow"))
    return _known_methods(text) if len(text) <= _LONGEST_KNOWN else _methods(text)


def _methods(text: str) -> frozenset[str]:
    return frozenset([method.upper() for method in split_commas(text) if method])


_LONGEST_KNOWN: Final = 256
_known_methods: Final = lru_cache(maxsize=512)(_methods)
"""Devices of one kind allow the same in every message."""
