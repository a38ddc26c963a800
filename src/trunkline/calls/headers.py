"""The header fields we put into messages of our own, and those that pass from one leg to the other."""

from __future__ import annotations

from typing import Final

from trunkline.calls.leg import Leg
from trunkline.sip.message import Message

ALLOW: Final = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, MESSAGE"
SUPPORTED: Final = "100rel, timer, replaces"
SUPPORTED_TAGS: Final = frozenset({"100rel", "timer", "replaces", "path", "outbound", "gruu", "norefersub", "histinfo", "from-change"})
SDP: Final = "application/sdp"

_PASSED: Final = frozenset({
    "Accept-Language", "Alert-Info", "Call-Info", "Diversion", "History-Info", "Organization", "Priority", "Subject",
})
"""What a callee may know of the caller's INVITE besides its identity. All else ends here: topology stays hidden."""

_PASSED_IN_DIALOG: Final = frozenset({
    "Accept", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Event", "Info-Package",
    "MIME-Version", "Reason", "Subject", "Subscription-State",
})


def passed_to_callee(message: Message, *, to_trunk: bool) -> list[tuple[str, str]]:
    """The caller's header fields that a callee leg gets too; private ``X-`` fields go to devices only."""
    return [
        (name, value)
        for name, value in message.headers
        if name in _PASSED or name.lower() == "user-to-user" or (not to_trunk and name[:2] in ("X-", "x-"))
    ]


def passed_in_dialog(message: Message) -> list[tuple[str, str]]:
    """The header fields that travel with the body of an INFO, MESSAGE or NOTIFY."""
    return [
        (name, value)
        for name, value in message.headers
        if name in _PASSED_IN_DIALOG or name[:2] in ("X-", "x-")
    ]


def own_headers(leg: Leg) -> list[tuple[str, str]]:
    """Contact, Allow and Supported of a leg's dialog-forming messages."""
    return [("Contact", leg.contact), ("Allow", ALLOW), ("Supported", SUPPORTED)]


def methods_allowed(message: Message) -> frozenset[str]:
    """The methods of an Allow header field; empty when there is none."""
    return frozenset(value.upper() for value in message.values("Allow"))
