"""Which anchor two legs share, and one leg's description carried through it to the other."""

from __future__ import annotations

from trunkline.calls.anchor import Anchor, Carried
from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg
from trunkline.domain.media import Side
from trunkline.domain.media_mode import MediaMode
from trunkline.sdp.description import SessionDescription

_SESSION_ID_BITS = 62


def anchor_for(exchange: Exchange, offerer: Leg, answerer: Leg) -> Anchor:
    """The anchor through which a leg's media is offered to another: one for each leg and network.

    All devices that ring for a leg share it. Media goes directly only when neither side's owner wants it anchored.
    """
    direct = _media_of(offerer) is MediaMode.DIRECT and _media_of(answerer) is MediaMode.DIRECT
    key = f"{offerer.name} {answerer.facing}{' direct' if direct else ''}"
    anchors = offerer.call.anchors
    anchor = anchors.get(key)
    if anchor is None:
        session_id = int(exchange.random() * 2**_SESSION_ID_BITS)
        anchor = anchors[key] = Anchor(exchange.engine, exchange.tokens(), session_id, direct=direct)
    return anchor


def _media_of(leg: Leg) -> MediaMode:
    if leg.trunk is not None:
        return leg.trunk.media
    return leg.credential.media if leg.credential is not None else MediaMode.ANCHORED


def carry(
    exchange: Exchange, anchor: Anchor, description: SessionDescription, giver: Leg, taker: Leg, done: Carried,
    *, side: Side = Side.CALLER,
) -> None:
    """Lead what ``giver`` offers or answers through an anchor; ``done`` gets what ``taker`` is to be shown.

    ``side`` is the giver's in this anchor: whoever's offer made the anchor is its caller.
    """
    anchor.carry(
        description, side, source=giver.flow.host, trusted=giver.trunk is not None, facing=taker.facing,
        previous=taker.local_description, done=done,
    )


def drop_unused_anchors(exchange: Exchange, leg: Leg) -> None:
    """Close the anchors of a call that none of its live legs uses: those of forks that lost, and of moved legs."""
    call = leg.call
    used = [each.anchor for each in call.live_legs]
    used.extend(dialing.anchor for dialing in call.dialing.values())
    for key in [key for key, anchor in call.anchors.items() if anchor not in used]:
        anchor = call.anchors.pop(key)
        anchor.close(call.add_media)
