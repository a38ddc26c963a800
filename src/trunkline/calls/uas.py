"""The INVITE of a party that called us: provisional responses, the answer, ACK, PRACK and CANCEL."""

from __future__ import annotations

from trunkline.calls.call import Call
from trunkline.calls.ending import end_call, leg_ended, reject_invite
from trunkline.calls.events import LegHungUp
from trunkline.calls.exchange import Exchange
from trunkline.calls.headers import SDP, own_headers
from trunkline.calls.leg import Leg, LegState
from trunkline.calls.losing import lose
from trunkline.calls.session_timers import accept_session_timer
from trunkline.domain.cdr import EndCause
from trunkline.sdp.description import SessionDescription
from trunkline.sip.message import Request, response_to


def ring(
    exchange: Exchange,
    leg: Leg,
    status: int,
    reason: str,
    description: SessionDescription | None,
    *,
    reliable: bool,
) -> None:
    """Pass a provisional response on to a caller that waits (RFC 3261 §13.3.1.1, RFC 3262)."""
    if leg.server is None or leg.invite is None or not leg.is_waiting or leg.has_deferred_answer:
        return
    leg.state = LegState.RINGING
    if leg.call.rang_at is None and leg is leg.call.caller:
        leg.call.rang_at = exchange.now()
    is_reliable = _wants_reliable(leg.invite, reliable=reliable)
    headers = own_headers(leg)
    body = b""
    if description is not None and description != leg.settled_description:
        leg.local_description = description
        if is_reliable:
            leg.settled_description = description
        headers.append(("Content-Type", SDP))
        body = description.to_bytes()
    response = response_to(leg.invite, status, reason, leg.local_tag, headers, body)
    if is_reliable:
        exchange.endpoint.respond_reliably(leg.server, response, exchange.now())
        leg.unacknowledged += 1
    else:
        exchange.endpoint.respond(leg.server, response, exchange.now())


def _wants_reliable(invite: Request, *, reliable: bool) -> bool:
    """Reliable when the caller insists, or when it can and the callee's own response was (RFC 3262 §3)."""
    return invite.has_token("Require", "100rel") or (reliable and invite.has_token("Supported", "100rel"))


def answer(exchange: Exchange, leg: Leg, description: SessionDescription | None) -> None:
    """Answer a caller that waits. While a reliable provisional awaits its PRACK the answer waits too (RFC 3262 §5).

    What was shown reliably is not shown again: where the callee had made the offer it would be taken for another.
    """
    if leg.server is None or leg.invite is None or not leg.is_waiting:
        return
    if leg.unacknowledged:
        leg.deferred_answer = description
        leg.has_deferred_answer = True
        return
    now = exchange.now()
    call = leg.call
    headers = own_headers(leg)
    headers.extend(accept_session_timer(exchange, leg, leg.invite))
    body = b""
    if description is not None and description != leg.settled_description:
        leg.local_description = description
        headers.append(("Content-Type", SDP))
        body = description.to_bytes()
    leg.state = LegState.ANSWERED
    response = response_to(leg.invite, 200, "", leg.local_tag, headers, body)
    if leg.dialog is not None:
        leg.dialog.confirm(response)
    # Who picks a call up does not answer it: its caller may still wait.
    is_first = call.answered_at is None and (call.caller is None or not call.caller.is_waiting)
    if is_first:
        call.answered_at = now
        call.status = 200
    exchange.endpoint.respond(leg.server, response, now)
    if is_first:
        exchange.journal.opened(call.cdr())
        if call.longest_s is not None:
            exchange.start_timer(call, "longest", call.longest_s, _TooLong(exchange, call).end)


class _TooLong:
    """Ends a call that lasted as long as it may."""

    def __init__(self, exchange: Exchange, call: Call) -> None:
        self._exchange = exchange
        self._call = call

    def end(self) -> None:
        end_call(self._exchange, self._call, EndCause.TOO_LONG)


def pracked(exchange: Exchange, leg: Leg) -> None:
    """A reliable provisional was acknowledged; give the answer that waited for it."""
    leg.unacknowledged = max(0, leg.unacknowledged - 1)
    if not leg.unacknowledged and leg.has_deferred_answer:
        leg.has_deferred_answer = False
        answer(exchange, leg, leg.deferred_answer)


def cancelled(exchange: Exchange, leg: Leg, cancel: Request) -> None:
    """The caller gave up (RFC 3261 §9.2): 487, and the program ends the rest."""
    if not leg.is_waiting:
        return
    reject_invite(exchange, leg, 487, "")
    exchange.post(leg.call, LegHungUp(leg.name, EndCause.CANCELLED, cancel.get("Reason") or ""))
    leg_ended(exchange, leg, EndCause.CANCELLED)


def never_acknowledged(exchange: Exchange, leg: Leg) -> None:
    """Our answer was never acknowledged: the party is gone (RFC 3261 §13.3.1.4)."""
    lose(exchange, leg, EndCause.PEER_LOST)


def unreachable(exchange: Exchange, leg: Leg, status: int) -> None:
    """A caller that waits can no longer be told anything, or did not hear it; ``status`` 0: there is no way left."""
    if leg.state is LegState.ANSWERED:
        lose(exchange, leg, EndCause.PEER_LOST)
        return
    if not leg.is_waiting:
        return
    if status:
        reject_invite(exchange, leg, status, "")
    exchange.post(leg.call, LegHungUp(leg.name, EndCause.PEER_LOST))
    leg_ended(exchange, leg, EndCause.PEER_LOST)
