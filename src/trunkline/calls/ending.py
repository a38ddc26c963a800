"""How legs and calls end: the dialog is closed as its state asks for, the anchor freed, the CDR written."""

from __future__ import annotations

from trunkline.calls.acknowledging import acknowledge
from trunkline.calls.anchor import Anchor
from trunkline.calls.call import Call
from trunkline.calls.events import EndRequested
from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg, LegState
from trunkline.calls.requesting import send_in_dialog
from trunkline.domain.cdr import EndCause
from trunkline.domain.media import MediaStatistics
from trunkline.sdp.lines import Origin
from trunkline.sdp.negotiation import reject_all
from trunkline.sip.message import response_to
from trunkline.sip.reason import SIP, Reason


def hang_up(
    exchange: Exchange,
    leg: Leg,
    cause: EndCause,
    reason: str = "",
    *,
    elsewhere: bool = False,
    status: int = 480,
) -> None:
    """End a leg from our side: CANCEL, BYE, or a final response. Does nothing to a leg that has ended.

    ``reason`` is the value of a Reason header field (RFC 3326), empty for none.
    """
    state = leg.state
    if state is LegState.ENDED:
        return
    if state is LegState.ANSWERED:
        send_bye(exchange, leg, reason)
    elif leg.is_uas:
        reject_invite(exchange, leg, 487 if cause is EndCause.CANCELLED else status, "")
    else:
        if leg.target is not None:
            was_heard = leg.client is not None and leg.client.has_response
            leg.call.attempted(leg.target, 487 if was_heard else 0)
        cancel_invite(
            exchange, leg, str(Reason(SIP, 200, "Call completed elsewhere")) if elsewhere else reason
        )
    leg_ended(exchange, leg, cause)


def send_bye(exchange: Exchange, leg: Leg, reason: str = "") -> None:
    """Send a BYE in a confirmed dialog (RFC 3261 §15.1.1); a 2xx that still waits for its ACK gets that first.

    An offer in that 2xx is answered all the same (§13.2.2.4), with each of its streams refused.
    """
    if not leg.is_uas and leg.ack is None:
        offer = leg.remote_description if leg.late_offer else None
        origin = Origin.ours(leg.flow.listener.advertised_host, 1)
        acknowledge(exchange, leg, None if offer is None else reject_all(offer, origin))
    send_in_dialog(exchange, leg, "BYE", b"", [("Reason", reason)] if reason else [])


def reject_invite(
    exchange: Exchange, leg: Leg, status: int, reason: str, headers: list[tuple[str, str]] | None = None
) -> None:
    """Give a caller who still waits its final refusal."""
    if leg.server is None or leg.invite is None:
        return
    if leg is leg.call.caller:
        leg.call.status = status
    response = response_to(leg.invite, status, reason, leg.local_tag, headers)
    exchange.endpoint.respond(leg.server, response, exchange.now())


def cancel_invite(exchange: Exchange, leg: Leg, reason: str = "") -> None:
    """Cancel an INVITE of ours (RFC 3261 §9.1). What its far end does with it still arrives at the leg."""
    leg.is_cancelled = True
    if leg.client is not None:
        exchange.endpoint.cancel(leg.client, exchange.now(), [("Reason", reason)] if reason else None)


def leg_ended(exchange: Exchange, leg: Leg, cause: EndCause) -> None:
    """Settle what hangs on a leg whose dialog is over. The last leg's cause is how the call ended."""
    if leg.state is LegState.ENDED:
        return
    leg.state = LegState.ENDED
    release(exchange, leg)
    exchange.stop_timers(leg)
    exchange.forget(leg)
    change, leg.change = leg.change, None
    if change is not None:
        change.abandon()
    if leg.partner is not None and leg.partner.partner is leg:
        leg.partner.partner = None
    leg.let_go()
    call = leg.call
    if call.early_media_of == leg.name:
        call.early_media_of = ""
    end_call_when_over(exchange, call, cause)


def end_call(exchange: Exchange, call: Call, cause: EndCause) -> None:
    """End every leg of a call for a reason of the server's; its program hears so."""
    exchange.post(call, EndRequested(cause))
    for leg in call.live_legs:
        hang_up(exchange, leg, cause, status=503)


def release(exchange: Exchange, leg: Leg) -> None:
    """A leg no longer counts against the limits of its trunk."""
    if leg.holder:
        exchange.limits.release(leg.holder)
        leg.holder = ""


def end_call_when_over(exchange: Exchange, call: Call, cause: EndCause) -> None:
    """Write the CDR and free everything once no leg lives."""
    if call.is_over or call.has_live_leg:
        return
    call.is_over = True
    call.end_cause = cause
    exchange.stop_timers(call)
    exchange.calls.pop(call.call_id, None)
    for dialing in list(call.dialing.values()):
        dialing.cancel()
    for holder in call.holders:
        exchange.limits.release(holder)
    call.holders.clear()
    anchors, call.anchors = call.anchors, []
    for anchor in anchors:
        exchange.anchors.pop(anchor.name, None)
    _Closing(exchange, call, exchange.now(), len(anchors)).close(anchors)


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
        self._call.legs.clear()
        cdr = self._call.cdr(self._ended_at)
        self._exchange.journal.closed(cdr)
        self._exchange.observer.ended(cdr)
