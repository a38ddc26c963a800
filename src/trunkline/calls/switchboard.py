"""The switchboard: a table from what the endpoint and the media engine tell to who deals with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from trunkline.calls.anchor import Anchor
from trunkline.calls.call import Call
from trunkline.calls.ending import hang_up
from trunkline.calls.events import DigitPressed, EndRequested, TimerFired
from trunkline.calls.exchange import CALL_TIMER, CallTimer, Exchange
from trunkline.calls.in_dialog import receive_ack, receive_in_dialog
from trunkline.calls.invitation import invited
from trunkline.calls.leg import Leg
from trunkline.calls.performing import run_programs
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
    PrackMissing,
    RequestReceived,
    ResponseReceived,
    TimedOut,
    TimerExpired,
    TransportFailed,
)
from trunkline.sip.message import response_to


class Switchboard:
    """Where everything that concerns calls comes in."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def handle(self, effect: Effect) -> None:
        """Deal with one effect of the endpoint; a Send is none of ours."""
        handler = _HANDLERS.get(type(effect))
        if handler is not None:
            handler(self._exchange, effect)
        run_programs(self._exchange)

    def run_programs(self) -> None:
        """Let programs hear what callbacks posted."""
        run_programs(self._exchange)

    def media_event(self, event: MediaEvent) -> None:
        """Deal with what the media engine tells."""
        if isinstance(event, StreamsLost):
            for stream in event.streams:
                _end_call_of(self._exchange, stream, EndCause.MEDIA_LOST)
        elif isinstance(event, StreamSilent):
            _end_call_of(self._exchange, event.stream, EndCause.MEDIA_SILENT)
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
        _end(self._exchange, call, cause)
        run_programs(self._exchange)
        return True

    def end_all(self, cause: EndCause) -> None:
        """End every call."""
        for call in list(self._exchange.calls.values()):
            _end(self._exchange, call, cause)
        run_programs(self._exchange)


def _end(exchange: Exchange, call: Call, cause: EndCause) -> None:
    if call.end_cause is None:
        call.end_cause = cause
    for leg in call.live_legs:
        hang_up(exchange, leg, cause, status=503)
    exchange.post(call, EndRequested(cause))


def _request(exchange: Exchange, effect: RequestReceived) -> None:
    request = effect.request
    if request.method == "ACK":
        receive_ack(exchange, request)
    elif request.to_tag and effect.transaction is not None:
        receive_in_dialog(exchange, request, effect.transaction, effect.flow)
    elif request.method == "INVITE" and effect.transaction is not None:
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
    leg = effect.transaction.user
    if isinstance(leg, Leg):
        cancelled(exchange, leg, effect.request)
    else:
        exchange.endpoint.respond(
            effect.transaction, response_to(effect.transaction.request, 487, "", exchange.tokens()), exchange.now()
        )


def _ack_missing(exchange: Exchange, effect: AckMissing) -> None:
    leg = effect.transaction.user
    if isinstance(leg, Leg):
        never_acknowledged(exchange, leg)


def _prack_missing(exchange: Exchange, effect: PrackMissing) -> None:
    leg = effect.transaction.user
    if isinstance(leg, Leg):
        unreachable(exchange, leg, 504)


def _flow_lost(exchange: Exchange, effect: FlowLost) -> None:
    leg = effect.transaction.user
    if isinstance(leg, Leg):
        unreachable(exchange, leg, 0)


def _timer(exchange: Exchange, effect: TimerExpired) -> None:
    timer = effect.owner
    if effect.kind != CALL_TIMER or not isinstance(timer, CallTimer):
        return
    timer.call.timers.pop(timer.name, None)
    if timer.due is not None:
        timer.due()
    else:
        exchange.post(timer.call, TimerFired(timer.name))


def _anchor_of(call: Call, stream: str) -> Anchor | None:
    for anchor in call.anchors.values():
        if anchor.owns(stream):
            return anchor
    return None


def _call_of(exchange: Exchange, stream: str) -> Call | None:
    return next((call for call in exchange.calls.values() if _anchor_of(call, stream) is not None), None)


def _end_call_of(exchange: Exchange, stream: str, cause: EndCause) -> None:
    call = _call_of(exchange, stream)
    if call is not None:
        _end(exchange, call, cause)


def _digit(exchange: Exchange, event: DigitReceived) -> None:
    call = _call_of(exchange, event.stream)
    anchor = _anchor_of(call, event.stream) if call is not None else None
    if call is None:
        return
    for leg in call.live_legs:
        if leg.anchor is anchor and leg.side is event.side:
            exchange.post(call, DigitPressed(leg.name, event.digit))


_HANDLERS: Final[dict[type[Effect], Callable[[Exchange, Any], None]]] = {
    RequestReceived: _request,
    ResponseReceived: _response,
    Cancelled: _cancelled,
    TimedOut: _timed_out,
    TransportFailed: _transport_failed,
    AckMissing: _ack_missing,
    PrackMissing: _prack_missing,
    FlowLost: _flow_lost,
    TimerExpired: _timer,
}
