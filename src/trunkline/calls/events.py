"""What a program hears: events, in the past tense. Legs go by their names; the caller's is ``CALLER``."""

from __future__ import annotations

from typing import Final

from trunkline.domain.cdr import EndCause
from trunkline.domain.rejection import Rejection

CALLER: Final = "caller"


class CallEvent:
    """Root of all events."""


class CallStarted(CallEvent):
    """The call was admitted and its caller waits."""


class LegRang(CallEvent):
    """A callee leg gave a provisional response. ``has_media``: its early media can be heard."""

    def __init__(self, leg: str, status: int, reason: str, has_media: bool) -> None:
        self.leg: Final = leg
        self.status: Final = status
        self.reason: Final = reason
        self.has_media: Final = has_media


class LegAnswered(CallEvent):
    """A callee leg was answered and can be connected; or the caller was, alone, as the program asked for."""

    def __init__(self, leg: str) -> None:
        self.leg: Final = leg


class LegFailed(CallEvent):
    """A callee leg came to nothing.

    ``status`` is its final status, 408 for silence and 503 when it could not be sent; ``is_silence`` tells that the
    callee itself said nothing, or was not even asked; ``rejection`` is set when it was we who refused it. ``retry_after_s`` is what the
    peer asked for, None when it asked for nothing; ``contacts`` are those of a redirection, best first. ``resting_s``
    is not 0 when it was not tried since all its addresses rest: so long the first of them still does.
    """

    def __init__(
        self,
        leg: str,
        status: int,
        reason: str,
        rejection: Rejection | None = None,
        *,
        is_silence: bool = False,
        retry_after_s: int | None = None,
        contacts: tuple[str, ...] = (),
        resting_s: float = 0.0,
    ) -> None:
        self.leg: Final = leg
        self.status: Final = status
        self.reason: Final = reason
        self.rejection: Final = rejection
        self.is_silence: Final = is_silence
        self.retry_after_s: Final = retry_after_s
        self.contacts: Final = contacts
        self.resting_s: Final = resting_s


class LegHungUp(CallEvent):
    """A leg ended after it was answered, or the caller gave up before (``EndCause.CANCELLED``)."""

    def __init__(self, leg: str, cause: EndCause, reason: str = "") -> None:
        self.leg: Final = leg
        self.cause: Final = cause
        self.reason: Final = reason


class DigitPressed(CallEvent):
    """A leg sent a digit: 0-9 * # A-D."""

    def __init__(self, leg: str, digit: str) -> None:
        self.leg: Final = leg
        self.digit: Final = digit


class PlayEnded(CallEvent):
    """What was played to a leg has come to its end."""

    def __init__(self, leg: str) -> None:
        self.leg: Final = leg


class TransferRequested(CallEvent):
    """A leg asked for its partner to be transferred to a target URI (RFC 3515)."""

    def __init__(self, leg: str, target: str) -> None:
        self.leg: Final = leg
        self.target: Final = target


class LegJoined(CallEvent):
    """A leg of another call came into this one to take the place of ``replaces`` (RFC 3891, attended transfer)."""

    def __init__(self, leg: str, replaces: str) -> None:
        self.leg: Final = leg
        self.replaces: Final = replaces


class LegTaken(CallEvent):
    """A leg went over into another call; what is left of this one ends."""

    def __init__(self, leg: str) -> None:
        self.leg: Final = leg


class LegsConnected(CallEvent):
    """Two legs hear each other."""

    def __init__(self, first: str, second: str) -> None:
        self.first: Final = first
        self.second: Final = second


class ConnectFailed(CallEvent):
    """Two legs could not be connected."""

    def __init__(self, first: str, second: str, rejection: Rejection) -> None:
        self.first: Final = first
        self.second: Final = second
        self.rejection: Final = rejection


class TimerFired(CallEvent):
    """A timer that the program started has run out."""

    def __init__(self, name: str) -> None:
        self.name: Final = name


class EndRequested(CallEvent):
    """The call is to end for a reason of the server's: too long, drained, operator, media lost."""

    def __init__(self, cause: EndCause) -> None:
        self.cause: Final = cause
