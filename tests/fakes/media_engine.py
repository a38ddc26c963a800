"""A media engine without media: it gives ports, remembers what it was told, and answers when it is let."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from functools import partial

from trunkline.domain.media import (
    NOWHERE,
    LocalMedia,
    MediaEvent,
    MediaFailure,
    MediaFailureCause,
    MediaStatistics,
    RemoteMedia,
    Side,
    StreamSilent,
    StreamsLost,
)

ADDRESSES = {"ip4": "203.0.113.200", "ip6": "2001:db8:ffff::200", NOWHERE: "127.0.0.1"}

_NAME = re.compile(r"[A-Za-z0-9-]{1,40}")


class FakeStream:
    """What the engine was told of one stream."""

    def __init__(self) -> None:
        self.remotes: dict[Side, RemoteMedia | None] = {}
        self.facing: dict[Side, str] = {}
        self.ports: dict[Side, int] = {}
        self.playing: dict[Side, str] = {}
        self.recording: dict[Side, str] = {}

    def remote(self, side: Side) -> tuple[str, int] | None:
        """The address and port a side receives at; None when it is not known."""
        remote = self.remotes.get(side)
        return (remote.address, remote.port) if remote is not None else None

    @property
    def both_set(self) -> bool:
        """Whether the engine would relay."""
        return len(self.remotes) == 2


class FakeMediaEngine:
    """A ``MediaEngine``. Answers wait in a queue; :meth:`flush` gives them, as the event loop would.

    ``fault`` refuses whatever would open a stream or move a side; ``is_slow`` tells the harness not to flush by itself.
    """

    def __init__(self) -> None:
        self.streams: dict[str, FakeStream] = {}
        self.closed: list[str] = []
        self.lost: dict[str, MediaStatistics] = {}
        self.statistics = MediaStatistics(relayed=10)
        self.fault: MediaFailureCause | None = None
        self.is_slow = False
        self.most_streams = 1_000_000
        self.log: list[str] = []
        self._answers: deque[Callable[[], None]] = deque()
        self._next_port = 30000

    @property
    def waiting(self) -> int:
        """How many answers were not given yet."""
        return len(self._answers)

    def flush(self, most: int = 1_000_000) -> int:
        """Give up to so many answers; returns how many were given."""
        given = 0
        while self._answers and given < most:
            self._answers.popleft()()
            given += 1
        return given

    def die(self) -> MediaEvent:
        """Lose every stream; returns the event that tells so."""
        names = tuple(self.streams)
        self.lost.update(dict.fromkeys(names, self.statistics))
        self.streams.clear()
        return StreamsLost(names)

    def fall_silent(self, name: str) -> MediaEvent:
        """End a stream for its silence; returns the event that tells so."""
        del self.streams[name]
        self.lost[name] = self.statistics
        return StreamSilent(name)

    def set_remote(
        self,
        stream: str,
        side: Side,
        remote: RemoteMedia | None,
        facing: str,
        done: Callable[[LocalMedia | MediaFailure], None],
    ) -> None:
        """See the port."""
        assert _NAME.fullmatch(stream), stream
        assert stream not in self.closed, f"{stream} is opened again after it was closed"
        assert facing in ADDRESSES, facing
        is_new = stream not in self.streams
        if self.fault is not None or (is_new and len(self.streams) >= self.most_streams):
            cause = self.fault or MediaFailureCause.EXHAUSTED
            self._answers.append(partial(done, MediaFailure(cause, "as the test wants it")))
            return
        found = self.streams.setdefault(stream, FakeStream())
        if remote is not None or side not in found.remotes:
            found.remotes[side] = remote
        if found.facing.get(side) != facing:
            found.facing[side] = facing
            found.ports[side] = self._next_port
            self._next_port += 2
        shown = (
            f"{remote.address}:{remote.port}{' trusted' if remote.trusted else ''}" if remote else "unknown"
        )
        self.log.append(f"{side.name.lower()} {shown} facing {facing}")
        self._answers.append(partial(done, LocalMedia(ADDRESSES[facing], found.ports[side])))

    def play(
        self, stream: str, to: Side, prompt: str, repeat: int, done: Callable[[MediaFailure | None], None]
    ) -> None:
        """See the port."""
        found = self.streams.get(stream)
        if found is None or not found.both_set:
            failure = MediaFailure(MediaFailureCause.REFUSED, "nothing plays before both sides were set")
            self._answers.append(partial(done, failure))
            return
        found.playing[to] = prompt
        self.log.append(f"play {prompt} x{repeat} to {to.name.lower()}")
        self._answers.append(partial(done, None))

    def stop_play(self, stream: str, to: Side) -> None:
        """See the port."""
        found = self.streams.get(stream)
        if found is not None:
            found.playing.pop(to, None)

    def record(self, stream: str, side: Side, done: Callable[[str | MediaFailure], None]) -> None:
        """See the port."""
        found = self.streams.get(stream)
        if found is None:
            self._answers.append(partial(done, MediaFailure(MediaFailureCause.REFUSED, "no such stream")))
            return
        found.recording[side] = f"{stream}-{side.value}.wav"
        self._answers.append(partial(done, found.recording[side]))

    def stop_record(self, stream: str, side: Side) -> None:
        """See the port."""
        found = self.streams.get(stream)
        if found is not None:
            found.recording.pop(side, None)

    def query(self, stream: str, done: Callable[[MediaStatistics | MediaFailure], None]) -> None:
        """See the port."""
        known = stream in self.streams
        self._answers.append(
            partial(
                done, self.statistics if known else MediaFailure(MediaFailureCause.REFUSED, "no such stream")
            )
        )

    def close(
        self, stream: str, done: Callable[[MediaStatistics | MediaFailure], None] | None = None
    ) -> None:
        """See the port."""
        self.closed.append(stream)
        figures: MediaStatistics | MediaFailure
        if self.streams.pop(stream, None) is not None:
            figures = self.statistics
        else:
            figures = self.lost.pop(stream, None) or MediaFailure(MediaFailureCause.REFUSED, "no such stream")
        if done is not None:
            self._answers.append(partial(done, figures))
