"""Time and randomness for everything below, which has none of its own."""

from __future__ import annotations

import secrets
import time


class SystemClock:
    """Epoch seconds that never step: the time of day at the start plus what has passed since."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """See :class:`~trunkline.domain.clock.Clock`."""
        return self._offset + time.monotonic()


class TokenSource:
    """Unguessable tokens of 80 bits, cut from blocks of the system's randomness to spare a system call each."""

    _BLOCK = 4000
    _OCTETS = 10

    def __init__(self) -> None:
        self._block = ""
        self._position = 0

    def __call__(self) -> str:
        """Give the next token: 20 hexadecimal digits."""
        start = self._position
        if start >= len(self._block):
            self._block = secrets.token_hex(self._BLOCK)
            start = 0
        self._position = start + 2 * self._OCTETS
        return self._block[start : self._position]
