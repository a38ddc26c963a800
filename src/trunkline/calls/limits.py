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
        usage = self._usage_of(holder, limits, now)
        if limits.concurrent_calls is not None and usage.calls >= limits.concurrent_calls:
            return TOO_MANY_CALLS.because(f"{holder} has {usage.calls} of {limits.concurrent_calls} calls")
        rejection = self.charge(holder, limits, now)
        if rejection is None:
            usage.calls += 1
        return rejection

    def charge(self, holder: str, limits: Limits, now: float) -> Rejection | None:
        """Count a party that is called within a call, by transfer or redirection, against the rate; or say why not."""
        rate = limits.calls_per_second
        if rate is None:
            return None
        usage = self._usage_of(holder, limits, now)
        usage.tokens = min(_burst(limits), usage.tokens + (now - usage.refilled_at) * rate)
        usage.refilled_at = now
        if usage.tokens < _ONE:
            return TOO_FAST.because(f"{holder} may begin {rate:g} calls per second", retry_after_s=1)
        usage.tokens -= 1.0
        return None

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


def _burst(limits: Limits) -> float:
    return max(1.0, limits.calls_per_second) if limits.calls_per_second is not None else 1.0
