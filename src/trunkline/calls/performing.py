"""Verbs performed: a table from verb to what is done, and the loop that lets programs speak."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from trunkline.calls.call import Call
from trunkline.calls.dialing import Dialing
from trunkline.calls.ending import hang_up, leg_ended, reject_invite
from trunkline.calls.events import CallEvent, LegFailed, PlayEnded
from trunkline.calls.exchange import Exchange
from trunkline.calls.joining import connect
from trunkline.calls.prompting import answer_alone, play, record, stop_play, stop_record
from trunkline.calls.replying import rejection_headers
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
from trunkline.sdp.description import SessionDescription


def run_programs(exchange: Exchange) -> None:
    """Hand every posted event to its call's program and do what it says, until nothing is left to say.

    A program hears how its call ended too; there is nothing it could still do then. A fault of ours ends the call.
    """
    while exchange.posted:
        posted, exchange.posted = exchange.posted, []
        for call, event in posted:
            try:
                _run(exchange, call, event)
            except Exception as error:  # noqa: BLE001 - the boundary: a bug ends one call, not the others
                exchange.observer.failed(f"program of call {call.call_id}", error)
                end_faulty(exchange, call)
        for call, _ in posted:
            if call.is_over:
                # A bridge knows its call: let neither keep the other.
                call.program = None


def _run(exchange: Exchange, call: Call, event: CallEvent) -> None:
    if call.program is None:
        return
    for verb in call.program.handle(event):
        if call.is_over:
            return
        _PERFORM[type(verb)](exchange, call, verb)


def end_faulty(exchange: Exchange, call: Call) -> None:
    """End a call that a bug of ours has spoiled; what cannot even be ended is at least forgotten."""
    for leg in call.live_legs:
        try:
            hang_up(exchange, leg, EndCause.FAILED, status=500)
        except Exception as error:  # noqa: BLE001 - the boundary, once more
            exchange.observer.failed(f"end of call {call.call_id}", error)
            leg_ended(exchange, leg, EndCause.FAILED)


def _ring(exchange: Exchange, call: Call, verb: Ring) -> None:
    caller = call.caller
    if caller is None or not caller.is_waiting:
        return
    source = call.legs.get(verb.media_from) if verb.media_from else None
    if source is None or not source.is_live:
        reliable = False
        description: SessionDescription | None = None
    else:
        reliable = source.was_reliable
        description = source.carried
        caller.partner, source.partner = source, caller
        caller.anchor = source.anchor
    ring(exchange, caller, verb.status, verb.reason, description, reliable=reliable)


def _reject(exchange: Exchange, call: Call, verb: Reject) -> None:
    caller = call.caller
    if caller is None or not caller.is_waiting:
        return
    headers: list[tuple[str, str]] = []
    if verb.rejection is not None:
        call.rejection, call.detail = verb.rejection.code, verb.rejection.detail
        headers = rejection_headers(verb.rejection, caller.flow)
    reject_invite(exchange, caller, verb.status, verb.reason, headers)
    leg_ended(exchange, caller, _cause_of(verb.status))


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
    Dialing(exchange, call, verb.leg, verb.target, offerer, gives_way=verb.gives_way).start()


def _connect(exchange: Exchange, call: Call, verb: Connect) -> None:
    first, second = call.legs.get(verb.first), call.legs.get(verb.second)
    if first is None or second is None or not first.is_live or not second.is_live:
        return
    for leg in (first, second):
        if leg.target is not None and leg.trunk is not None:
            call.trunk_id = leg.trunk.id
    connect(exchange, first, second)


def _hang_up(exchange: Exchange, call: Call, verb: HangUp) -> None:
    dialing = call.dialing.get(verb.leg)
    if dialing is not None:
        dialing.cancel()
    leg = call.legs.get(verb.leg)
    if leg is not None:
        hang_up(exchange, leg, verb.cause, verb.reason, elsewhere=verb.elsewhere)


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
