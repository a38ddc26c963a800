"""The Reason header field: why a request was sent, or a call ended (RFC 3326)."""

from __future__ import annotations

from typing import Final

from trunkline.sip.errors import ParseError
from trunkline.sip.grammar import parameter, parse_parameters, quote, split_commas, unquote
from trunkline.sip.message import Message

SIP: Final = "SIP"
Q850: Final = "Q.850"


class Reason:
    """One value: the protocol (``SIP``, ``Q.850``), its cause, None when absent, and a text, "" when absent."""

    def __init__(self, protocol: str, cause: int | None = None, text: str = "") -> None:
        self.protocol: Final = protocol
        self.cause: Final = cause
        self.text: Final = text

    def __str__(self) -> str:
        cause = "" if self.cause is None else f";cause={self.cause}"
        text = f";text={quote(self.text)}" if self.text else ""
        return f"{self.protocol}{cause}{text}"


def parse_reasons(message: Message) -> list[Reason]:
    """Read every Reason. An unreadable line is passed over: nothing but a record depends on it."""
    found: list[Reason] = []
    for line in message.get_all("Reason"):
        try:
            found.extend([_parse_reason(value) for value in split_commas(line)])
        except ParseError:
            continue
    return found


def _parse_reason(value: str) -> Reason:
    protocol, _, rest = value.partition(";")
    parameters = parse_parameters(rest)
    cause = parameter(parameters, "cause") or ""
    is_number = cause.isascii() and cause.isdigit() and len(cause) < 10
    text = unquote(parameter(parameters, "text") or "")
    return Reason(protocol.strip(), int(cause) if is_number else None, text)
