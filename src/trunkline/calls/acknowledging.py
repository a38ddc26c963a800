"""The ACK to the 2xx of an INVITE of ours (RFC 3261 §13.2.2.4)."""

from __future__ import annotations

from typing import Final

from trunkline.calls.exchange import Exchange
from trunkline.calls.headers import SDP
from trunkline.calls.leg import Leg
from trunkline.sdp.description import SessionDescription
from trunkline.sip.dialog import Dialog
from trunkline.sip.message import Request

_CREDENTIALS: Final = frozenset({"Authorization", "Proxy-Authorization"})


def invite_of(leg: Leg) -> Request:
    """The INVITE as it was sent, with our Via and From tag."""
    if leg.sent is None:
        raise AssertionError("a response came to a leg that sent no INVITE")
    return leg.sent


def ack_of(leg: Leg, dialog: Dialog, body: bytes = b"") -> Request:
    """The ACK for a dialog that a leg's INVITE made: it carries the INVITE's credentials (§22.1)."""
    invite = invite_of(leg)
    headers = [pair for pair in invite.headers if pair[0] in _CREDENTIALS]
    if body:
        headers.append(("Content-Type", SDP))
    return dialog.make_ack(invite.cseq_number, body, headers)


def acknowledge(exchange: Exchange, leg: Leg, description: SessionDescription | None) -> None:
    """Acknowledge a leg's answer, with our answer when the 2xx made the offer. The ACK is kept for repeated 2xx."""
    if leg.dialog is None:
        return
    body = b""
    if description is not None:
        leg.local_description = description
        body = description.to_bytes()
    leg.late_offer = False
    leg.ack = ack_of(leg, leg.dialog, body)
    exchange.endpoint.send_ack(leg.ack, leg.flow)
