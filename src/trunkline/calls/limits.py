"""Limits in force: concurrent calls and calls per second of each credential and trunk."""

from __future__ import annotations

from typing import Final

from trunkline.domain.limits import Limits
from trunkline.domain.rejection import TOO_FAST, TOO_MANY_CALLS, Rejection

_ONE: Final = 1.0 - 1e-9
"""A token, less what adding up fractions of it may lose."""


class _Usage:
    """What one holder of limits uses now."""

    def __init__(self, tokens: float, now: float) -> None:
        self.calls = 0
        self.tokens = tokens
        self.refilled_at = now


class LimitTable:
    """Counts calls by holder (``credential:7``, ``trunk:3``).

    A holder with a rate stays in the table for good: its bucket must not be full again because its calls were short.
    """

    def __init__(self) -> None:
        self._usage: dict[str, _Usage] = {}

    def in_use(self, holder: str) -> int:
        """Concurrent calls of a holder."""
        usage = self._usage.get(holder)
        return usage.calls if usage is not None else 0

    @property
    def holders(self) -> dict[str, int]:
        """The holders that have calls now, and how many."""
        return {holder: usage.calls for holder, usage in self._usage.items() if usage.calls}

    def admit(self, holder: str, limits: Limits, now: float) -> Rejection | None:
        """Count one more call; when that breaks a limit, count nothing and return why.

        Calls per second is a token bucket that holds one second's worth, at least one call.
        """
        rejection = self.why_not(holder, limits, now) or self.charge(holder, limits, now)
        if rejection is None:
            self._usage_of(holder, limits, now).calls += 1
        return rejection

    def why_not(self, holder: str, limits: Limits, now: float) -> Rejection | None:
        """Why one more call of a holder would break a limit; None when it would not. Nothing is counted."""
        calls = self.in_use(holder)
        if limits.concurrent_calls is not None and calls >= limits.concurrent_calls:
            return TOO_MANY_CALLS.because(f"{holder} has {calls} of {limits.concurrent_calls} calls")
        usage = self._usage.get(holder)
        if limits.calls_per_second is None or usage is None:
            return None
        return _too_fast(holder, limits, _refilled(usage, limits, now))

    def charge(self, holder: str, limits: Limits, now: float) -> Rejection | None:
        """Count a party that is called within a call, by transfer or redirection, against the rate; or say why not."""
        if limits.calls_per_second is None:
            return None
        usage = self._usage_of(holder, limits, now)
        usage.tokens = _refilled(usage, limits, now)
        usage.refilled_at = now
        rejection = _too_fast(holder, limits, usage.tokens)
        if rejection is None:
            usage.tokens -= 1.0
        return rejection

    def _usage_of(self, holder: str, limits: Limits, now: float) -> _Usage:
        usage = self._usage.get(holder)
        if usage is None:
            usage = self._usage[holder] = _Usage(_burst(limits), now)
        return usage

    def release(self, holder: str) -> None:
        """A counted call has ended."""
        usage = self._usage.get(holder)
        if usage is not None and usage.calls > 0:
            usage.calls -= 1


def _refilled(usage: _Usage, limits: Limits, now: float) -> float:
    """The tokens of a holder with a rate by now."""
    rate = limits.calls_per_second or 0.0
    return min(_burst(limits), usage.tokens + (now - usage.refilled_at) * rate)


def _too_fast(holder: str, limits: Limits, tokens: float) -> Rejection | None:
    if tokens >= _ONE:
        return None
    return TOO_FAST.because(
        f"{holder} may begin {limits.calls_per_second:g} calls per second", retry_after_s=1
    )


def _burst(limits: Limits) -> float:
    return max(1.0, limits.calls_per_second) if limits.calls_per_second is not None else 1.0
