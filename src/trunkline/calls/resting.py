"""Addresses of trunks that did not serve a call are left alone for a while; one that answers is not."""

from __future__ import annotations

from collections.abc import Sequence

from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg
from trunkline.domain.ports import Hop
from trunkline.domain.trunk import Trunk
from trunkline.routing.trunk_selection import LONGEST_REST_S


def rest_address(exchange: Exchange, leg: Leg, why: str, retry_after_s: int | None = None) -> None:
    """The address that a leg was invited at did not serve it: it rests, as long as it asked for. Devices never rest."""
    trunk = leg.trunk
    if trunk is None or leg.is_uas:
        return
    seconds = exchange.settings.address_rest_s
    if retry_after_s is not None:
        seconds = float(min(retry_after_s, LONGEST_REST_S))
    if seconds and exchange.address_rests.rest(trunk.id, leg.flow, exchange.now() + seconds):
        exchange.observer.address_rests(trunk, leg.flow, seconds, why)


def address_answered(exchange: Exchange, leg: Leg) -> None:
    """The address that a leg was invited at serves it: it rests no more."""
    trunk = leg.trunk
    if trunk is not None and exchange.address_rests.end(trunk.id, leg.flow):
        exchange.observer.address_rests_no_more(trunk, leg.flow, has_answered=True)


def awake_hops(exchange: Exchange, trunk: Trunk, hops: Sequence[Hop]) -> tuple[list[Hop], float]:
    """The hops of a trunk's target that do not rest; where all do, the one whose rest ends first.

    With them come the seconds that this one still rests, 0 when those returned do not rest.
    """
    awake: list[Hop] = []
    soonest: Hop | None = None
    least = 0.0
    now = exchange.now()
    for hop in hops:
        left = exchange.address_rests.resting_s(trunk.id, hop.flow, now)
        if left is None:
            awake.append(hop)
        elif left == 0.0:
            exchange.address_rests.end(trunk.id, hop.flow)
            exchange.observer.address_rests_no_more(trunk, hop.flow, has_answered=False)
            awake.append(hop)
        elif soonest is None or left < least:
            soonest, least = hop, left
    if awake or soonest is None:
        return awake, 0.0
    return [soonest], least
