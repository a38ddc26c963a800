"""Reaching a target: locate it, offer it media, invite it at one hop after the other (RFC 3263 §4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trunkline.calls.anchoring import carry, offering_anchor
from trunkline.calls.call import Call
from trunkline.calls.ending import leg_ended, release
from trunkline.calls.events import LegFailed
from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg, LegState
from trunkline.calls.plan import DialTarget
from trunkline.calls.resting import awake_hops
from trunkline.calls.uac import invite
from trunkline.domain.cdr import EndCause
from trunkline.domain.limit_holder import trunk_holder
from trunkline.domain.media import Side
from trunkline.domain.ports import Hop
from trunkline.domain.rejection import Rejection
from trunkline.routing.caller_identity import ClaimedIdentity
from trunkline.sdp.description import SessionDescription
from trunkline.sdp.direction import Direction
from trunkline.sdp.negotiation import with_direction
from trunkline.sip.errors import ParseError
from trunkline.sip.flow import Flow
from trunkline.sip.name_address import parse_name_address
from trunkline.sip.uri import SipUri, parse_sip_uri

MAX_HOPS: Final = 4
"""More addresses than this are not tried for one target."""


class Dialing:
    """One target on its way to an INVITE. Each hop tried is a leg of its own, with its own Call-ID."""

    def __init__(
        self,
        exchange: Exchange,
        call: Call,
        name: str,
        target: DialTarget,
        offer_of: Leg,
        *,
        gives_way: bool = False,
    ) -> None:
        self.offer_of: Final = offer_of
        self._gives_way = gives_way
        self._exchange = exchange
        self._call = call
        self._name = name
        self._target = target
        self._is_cancelled = False
        self._hops: list[Hop] = []
        self._leg: Leg | None = None
        self._alternative: Flow | None = None

    @property
    def has_more(self) -> bool:
        """Whether there is another hop to try."""
        return bool(self._hops)

    def start(self) -> None:
        """Locate the target."""
        self._call.dialing[self._name] = self
        try:
            uri = self._uri_to_locate()
        except ParseError as error:
            self._fail(404, error.reason)
            return
        if uri is not None:
            self._exchange.hops.find(uri, self.located)
        elif self._target.flow is not None:
            self.located([Hop(self._target.flow)])

    def _uri_to_locate(self) -> SipUri | None:
        """The URI whose address is asked for; None for a device, which is reached over its flow.

        A Path (RFC 3327) is followed only to the very host that the REGISTER came from: a device could otherwise
        have us send to any address it likes.
        """
        flow = self._target.flow
        if flow is None:
            return parse_sip_uri(self._target.uri)
        if self._target.routes and not flow.is_reliable:
            uri = parse_name_address(self._target.routes[0]).uri
            if isinstance(uri, SipUri) and uri.host == flow.host:
                return uri
        return None

    def located(self, hops: Sequence[Hop]) -> None:
        """The target's addresses are known, none when it could not be resolved."""
        resting_s = 0.0
        if self._target.trunk is not None and len(self._exchange.address_rests):
            hops, resting_s = awake_hops(self._exchange, self._target.trunk, hops)
        self._hops = list(hops)[:MAX_HOPS]
        if not self._is_cancelled:
            if resting_s and self._gives_way:
                self._fail(503, "Resting", resting_s=resting_s)
            elif self._hops:
                self._try_hop()
            else:
                self._call.attempted(self._target, 503)
                self._fail(503, "Target Not Located")
        self._exchange.settle()

    def try_next_hop(self, failed: Leg) -> None:
        """Invite at the next hop in place of a leg that came to nothing. There must be one."""
        self._call.dialing[self._name] = self
        leg_ended(self._exchange, failed, EndCause.FAILED)
        if not self._is_cancelled:
            self._try_hop()

    def _try_hop(self) -> None:
        exchange, target = self._exchange, self._target
        holder = self._admitted()
        if holder is None:
            return
        hop = self._hops.pop(0)
        self._alternative = hop.alternative
        leg = Leg(
            self._call,
            self._name,
            is_uas=False,
            flow=hop.flow,
            sip_call_id=exchange.tokens(),
            local_tag=exchange.tokens(),
        )
        leg.target = target
        leg.trunk = target.trunk
        leg.credential = target.credential
        leg.dialing = self
        leg.holder = holder
        self._leg = leg
        leg.claimed = ClaimedIdentity(target.user)
        leg.anchor = offering_anchor(exchange, self.offer_of, leg)
        offer = self.offer_of.remote_description
        if offer is None:
            leg.late_offer = True
            self._invite(leg, None)
            return
        if self.offer_of.state is LegState.ANSWERED:
            # Who is transferred is mostly on hold, and the target must not be.
            offer = with_direction(offer, Direction.SENDRECV)
        carry(leg.anchor, offer, self.offer_of, leg, Side.CALLER, self._offered)

    def _admitted(self) -> str | None:
        """Count the leg against the limits of its trunk; None when they are reached and the leg has failed."""
        trunk = self._target.trunk
        if trunk is None:
            return ""
        holder = trunk_holder(trunk)
        rejection = self._exchange.limits.admit(holder, trunk.limits, self._exchange.now())
        if rejection is None:
            return holder
        self._fail(rejection.status, rejection.reason, rejection)
        return None

    def _offered(self, result: SessionDescription | Rejection) -> None:
        leg = self._leg
        if leg is None or self._is_cancelled:
            return
        if isinstance(result, Rejection):
            release(self._exchange, leg)
            self._fail(result.status, result.reason, result)
        else:
            self._invite(leg, result)
        self._exchange.settle()

    def _invite(self, leg: Leg, description: SessionDescription | None) -> None:
        self._call.dialing.pop(self._name, None)
        self._call.legs[self._name] = leg
        self._exchange.remember(leg)
        invite(self._exchange, leg, description, self.offer_of, self._alternative)

    def _fail(
        self, status: int, reason: str, rejection: Rejection | None = None, resting_s: float = 0.0
    ) -> None:
        self._call.dialing.pop(self._name, None)
        failure = LegFailed(self._name, status, reason, rejection, is_silence=True, resting_s=resting_s)
        self._exchange.post(self._call, failure)

    def cancel(self) -> None:
        """Give up before anything was sent."""
        self._is_cancelled = True
        self._call.dialing.pop(self._name, None)
        if self._leg is not None:
            release(self._exchange, self._leg)
