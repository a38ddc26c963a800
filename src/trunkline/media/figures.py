"""Ask the engine for the figures of a stream: one query a side, put together."""

from __future__ import annotations

from collections.abc import Callable

from trunkline.domain.media import MediaFailure, MediaStatistics, Side
from trunkline.media.channel import Reply
from trunkline.media.commands import query
from trunkline.media.replies import PartyFigures, read_figures


class FiguresRequest:
    """Two queries under way on one stream."""

    def __init__(self, stream: str, done: Callable[[MediaStatistics | MediaFailure], None]) -> None:
        self._stream = stream
        self._done = done
        self._caller: PartyFigures | MediaFailure | None = None

    def submit(self, submit: Callable[[str, Reply], None]) -> None:
        """Send the queries; ``done`` gets the figures after both answers, or the first failure."""
        submit(query(self._stream, Side.CALLER), self._take_caller)
        submit(query(self._stream, Side.CALLEE), self._take_callee)

    def _take_caller(self, line: str | None) -> None:
        self._caller = read_figures(line)

    def _take_callee(self, line: str | None) -> None:
        caller, callee = self._caller, read_figures(line)
        assert caller is not None
        if isinstance(caller, MediaFailure):
            self._done(caller)
        elif isinstance(callee, MediaFailure):
            self._done(callee)
        else:
            self._done(MediaStatistics(caller.side, callee.side, callee.relayed, callee.dropped))
