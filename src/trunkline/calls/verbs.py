"""What a program can say to a call: verbs, in the imperative. Legs go by the names the program gave them."""

from __future__ import annotations

from typing import Final

from trunkline.calls.plan import DialTarget
from trunkline.domain.cdr import EndCause
from trunkline.domain.rejection import Rejection


class Verb:
    """Root of all verbs."""


class Ring(Verb):
    """Give the caller a provisional response; with the early media of a callee leg when it is named."""

    def __init__(self, status: int = 180, reason: str = "", media_from: str = "") -> None:
        self.status: Final = status
        self.reason: Final = reason
        self.media_from: Final = media_from


class Answer(Verb):
    """Answer the caller before there is a callee: for prompts, digits and recordings."""


class Reject(Verb):
    """Refuse the caller. ``status`` and ``reason`` are a callee's when the refusal is not ours."""

    def __init__(self, rejection: Rejection | None = None, status: int = 0, reason: str = "") -> None:
        self.rejection: Final = rejection
        self.status: Final = rejection.status if rejection is not None else status
        self.reason: Final = rejection.reason if rejection is not None else reason


class Dial(Verb):
    """Invite a target as a new callee leg of this name; ``offer_of`` names the leg whose media it is offered.

    ``gives_way``: a target of which all addresses failed lately is not tried; the leg fails, and says how long it rests.
    """

    def __init__(self, leg: str, target: DialTarget, offer_of: str, gives_way: bool = False) -> None:
        self.leg: Final = leg
        self.target: Final = target
        self.offer_of: Final = offer_of
        self.gives_way: Final = gives_way


class Connect(Verb):
    """Let two legs hear each other. A caller that still waits is answered by it."""

    def __init__(self, first: str, second: str) -> None:
        self.first: Final = first
        self.second: Final = second


class HangUp(Verb):
    """End a leg: CANCEL, BYE, or a final response, whatever its state asks for.

    The ``cause`` of the last leg goes into the CDR; ``reason`` is the value of a Reason header field (RFC 3326).
    ``elsewhere``: the call was answered by another device, which this one is told.
    """

    def __init__(self, leg: str, cause: EndCause, reason: str = "", elsewhere: bool = False) -> None:
        self.leg: Final = leg
        self.cause: Final = cause
        self.reason: Final = reason
        self.elsewhere: Final = elsewhere


class StartTimer(Verb):
    """Ask for a :class:`~trunkline.calls.events.TimerFired` after so many seconds; restarts one of the same name."""

    def __init__(self, name: str, seconds: float) -> None:
        self.name: Final = name
        self.seconds: Final = seconds


class StopTimer(Verb):
    """Forget a timer."""

    def __init__(self, name: str) -> None:
        self.name: Final = name


class Play(Verb):
    """Play a prompt to a leg, ``repeat`` times (-1: until stopped). ``seconds`` is how long it takes once."""

    def __init__(self, leg: str, prompt: str, seconds: float, repeat: int = 1) -> None:
        self.leg: Final = leg
        self.prompt: Final = prompt
        self.seconds: Final = seconds
        self.repeat: Final = repeat


class StopPlay(Verb):
    """Stop what plays to a leg."""

    def __init__(self, leg: str) -> None:
        self.leg: Final = leg


class Record(Verb):
    """Record what a leg says, until it is stopped or the leg ends."""

    def __init__(self, leg: str) -> None:
        self.leg: Final = leg


class StopRecord(Verb):
    """End a recording."""

    def __init__(self, leg: str) -> None:
        self.leg: Final = leg


class NotifyTransfer(Verb):
    """Tell the leg that asked for a transfer how it goes (RFC 3515 §2.4.5)."""

    def __init__(self, leg: str, status: int, reason: str = "") -> None:
        self.leg: Final = leg
        self.status: Final = status
        self.reason: Final = reason


class Refer(Verb):
    """Ask a leg's own party to call somebody else (REFER)."""

    def __init__(self, leg: str, target: str) -> None:
        self.leg: Final = leg
        self.target: Final = target
