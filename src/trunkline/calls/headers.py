"""The header fields we put into messages of our own, and those that pass from one leg to the other."""

from __future__ import annotations

from typing import Final

from trunkline.calls.leg import Leg
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
        "Accept-Language", "Alert-Info", "Call-Info", "Diversion", "History-Info", "Organization", "Priority", "Subject",
    }
)  # fmt: skip
"""What a callee may know of the caller's INVITE besides its identity. All else ends here: topology stays hidden."""

_PASSED_IN_DIALOG: Final = frozenset(
    {
        "Accept", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Event",
        "Info-Package", "MIME-Version", "Reason", "Subject", "Subscription-State",
    }
)  # fmt: skip


def passed_to_callee(message: Message, *, to_trunk: bool) -> list[tuple[str, str]]:
    """The caller's header fields that a callee leg gets too; private ``X-`` fields go to devices only."""
    found: list[tuple[str, str]] = []
    for pair in message.headers:
        name = pair[0]
        if name in _PASSED or (not to_trunk and name[:2] in ("X-", "x-")) or name.lower() == "user-to-user":
            found.append(pair)
    return found


def passed_in_dialog(message: Message) -> list[tuple[str, str]]:
    """The header fields that travel with the body of an INFO, MESSAGE or NOTIFY."""
    return [pair for pair in message.headers if pair[0] in _PASSED_IN_DIALOG or pair[0][:2] in ("X-", "x-")]


def own_headers(leg: Leg, supported: str = SUPPORTED) -> list[tuple[str, str]]:
    """Contact, Allow and Supported of a leg's dialog-forming messages."""
    return [("Contact", leg.contact), ("Allow", ALLOW), ("Supported", supported)]


def methods_allowed(message: Message) -> frozenset[str]:
    """The methods of an Allow header field; empty when there is none."""
    return frozenset([method.upper() for method in message.values("Allow")])
