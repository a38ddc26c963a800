"""Wrong passwords and keys: how many a name and an address may try before they have to wait."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from trunkline.provisioning.faults import FaultCode, ProvisioningFault

TRIES_OF_NAME: Final = 5
"""For one name from one address."""

TRIES_OF_NAME_EVERYWHERE: Final = 50
TRIES_OF_SOURCE: Final = 20
WINDOW_S: Final = 900.0

_MOST_COUNTED: Final = 20_000
_IPV6_NETWORK: Final = 64


class TooManyTries(ProvisioningFault):
    """Somebody has to wait. Says neither whether the name exists nor what was wrong."""

    def __init__(self, retry_after_s: float) -> None:
        self.retry_after_s = max(1, round(retry_after_s))
        super().__init__(
            FaultCode.TOO_MANY_TRIES,
            f"There were too many failed sign-ins; try again in {self.retry_after_s} seconds.",
        )


@dataclass(slots=True)
class _Count:
    wrong: int
    until: float


class WrongTries:
    """Counts in memory, of a bounded number of names and addresses."""

    def __init__(self) -> None:
        self._counts: dict[str, _Count] = {}

    def check(self, name: str, source: str, now: float) -> None:
        """Raise TooManyTries when this name or this address has to wait."""
        for key, most in _keys(name, source):
            count = self._counts.get(key)
            if count is not None and now < count.until and count.wrong >= most:
                raise TooManyTries(count.until - now)

    def check_source(self, source: str, now: float) -> None:
        """Raise TooManyTries when this address has to wait, whoever it says it is."""
        count = self._counts.get(f"s {neighbourhood(source)}")
        if source and count is not None and now < count.until and count.wrong >= TRIES_OF_SOURCE:
            raise TooManyTries(count.until - now)

    def wrong(self, name: str, source: str, now: float) -> None:
        """Count a wrong try."""
        for key, _ in _keys(name, source):
            count = self._counts.pop(key, None)
            if count is None or count.until <= now:
                count = _Count(0, now + WINDOW_S)
            count.wrong += 1
            self._counts[key] = count  # the latest stands last
        while len(self._counts) > _MOST_COUNTED:
            del self._counts[next(iter(self._counts))]

    def right(self, name: str, source: str) -> None:
        """The last try that was counted was right: forget it, and the wrong ones of this name from this address."""
        own, *others = [key for key, _ in _keys(name, source)]
        self._counts.pop(own, None)
        for key in others:
            count = self._counts.get(key)
            if count is not None:
                count.wrong -= 1


def neighbourhood(source: str) -> str:
    """What counts as one address: of IPv6 the network of 64 bits, since whoever has one address there has them all."""
    if ":" not in source:
        return source
    try:
        return str(ip_network((source.partition("%")[0], _IPV6_NETWORK), strict=False))
    except ValueError:
        return source


def _keys(name: str, source: str) -> tuple[tuple[str, int], ...]:
    short = _short(name)
    near = neighbourhood(source)
    keys = ((f"n {near} {short}", TRIES_OF_NAME), (f"e {short}", TRIES_OF_NAME_EVERYWHERE))
    return (*keys, (f"s {near}", TRIES_OF_SOURCE)) if source else keys


def _short(name: str) -> str:
    """A stranger's text as far as it is worth its memory."""
    return name.lower()[:64]
