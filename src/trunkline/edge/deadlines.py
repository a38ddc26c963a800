"""Points in time at which something is to be looked at, the next one first. Pure: ``now`` is given."""

from __future__ import annotations

import heapq
from typing import Final


class Deadlines:
    """Numbers of things and when to look at each.

    One entry per thing: asking for an earlier look replaces it, a later one is ignored, because whoever is looked
    at says when to look again. So traffic that moves a deadline costs nothing here.
    """

    def __init__(self) -> None:
        self._heap: Final[list[tuple[float, int]]] = []
        self._at: Final[dict[int, float]] = {}

    def __len__(self) -> int:
        return len(self._at)

    def look(self, number: int, at: float) -> None:
        """Have a thing looked at no later than this."""
        known = self._at.get(number)
        if known is None or at < known:
            self._at[number] = at
            heapq.heappush(self._heap, (at, number))

    def forget(self, number: int) -> None:
        """Look at a thing no more."""
        self._at.pop(number, None)
        if len(self._heap) > 2 * len(self._at) + 64:
            self._heap[:] = [(at, known) for known, at in self._at.items()]
            heapq.heapify(self._heap)

    def next_at(self) -> float | None:
        """Return when the next look is due; None when there is none."""
        self._drop_replaced()
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> list[int]:
        """Take out and return what is to be looked at by now."""
        numbers: list[int] = []
        self._drop_replaced()
        while self._heap and self._heap[0][0] <= now:
            _at, number = heapq.heappop(self._heap)
            del self._at[number]
            numbers.append(number)
            self._drop_replaced()
        return numbers

    def _drop_replaced(self) -> None:
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
