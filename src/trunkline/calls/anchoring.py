"""Which anchor two legs share, and one leg's description carried through it to the other."""

from __future__ import annotations

from typing import Final

from trunkline.calls.anchor import Anchor, Carried
from trunkline.calls.call import Call
from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg
from trunkline.domain.media import Side
from trunkline.domain.media_mode import MediaMode
from trunkline.domain.rejection import Rejection
from trunkline.sdp.description import SessionDescription

_SESSION_ID_BITS: Final = 62


def new_anchor(exchange: Exchange, call: Call, *, direct: bool = False) -> Anchor:
    """An anchor of a call, which is found by the names of its streams."""
    session_id = int(exchange.random() * 2**_SESSION_ID_BITS)
    anchor = Anchor(exchange.engine, exchange.tokens(), session_id, direct=direct)
    call.anchors.append(anchor)
    exchange.anchors[anchor.name] = call
    return anchor


def anchor_between(exchange: Exchange, offerer: Leg, answerer: Leg) -> Anchor:
    """A new anchor for two legs. Media goes directly only when neither side's owner wants it anchored."""
    direct = _media_of(offerer) is MediaMode.DIRECT and _media_of(answerer) is MediaMode.DIRECT
    return new_anchor(exchange, offerer.call, direct=direct)


def offering_anchor(exchange: Exchange, offerer: Leg, answerer: Leg) -> Anchor:
    """The anchor through which a leg's media is offered to those that are called for it: one for each network.

    All devices that ring share it. The one they ring for may be in a conversation, whose own anchor is left alone.
    """
    direct = _media_of(offerer) is MediaMode.DIRECT and _media_of(answerer) is MediaMode.DIRECT
    key = "direct" if direct else answerer.facing
    anchor = offerer.offering.get(key)
    if anchor is None:
        anchor = offerer.offering[key] = new_anchor(exchange, offerer.call, direct=direct)
    return anchor


def _media_of(leg: Leg) -> MediaMode:
    if leg.trunk is not None:
        return leg.trunk.media
    return leg.credential.media if leg.credential is not None else MediaMode.ANCHORED


def carry(
    anchor: Anchor, description: SessionDescription, giver: Leg, taker: Leg, side: Side, done: Carried
) -> None:
    """Lead what ``giver`` offers or answers through an anchor; ``done`` gets what ``taker`` is to be shown.

    ``side`` is the giver's in this anchor: whoever's offer made the anchor is its caller.
    """
    anchor.carry(
        description,
        side,
        source=giver.flow.host,
        trusted=giver.trunk is not None,
        facing=taker.facing,
        previous=taker.local_description,
        done=done,
    )


def carry_to_offerer(leg: Leg, description: SessionDescription, done: Carried) -> None:
    """Lead a callee's answer, or its late offer, to the leg it was dialled for."""
    offerer = leg.dialing.offer_of if leg.dialing is not None else None
    if offerer is None or leg.anchor is None:
        return
    leg.carried_for = offerer
    carry(leg.anchor, description, leg, offerer, Side.CALLEE, done)


def restore(giver: Leg, taker: Leg) -> None:
    """Take back what a leg offered in vain: the engine is told again what was agreed before."""
    if giver.anchor is not None and giver.remote_description is not None:
        carry(giver.anchor, giver.remote_description, giver, taker, giver.side, _nobody)
        giver.anchor.keep_only(giver.remote_description)


def _nobody(_result: SessionDescription | Rejection) -> None:
    """Take what nobody is shown."""


def drop_unused_anchors(exchange: Exchange, call: Call) -> None:
    """Close the anchors of a call that none of its live legs uses: those of forks that lost, and of moved legs."""
    used: list[Anchor] = []
    for leg in call.live_legs:
        if leg.anchor is not None:
            used.append(leg.anchor)
        used.extend(leg.offering.values())
    for anchor in call.anchors:
        if anchor not in used:
            exchange.anchors.pop(anchor.name, None)
            anchor.close(call.add_media)
    call.anchors = [anchor for anchor in call.anchors if anchor in used]
