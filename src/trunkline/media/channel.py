"""Speak rtpproxy's command protocol over a byte stream: pipelined lines out, answers matched in order.

The engine answers every command with one line, in the order they came. So a queue of callbacks is all the
matching there is, and nothing waits: commands of one tick of the event loop leave in one write.

Only so many commands are under way at a time. rtpproxy writes its answers without waiting: when some 270 of
them lie unread in the socket, it drops the next ones, and from then on every answer would go to the wrong
command.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, cast

import structlog

Reply = Callable[[str | None], None]
"""Takes a command's answer, or None when the engine died before it answered."""

_MOST_UNDER_WAY: Final = 64
_LONGEST_LINE: Final = 65536
_log: Final = structlog.get_logger("trunkline.media")


class LineSplitter:
    """Cut a byte stream into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """Take bytes; return the lines they complete. Raises ValueError when a line grows without end."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            raise ValueError("line without end")
        return [line.decode("latin-1").rstrip() for line in lines]


class CommandChannel(asyncio.Protocol):
    """The commands under way on one engine's command socket."""

    def __init__(
        self,
        now: Callable[[], float],
        call_soon: Callable[[Callable[[], None]], object],
        closed: Callable[[], None],
    ) -> None:
        self._now = now
        self._call_soon = call_soon
        self._closed = closed
        self._transport: asyncio.WriteTransport | None = None
        self._unsent: deque[tuple[str, Reply]] = deque()
        self._unanswered: deque[tuple[float, Reply]] = deque()
        self._flush_is_due = False
        self._splitter = LineSplitter()
        self._is_closed = False

    def submit(self, line: str, reply: Reply) -> None:
        """Send a command; ``reply`` gets its answer later, never before this returns."""
        if self._is_closed:
            self._call_soon(lambda: reply(None))
            return
        self._unsent.append((line, reply))
        if not self._flush_is_due:
            self._flush_is_due = True
            self._call_soon(self._flush)

    def waiting_s(self) -> float:
        """Seconds that the oldest command under way waits for its answer; 0 when none does."""
        return self._now() - self._unanswered[0][0] if self._unanswered else 0.0

    @property
    def is_idle(self) -> bool:
        """Whether every command was answered."""
        return not self._unanswered and not self._unsent

    def close(self) -> None:
        """End the channel: what is unanswered gets None, in order, and nothing is sent any more."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._transport is not None:
            self._transport.close()
        while self._unanswered:
            self._answer(self._unanswered.popleft()[1], None)
        while self._unsent:
            self._answer(self._unsent.popleft()[1], None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport (asyncio's call)."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Match answers with the commands they belong to (asyncio's call)."""
        try:
            lines = self._splitter.feed(data)
        except ValueError:
            self._desynchronised("a line without end")
            return
        for line in lines:
            if not self._unanswered:
                if not self._is_closed:
                    self._desynchronised("an answer to no command")
                return
            self._answer(self._unanswered.popleft()[1], line)
        if self._unsent and not self._flush_is_due:
            self._flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Answer what is pending: the engine has gone (asyncio's call)."""
        already = self._is_closed
        self.close()
        if not already:
            self._closed()

    def _flush(self) -> None:
        self._flush_is_due = False
        if self._transport is None or self._is_closed:
            return
        now, lines = self._now(), []
        while self._unsent and len(self._unanswered) < _MOST_UNDER_WAY:
            line, reply = self._unsent.popleft()
            lines.append(line)
            self._unanswered.append((now, reply))
        if lines:
            self._transport.write(("\n".join(lines) + "\n").encode("ascii"))

    def _desynchronised(self, what: str) -> None:
        # From here on answers could be given to the wrong command: the engine is as good as dead.
        _log.error("media engine out of step", what=what)
        self.close()
        self._closed()

    def _answer(self, reply: Reply, line: str | None) -> None:
        try:
            reply(line)
        except Exception:  # noqa: BLE001
            # One caller's bug must not cost the others their answers.
            _log.exception("media callback failed")


class NoticeReader(asyncio.Protocol):
    """Hand on the lines of one engine's notice socket."""

    def __init__(self, notice: Callable[[str], None]) -> None:
        self._notice = notice
        self._splitter = LineSplitter()

    def data_received(self, data: bytes) -> None:
        """Hand on whole lines (asyncio's call)."""
        for line in self._splitter.feed(data):
            try:
                self._notice(line)
            except Exception:  # noqa: BLE001
                _log.exception("media event handler failed")
