"""The switchboard: a table from what the endpoint and the media engine tell to who deals with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from trunkline.calls.anchor import Anchor, anchor_name
from trunkline.calls.ending import end_call
from trunkline.calls.events import DigitPressed, TimerFired
from trunkline.calls.exchange import CALL_TIMER, CallTimer, Exchange
from trunkline.calls.in_dialog import receive_ack, receive_in_dialog
from trunkline.calls.invitation import invited
from trunkline.calls.leg import Leg
from trunkline.calls.modification import Modification
from trunkline.calls.performing import end_faulty, run_programs
from trunkline.calls.requester import Requester
from trunkline.calls.standalone import receive_standalone
from trunkline.calls.uas import cancelled, never_acknowledged, unreachable
from trunkline.domain.cdr import EndCause
from trunkline.domain.media import DigitReceived, MediaEvent, StreamSilent, StreamsLost
from trunkline.sip.effects import (
    AckMissing,
    Cancelled,
    Effect,
    FlowLost,
    FlowReplaced,
    PrackMissing,
    RequestReceived,
    ResponseReceived,
    TimedOut,
    TimerExpired,
    TransportFailed,
)
from trunkline.sip.message import Request, response_to
from trunkline.sip.transaction.transaction import ServerTransaction, Transaction


class Switchboard:
    """Where everything that concerns calls comes in."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def handle(self, effect: Effect) -> None:
        """Deal with one effect of the endpoint; a Send is none of ours. A fault of ours ends the call it was in."""
        exchange = self._exchange
        handler = _HANDLERS.get(type(effect))
        if handler is not None:
            try:
                handler(exchange, effect)
            except Exception as error:  # noqa: BLE001 - the boundary: a bug ends one call, not the others
                exchange.observer.failed(type(effect).__name__, error)
                _end_after_fault(exchange, effect)
        if exchange.posted:
            run_programs(exchange)

    def run_programs(self) -> None:
        """Let programs hear what callbacks posted."""
        if self._exchange.posted:
            run_programs(self._exchange)

    def media_event(self, event: MediaEvent) -> None:
        """Deal with what the media engine tells."""
        if isinstance(event, StreamsLost):
            for stream in event.streams:
                _end_call_of(self._exchange, stream, EndCause.MEDIA_LOST)
        elif isinstance(event, StreamSilent):
            _silent(self._exchange, event.stream)
        elif isinstance(event, DigitReceived):
            _digit(self._exchange, event)
        run_programs(self._exchange)

    def drain(self) -> None:
        """Take no new calls; those that run go on."""
        self._exchange.is_draining = True

    def end(self, call_id: str, cause: EndCause) -> bool:
        """End one call; False when there is none of this id."""
        call = self._exchange.calls.get(call_id)
        if call is None:
            return False
        end_call(self._exchange, call, cause)
        run_programs(self._exchange)
        return True

    def end_all(self, cause: EndCause) -> None:
        """End every call."""
        for call in list(self._exchange.calls.values()):
            end_call(self._exchange, call, cause)
        run_programs(self._exchange)


def _request(exchange: Exchange, effect: RequestReceived) -> None:
    request = effect.request
    if request.method == "ACK":
        receive_ack(exchange, request)
    elif effect.transaction is not None and request.to_tag:
        receive_in_dialog(exchange, request, effect.transaction, effect.flow)
    elif effect.transaction is not None and request.method == "INVITE":
        invited(exchange, request, effect.transaction, effect.flow)
    else:
        receive_standalone(exchange, request, effect.transaction, effect.flow)


def _response(exchange: Exchange, effect: ResponseReceived) -> None:  # noqa: ARG001 - a handler's signature
    requester = effect.transaction.user
    if isinstance(requester, Requester):
        requester.responded(effect.response, effect.flow)


def _timed_out(exchange: Exchange, effect: TimedOut) -> None:  # noqa: ARG001 - a handler's signature
    requester = effect.transaction.user
    if isinstance(requester, Requester):
        requester.gave_up(408)


def _transport_failed(exchange: Exchange, effect: TransportFailed) -> None:  # noqa: ARG001 - a handler's signature
    requester = effect.transaction.user
    if isinstance(requester, Requester):
        requester.gave_up(503)


def _cancelled(exchange: Exchange, effect: Cancelled) -> None:
    transaction = effect.transaction
    user = transaction.user
    if isinstance(user, Modification):
        user.cancelled()
    elif isinstance(user, Leg) and user.server is transaction:
        cancelled(exchange, user, effect.request)
    else:
        refusal = response_to(transaction.request, 487, "", exchange.tokens())
        exchange.endpoint.respond(transaction, refusal, exchange.now())


def _ack_missing(exchange: Exchange, effect: AckMissing) -> None:
    leg = _leg_of(effect.transaction)
    if leg is not None:
        never_acknowledged(exchange, leg)


def _prack_missing(exchange: Exchange, effect: PrackMissing) -> None:
    leg = _leg_of(effect.transaction)
    if leg is not None:
        unreachable(exchange, leg, 504)


def _flow_lost(exchange: Exchange, effect: FlowLost) -> None:
    leg = _leg_of(effect.transaction)
    if leg is not None:
        unreachable(exchange, leg, 0)


def _flow_replaced(exchange: Exchange, effect: FlowReplaced) -> None:  # noqa: ARG001 - a handler's signature
    leg = _leg_of(effect.transaction)
    if leg is not None:
        leg.flow = effect.transaction.flow


def _leg_of(transaction: Transaction) -> Leg | None:
    """The leg whose INVITE or re-INVITE this is; None for any other request."""
    user = transaction.user
    if isinstance(user, Leg):
        return user
    return user.leg if isinstance(user, Modification) else None


def _timer(exchange: Exchange, effect: TimerExpired) -> None:
    timer = effect.owner
    if effect.kind != CALL_TIMER or not isinstance(timer, CallTimer):
        return
    timer.owner.timers.pop(timer.name, None)
    if timer.due is not None:
        timer.due()
    else:
        exchange.post(timer.call, TimerFired(timer.name))


# What the media engine tells.


def _anchor_of(exchange: Exchange, stream: str) -> Anchor | None:
    name = anchor_name(stream)
    call = exchange.anchors.get(name)
    if call is not None:
        for anchor in call.anchors:
            if anchor.name == name:
                return anchor
    return None


def _end_call_of(exchange: Exchange, stream: str, cause: EndCause) -> None:
    call = exchange.anchors.get(anchor_name(stream))
    if call is not None:
        end_call(exchange, call, cause)


def _silent(exchange: Exchange, stream: str) -> None:
    """The engine ended a stream. A call lives on as long as any of its streams is heard: a camera may be switched off."""
    anchor = _anchor_of(exchange, stream)
    if anchor is not None and anchor.fell_silent(stream):
        _end_call_of(exchange, stream, EndCause.MEDIA_SILENT)


def _digit(exchange: Exchange, event: DigitReceived) -> None:
    anchor = _anchor_of(exchange, event.stream)
    if anchor is None:
        return
    call = exchange.anchors[anchor.name]
    for leg in call.live_legs:
        if leg.anchor is anchor and leg.side is event.side:
            exchange.post(call, DigitPressed(leg.name, event.digit))


# Faults of ours.


def _end_after_fault(exchange: Exchange, effect: Effect) -> None:
    """End the call that a fault was met in, and answer the request that was at hand."""
    if isinstance(effect, RequestReceived):
        leg = exchange.leg_of(effect.request)
        if leg is None and effect.transaction is not None:
            leg = _leg_of(effect.transaction)
        if leg is not None:
            end_faulty(exchange, leg.call)
        if effect.transaction is not None:
            _answer_fault(exchange, effect.request, effect.transaction)
    elif isinstance(effect, TimerExpired):
        if isinstance(effect.owner, CallTimer):
            end_faulty(exchange, effect.owner.call)
    elif isinstance(effect, ResponseReceived | TimedOut | TransportFailed):
        leg = exchange.legs.get((effect.transaction.request.call_id, effect.transaction.request.from_tag))
        if leg is not None:
            end_faulty(exchange, leg.call)
    elif isinstance(effect, Cancelled | AckMissing | PrackMissing | FlowLost):
        leg = _leg_of(effect.transaction)
        if leg is not None:
            end_faulty(exchange, leg.call)


def _answer_fault(exchange: Exchange, request: Request, transaction: ServerTransaction) -> None:
    if not transaction.has_final:
        response = response_to(request, 500, "", exchange.tokens())
        exchange.endpoint.respond(transaction, response, exchange.now())


_HANDLERS: Final[dict[type[Effect], Callable[[Exchange, Any], None]]] = {
    RequestReceived: _request,
    ResponseReceived: _response,
    Cancelled: _cancelled,
    TimedOut: _timed_out,
    TransportFailed: _transport_failed,
    AckMissing: _ack_missing,
    PrackMissing: _prack_missing,
    FlowLost: _flow_lost,
    FlowReplaced: _flow_replaced,
    TimerExpired: _timer,
}
