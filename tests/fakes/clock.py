"""A clock turned by hand."""

from __future__ import annotations


class FakeClock:
    """A ``Clock`` that stands still until :meth:`advance` is called."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.time = now

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds
