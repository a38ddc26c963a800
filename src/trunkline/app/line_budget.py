"""How many log lines strangers may cause: a flood of refusals must not fill the disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final


class LineBudget:
    """Lets so many lines a second pass, and a burst before that; what is left out is counted."""

    def __init__(
        self, per_second: float = 20.0, burst: float = 500.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second: Final = per_second
        self._burst: Final = burst
        self._clock: Final = clock
        self._left = burst
        self._filled_at = clock()
        self._left_out = 0

    def admits(self) -> bool:
        """Whether one more line may be written now."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._left < 1.0:
            self._left_out += 1
            return False
        self._left -= 1.0
        return True

    def note(self) -> dict[str, int]:
        """The field that tells, once, how many lines were left out before this one; nothing when none were."""
        left_out, self._left_out = self._left_out, 0
        return {"lines_left_out": left_out} if left_out else {}
