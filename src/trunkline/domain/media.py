"""What calls ask of a media engine: ports, relaying, prompts, recordings, digits, figures.

A *media stream* is one ``m=`` line of a call, relayed between two sides. The engine opens one port facing
each side; what arrives on one is sent on to the remote of the other. Every operation is answered by a
callback, never by waiting, so that call control stays free of any event loop. A callback never comes before
the operation has returned; each comes exactly once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

NOWHERE: Final = "none"
"""The ``facing`` of a stream that has no other party yet (announcements, menus): a port no stranger reaches."""


class Side(Enum):
    """Which party of a relayed stream: who called, or who was called."""

    CALLER = "a"
    CALLEE = "b"

    @property
    def other(self) -> Side:
        """The opposite party."""
        return Side.CALLEE if self is Side.CALLER else Side.CALLER


@dataclass(frozen=True, slots=True)
class RemoteMedia:
    """Where a party says it receives RTP, from its session description.

    ``trusted``: the address is taken as it stands and no other host is listened to (asymmetric). Otherwise
    the engine latches onto the first sender, which lets devices behind NAT be heard. A side that latched once
    goes on latching; a side that was trusted cannot latch later on in the same stream (it is then heard only
    from the very address and port of its description): open a new stream for a party behind NAT.
    ``payload_types`` are the RTP payload numbers negotiated, in order; ``telephone_event`` the one that
    carries RFC 4733 digits, None when there is none.
    ``port`` 0 (or an all-zero address) means hold: the side asked for nothing. Its address and latch stay as
    they were and silence is not counted against the stream; what the other side sends all the same is relayed.
    """

    address: str
    port: int
    trusted: bool
    payload_types: tuple[int, ...] = ()
    telephone_event: int | None = None


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """Where a party must send its RTP: goes into the session description shown to it."""

    address: str
    port: int


class MediaFailureCause(Enum):
    """Why the engine could not do what was asked."""

    EXHAUSTED = "no free media port"
    UNAVAILABLE = "media engine is not running"
    REFUSED = "media engine refused the request"


@dataclass(frozen=True, slots=True)
class MediaFailure:
    """A media operation failed. ``detail`` is for the log, never for the wire."""

    cause: MediaFailureCause
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SideStatistics:
    """RTP received from one side. Jitter in milliseconds; lost and duplicate in packets."""

    received: int = 0
    lost: int = 0
    duplicates: int = 0
    jitter_ms: float = 0.0
    jitter_max_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class MediaStatistics:
    """Figures of one stream: what each side sent us, what was relayed, what was dropped (packets)."""

    caller: SideStatistics = SideStatistics()
    callee: SideStatistics = SideStatistics()
    relayed: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class StreamSilent:
    """No RTP came on a stream for the engine's time limit; the engine has ended the stream.

    ``close`` still answers the stream's last figures.
    """

    stream: str


@dataclass(frozen=True, slots=True)
class DigitReceived:
    """A RFC 4733 digit (0-9 * # A-D) ended on a stream; duration in milliseconds."""

    stream: str
    side: Side
    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class StreamsLost:
    """The engine died: these streams are gone. New ones can be opened as soon as it runs again (a moment).

    ``close`` still answers the figures that were last read.
    """

    streams: tuple[str, ...]


MediaEvent = StreamSilent | DigitReceived | StreamsLost


class MediaEngine(Protocol):
    """A media relay. Stream names are ours: random, ``[A-Za-z0-9-]{1,40}``, one per ``m=`` line of a call."""

    def set_remote(
        self,
        stream: str,
        side: Side,
        remote: RemoteMedia | None,
        facing: str,
        done: Callable[[LocalMedia | MediaFailure], None],
    ) -> None:
        """Tell where ``side`` receives; ``done`` gets the port that faces the *other* side.

        Opens the stream when it is new. ``remote`` None: not known yet. ``facing`` names the network that the
        other side lives in: an address family (``"ip4"``, ``"ip6"``), an interface name of the settings, or
        ``NOWHERE``. Repeating the same remote is free; another remote moves the side and keeps every port;
        another ``facing`` opens a new port there in place of the old one. Nothing is relayed until both sides
        were set.
        """
        ...

    def play(
        self, stream: str, to: Side, prompt: str, repeat: int, done: Callable[[MediaFailure | None], None]
    ) -> None:
        """Play a prompt file towards a side ``repeat`` times (-1: until stopped), replacing what plays there.

        ``prompt`` is a path without its codec suffix. The end of a prompt is not notified.
        """
        ...

    def stop_play(self, stream: str, to: Side) -> None:
        """Stop what plays towards a side; nothing happens when nothing plays."""
        ...

    def record(self, stream: str, side: Side, done: Callable[[str | MediaFailure], None]) -> None:
        """Start to record what ``side`` sends; ``done`` gets the path the recording will have."""
        ...

    def stop_record(self, stream: str, side: Side) -> None:
        """End a side's recording and leave its file in place; nothing happens when none runs."""
        ...

    def query(self, stream: str, done: Callable[[MediaStatistics | MediaFailure], None]) -> None:
        """Ask for the figures of a stream so far."""
        ...

    def close(
        self, stream: str, done: Callable[[MediaStatistics | MediaFailure], None] | None = None
    ) -> None:
        """End a stream and free its ports; ``done`` gets its last figures. Unknown streams are passed over."""
        ...
