"""Transfer: Refer-To, the subscription a REFER implies, and its notifications (RFC 3515, RFC 4488, RFC 3420)."""

from __future__ import annotations

import re
from typing import Final

from trunkline.sip.errors import ParseError
from trunkline.sip.grammar import decimal, parameter, parse_parameters, split_commas
from trunkline.sip.message import Message, Request
from trunkline.sip.name_address import parse_name_address
from trunkline.sip.replaces import Replaces, parse_replaces
from trunkline.sip.status import reason_phrase
from trunkline.sip.uri import SipUri, Uri

SIPFRAG: Final = "message/sipfrag"

ACTIVE: Final = "active"
PENDING: Final = "pending"
TERMINATED: Final = "terminated"

_HEADER_UNRESERVED: Final = re.compile(r"[A-Za-z0-9\-_.!~*'()\[\]/?:+$]")
_STATUS_LINE: Final = re.compile(rb"SIP/2\.0 ([1-6]\d\d)(?: ([^\r\n]*))?(?:\r?\n|\Z)")


class ReferTo:
    """Whom to contact instead.

    ``uri`` is without its headers, ``method`` INVITE where none is named; ``replaces`` is the dialog the new
    call is to replace, None in a blind transfer.
    """

    def __init__(self, uri: Uri, method: str = "INVITE", replaces: Replaces | None = None) -> None:
        self.uri: Final = uri
        self.method: Final = method
        self.replaces: Final = replaces

    def __str__(self) -> str:
        """Print the value as it stands in Refer-To: a Replaces goes into the URI's headers, escaped."""
        if self.replaces is None:
            return f"<{self.uri.text}>"
        joint = "&" if "?" in self.uri.text else "?"
        return f"<{self.uri.text}{joint}Replaces={_escape(str(self.replaces))}>"


def parse_refer_to(request: Request) -> ReferTo:
    """Read the Refer-To of a REFER. Raises ParseError when it is absent, doubled or bad (RFC 3515 §2.4.2)."""
    value = request.get("Refer-To")
    if value is None:
        raise ParseError("Missing Refer-To Header")
    if len(split_commas(value)) != 1:
        raise ParseError("Duplicate Refer-To Header")
    uri = parse_name_address(value).uri
    if not isinstance(uri, SipUri):
        return ReferTo(uri)
    replaces_text = uri.header("replaces")
    replaces = parse_replaces(replaces_text) if replaces_text is not None else None
    method = uri.parameter("method")
    kept = tuple(pair for pair in uri.parameters if pair[0].lower() != "method")
    return ReferTo(uri.without_headers().with_parameters(kept), (method or "INVITE").upper(), replaces)


def wants_subscription(request: Request) -> bool:
    """Whether a REFER wants to be notified: not when it says ``Refer-Sub: false`` (RFC 4488 §4)."""
    value = request.get("Refer-Sub")
    return value is None or value.partition(";")[0].strip().lower() != "false"


class SubscriptionState:
    """A Subscription-State value (RFC 6665 §8.2.3): ``expires_s`` None when absent, ``reason`` "" when absent."""

    def __init__(self, state: str, expires_s: int | None = None, reason: str = "") -> None:
        self.state: Final = state
        self.expires_s: Final = expires_s
        self.reason: Final = reason

    def __str__(self) -> str:
        expires = "" if self.expires_s is None else f";expires={self.expires_s}"
        reason = f";reason={self.reason}" if self.reason else ""
        return f"{self.state}{expires}{reason}"


def parse_subscription_state(message: Message) -> SubscriptionState:
    """Read Subscription-State, its state in lower case. Raises ParseError when it is absent or bad."""
    value = message.get("Subscription-State")
    if value is None:
        raise ParseError("Missing Subscription-State Header")
    state, _, rest = value.partition(";")
    parameters = parse_parameters(rest)
    expires = parameter(parameters, "expires")
    if not state.strip():
        raise ParseError("Bad Subscription-State")
    return SubscriptionState(
        state.strip().lower(),
        decimal(expires, "Subscription-State", 2**32 - 1) if expires else None,
        (parameter(parameters, "reason") or "").lower(),
    )


def notify_headers(refer_cseq: int, state: SubscriptionState) -> list[tuple[str, str]]:
    """Head a notification of how a referred call fares (RFC 3515 §2.4.6).

    ``refer_cseq`` tells several REFERs of a dialog apart.
    """
    return [
        ("Event", f"refer;id={refer_cseq}"),
        ("Subscription-State", str(state)),
        ("Content-Type", f"{SIPFRAG};version=2.0"),
    ]


def print_sipfrag(status: int, reason: str = "") -> bytes:
    """Print the status line that is a notification's body (RFC 3515 §2.4.5)."""
    return f"SIP/2.0 {status} {reason or reason_phrase(status)}\r\n".encode("utf-8", "surrogateescape")


def parse_sipfrag(body: bytes) -> tuple[int, str]:
    """Read status and reason from a notification's body; what follows the status line is passed over.

    Raises ParseError.
    """
    match = _STATUS_LINE.match(body)
    if match is None:
        raise ParseError("Bad Sipfrag")
    reason = match.group(2) or b""
    return int(match.group(1)), reason.decode("utf-8", "surrogateescape").strip()


def _escape(text: str) -> str:
    """Escape for the headers of a URI (RFC 3261 §25.1, ``hvalue``)."""
    return "".join(
        character
        if _HEADER_UNRESERVED.fullmatch(character)
        else "".join(f"%{octet:02X}" for octet in character.encode("utf-8", "surrogateescape"))
        for character in text
    )
