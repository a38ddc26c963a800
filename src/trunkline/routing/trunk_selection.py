"""Which trunks and targets a number is tried at, in which order, and when the next one is tried."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol, TypeVar

from trunkline.domain.ports import RandomNumber
from trunkline.domain.trunk import NEVER_FAILOVER_CODES, Trunk, TrunkTarget
from trunkline.routing.destination_policy import deciding_rule, is_allowed
from trunkline.sip.errors import ParseError
from trunkline.sip.uri import SipUri, parse_sip_uri

SILENCE: Final = 0
"""Stands for a status where no final response came: a timeout, or an address that cannot be reached."""

LONGEST_REST_S: Final = 3600
"""A trunk rests no longer than this, whatever its Retry-After says: a mistyped one must not close it for days."""


class _Weighted(Protocol):
    @property
    def priority(self) -> int: ...
    @property
    def weight(self) -> int: ...


_W = TypeVar("_W", bound=_Weighted)


@dataclass(frozen=True, slots=True)
class TrunkRoute:
    """A trunk that serves a number, with its targets in the order to try."""

    trunk: Trunk
    targets: tuple[TrunkTarget, ...]

    def request_uris(self, number: str) -> tuple[str, ...]:
        """The Request-URIs that ask the targets for an E.164 number, spelled as the trunk wants it.

        A target whose URI cannot be read is left out.
        """
        user = number if self.trunk.plus else number.removeprefix("+")
        uris: list[str] = []
        for target in self.targets:
            try:
                uri = parse_sip_uri(target.uri)
            except ParseError:
                continue
            uris.append(str(SipUri(uri.scheme, user, uri.host, uri.port, uri.parameters)))
        return tuple(uris)


class TrunkRestTable:
    """Trunks that asked to be left alone for a while (503 with Retry-After, RFC 3261 §21.5.4)."""

    def __init__(self) -> None:
        self._until: dict[int, float] = {}

    def rest(self, trunk_id: int, until: float) -> None:
        """Let a trunk rest; a rest that is already longer stays."""
        self._until[trunk_id] = max(until, self._until.get(trunk_id, until))

    def wake(self, trunk_id: int) -> None:
        """End a trunk's rest; nothing happens when it does not rest."""
        self._until.pop(trunk_id, None)

    def resting_s(self, trunk_id: int, now: float) -> float:
        """Seconds that a trunk still rests; 0 when it may be tried."""
        until = self._until.get(trunk_id)
        if until is None:
            return 0.0
        if until <= now:
            del self._until[trunk_id]
            return 0.0
        return until - now


def rest_until(retry_after_s: int | None, now: float) -> float | None:
    """When a trunk that answered 503 may be tried again; None when it did not ask for a rest."""
    if retry_after_s is None or retry_after_s <= 0:
        return None
    return now + min(retry_after_s, LONGEST_REST_S)


class NextAction(Enum):
    """What follows a trunk's final response."""

    FAIL_OVER = "try the next target or trunk"
    STOP = "pass the response on"


def failover_statuses(trunk: Trunk) -> frozenset[int]:
    """The statuses after which the next target is tried: the trunk's own, less those that mean a person said no."""
    return frozenset(
        status
        for status in trunk.failover_codes
        if 300 <= status < 600 and status not in NEVER_FAILOVER_CODES
    )


def next_action(trunk: Trunk, status: int) -> NextAction:
    """What to do after a final status of a trunk's target; ``SILENCE`` always fails over."""
    if status == SILENCE or status in failover_statuses(trunk):
        return NextAction.FAIL_OVER
    return NextAction.STOP


def fitting_prefix(trunk: Trunk, number: str) -> str | None:
    """The longest of a trunk's prefixes that a number begins with; None when none fits."""
    return max((prefix for prefix in trunk.prefixes if number.startswith(prefix)), key=len, default=None)


def why_not_serving(trunk: Trunk, number: str) -> str:
    """Why a trunk may not carry a number, in words; "" when it may."""
    if not trunk.enabled:
        return "it is switched off"
    if not trunk.targets:
        return "it has no target"
    if fitting_prefix(trunk, number) is None:
        return f"none of its prefixes fits: {', '.join(trunk.prefixes)}"
    if not is_allowed(trunk.limits.destinations, number):
        rule = deciding_rule(trunk.limits.destinations, number)
        return (
            "none of its allowed destinations fits"
            if rule is None
            else f"its rule {rule} forbids the destination"
        )
    return ""


def serving_trunks(trunks: Iterable[Trunk], number: str) -> list[tuple[str, Trunk]]:
    """The trunks that may carry a number, each with its longest fitting prefix, in no particular order."""
    serving: list[tuple[str, Trunk]] = []
    for trunk in trunks:
        prefix = fitting_prefix(trunk, number)
        if prefix is not None and not why_not_serving(trunk, number):
            serving.append((prefix, trunk))
    return serving


def order_trunks(serving: Sequence[tuple[str, Trunk]], random: RandomNumber) -> tuple[TrunkRoute, ...]:
    """Serving trunks in the order to try: longest prefix first, then priority, then chance by weight."""
    routes: list[TrunkRoute] = []
    for length in sorted({len(prefix) for prefix, _ in serving}, reverse=True):
        level = [trunk for prefix, trunk in serving if len(prefix) == length]
        routes.extend(route_of(trunk, random) for trunk in _ordered(level, random))
    return tuple(routes)


def route_of(trunk: Trunk, random: RandomNumber) -> TrunkRoute:
    """One trunk with its targets in the order to try."""
    return TrunkRoute(trunk, tuple(_ordered(trunk.targets, random)))


def _ordered(choices: Sequence[_W], random: RandomNumber) -> list[_W]:
    """Lower priority first; within one, drawn without return, each with a chance in proportion to its weight.

    As in RFC 2782, a weight of 0 is drawn only after all others.
    """
    if len(choices) == 1:
        return list(choices)
    drawn: list[_W] = []
    for priority in sorted({choice.priority for choice in choices}):
        left = [choice for choice in choices if choice.priority == priority]
        while left:
            drawn.append(left.pop(_draw([max(choice.weight, 0) for choice in left], random)))
    return drawn


def _draw(weights: Sequence[int], random: RandomNumber) -> int:
    total = sum(weights)
    if total == 0:
        return int(random() * len(weights))
    mark = random() * total
    for index, weight in enumerate(weights):
        mark -= weight
        if mark < 0:
            return index
    return len(weights) - 1
