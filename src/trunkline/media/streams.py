"""What the engine was told of each stream, and what it must be told next.

Here live the rules that keep a stream safe from strangers (RTP bleed): the engine's latch opens to anybody for
ten seconds whenever an address is told, so an address is told only when it differs from the one told last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from trunkline.domain.media import LocalMedia, MediaFailure, MediaStatistics, RemoteMedia, Side
from trunkline.media.commands import Destination, PartyCommand

_MOST_ENDED: Final = 4096


class Party:
    """One side of a stream, as the engine knows it."""

    def __init__(self) -> None:
        # What was asked for and granted last, with the answer; None before.
        self.granted: tuple[RemoteMedia | None, str] | None = None
        self.local: LocalMedia | None = None
        self.interface = ""
        self.destination: Destination | None = None
        # None until an address is known: the first one decides whether the side is trusted or latches.
        self.latches: bool | None = None
        self.payload_types: tuple[int, ...] = ()
        self.telephone_event: int | None = None
        self.is_held = False
        self.recording: str | None = None
        self.recordings = 0

    @property
    def is_set(self) -> bool:
        """Whether the engine was told of this side."""
        return self.interface != ""

    def take(self, remote: RemoteMedia | None, where: Destination | None) -> bool:
        """Take over a description; returns whether the engine must be told the address."""
        self.is_held = remote is not None and where is None
        if remote is not None:
            self.payload_types = remote.payload_types
            self.telephone_event = remote.telephone_event
        if remote is None or where is None:
            return False
        if self.latches is None:
            self.latches = not remote.trusted
        elif not remote.trusted:
            self.latches = True
        moved = where != self.destination
        self.destination = where
        return moved


class Stream:
    """One relayed stream and its two parties."""

    def __init__(self, name: str, opener: Side) -> None:
        self.name = name
        self.opener = opener
        self.is_open = False
        # Asked for while the opening was unanswered; called with its failure, or None to go on.
        self.waiting: list[Callable[[MediaFailure | None], None]] = []
        self.caller = Party()
        self.callee = Party()
        self.statistics = MediaStatistics()
        self._told_hold = False

    def party(self, side: Side) -> Party:
        """Return one of the two parties."""
        return self.caller if side is Side.CALLER else self.callee

    def take(
        self, side: Side, remote: RemoteMedia | None, where: Destination | None, interface: str
    ) -> tuple[Destination | None, bool]:
        """Take a side's description over.

        Returns the address the engine must be told (None: it knows), and whether a new port is needed.
        """
        party = self.party(side)
        moved = party.take(remote, where)
        new_port = party.is_set and party.interface != interface
        party.interface = interface
        return (where if moved else None), new_port

    def command(
        self,
        side: Side,
        where: Destination | None = None,
        *,
        new_port: bool = False,
        packet_time_ms: int | None = None,
        silence_s: int | None = None,
    ) -> PartyCommand:
        """Return a command that repeats what is known of a side; what is left out of it would be forgotten."""
        party = self.party(side)
        return PartyCommand(
            stream=self.name,
            party=side,
            opener=self.opener,
            interface=party.interface,
            destination=where,
            trusted=party.latches is False,
            payload_types=party.payload_types,
            telephone_event=party.telephone_event,
            packet_time_ms=packet_time_ms,
            silence_s=silence_s,
            new_port=new_port,
        )

    def hold_changed(self) -> bool | None:
        """Tell, once, that the stream went on hold (True) or off it (False); None when nothing changed."""
        on_hold = self.caller.is_held or self.callee.is_held
        if on_hold == self._told_hold:
            return None
        self._told_hold = on_hold
        return on_hold

    def release(self, failure: MediaFailure | None) -> None:
        """Let go on what waited for the opening."""
        waiting, self.waiting = self.waiting, []
        for each in waiting:
            each(failure)


class StreamTable:
    """Owner of the open streams, and of the last figures of those the engine ended."""

    def __init__(self) -> None:
        self._open: dict[str, Stream] = {}
        self._ended: dict[str, MediaStatistics] = {}

    def __len__(self) -> int:
        return len(self._open)

    def find(self, name: str) -> Stream | None:
        """Return the stream of a name; None when it is not open."""
        return self._open.get(name)

    def uses_port(self, port: int) -> bool:
        """Whether a port is one of an open stream's own, RTP or RTCP. Looks through all streams."""
        for stream in self._open.values():
            for party in (stream.caller, stream.callee):
                if party.local is not None and party.local.port <= port <= party.local.port + 1:
                    return True
        return False

    def add(self, stream: Stream) -> None:
        """Take a stream in."""
        self._open[stream.name] = stream

    def remove(self, name: str) -> Stream | None:
        """Take a stream out; None when it was not there."""
        return self._open.pop(name, None)

    def end(self, name: str) -> Stream | None:
        """Take out a stream that ended without being closed, keeping its figures until they are fetched."""
        stream = self._open.pop(name, None)
        if stream is not None:
            self._ended[name] = stream.statistics
            if len(self._ended) > _MOST_ENDED:
                del self._ended[next(iter(self._ended))]
        return stream

    def fetch_ended(self, name: str) -> MediaStatistics | None:
        """Hand out, once, the last figures of a stream that ended without being closed."""
        return self._ended.pop(name, None)

    def names(self) -> tuple[str, ...]:
        """Return the open streams, oldest first; one whose opening is unanswered is not open."""
        return tuple(name for name, stream in self._open.items() if stream.is_open)
