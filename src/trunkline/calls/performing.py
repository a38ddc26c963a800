"""Verbs performed: a table from verb to what is done, and the loop that lets programs speak."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from trunkline.calls.call import Call
from trunkline.calls.dialing import Dialing
from trunkline.calls.ending import end_call_when_over, hang_up, leg_ended, reject_invite
from trunkline.calls.events import CallEvent, LegFailed, PlayEnded
from trunkline.calls.exchange import Exchange
from trunkline.calls.joining import connect
from trunkline.calls.leg import Leg, LegState
from trunkline.calls.prompting import answer_alone, play, record, stop_play, stop_record
from trunkline.calls.transfer import notify_transfer, refer
from trunkline.calls.uas import ring
from trunkline.calls.verbs import (
    Answer,
    Connect,
    Dial,
    HangUp,
    NotifyTransfer,
    Play,
    Record,
    Refer,
    Reject,
    Ring,
    StartTimer,
    StopPlay,
    StopRecord,
    StopTimer,
    Verb,
)
from trunkline.domain.cdr import EndCause


def run_programs(exchange: Exchange) -> None:
    """Hand every posted event to its call's program and do what it says, until nothing is left to say."""
    while exchange.posted:
        call, event = exchange.posted.pop(0)
        if call.program is None or call.is_over:
            continue
        _run(exchange, call, event)


def _run(exchange: Exchange, call: Call, event: CallEvent) -> None:
    if call.program is None:
        return
    for verb in call.program.handle(event):
        _PERFORM[type(verb)](exchange, call, verb)


def _ring(exchange: Exchange, call: Call, verb: Ring) -> None:
    caller = call.caller
    if caller is None:
        return
    source = call.legs.get(verb.media_from) if verb.media_from else None
    description = source.carried if source is not None else None
    if source is not None:
        caller.partner, source.partner = source, caller
        caller.anchor = source.anchor
    ring(exchange, caller, verb.status, verb.reason, description, reliable=source is not None and source.was_reliable)


def _reject(exchange: Exchange, call: Call, verb: Reject) -> None:
    caller = call.caller
    if caller is None or caller.state is LegState.ENDED:
        return
    if verb.rejection is not None:
        call.rejection, call.detail = verb.rejection.code, verb.rejection.detail
    if call.end_cause is None:
        call.end_cause = _cause_of(verb.status)
    retry_after = verb.rejection.retry_after_s if verb.rejection is not None else None
    reject_invite(exchange, caller, verb.status, verb.reason, retry_after)
    leg_ended(exchange, caller)


def _cause_of(status: int) -> EndCause:
    """What a refusal means in the CDR."""
    if status in (486, 600):
        return EndCause.BUSY
    if status in (408, 480):
        return EndCause.NO_ANSWER
    if status in (403, 404, 484, 603, 607):
        return EndCause.REJECTED
    return EndCause.FAILED


def _dial(exchange: Exchange, call: Call, verb: Dial) -> None:
    offerer = call.legs.get(verb.offer_of)
    if offerer is None or not offerer.is_live:
        exchange.post(call, LegFailed(verb.leg, 487, "Request Terminated"))
        return
    Dialing(exchange, call, verb.leg, verb.target, offerer).start()


def _connect(exchange: Exchange, call: Call, verb: Connect) -> None:
    first, second = call.legs.get(verb.first), call.legs.get(verb.second)
    if first is None or second is None or not first.is_live or not second.is_live:
        return
    if second.trunk is not None:
        call.trunk_id = second.trunk.id
    connect(exchange, first, second)
    if call.longest_s is not None and "longest" not in call.timers:
        exchange.start_timer(call, "longest", call.longest_s, _TooLong(exchange, call).end)


class _TooLong:
    """Ends a call that lasted as long as it may."""

    def __init__(self, exchange: Exchange, call: Call) -> None:
        self._exchange = exchange
        self._call = call

    def end(self) -> None:
        for leg in self._call.live_legs:
            hang_up(self._exchange, leg, EndCause.TOO_LONG)


def _hang_up(exchange: Exchange, call: Call, verb: HangUp) -> None:
    dialing = call.dialing.get(verb.leg)
    if dialing is not None:
        dialing.cancel()
    leg = call.legs.get(verb.leg)
    if leg is not None:
        if verb.cause is EndCause.CANCELLED:
            _cancel(exchange, leg, verb)
        else:
            hang_up(exchange, leg, verb.cause, verb.reason)
    end_call_when_over(exchange, call)


def _cancel(exchange: Exchange, leg: Leg, verb: HangUp) -> None:
    """Stop a leg from ringing; it says nothing about how the call ends."""
    cause = leg.call.end_cause
    if not leg.is_uas and leg.is_live and leg.state is not LegState.ANSWERED and leg.target is not None:
        leg.call.attempted(leg.target, 487)
    hang_up(exchange, leg, verb.cause, verb.reason, elsewhere=verb.elsewhere)
    if leg.call.live_legs or leg.call.dialing:
        leg.call.end_cause = cause


def _start_timer(exchange: Exchange, call: Call, verb: StartTimer) -> None:
    exchange.start_timer(call, verb.name, verb.seconds)


def _stop_timer(exchange: Exchange, call: Call, verb: StopTimer) -> None:
    exchange.stop_timer(call, verb.name)


def _notify_transfer(exchange: Exchange, call: Call, verb: NotifyTransfer) -> None:
    leg = call.legs.get(verb.leg)
    if leg is not None:
        notify_transfer(exchange, leg, verb.status, verb.reason)


def _refer(exchange: Exchange, call: Call, verb: Refer) -> None:
    leg = call.legs.get(verb.leg)
    if leg is not None:
        refer(exchange, leg, verb.target)


def _answer(exchange: Exchange, call: Call, verb: Answer) -> None:  # noqa: ARG001 - Answer says nothing more
    if call.caller is not None:
        answer_alone(exchange, call.caller)


def _play(exchange: Exchange, call: Call, verb: Play) -> None:
    leg = call.legs.get(verb.leg)
    if leg is None:
        exchange.post(call, PlayEnded(verb.leg))
    else:
        play(exchange, leg, verb)


def _stop_play(exchange: Exchange, call: Call, verb: StopPlay) -> None:
    leg = call.legs.get(verb.leg)
    if leg is not None:
        stop_play(exchange, leg)


def _record(exchange: Exchange, call: Call, verb: Record) -> None:
    leg = call.legs.get(verb.leg)
    if leg is not None:
        record(exchange, leg)


def _stop_record(exchange: Exchange, call: Call, verb: StopRecord) -> None:
    leg = call.legs.get(verb.leg)
    if leg is not None:
        stop_record(exchange, leg)


_PERFORM: Final[dict[type[Verb], Callable[[Exchange, Call, Any], None]]] = {
    Answer: _answer,
    Connect: _connect,
    Dial: _dial,
    HangUp: _hang_up,
    NotifyTransfer: _notify_transfer,
    Play: _play,
    Record: _record,
    Refer: _refer,
    Reject: _reject,
    Ring: _ring,
    StartTimer: _start_timer,
    StopPlay: _stop_play,
    StopRecord: _stop_record,
    StopTimer: _stop_timer,
}
