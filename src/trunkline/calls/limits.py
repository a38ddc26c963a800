"""Limits in force: concurrent calls and calls per second of each credential and trunk."""

from __future__ import annotations

from trunkline.domain.limits import Limits
from trunkline.domain.rejection import TOO_FAST, TOO_MANY_CALLS, Rejection


class _Usage:
    """What one holder of limits uses now."""

    def __init__(self, now: float) -> None:
        self.calls = 0
        self.tokens = 1.0
        self.refilled_at = now


class LimitTable:
    """Counts calls by holder (``credential:7``, ``trunk:3``)."""

    def __init__(self) -> None:
        self._usage: dict[str, _Usage] = {}

    def in_use(self, holder: str) -> int:
        """Concurrent calls of a holder."""
        usage = self._usage.get(holder)
        return usage.calls if usage is not None else 0

    def admit(self, holder: str, limits: Limits, now: float) -> Rejection | None:
        """Count one more call; when that breaks a limit, count nothing and return why.

        Calls per second is a token bucket that holds one second's worth, at least one call.
        """
        usage = self._usage.get(holder)
        if usage is None:
            usage = self._usage[holder] = _Usage(now)
            usage.tokens = max(1.0, limits.calls_per_second or 1.0)
        if limits.concurrent_calls is not None and usage.calls >= limits.concurrent_calls:
            return TOO_MANY_CALLS.because(f"{holder} has {usage.calls} of {limits.concurrent_calls} calls")
        if limits.calls_per_second is not None:
            burst = max(1.0, limits.calls_per_second)
            usage.tokens = min(burst, usage.tokens + (now - usage.refilled_at) * limits.calls_per_second)
            usage.refilled_at = now
            if usage.tokens < 1.0:
                return TOO_FAST.because(f"{holder} may begin {limits.calls_per_second:g} calls per second", retry_after_s=1)
            usage.tokens -= 1.0
        usage.calls += 1
        return None

    def release(self, holder: str) -> None:
        """A counted call has ended."""
        usage = self._usage.get(holder)
        if usage is None:
            return
        usage.calls -= 1
        if usage.calls <= 0 and usage.tokens >= 1.0:
            del self._usage[holder]
