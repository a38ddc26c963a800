"""Small values that are kept as text within a row: limits, lists, digests."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, Final

from trunkline.domain.limits import Limits
from trunkline.domain.trunk import OutboundDigest, TrunkTarget

NO_LIMITS: Final = Limits()


def limits_text(limits: Limits) -> str:
    """Limits as JSON with only what is bounded; empty when nothing is."""
    if limits == NO_LIMITS:
        return ""
    bounds = {
        "concurrent_calls": limits.concurrent_calls,
        "calls_per_second": limits.calls_per_second,
        "longest_call_s": limits.longest_call_s,
        "destinations": list(limits.destinations) or None,
        "bindings": limits.bindings,
    }
    return json.dumps({name: bound for name, bound in bounds.items() if bound is not None})


@lru_cache(maxsize=4096)
def limits_of(text: str) -> Limits:
    """Limits read back; equal ones share one object."""
    if not text:
        return NO_LIMITS
    bounds: dict[str, Any] = json.loads(text)
    return Limits(
        concurrent_calls=bounds.get("concurrent_calls"),
        calls_per_second=bounds.get("calls_per_second"),
        longest_call_s=bounds.get("longest_call_s"),
        destinations=tuple(bounds.get("destinations", ())),
        bindings=bounds.get("bindings"),
    )


def list_text(values: tuple[str, ...] | list[int]) -> str:
    """A list of strings or numbers."""
    return json.dumps(values)


def strings_of(text: str) -> tuple[str, ...]:
    """A list of strings read back."""
    return tuple(json.loads(text))


def targets_text(targets: tuple[TrunkTarget, ...]) -> str:
    """The targets of a trunk."""
    return json.dumps([[target.uri, target.priority, target.weight] for target in targets])


def targets_of(text: str) -> tuple[TrunkTarget, ...]:
    """The targets of a trunk read back."""
    return tuple(TrunkTarget(uri, priority, weight) for uri, priority, weight in json.loads(text))


def digest_text(digest: OutboundDigest | None) -> str | None:
    """The outbound digest of a trunk."""
    if digest is None:
        return None
    return json.dumps([digest.username, digest.realm, digest.md5, digest.sha256, digest.sha512_256])


def digest_of(text: str | None) -> OutboundDigest | None:
    """The outbound digest of a trunk read back."""
    return None if text is None else OutboundDigest(*json.loads(text))
