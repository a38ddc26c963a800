"""Rate limits: token buckets for every principal and every source address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from trunkline.domain.principal import Principal
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

_MOST_BUCKETS: Final = 20_000


class TooManyRequests(ProvisioningFault):
    """Somebody asks faster than allowed."""

    def __init__(self, retry_after_s: float) -> None:
        self.retry_after_s = max(1, round(retry_after_s + 0.499))
        super().__init__(
            FaultCode.TOO_MANY_REQUESTS,
            f"Requests come faster than they are allowed to; go on in {self.retry_after_s} s.",
        )


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a second, and a burst before that. ``per_second`` 0: no limit."""

    per_second: float
    burst: float


@dataclass(slots=True)
class _Bucket:
    left: float
    filled_at: float


class TokenBuckets:
    """A bucket for each key; those that nobody has taken from for the longest are forgotten first."""

    def __init__(self, rate: Rate, now: Callable[[], float]) -> None:
        self._rate = rate
        self._now = now
        self._buckets: dict[str, _Bucket] = {}

    def wait_s(self, key: str) -> float:
        """Take a token: 0 when there was one, else the seconds until there will be."""
        rate = self._rate
        if rate.per_second <= 0:
            return 0.0
        now = self._now()
        bucket = self._buckets.pop(key, None)
        if bucket is None:
            bucket = _Bucket(rate.burst, now)
            if len(self._buckets) >= _MOST_BUCKETS:
                del self._buckets[next(iter(self._buckets))]
        self._buckets[key] = bucket
        bucket.left = min(rate.burst, bucket.left + (now - bucket.filled_at) * rate.per_second)
        bucket.filled_at = now
        if bucket.left < 1.0:
            return (1.0 - bucket.left) / rate.per_second
        bucket.left -= 1.0
        return 0.0


class RateLimits:
    """The limits of an HTTP server."""

    def __init__(self, of_principal: Rate, of_source: Rate, now: Callable[[], float]) -> None:
        self._principals = TokenBuckets(of_principal, now)
        self._sources = TokenBuckets(of_source, now)

    def check_principal(self, principal: Principal) -> None:
        """Raise TooManyRequests when a principal asks too fast, from wherever."""
        self._check(self._principals, principal.id or principal.name)

    def check_source(self, source: str) -> None:
        """Raise TooManyRequests when an address asks too fast, whoever it is."""
        self._check(self._sources, source)

    def _check(self, buckets: TokenBuckets, key: str) -> None:
        wait_s = buckets.wait_s(key)
        if wait_s > 0:
            raise TooManyRequests(wait_s)
