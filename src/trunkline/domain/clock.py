"""The one clock: seconds that only grow, counted from the epoch.

Everything takes ``now`` as an argument. The value is the epoch time of the process start plus monotonic
seconds since then: it can be stored and compared across a restart, and no step of the system clock can fire
or delay a timer.
"""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Something that tells the time."""

    def now(self) -> float:
        """Seconds since the epoch, never decreasing."""
        ...
