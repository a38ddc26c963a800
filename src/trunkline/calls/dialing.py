"""Reaching a target: locate it, offer it media, invite it at one hop after the other (RFC 3263 §4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trunkline.calls.anchor import Anchor
from trunkline.calls.anchoring import anchor_for, carry
from trunkline.calls.call import Call
from trunkline.calls.ending import release
from trunkline.calls.events import LegFailed
from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg
from trunkline.calls.plan import DialTarget
from trunkline.calls.uac import invite
from trunkline.domain.ports import Hop
from trunkline.domain.rejection import Rejection
from trunkline.routing.caller_identity import ClaimedIdentity
from trunkline.sdp.description import SessionDescription
from trunkline.sip.errors import ParseError
from trunkline.sip.name_address import parse_name_address
from trunkline.sip.uri import SipUri, parse_sip_uri

MAX_HOPS: Final = 4
"""More addresses than this are not tried for one target."""


class Dialing:
    """One target on its way to an INVITE. Each hop tried is a leg of its own, with its own Call-ID."""

    def __init__(self, exchange: Exchange, call: Call, name: str, target: DialTarget, offer_of: Leg) -> None:
        self.exchange = exchange
        self.call = call
        self.name = name
        self.target = target
        self.offer_of = offer_of
        self.is_cancelled = False
        self._hops: list[Hop] = []
        self.anchor: Anchor | None = None
        self._leg: Leg | None = None
        self._hop: Hop | None = None

    def start(self) -> None:
        """Locate the target."""
        self.call.dialing[self.name] = self
        try:
            uri = self._uri_to_locate()
        except ParseError as error:
            self._fail(404, error.reason)
            return
        if uri is not None:
            self.exchange.hops.find(uri, self.located)
        elif self.target.flow is not None:
            self.located([Hop(self.target.flow)])

    def _uri_to_locate(self) -> SipUri | None:
        """The URI whose address is asked for; None for a device, which is reached over its flow.

        A Path (RFC 3327) is followed only to the very host that the REGISTER came from: a device could otherwise
        have us send to any address it likes.
        """
        flow = self.target.flow
        if flow is None:
            return parse_sip_uri(self.target.uri)
        if self.target.routes and not flow.is_reliable:
            uri = parse_name_address(self.target.routes[0]).uri
            if isinstance(uri, SipUri) and uri.host == flow.host:
                return uri
        return None

    def located(self, hops: Sequence[Hop]) -> None:
        """The target's addresses are known, none when it could not be resolved."""
        self._hops = list(hops)[:MAX_HOPS]
        self.try_next_hop(503, "Target Not Located")
        self.exchange.settle()

    def try_next_hop(self, status: int, reason: str) -> None:
        """Invite at the next hop; when there is none left, the leg failed with this status."""
        if self.is_cancelled:
            return
        if not self._hops:
            self._fail(status, reason)
            return
        holder = self._admitted()
        if holder is None:
            return
        self._hop = self._hops.pop(0)
        leg = Leg(
            self.call, self.name, is_uas=False, flow=self._hop.flow,
            sip_call_id=self.exchange.tokens(), local_tag=self.exchange.tokens(),
        )
        leg.target = self.target
        leg.trunk = self.target.trunk
        leg.credential = self.target.credential
        leg.dialing = self
        leg.holder = holder
        self._leg = leg
        leg.claimed = ClaimedIdentity(_user_of(self.target.to_uri))
        leg.anchor = self.anchor = anchor_for(self.exchange, self.offer_of, leg)
        offer = self.offer_of.remote_description
        if offer is None:
            leg.late_offer = True
            self._invite(leg, None)
        else:
            carry(self.exchange, leg.anchor, offer, self.offer_of, leg, self._offered)

    def _admitted(self) -> str | None:
        """Count the leg against the limits of its trunk; None when they are reached and the leg has failed."""
        trunk = self.target.trunk
        if trunk is None:
            return ""
        holder = f"trunk:{trunk.id}"
        rejection = self.exchange.limits.admit(holder, trunk.limits, self.exchange.now())
        if rejection is None:
            return holder
        self._fail(rejection.status, rejection.reason, rejection)
        return None

    def _offered(self, result: SessionDescription | Rejection) -> None:
        leg = self._leg
        if leg is None:
            return
        if self.is_cancelled:
            release(self.exchange, leg)
            return
        if isinstance(result, Rejection):
            release(self.exchange, leg)
            self._fail(result.status, result.reason, result)
        else:
            self._invite(leg, result)
        self.exchange.settle()

    def _invite(self, leg: Leg, description: SessionDescription | None) -> None:
        self.call.dialing.pop(self.name, None)
        self.call.legs[self.name] = leg
        self.exchange.remember(leg)
        alternative = self._hop.alternative if self._hop is not None else None
        invite(self.exchange, leg, description, self.offer_of, alternative)

    @property
    def has_more(self) -> bool:
        """Whether there is another hop to try."""
        return bool(self._hops)

    def _fail(self, status: int, reason: str, rejection: Rejection | None = None) -> None:
        self.call.dialing.pop(self.name, None)
        self.call.attempted(self.target, status)
        self.exchange.post(self.call, LegFailed(self.name, status, reason, rejection))

    def cancel(self) -> None:
        """Give up before anything was sent."""
        self.is_cancelled = True
        self.call.dialing.pop(self.name, None)


def _user_of(uri: str) -> str:
    try:
        return parse_sip_uri(uri).username
    except ParseError:
        return ""
