"""Provisional responses of a party that we call: early dialogs, early media, and their PRACKs."""

from __future__ import annotations

from typing import Final

from trunkline.calls.acknowledging import invite_of
from trunkline.calls.anchoring import carry_to_offerer
from trunkline.calls.events import LegRang
from trunkline.calls.exchange import Exchange
from trunkline.calls.headers import SDP, methods_allowed
from trunkline.calls.leg import EarlyDialog, Leg, LegState
from trunkline.calls.remote_target import reach_registered
from trunkline.calls.requesting import send_in_dialog
from trunkline.calls.session_description import description_of
from trunkline.domain.rejection import Rejection
from trunkline.sdp.description import SessionDescription
from trunkline.sip.dialog import dialog_of_uac
from trunkline.sip.errors import ParseError
from trunkline.sip.message import Response
from trunkline.sip.reliable import RAck, rseq_of

MOST_BRANCHES: Final = 32
"""So many dialogs may come of one INVITE: whoever answers it makes up their tags."""


def provisional(exchange: Exchange, leg: Leg, response: Response) -> None:
    """Take a provisional response other than 100: the program hears that the leg rang."""
    leg.provisional_seen = True
    if leg.state not in (LegState.TRYING, LegState.RINGING) or response.status == 199:
        # RFC 6228: 199 tells that one branch of a fork is over, which is no news to a caller.
        return
    early = _early_dialog(exchange, leg, response)
    rack: RAck | None = None
    if _is_reliable(response):
        rack = _accept(early, response)
        if rack is None:
            return
        leg.was_reliable = True
    leg.state = LegState.RINGING
    description = description_of(response)
    if leg.late_offer and rack is None:
        # RFC 3262 §5: an offer comes in a reliable response, since no other one can be answered.
        description = None
    if rack is not None and early is not None:
        leg.prack_due = str(rack)
        leg.prack_dialog = early.dialog
        if not leg.late_offer or description is None:
            send_prack(exchange, leg, None)
    if description is None or not _may_give_early_media(leg):
        exchange.post(leg.call, LegRang(leg.name, response.status, response.reason, has_media=False))
        return
    leg.call.early_media_of = leg.name
    leg.remote_description = description
    carry_to_offerer(leg, description, _EarlyMedia(exchange, leg, response).carried)


def _early_dialog(exchange: Exchange, leg: Leg, response: Response) -> EarlyDialog | None:
    """The dialog of a provisional response, made when its To tag is new; None when it makes none."""
    tag = response.to_tag
    if not tag:
        return None
    early = leg.early.get(tag)
    if early is None:
        if len(leg.early) >= MOST_BRANCHES:
            return None
        try:
            early = EarlyDialog(dialog_of_uac(invite_of(leg), response, leg.flow))
            reach_registered(exchange, leg, early.dialog)
        except ParseError:
            return None
        leg.early[tag] = early
        leg.allows = methods_allowed(response) or leg.allows
    leg.dialog = early.dialog
    return early


def _is_reliable(response: Response) -> bool:
    try:
        return rseq_of(response) is not None
    except ParseError:
        return False


def _accept(early: EarlyDialog | None, response: Response) -> RAck | None:
    """What acknowledges a reliable response; None for one that was seen before, or that comes too early."""
    try:
        return early.reliable.accept(response) if early is not None else None
    except ParseError:
        return None


def _may_give_early_media(leg: Leg) -> bool:
    """Of several that ring, the first with early media is heard."""
    return leg.call.early_media_of in ("", leg.name)


class _EarlyMedia:
    """Early media on its way through the anchor."""

    def __init__(self, exchange: Exchange, leg: Leg, response: Response) -> None:
        self._exchange = exchange
        self._leg = leg
        self._response = response

    def carried(self, result: SessionDescription | Rejection) -> None:
        leg, response = self._leg, self._response
        if not _is_still_news(leg):
            return
        has_media = isinstance(result, SessionDescription)
        if isinstance(result, SessionDescription):
            leg.carried = result
        self._exchange.post(
            leg.call, LegRang(leg.name, response.status, response.reason, has_media=has_media)
        )
        self._exchange.settle()


def _is_still_news(leg: Leg) -> bool:
    """Whether the caller is yet to hear that a leg rang with media: its answer, on the same way, comes after that.

    We have acknowledged a reliable response by then, so it must not get lost here. Only where the callee was to wait
    for our answer to its offer, and did not, does its own answer alone count.
    """
    if leg.state is LegState.RINGING:
        return True
    return leg.state is LegState.ANSWERED and leg.carried_for is not None and not leg.late_offer


def send_prack(exchange: Exchange, leg: Leg, description: SessionDescription | None) -> None:
    """Acknowledge a callee's reliable response (RFC 3262 §4), with our answer to its offer if it made one."""
    if not leg.prack_due:
        return
    headers = [("RAck", leg.prack_due)]
    body = b""
    if description is not None:
        leg.local_description = description
        leg.late_offer = False
        headers.append(("Content-Type", SDP))
        body = description.to_bytes()
    leg.prack_due = ""
    send_in_dialog(exchange, leg, "PRACK", body, headers, dialog=leg.prack_dialog)
