"""Requests within a leg's dialog: a table from method to what is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from trunkline.calls.admission import unsupported_tags
from trunkline.calls.anchoring import carry
from trunkline.calls.early import send_prack
from trunkline.calls.ending import cancel_invite, leg_ended, reject_invite
from trunkline.calls.events import DigitPressed, LegFailed, LegHungUp
from trunkline.calls.exchange import Exchange
from trunkline.calls.headers import ALLOW, SUPPORTED, passed_in_dialog
from trunkline.calls.leg import Leg, LegState
from trunkline.calls.modification import modify
from trunkline.calls.replying import later, reply, turn_away
from trunkline.calls.requester import Requester
from trunkline.calls.requesting import send_in_dialog
from trunkline.calls.session_description import description_of
from trunkline.calls.transfer import transfer
from trunkline.calls.uas import pracked
from trunkline.domain.cdr import EndCause
from trunkline.domain.rejection import Rejection
from trunkline.sdp.description import SessionDescription
from trunkline.sip.errors import ParseError, ProtocolViolation
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request, Response
from trunkline.sip.transaction.transaction import ServerTransaction

DIGITS: Final = frozenset("0123456789*#ABCDabcd")

_Handler = Callable[[Exchange, Leg, Request, ServerTransaction], None]


def receive_in_dialog(
    exchange: Exchange, request: Request, transaction: ServerTransaction, flow: Flow
) -> None:
    """Serve a request that carries a To tag; 481 when no dialog of ours has it (RFC 3261 §12.2.2)."""
    leg = exchange.leg_of(request)
    dialog = leg.dialog_with(request.from_tag) if leg is not None else None
    if leg is None or dialog is None:
        turn_away(exchange, transaction, request, flow, 481)
        return
    try:
        dialog.receive_request(request)
    except ProtocolViolation as fault:
        headers = later(exchange) if fault.status == 500 and request.method == "INVITE" else None
        reply(exchange, transaction, request, flow, fault.status, fault.reason, headers)
        return
    tags = unsupported_tags(request)
    handler = _HANDLERS.get(request.method)
    if tags:
        reply(exchange, transaction, request, flow, 420, "", [("Unsupported", tag) for tag in tags])
    elif handler is None:
        reply(exchange, transaction, request, flow, 405, "", [("Allow", ALLOW)])
    else:
        if leg.flow.is_reliable or leg.trunk is None:
            # A device that moved is reached where it last spoke from.
            leg.flow = flow
        handler(exchange, leg, request, transaction)


def receive_ack(exchange: Exchange, request: Request) -> None:
    """The ACK to a 2xx of ours; what waits for its session description gets it."""
    leg = exchange.leg_of(request)
    if leg is None:
        return
    taker = leg.ack_taker
    if taker is not None:
        leg.ack_taker = None
        taker(request)


def _bye(exchange: Exchange, leg: Leg, request: Request, transaction: ServerTransaction) -> None:
    """The party hung up (RFC 3261 §15.1.2)."""
    reply(exchange, transaction, request, leg.flow, 200)
    reason = request.get("Reason") or ""
    if leg.state is LegState.ANSWERED:
        cause = EndCause.CALLER_HUNG_UP if leg is leg.call.caller else EndCause.CALLEE_HUNG_UP
        exchange.post(leg.call, LegHungUp(leg.name, cause, reason))
        leg_ended(exchange, leg, cause)
    elif leg.is_uas:
        reject_invite(exchange, leg, 487, "")
        exchange.post(leg.call, LegHungUp(leg.name, EndCause.CANCELLED, reason))
        leg_ended(exchange, leg, EndCause.CANCELLED)
    else:
        # No callee may do this before its answer (§15); it does not want the call, that much is clear.
        cancel_invite(exchange, leg)
        exchange.post(leg.call, LegFailed(leg.name, 480, "Temporarily Unavailable"))
        leg_ended(exchange, leg, EndCause.FAILED)


def _prack(exchange: Exchange, leg: Leg, request: Request, transaction: ServerTransaction) -> None:
    """The caller acknowledges a reliable provisional; its answer to a callee's offer goes on to the callee."""
    try:
        matched = exchange.endpoint.match_prack(request)
    except ParseError as error:
        reply(exchange, transaction, request, leg.flow, 400, error.reason)
        return
    if matched is None:
        reply(exchange, transaction, request, leg.flow, 481)
        return
    description = description_of(request)
    partner = leg.partner
    if description is None:
        reply(exchange, transaction, request, leg.flow, 200)
    elif partner is not None and partner.prack_due and leg.anchor is not None:
        reply(exchange, transaction, request, leg.flow, 200)
        leg.remote_description = description
        carry(leg.anchor, description, leg, partner, leg.side, _PrackAnswer(exchange, partner).carried)
    else:
        # An offer in a PRACK (RFC 3262 §5), which nobody was seen to make: all stays as it was.
        reply(exchange, transaction, request, leg.flow, 488)
    pracked(exchange, leg)


class _PrackAnswer:
    """A caller's answer in a PRACK, on its way to the callee that made the offer."""

    def __init__(self, exchange: Exchange, callee: Leg) -> None:
        self._exchange = exchange
        self._callee = callee

    def carried(self, result: SessionDescription | Rejection) -> None:
        if isinstance(result, SessionDescription):
            send_prack(self._exchange, self._callee, result)
        self._exchange.settle()


def _options(exchange: Exchange, leg: Leg, request: Request, transaction: ServerTransaction) -> None:
    reply(exchange, transaction, request, leg.flow, 200, "", [("Allow", ALLOW), ("Supported", SUPPORTED)])


def _info(exchange: Exchange, leg: Leg, request: Request, transaction: ServerTransaction) -> None:
    """Digits and other mid-call information go to the partner; without one the program hears the digit."""
    digit = info_digit(request)
    if digit and leg.partner is None:
        exchange.post(leg.call, DigitPressed(leg.name, digit))
        reply(exchange, transaction, request, leg.flow, 200)
        return
    _relay(exchange, leg, request, transaction)


def info_digit(request: Request) -> str:
    """The digit of an INFO in one of the two usual forms; "" when there is none."""
    text = request.body.decode("ascii", "replace").strip()
    if request.content_type == "application/dtmf-relay":
        for line in text.splitlines():
            name, _, value = line.partition("=")
            if name.strip().lower() == "signal" and value.strip() in DIGITS:
                return value.strip().upper()
    elif request.content_type == "application/dtmf" and text in DIGITS:
        return text.upper()
    return ""


def _relay(exchange: Exchange, leg: Leg, request: Request, transaction: ServerTransaction) -> None:
    """Pass a request on to the partner and its final response back."""
    partner = leg.partner
    if partner is None or partner.dialog is None or not partner.is_live:
        reply(exchange, transaction, request, leg.flow, 480)
        return
    relayed = _Relayed(exchange, leg, request, transaction)
    headers = passed_in_dialog(request, to_trunk=partner.trunk is not None)
    send_in_dialog(exchange, partner, request.method, request.body, headers, relayed)


class _Relayed(Requester):
    """A request that was passed on; its final response is passed back."""

    def __init__(
        self, exchange: Exchange, leg: Leg, request: Request, transaction: ServerTransaction
    ) -> None:
        self._exchange = exchange
        self._leg = leg
        self._request = request
        self._transaction = transaction

    def responded(self, response: Response, flow: Flow) -> None:  # noqa: ARG002 - the dialog has its flow
        """See :class:`~trunkline.calls.requester.Requester`."""
        if response.status < 200:
            return
        # A challenge of the far side is not the near side's to answer.
        status = 500 if response.status in (401, 407) else response.status
        reason = response.reason if status == response.status else ""
        headers = passed_in_dialog(response, to_trunk=self._leg.trunk is not None)
        reply(
            self._exchange,
            self._transaction,
            self._request,
            self._leg.flow,
            status,
            reason,
            headers,
            response.body,
        )

    def gave_up(self, status: int) -> None:
        """See :class:`~trunkline.calls.requester.Requester`."""
        reply(self._exchange, self._transaction, self._request, self._leg.flow, status)


def _subscribe(exchange: Exchange, leg: Leg, request: Request, transaction: ServerTransaction) -> None:
    reply(exchange, transaction, request, leg.flow, 489, "", [("Allow-Events", "refer")])


def _notify(exchange: Exchange, leg: Leg, request: Request, transaction: ServerTransaction) -> None:
    """Progress of a transfer that we asked for stays here; other events are the partner's."""
    if (request.get("Event") or "").partition(";")[0].strip().lower() == "refer":
        reply(exchange, transaction, request, leg.flow, 200)
        return
    _relay(exchange, leg, request, transaction)


_HANDLERS: Final[dict[str, _Handler]] = {
    "BYE": _bye,
    "INVITE": modify,
    "UPDATE": modify,
    "PRACK": _prack,
    "INFO": _info,
    "MESSAGE": _relay,
    "OPTIONS": _options,
    "REFER": transfer,
    "NOTIFY": _notify,
    "SUBSCRIBE": _subscribe,
}
