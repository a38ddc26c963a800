"""Dial plans: where a call is tried, in which order, and what lets it go on to the next try."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trunkline.domain.binding import Binding
from trunkline.domain.credential import Credential
from trunkline.domain.media_mode import MediaMode
from trunkline.domain.trunk import NEVER_FAILOVER_CODES, Trunk
from trunkline.routing.trunk_selection import TrunkRoute, failover_statuses
from trunkline.sip.flow import Flow


class DialTarget:
    """One address to invite.

    ``uri`` is the Request-URI; ``flow`` the way to a registered device, None where the URI is to be located;
    ``routes`` the Path to a device; ``trunk`` set when it is one's target, ``credential`` when it is a device's;
    ``to_uri`` what To shows.
    """

    def __init__(
        self, uri: str, to_uri: str, flow: Flow | None = None, routes: tuple[str, ...] = (), trunk: Trunk | None = None,
        credential: Credential | None = None,
    ) -> None:
        self.uri: Final = uri
        self.to_uri: Final = to_uri
        self.flow: Final = flow
        self.routes: Final = routes
        self.trunk: Final = trunk
        self.credential: Final = credential

    @property
    def media(self) -> MediaMode:
        """What this party's owner wants done with its media."""
        if self.trunk is not None:
            return self.trunk.media
        return self.credential.media if self.credential is not None else MediaMode.ANCHORED


class Stage:
    """Targets that ring at once. ``failover`` are the final statuses after which the next stage is tried."""

    def __init__(self, targets: Sequence[DialTarget], ring_timeout_s: float, failover: frozenset[int]) -> None:
        self.targets: Final = tuple(targets)
        self.ring_timeout_s: Final = ring_timeout_s
        self.failover: Final = failover

    def goes_on_after(self, status: int) -> bool:
        """Whether the next stage may be tried after this final status; never after a global failure."""
        return status < 600 and status not in NEVER_FAILOVER_CODES and status in self.failover


DialPlan = tuple[Stage, ...]

ANY_FAILURE: Final = frozenset(range(300, 600)) - NEVER_FAILOVER_CODES
"""The next device of a serial ring is tried whatever the last one said, short of busy or declined."""


def device_plan(
    bindings: Sequence[Binding], credential: Credential, ring_timeout_s: float, *, serial: bool
) -> DialPlan:
    """Ring the bindings of a device: all at once, or in groups of equal q, highest first (RFC 3261 §16.6)."""
    to_uri = f"sip:{credential.username}@{credential.realm_name}"
    if not serial:
        return (Stage([_device_target(binding, credential, to_uri) for binding in bindings], ring_timeout_s, frozenset()),)
    stages: list[Stage] = []
    for q in sorted({binding.q for binding in bindings}, reverse=True):
        group = [_device_target(binding, credential, to_uri) for binding in bindings if binding.q == q]
        stages.append(Stage(group, ring_timeout_s, ANY_FAILURE))
    return tuple(stages)


def _device_target(binding: Binding, credential: Credential, to_uri: str) -> DialTarget:
    return DialTarget(binding.uri, to_uri, binding.flow, binding.path, None, credential)


def trunk_plan(routes: Sequence[TrunkRoute], number: str) -> DialPlan:
    """Try the addresses of trunks one after the other."""
    stages: list[Stage] = []
    for route in routes:
        failover = failover_statuses(route.trunk)
        for uri in route.request_uris(number):
            stages.append(Stage([DialTarget(uri, uri, trunk=route.trunk)], route.trunk.ring_timeout_s, failover))  # noqa: PERF401
    return tuple(stages)
