"""Reliable provisional responses as the caller sees them: RSeq, RAck, and which response to acknowledge (RFC 3262)."""

from __future__ import annotations

from typing import Final

from trunkline.sip.errors import ParseError
from trunkline.sip.grammar import TOKEN, decimal
from trunkline.sip.message import Message, Response

_MAX_NUMBER: Final = 2**32 - 1


class RAck:
    """Which provisional response a PRACK acknowledges (§7.2): its RSeq, and its request's CSeq."""

    def __init__(self, rseq: int, cseq: int, method: str) -> None:
        self.rseq: Final = rseq
        self.cseq: Final = cseq
        self.method: Final = method

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq} {self.method}"


def parse_rack(message: Message) -> RAck:
    """Read the RAck of a PRACK. Raises ParseError when it is absent or bad."""
    value = message.get("RAck")
    if value is None:
        raise ParseError("Missing RAck Header")
    parts = value.split()
    if len(parts) != 3 or not TOKEN.fullmatch(parts[2]):
        raise ParseError("Bad RAck")
    return RAck(decimal(parts[0], "RAck", _MAX_NUMBER), decimal(parts[1], "RAck", _MAX_NUMBER), parts[2])


def rseq_of(response: Response) -> int | None:
    """The RSeq of a provisional response that wants a PRACK; None for any other response. Raises ParseError."""
    if not 100 < response.status < 200 or not response.has_token("Require", "100rel"):
        return None
    value = response.get("RSeq")
    return None if value is None else decimal(value, "RSeq", _MAX_NUMBER)


class ReliableReceiver:
    """Which reliable responses of one early dialog are new (§4): each RSeq must follow the last.

    One is kept for each dialog that an INVITE of ours has begun.
    """

    def __init__(self) -> None:
        self._last = 0

    def accept(self, response: Response) -> RAck | None:
        """The RAck of the PRACK to send.

        None when the response wants none, repeats one that was acknowledged, or comes before one that is
        missing. Raises ParseError.
        """
        rseq = rseq_of(response)
        if rseq is None or (self._last and rseq != self._last + 1):
            return None
        self._last = rseq
        return RAck(rseq, response.cseq_number, response.cseq_method)
