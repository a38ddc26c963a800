"""Wrong digest answers: how often somebody guessed lately, in tables of fixed size."""

from __future__ import annotations

from typing import Final


class WrongAnswerTable:
    """Counts wrong answers per key and forgets a key some seconds after its count began.

    When the table is full the key that was counted first is forgotten for a new one.
    """

    def __init__(self, *, forget_after_s: float, most_keys: int = 10_000) -> None:
        self._forget_after_s: Final = forget_after_s
        self._most_keys: Final = most_keys
        self._counts: dict[str, int] = {}
        self._began: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def count(self, key: str, now: float) -> int:
        """The wrong answers of this key that are not yet forgotten."""
        count = self._counts.get(key, 0)
        if count and now - self._began[key] > self._forget_after_s:
            self.clear(key)
            return 0
        return count

    def add(self, key: str, now: float) -> int:
        """Count one more; return how many there are now."""
        count = self.count(key, now) + 1
        if count == 1:
            if len(self._counts) >= self._most_keys:
                self.clear(next(iter(self._counts)))
            self._began[key] = now
        self._counts[key] = count
        return count

    def clear(self, key: str) -> None:
        """Forget a key: it answered rightly."""
        if self._counts.pop(key, 0):
            del self._began[key]
