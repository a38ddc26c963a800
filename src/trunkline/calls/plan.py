"""Dial plans: where a call is tried, in which order, and what lets it go on to the next try."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trunkline.domain.binding import Binding
from trunkline.domain.credential import Credential
from trunkline.domain.trunk import NEVER_FAILOVER_CODES, Trunk
from trunkline.routing.trunk_selection import TrunkRoute, failover_statuses
from trunkline.sip.flow import Flow
from trunkline.sip.grammar import escape_user


class DialTarget:
    """One address to invite.

    ``uri`` is the Request-URI; ``flow`` the way to a registered device, None where the URI is to be located;
    ``routes`` the Path to a device; ``trunk`` set when it is one's target, ``credential`` when it is a device's;
    ``to_uri`` what To shows, ``user`` the number or user name that was called.
    """

    def __init__(
        self,
        uri: str,
        to_uri: str,
        user: str,
        flow: Flow | None = None,
        routes: tuple[str, ...] = (),
        trunk: Trunk | None = None,
        credential: Credential | None = None,
    ) -> None:
        self.uri: Final = uri
        self.to_uri: Final = to_uri
        self.user: Final = user
        self.flow: Final = flow
        self.routes: Final = routes
        self.trunk: Final = trunk
        self.credential: Final = credential


class Stage:
    """Targets that ring at once. ``failover`` are the final statuses after which the next stage is tried."""

    def __init__(
        self, targets: Sequence[DialTarget], ring_timeout_s: float, failover: frozenset[int]
    ) -> None:
        self.targets: Final = tuple(targets)
        self.ring_timeout_s: Final = ring_timeout_s
        self.failover: Final = failover

    def goes_on_after(self, status: int) -> bool:
        """Whether the next stage may be tried after this final status: never when a person said no."""
        return status in self.failover and status not in NEVER_FAILOVER_CODES


DialPlan = tuple[Stage, ...]

ANY_FAILURE: Final = frozenset(range(300, 600)) - NEVER_FAILOVER_CODES
"""The next device of a serial ring is tried whatever the last one said, short of busy or declined."""


def device_plan(
    bindings: Sequence[Binding], credential: Credential, ring_timeout_s: float, *, serial: bool
) -> DialPlan:
    """Ring the bindings of a device: all at once, or in groups of equal q, highest first (RFC 3261 §16.6)."""
    if not serial:
        return (Stage(_device_targets(bindings, credential), ring_timeout_s, frozenset()),)
    stages: list[Stage] = []
    for q in sorted({binding.q for binding in bindings}, reverse=True):
        group = [binding for binding in bindings if binding.q == q]
        stages.append(Stage(_device_targets(group, credential), ring_timeout_s, ANY_FAILURE))
    return tuple(stages)


def _device_targets(bindings: Sequence[Binding], credential: Credential) -> list[DialTarget]:
    to_uri = f"sip:{escape_user(credential.composite)}@{credential.realm_name}"
    user = credential.username
    return [
        DialTarget(binding.uri, to_uri, user, binding.flow, binding.path, None, credential)
        for binding in bindings
    ]


def trunk_plan(routes: Sequence[TrunkRoute], number: str) -> DialPlan:
    """Try the addresses of trunks one after the other."""
    stages: list[Stage] = []
    for route in routes:
        trunk = route.trunk
        failover = failover_statuses(trunk)
        for uri in route.request_uris(number):
            target = DialTarget(uri, uri, number, trunk=trunk)
            stages.append(Stage([target], trunk.ring_timeout_s, failover))
    return tuple(stages)
