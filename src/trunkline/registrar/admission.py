"""Storm control: how many REGISTERs a second are served before some are asked to come later."""

from __future__ import annotations

from typing import Final


class AdmissionBucket:
    """A token bucket: ``rate`` requests a second in the long run, ``burst`` at once.

    The last ``reserve`` (a share of the burst) is for requests that carry credentials: a device that was challenged
    is let in before a new one is challenged, so that work already done is not thrown away.
    """

    def __init__(self, rate: float, burst: float, *, reserve: float = 0.2) -> None:
        self._rate: Final = rate
        self._burst: Final = burst
        self._reserved: Final = burst * reserve
        self._tokens = burst
        self._filled_at = 0.0

    def admit(self, now: float, *, has_credentials: bool) -> bool:
        """Take a token; False when there is none for this request."""
        if now > self._filled_at:
            self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
            self._filled_at = now
        if self._tokens - 1.0 < (0.0 if has_credentials else self._reserved):
            return False
        self._tokens -= 1.0
        return True
