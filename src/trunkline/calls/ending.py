"""How legs and calls end: the dialog is closed as its state asks for, the anchor freed, the CDR written."""

from __future__ import annotations

from trunkline.calls.anchor import Anchor
from trunkline.calls.call import Call
from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg, LegState
from trunkline.calls.requesting import send_in_dialog
from trunkline.domain.cdr import EndCause
from trunkline.domain.media import MediaStatistics
from trunkline.sip.message import response_to
from trunkline.sip.reason import SIP, Reason


def hang_up(
    exchange: Exchange, leg: Leg, cause: EndCause, reason: str = "", *, elsewhere: bool = False, status: int = 480
) -> None:
    """End a leg from our side: CANCEL, BYE, or a final response. Does nothing to a leg that has ended."""
    if leg.state is LegState.ENDED:
        return
    if leg.call.end_cause is None:
        leg.call.end_cause = cause
    state = leg.state
    if state is LegState.ANSWERED:
        send_bye(exchange, leg, reason)
    elif leg.is_uas:
        reject_invite(exchange, leg, 487 if cause is EndCause.CANCELLED else status, "")
    else:
        cancel_invite(exchange, leg, elsewhere=elsewhere)
    leg_ended(exchange, leg)


def send_bye(exchange: Exchange, leg: Leg, reason: str = "") -> None:
    """Send a BYE in a confirmed dialog (RFC 3261 §15.1.1)."""
    send_in_dialog(exchange, leg, "BYE", b"", [("Reason", reason)] if reason else [])


def reject_invite(exchange: Exchange, leg: Leg, status: int, reason: str, retry_after_s: int | None = None) -> None:
    """Give a caller who still waits its final refusal."""
    if leg.server is None or leg.invite is None:
        return
    headers = [("Retry-After", str(retry_after_s))] if retry_after_s else []
    if leg is leg.call.caller:
        leg.call.status = status
    response = response_to(leg.invite, status, reason, leg.local_tag, headers)
    exchange.endpoint.respond(leg.server, response, exchange.now())


def cancel_invite(exchange: Exchange, leg: Leg, *, elsewhere: bool = False) -> None:
    """Cancel an INVITE of ours (RFC 3261 §9.1). What its far end does with it still arrives at the leg."""
    leg.is_cancelled = True
    if leg.client is not None:
        headers = [("Reason", str(Reason(SIP, 200, "Call completed elsewhere")))] if elsewhere else []
        exchange.endpoint.cancel(leg.client, exchange.now(), headers)


def leg_ended(exchange: Exchange, leg: Leg) -> None:
    """Settle what hangs on a leg whose dialog is over; end the call with its last one."""
    if leg.state is LegState.ENDED:
        return
    leg.state = LegState.ENDED
    release(exchange, leg)
    exchange.stop_timer(leg.call, f"refresh {leg.name}")
    exchange.stop_timer(leg.call, f"expire {leg.name}")
    if leg.partner is not None and leg.partner.partner is leg:
        leg.partner.partner = None
    exchange.forget(leg)
    end_call_when_over(exchange, leg.call)


def release(exchange: Exchange, leg: Leg) -> None:
    """A leg no longer counts against the limits of its trunk."""
    if leg.holder:
        exchange.limits.release(leg.holder)
        leg.holder = ""


def end_call_when_over(exchange: Exchange, call: Call) -> None:
    """Write the CDR and free everything once no leg lives."""
    if call.is_over or call.live_legs:
        return
    call.is_over = True
    exchange.stop_timers(call)
    exchange.calls.pop(call.call_id, None)
    for holder in call.holders:
        exchange.limits.release(holder)
    call.holders.clear()
    ended_at = exchange.now()
    anchors = list(dict.fromkeys(call.anchors.values()))
    call.anchors.clear()
    _Closing(exchange, call, ended_at, len(anchors)).close(anchors)


class _Closing:
    """Waits for the last media figures, then writes the CDR."""

    def __init__(self, exchange: Exchange, call: Call, ended_at: float, waiting: int) -> None:
        self._exchange = exchange
        self._call = call
        self._ended_at = ended_at
        self._waiting = waiting

    def close(self, anchors: list[Anchor]) -> None:
        if not anchors:
            self._write()
        for anchor in anchors:
            anchor.close(self.take)

    def take(self, statistics: MediaStatistics | None) -> None:
        self._call.add_media(statistics)
        self._waiting -= 1
        if not self._waiting:
            self._write()

    def _write(self) -> None:
        if self._call.end_cause is None:
            self._call.end_cause = EndCause.FAILED
        cdr = self._call.cdr(self._ended_at)
        self._exchange.journal.closed(cdr)
        self._exchange.observer.ended(cdr)
