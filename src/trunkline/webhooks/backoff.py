"""When a delivery that failed is tried again, and when it is given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DELAYS_S: Final = (5.0, 30.0, 120.0, 600.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 21_600.0)
"""After the first failure, the second, …; the last one again and again."""

RESTS_S: Final = (1.0, 5.0, 15.0, 60.0, 120.0, 300.0)
"""How long a receiver that fails is left alone, whatever waits for it, by failures on end."""

JITTER: Final = 0.2
"""By up to this share of itself a delay is lengthened at random: not all come at once."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long is tried. Times in seconds.

    A delivery is given up ``give_up_s`` after its event. A webhook is paused when nothing got through for
    ``pause_s``, and at least ``pause_failures`` attempts failed.
    """

    give_up_s: float = 86_400.0
    pause_s: float = 3 * 86_400.0
    pause_failures: int = 20

    def next_at(self, created_at: float, attempts: int, now: float, chance: float) -> float | None:
        """When to try again after this many attempts; None: no more. ``chance`` is at random in [0, 1)."""
        delay = DELAYS_S[min(attempts, len(DELAYS_S)) - 1] * (1 + JITTER * chance)
        wanted = now + delay
        if wanted <= created_at + self.give_up_s:
            return wanted
        last = created_at + self.give_up_s
        # The last try is at the very end, unless this was about it.
        return last if now < last - delay / 2 else None

    def is_hopeless(self, failing_since: float, failures: int, now: float) -> bool:
        """Whether a webhook failed for too long."""
        return now - failing_since >= self.pause_s and failures >= self.pause_failures


def rest_s(failures: int, chance: float) -> float:
    """How long a receiver is left alone after so many failures on end."""
    return RESTS_S[min(failures, len(RESTS_S)) - 1] * (1 + JITTER * chance)
