"""The INVITE of a party that we call: sending it, and what its responses mean."""

from __future__ import annotations

from typing import Final

from trunkline.calls.acknowledging import ack_of, acknowledge, invite_of
from trunkline.calls.anchoring import carry_to_offerer
from trunkline.calls.early import MOST_BRANCHES, provisional
from trunkline.calls.ending import leg_ended, send_bye
from trunkline.calls.events import LegAnswered, LegFailed
from trunkline.calls.exchange import Exchange
from trunkline.calls.headers import SDP, SUPPORTED, methods_allowed, own_headers, passed_to_callee
from trunkline.calls.identity import identity_headers
from trunkline.calls.leg import Leg, LegState
from trunkline.calls.remote_target import follow_remote_target, reach_registered
from trunkline.calls.requester import Requester
from trunkline.calls.requesting import challenge_answer
from trunkline.calls.resting import address_answered, rest_address
from trunkline.calls.session_description import description_of
from trunkline.calls.session_timers import longer_session, offer_session_timer, session_timer_accepted
from trunkline.domain.cdr import EndCause
from trunkline.domain.credential import CallerIdRule
from trunkline.domain.rejection import Rejection
from trunkline.routing.trunk_selection import rest_until
from trunkline.sdp.description import SessionDescription
from trunkline.sip.dialog import Dialog, dialog_of_uac
from trunkline.sip.errors import ParseError
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request, Response
from trunkline.sip.name_address import parse_name_address

_TRUNK_REFUSED_US: Final = 502
"""What a challenge that we cannot answer becomes: our credentials are not the caller's affair."""

_MOST_TRIES: Final = 4
"""So often one INVITE is sent again because its answer asked for it (challenge, stale nonce, longer interval)."""


def invite(
    exchange: Exchange,
    leg: Leg,
    description: SessionDescription | None,
    offer_of: Leg,
    alternative: Flow | None,
) -> None:
    """Send a leg's INVITE (RFC 3261 §13.2.1), offering what its partner-to-be offered."""
    target = leg.target
    if target is None:
        return
    theirs = offer_of.invite if offer_of.is_uas else None
    hops_left = max(theirs.max_forwards - 1, 0) if theirs is not None else 69
    headers: list[tuple[str, str]] = [("Route", route) for route in target.routes]
    headers.append(("Max-Forwards", str(hops_left)))
    headers.extend(identity_headers(exchange, leg, offer_of))
    headers.append(("To", f"<{target.to_uri}>"))
    headers.append(("Call-ID", leg.sip_call_id))
    headers.append(("CSeq", "1 INVITE"))
    headers.extend(own_headers(leg, _supported(description, theirs)))
    headers.extend(offer_session_timer(exchange, leg))
    if theirs is not None:
        rule = offer_of.credential.caller_id_rule if offer_of.credential is not None else CallerIdRule.ANY
        is_any = rule is CallerIdRule.ANY
        headers.extend(passed_to_callee(theirs, to_trunk=target.trunk is not None, shows_any=is_any))
    body = b""
    if description is not None:
        leg.local_description = description
        headers.append(("Content-Type", SDP))
        body = description.to_bytes()
    leg.invite = Request("INVITE", target.uri, headers, body)
    _send(exchange, leg, leg.invite, alternative)


def _supported(description: SessionDescription | None, theirs: Request | None) -> str:
    """A callee that makes the offer could make it reliably, and the answer could only come from such a caller."""
    if description is not None or (theirs is not None and _knows_100rel(theirs)):
        return SUPPORTED
    return SUPPORTED.replace("100rel, ", "")


def _knows_100rel(invite: Request) -> bool:
    return invite.has_token("Supported", "100rel") or invite.has_token("Require", "100rel")


def _send(exchange: Exchange, leg: Leg, request: Request, alternative: Flow | None = None) -> None:
    leg.client = exchange.endpoint.send_request(request, leg.flow, exchange.now(), alternative)
    leg.client.user = Invitation(exchange, leg)
    leg.sent = leg.client.request


def _send_again(exchange: Exchange, leg: Leg, headers: list[tuple[str, str]]) -> None:
    """Send the INVITE with the next CSeq and some header fields replaced (RFC 3261 §8.1.3.5)."""
    if leg.invite is None:
        return
    again = Request("INVITE", leg.invite.uri_text, list(leg.invite.headers), leg.invite.body)
    again.set("CSeq", f"{leg.invite.cseq_number + 1} INVITE")
    for name, value in headers:
        again.set(name, value)
    leg.invite = again
    leg.dialog = None
    leg.early.clear()
    _send(exchange, leg, again)


class Invitation(Requester):
    """Hears what becomes of a leg's INVITE."""

    def __init__(self, exchange: Exchange, leg: Leg) -> None:
        self._exchange = exchange
        self._leg = leg

    def responded(self, response: Response, flow: Flow) -> None:
        """See :class:`~trunkline.calls.requester.Requester`."""
        exchange, leg = self._exchange, self._leg
        if flow.is_reliable:
            leg.flow = flow
        if len(exchange.address_rests) and response.status not in (100, 503):
            address_answered(exchange, leg)
        if response.status == 100:
            leg.provisional_seen = True
        elif response.status < 200:
            provisional(exchange, leg, response)
        elif response.status < 300:
            _answered(exchange, leg, response)
        elif leg.state is not LegState.ENDED:
            _refused(exchange, leg, response)

    def gave_up(self, status: int) -> None:
        """See :class:`~trunkline.calls.requester.Requester`. The next hop is tried while nothing was heard."""
        leg = self._leg
        if not leg.provisional_seen:
            # Whether the caller has waited for it or not.
            rest_address(self._exchange, leg, "no answer" if status == 408 else "unreachable")
        if leg.state is LegState.ENDED or leg.state is LegState.ANSWERED:
            return
        failure = LegFailed(
            leg.name, status, "Request Timeout" if status == 408 else "Unreachable", is_silence=True
        )
        _fail(self._exchange, leg, failure, 0 if status == 408 else status)


# The answer.


def _answered(exchange: Exchange, leg: Leg, response: Response) -> None:
    if leg.state is LegState.ANSWERED or leg.state is LegState.ENDED:
        _answered_again(exchange, leg, response)
        return
    leg.state = LegState.ANSWERED
    if leg.target is not None:
        leg.call.attempted(leg.target, response.status)
    dialog = _confirmed(exchange, leg, response)
    if dialog is None:
        _give_back(exchange, leg, LegFailed(leg.name, 502, "Bad Gateway"))
        return
    leg.dialog = dialog
    leg.early.clear()
    leg.allows = methods_allowed(response) or leg.allows
    session_timer_accepted(exchange, leg, response)
    description = description_of(response)
    follow_remote_target(exchange, leg, _Accepting(exchange, leg, description).go_on)


def _confirmed(exchange: Exchange, leg: Leg, response: Response) -> Dialog | None:
    """The dialog of a 2xx; where its Contact or Record-Route cannot be read, one that at least can be closed.

    None in that case: the leg's dialog goes to the Request-URI then.
    """
    try:
        dialog = leg.dialog_with(response.to_tag)
        if dialog is None:
            dialog = dialog_of_uac(invite_of(leg), response, leg.flow)
        dialog.confirm(response)
        reach_registered(exchange, leg, dialog)
    except ParseError:
        response.remove("Contact")
        response.remove("Record-Route")
        leg.dialog = dialog_of_uac(invite_of(leg), response, leg.flow)
        return None
    return dialog


class _Accepting:
    """A 2xx whose remote target is being located: then it is acknowledged and its answer carried."""

    def __init__(self, exchange: Exchange, leg: Leg, description: SessionDescription | None) -> None:
        self._exchange = exchange
        self._leg = leg
        self._description = description

    def go_on(self) -> None:
        exchange, leg, description = self._exchange, self._leg, self._description
        if leg.state is not LegState.ANSWERED:
            return
        if not leg.late_offer:
            acknowledge(exchange, leg, None)
        if description is None and leg.carried is None:
            # Its answer came in a provisional response and is still on its way through the anchor.
            description = leg.remote_description
        if description is not None:
            leg.remote_description = description
            carry_to_offerer(leg, description, _Answer(exchange, leg).carried)
        elif leg.carried is not None:
            exchange.post(leg.call, LegAnswered(leg.name))
        else:
            _give_back(exchange, leg, LegFailed(leg.name, 488, "Answer Without Session Description"))


def _answered_again(exchange: Exchange, leg: Leg, response: Response) -> None:
    """A 2xx that came again, or from another branch of a fork, or after our CANCEL (RFC 3261 §13.2.2.4).

    Whoever answered without need gets an ACK for each 2xx, and a BYE for the first.
    """
    dialog = leg.dialog
    if dialog is not None and dialog.id.remote_tag == response.to_tag and leg.ack is not None:
        exchange.endpoint.send_ack(leg.ack, leg.flow)
        return
    if dialog is not None and dialog.id.remote_tag == response.to_tag and leg.state is LegState.ANSWERED:
        return
    ack = leg.stray_acks.get(response.to_tag)
    if ack is None:
        if len(leg.stray_acks) >= MOST_BRANCHES:
            return
        stray = _stray_dialog(leg, response)
        ack = leg.stray_acks[response.to_tag] = ack_of(leg, stray)
        exchange.endpoint.send_ack(ack, leg.flow)
        exchange.endpoint.send_request(stray.make_request("BYE"), leg.flow, exchange.now())
        return
    exchange.endpoint.send_ack(ack, leg.flow)


def _stray_dialog(leg: Leg, response: Response) -> Dialog:
    try:
        return dialog_of_uac(invite_of(leg), response, leg.flow)
    except ParseError:
        response.remove("Contact")
        response.remove("Record-Route")
        return dialog_of_uac(invite_of(leg), response, leg.flow)


class _Answer:
    """An answer's session description on its way through the anchor."""

    def __init__(self, exchange: Exchange, leg: Leg) -> None:
        self._exchange = exchange
        self._leg = leg

    def carried(self, result: SessionDescription | Rejection) -> None:
        exchange, leg = self._exchange, self._leg
        if leg.state is not LegState.ANSWERED:
            return
        if isinstance(result, Rejection):
            _give_back(exchange, leg, LegFailed(leg.name, result.status, result.reason, result))
        else:
            leg.carried = result
            exchange.post(leg.call, LegAnswered(leg.name))
        exchange.settle()


def _give_back(exchange: Exchange, leg: Leg, failure: LegFailed) -> None:
    """End a leg whose answer is of no use."""
    send_bye(exchange, leg)
    exchange.post(leg.call, failure)
    leg_ended(exchange, leg, EndCause.FAILED)


# Refusals.


def _refused(exchange: Exchange, leg: Leg, response: Response) -> None:
    leg.provisional_seen = True
    if not leg.is_cancelled and leg.invite is not None and leg.invite.cseq_number < _MOST_TRIES:
        headers = _what_it_asks_for(exchange, leg, response)
        if headers:
            _send_again(exchange, leg, headers)
            return
    status = response.status
    retry_after = _retry_after(response)
    if status == 503:
        _rest(exchange, leg, retry_after)
    if status in (401, 407):
        failure = LegFailed(leg.name, _TRUNK_REFUSED_US, "Bad Gateway")
    elif status < 400:
        failure = LegFailed(leg.name, status, response.reason, contacts=_contacts(response))
    else:
        failure = LegFailed(leg.name, status, response.reason, retry_after_s=retry_after)
    _fail(exchange, leg, failure, status)


def _rest(exchange: Exchange, leg: Leg, retry_after_s: int | None) -> None:
    """Leave alone the address that said 503; its trunk, when it asked for that and has no other address."""
    rest_address(exchange, leg, "503", retry_after_s)
    until = rest_until(retry_after_s, exchange.now())
    has_more = leg.dialing is not None and leg.dialing.has_more
    if leg.trunk is not None and until is not None and not has_more:
        exchange.rests.rest(leg.trunk.id, until)


def _what_it_asks_for(exchange: Exchange, leg: Leg, response: Response) -> list[tuple[str, str]]:
    """The header fields with which the INVITE may pass after this refusal; empty when nothing helps."""
    if response.status in (401, 407):
        authorization = challenge_answer(exchange, leg, response, invite_of(leg))
        return [authorization] if authorization is not None else []
    return longer_session(leg, response) if response.status == 422 else []


def _contacts(response: Response) -> tuple[str, ...]:
    """The Contacts of a redirection, best first (RFC 3261 §20.10)."""
    try:
        values = response.values("Contact")
        ranks = [_rank(value) for value in values]
    except ParseError:
        return ()
    return tuple([values[index] for index in sorted(range(len(values)), key=ranks.__getitem__)])


def _rank(contact: str) -> float:
    q = parse_name_address(contact).parameter("q")
    try:
        return -float(q) if q else -1.0
    except ValueError:
        return -1.0


def _fail(exchange: Exchange, leg: Leg, failure: LegFailed, status_seen: int) -> None:
    """The leg came to nothing; while its target has another address, a silent or overloaded one leads there."""
    if leg.target is not None:
        leg.call.attempted(leg.target, status_seen)
    dialing = leg.dialing
    hop_failed = failure.status == 503 or (failure.is_silence and not leg.provisional_seen)
    if hop_failed and dialing is not None and dialing.has_more and not leg.is_cancelled:
        dialing.try_next_hop(leg)
        return
    exchange.post(leg.call, failure)
    leg_ended(exchange, leg, EndCause.FAILED)


def _retry_after(response: Response) -> int | None:
    """Seconds of a Retry-After (a comment and parameters may follow); None when absent or unreadable."""
    digits = (response.get("Retry-After") or "").split(";")[0].split("(")[0].strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
