"""How much a credential or trunk may do at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on calls; None or empty means no bound of its own.

    ``destinations`` are E.164 prefixes: ``+1`` allows, ``-+1900`` forbids; the longest that fits decides, and
    a list with at least one allowing prefix forbids all else. ``longest_call_s`` is in seconds,
    ``bindings`` the devices one address-of-record may register.
    """

    concurrent_calls: int | None = None
    calls_per_second: float | None = None
    longest_call_s: int | None = None
    destinations: tuple[str, ...] = ()
    bindings: int | None = None
