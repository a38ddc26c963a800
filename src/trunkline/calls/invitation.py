"""A new INVITE: a pipeline of named steps from the wire to a call whose program has begun.

Each step either lets the INVITE pass or answers it; the order is that of RFC 3261 §8.2, with authentication before
anything that costs or tells.
"""

from __future__ import annotations

from collections.abc import Sequence

from trunkline.calls.admission import Admission, admit
from trunkline.calls.call import Call
from trunkline.calls.ending import end_call_when_over
from trunkline.calls.events import CALLER, CallEvent, CallStarted, LegJoined
from trunkline.calls.exchange import Exchange
from trunkline.calls.headers import methods_allowed
from trunkline.calls.leg import Leg, LegState
from trunkline.calls.planning import Planner
from trunkline.calls.program import Program
from trunkline.calls.remote_target import reach_registered
from trunkline.calls.replying import reply
from trunkline.calls.session_description import read_description
from trunkline.calls.transfer import adopt, find_replaced
from trunkline.calls.verbs import Reject, Verb
from trunkline.domain.cdr import EndCause
from trunkline.domain.rejection import BAD_REPLACES, BAD_SESSION_DESCRIPTION, NO_SUCH_DIALOG, Rejection
from trunkline.sdp.errors import SdpError
from trunkline.sip.dialog import dialog_of_uas
from trunkline.sip.errors import ParseError
from trunkline.sip.flow import Flow
from trunkline.sip.grammar import print_host
from trunkline.sip.message import Request, response_to
from trunkline.sip.replaces import replaces_of
from trunkline.sip.transaction.transaction import ServerTransaction


def invited(exchange: Exchange, request: Request, transaction: ServerTransaction, flow: Flow) -> None:
    """Serve an INVITE outside of any dialog."""
    admission = admit(exchange, request, transaction, flow)
    if admission is None:
        return
    call = _new_call(exchange, request, flow, admission)
    leg = _caller_leg(exchange, call, request, transaction, flow, admission)
    try:
        leg.dialog = dialog_of_uas(request, leg.local_tag, leg.contact, flow)
        reach_registered(exchange, leg, leg.dialog)
    except ParseError as fault:
        reply(exchange, transaction, request, flow, fault.status, fault.reason)
        return
    exchange.calls[call.call_id] = call
    call.legs[CALLER] = leg
    exchange.remember(leg)
    transaction.user = leg
    program: Rejection | Leg | Program | None = _read_offer(leg, request)
    if program is None:
        program = _replaced_leg(exchange, request, call)
    if isinstance(program, Leg):
        _take_place(exchange, call, leg, program)
        return
    if program is None:
        planner = Planner(exchange, call)
        program = planner.first_program(leg, request.uri, host_is_ours=admission.host_is_ours)
    if isinstance(program, Rejection):
        exchange.observer.refused(program, request, flow, call.call_id)
        program = _Refusal(program)
    else:
        exchange.endpoint.respond(transaction, response_to(request, 100), exchange.now())
        exchange.observer.started(call.cdr())
    call.program = program
    exchange.post(call, CallStarted())


def _new_call(exchange: Exchange, request: Request, flow: Flow, admission: Admission) -> Call:
    call = Call(exchange.tokens(), admission.account_id, exchange.now())
    call.credential = admission.credential
    call.inbound_trunk = admission.trunk
    call.sip_call_id = request.call_id
    call.caller_shown = admission.claimed.user
    call.callee_shown = admission.called
    call.source = f"{print_host(flow.host)}:{flow.port}"
    call.user_agent = request.get("User-Agent") or ""
    return call


def _caller_leg(
    exchange: Exchange,
    call: Call,
    request: Request,
    transaction: ServerTransaction,
    flow: Flow,
    admission: Admission,
) -> Leg:
    leg = Leg(call, CALLER, is_uas=True, flow=flow, sip_call_id=request.call_id, local_tag=exchange.tokens())
    leg.invite = request
    leg.server = transaction
    leg.credential = admission.credential
    leg.trunk = admission.trunk
    leg.claimed = admission.claimed
    leg.allows = methods_allowed(request)
    return leg


def _read_offer(leg: Leg, request: Request) -> Rejection | None:
    """Take in the caller's session description; why not, when it cannot be read."""
    try:
        leg.remote_description = read_description(request)
    except SdpError as unreadable:
        return BAD_SESSION_DESCRIPTION.because(str(unreadable))
    except ParseError as fault:
        return BAD_SESSION_DESCRIPTION.because(fault.reason)
    return None


class _Refusal:
    """The program of a call that goes nowhere: it refuses its caller, and the CDR tells why."""

    def __init__(self, rejection: Rejection) -> None:
        self._rejection = rejection

    def handle(self, event: CallEvent) -> Sequence[Verb]:
        """See :class:`~trunkline.calls.program.Program`."""
        return (Reject(self._rejection),) if isinstance(event, CallStarted) else ()


def _replaced_leg(exchange: Exchange, request: Request, call: Call) -> Leg | Rejection | None:
    """The leg whose place the INVITE takes (RFC 3891 §3); None when it has no Replaces.

    A ringing device may be replaced, which is picking the call up, and a connected leg, but not a caller who waits.
    """
    try:
        replaces = replaces_of(request)
    except ParseError as error:
        return BAD_REPLACES.because(error.reason)
    if replaces is None:
        return None
    leg = find_replaced(exchange, replaces)
    if leg is None or leg.call.account_id != call.account_id or call.credential is None:
        return NO_SUCH_DIALOG.because(f"Replaces names {replaces}")
    if leg.is_waiting or (leg.state is LegState.ANSWERED and leg.partner is None):
        return NO_SUCH_DIALOG.because(f"Replaces names {replaces}, which is not connected")
    return leg


def _take_place(exchange: Exchange, call: Call, leg: Leg, replaced: Leg) -> None:
    """Move the new leg into the call of the leg it replaces; its own call ends as transferred."""
    call.program = _Moved()
    joined = replaced.call
    adopt(exchange, leg, joined)
    exchange.post(joined, LegJoined(leg.name, replaced.name))
    end_call_when_over(exchange, call, EndCause.TRANSFERRED)


class _Moved:
    """The program of a call whose only leg went over into another."""

    def handle(self, event: CallEvent) -> Sequence[Verb]:  # noqa: ARG002 - nothing is left to decide
        """See :class:`~trunkline.calls.program.Program`."""
        return ()
