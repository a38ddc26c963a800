"""Rate limits: token buckets for every principal and every source address."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from trunkline.domain.principal import Principal
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.wrong_tries import neighbourhood

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


@dataclass(frozen=True, slots=True)
class Standing:
    """How many requests somebody may send at once, how many are left of them, and when all are again."""

    limit: int
    remaining: int
    reset_s: int


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

    def standing(self, key: str) -> Standing | None:
        """What is left of a bucket since it was last taken from; None where there is no limit."""
        rate = self._rate
        if rate.per_second <= 0:
            return None
        bucket = self._buckets.get(key)
        left = rate.burst if bucket is None else bucket.left
        return Standing(int(rate.burst), int(left), math.ceil((rate.burst - left) / rate.per_second))


class RateLimits:
    """The limits of an HTTP server."""

    def __init__(self, of_principal: Rate, of_source: Rate, now: Callable[[], float]) -> None:
        self._principals = TokenBuckets(of_principal, now)
        self._sources = TokenBuckets(of_source, now)

    def check_principal(self, principal: Principal) -> None:
        """Raise TooManyRequests when a principal asks too fast, from wherever."""
        self._check(self._principals, _key(principal))

    def standing(self, principal: Principal) -> Standing | None:
        """How a principal stands; None where there is no limit."""
        return self._principals.standing(_key(principal))

    def check_source(self, source: str) -> None:
        """Raise TooManyRequests when an address (of IPv6, its network) asks too fast, whoever it is."""
        self._check(self._sources, neighbourhood(source))

    def _check(self, buckets: TokenBuckets, key: str) -> None:
        wait_s = buckets.wait_s(key)
        if wait_s > 0:
            raise TooManyRequests(wait_s)


def _key(principal: Principal) -> str:
    return principal.id or principal.name
