"""The INVITE of a party that we call: sending it, and what its responses mean."""

from __future__ import annotations

from trunkline.calls.anchor import Carried
from trunkline.calls.anchoring import carry
from trunkline.calls.ending import leg_ended, release, send_bye
from trunkline.calls.events import LegAnswered, LegFailed, LegRang
from trunkline.calls.exchange import Exchange
from trunkline.calls.headers import SDP, methods_allowed, own_headers, passed_to_callee
from trunkline.calls.identity import identity_headers
from trunkline.calls.leg import Leg, LegState
from trunkline.calls.remote_target import follow_remote_target
from trunkline.calls.requester import Requester
from trunkline.calls.requesting import challenge_answer, send_in_dialog
from trunkline.calls.session_description import description_of
from trunkline.calls.session_timers import longer_session, offer_session_timer, session_timer_accepted
from trunkline.domain.media import Side
from trunkline.domain.rejection import Rejection
from trunkline.routing.trunk_selection import rest_until
from trunkline.sdp.description import SessionDescription
from trunkline.sip.dialog import dialog_of_uac
from trunkline.sip.errors import ParseError
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request, Response
from trunkline.sip.reliable import ReliableReceiver, rseq_of

_TRUNK_REFUSED_US = 502
"""What a challenge that we cannot answer becomes: our credentials are not the caller's affair."""


def invite(
    exchange: Exchange, leg: Leg, description: SessionDescription | None, offer_of: Leg, alternative: Flow | None
) -> None:
    """Send a leg's INVITE (RFC 3261 §13.2.1), offering what its partner-to-be offered."""
    target = leg.target
    if target is None:
        return
    hops_left = (offer_of.invite.max_forwards if offer_of.is_uas and offer_of.invite is not None else 70) - 1
    headers: list[tuple[str, str]] = [("Route", route) for route in target.routes]
    headers.append(("Max-Forwards", str(max(hops_left, 0))))
    headers.extend(identity_headers(exchange, leg, offer_of))
    headers += [("To", f"<{target.to_uri}>"), ("Call-ID", leg.sip_call_id), ("CSeq", "1 INVITE")]
    headers.extend(own_headers(leg))
    headers.extend(offer_session_timer(exchange, leg))
    if offer_of.is_uas and offer_of.invite is not None:
        headers.extend(passed_to_callee(offer_of.invite, to_trunk=target.trunk is not None))
    body = b""
    if description is not None:
        leg.local_description = description
        headers.append(("Content-Type", SDP))
        body = description.to_bytes()
    leg.invite = Request("INVITE", target.uri, headers, body)
    _send(exchange, leg, leg.invite, alternative)


def _send(exchange: Exchange, leg: Leg, request: Request, alternative: Flow | None = None) -> None:
    leg.client = exchange.endpoint.send_request(request, leg.flow, exchange.now(), alternative)
    leg.client.user = Invitation(exchange, leg)


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
    leg.reliable = ReliableReceiver()
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
        if response.status == 100:
            leg.provisional_seen = True
        elif response.status < 200:
            _provisional(exchange, leg, response)
        elif response.status < 300:
            _answered(exchange, leg, response)
        elif leg.state is not LegState.ENDED:
            _refused(exchange, leg, response)

    def gave_up(self, status: int) -> None:
        """See :class:`~trunkline.calls.requester.Requester`. The next hop is tried while nothing was heard."""
        leg = self._leg
        if leg.state is LegState.ENDED or leg.state is LegState.ANSWERED:
            return
        reason = "Request Timeout" if status == 408 else "Unreachable"
        if leg.dialing is not None and not leg.provisional_seen and leg.dialing.has_more:
            self._exchange.forget(leg)
            release(self._exchange, leg)
            leg.state = LegState.ENDED
            leg.dialing.try_next_hop(status, reason)
            return
        _fail(self._exchange, leg, status, reason)


# Provisional responses.


def _provisional(exchange: Exchange, leg: Leg, response: Response) -> None:
    if leg.state not in (LegState.TRYING, LegState.RINGING):
        return
    leg.provisional_seen = True
    leg.state = LegState.RINGING
    if not response.to_tag:
        exchange.post(leg.call, LegRang(leg.name, response.status, response.reason, has_media=False))
        return
    if leg.dialog is None:
        leg.dialog = dialog_of_uac(_invite_of(leg), response, leg.flow)
        leg.allows = methods_allowed(response) or leg.allows
    rseq = _rseq(response)
    description = description_of(response)
    if rseq is not None:
        rack = leg.reliable.accept(response)
        if rack is None:
            return
        leg.was_reliable = True
        leg.prack_due = str(rack)
        if not (leg.late_offer and description is not None):
            send_prack(exchange, leg, None)
    if description is None or not _may_give_early_media(leg):
        exchange.post(leg.call, LegRang(leg.name, response.status, response.reason, has_media=False))
        return
    leg.call.early_media_of = leg.name
    leg.remote_description = description
    _carry_to_offerer(exchange, leg, description, _EarlyMedia(exchange, leg, response).carried)


def _invite_of(leg: Leg) -> Request:
    """The INVITE as it was sent, with our Via and From tag."""
    if leg.client is None:
        raise AssertionError("a response came to a leg that sent no INVITE")
    return leg.client.request


def _rseq(response: Response) -> int | None:
    try:
        return rseq_of(response)
    except ParseError:
        return None


def send_prack(exchange: Exchange, leg: Leg, description: SessionDescription | None) -> None:
    """Acknowledge a callee's reliable provisional response (RFC 3262 §4), with our answer to its offer if it made one."""
    if leg.dialog is None or not leg.prack_due:
        return
    headers = [("RAck", leg.prack_due)]
    body = b""
    if description is not None:
        leg.local_description = description
        leg.late_offer = False
        headers.append(("Content-Type", SDP))
        body = description.to_bytes()
    leg.prack_due = ""
    send_in_dialog(exchange, leg, "PRACK", body, headers)


def _may_give_early_media(leg: Leg) -> bool:
    """Of several that ring, the first with early media is heard."""
    return leg.call.early_media_of in ("", leg.name)


class _EarlyMedia:
    """Early media on its way through the anchor."""

    def __init__(self, exchange: Exchange, leg: Leg, response: Response) -> None:
        self._exchange = exchange
        self._leg = leg
        self._response = response

    def carried(self, result: SessionDescription | Rejection) -> None:
        leg, response = self._leg, self._response
        if leg.state is not LegState.RINGING:
            return
        if isinstance(result, SessionDescription):
            leg.carried = result
        has_media = isinstance(result, SessionDescription)
        self._exchange.post(leg.call, LegRang(leg.name, response.status, response.reason, has_media=has_media))
        self._exchange.settle()


def _carry_to_offerer(exchange: Exchange, leg: Leg, description: SessionDescription, done: Carried) -> None:
    """Lead a callee's answer (or late offer) to the leg it was dialled for."""
    offerer = leg.dialing.offer_of if leg.dialing is not None else None
    if offerer is None or leg.anchor is None:
        return
    leg.carried_for = offerer
    carry(exchange, leg.anchor, description, leg, offerer, done, side=Side.CALLEE)


# The answer.


def _answered(exchange: Exchange, leg: Leg, response: Response) -> None:
    if leg.state is LegState.ANSWERED or leg.state is LegState.ENDED:
        _answered_again(exchange, leg, response)
        return
    if leg.dialog is None or leg.dialog.id.remote_tag != response.to_tag:
        leg.dialog = dialog_of_uac(_invite_of(leg), response, leg.flow)
    leg.dialog.confirm(response)
    leg.state = LegState.ANSWERED
    leg.allows = methods_allowed(response) or leg.allows
    session_timer_accepted(exchange, leg, response)
    if leg.target is not None:
        leg.call.attempted(leg.target, response.status)
    description = description_of(response)
    follow_remote_target(exchange, leg, _Accepting(exchange, leg, description).go_on)


class _Accepting:
    """A 2xx whose remote target is being located: then it is acknowledged and its answer carried."""

    def __init__(self, exchange: Exchange, leg: Leg, description: SessionDescription | None) -> None:
        self._exchange = exchange
        self._leg = leg
        self._description = description

    def go_on(self) -> None:
        exchange, leg, description = self._exchange, self._leg, self._description
        if not leg.late_offer:
            acknowledge(exchange, leg, None)
        if leg.state is not LegState.ANSWERED:
            return
        if description is not None:
            leg.remote_description = description
            _carry_to_offerer(exchange, leg, description, _Answer(exchange, leg).carried)
        elif leg.carried is not None:
            exchange.post(leg.call, LegAnswered(leg.name))
        else:
            _give_back(exchange, leg, LegFailed(leg.name, 488, "Answer Without Session Description"))


def _answered_again(exchange: Exchange, leg: Leg, response: Response) -> None:
    """A 2xx that came again, or from another branch of a fork, or after our CANCEL (RFC 3261 §13.2.2.4)."""
    same = leg.dialog is not None and leg.dialog.id.remote_tag == response.to_tag
    if same and leg.ack is not None:
        exchange.endpoint.send_ack(leg.ack, leg.flow)
        return
    if same and leg.state is LegState.ANSWERED:
        return
    stray = dialog_of_uac(_invite_of(leg), response, leg.flow)
    stray.confirm(response)
    exchange.endpoint.send_ack(stray.make_ack(response.cseq_number, b""), leg.flow)
    exchange.endpoint.send_request(stray.make_request("BYE"), leg.flow, exchange.now())
    leg.dialog, leg.ack = stray, stray.make_ack(response.cseq_number, b"")


def acknowledge(exchange: Exchange, leg: Leg, description: SessionDescription | None) -> None:
    """Send the ACK of a leg's answer, with our answer when the 2xx made the offer. Kept for repeated 2xx."""
    if leg.dialog is None:
        return
    body = b""
    if description is not None:
        leg.local_description = description
        leg.late_offer = False
        body = description.to_bytes()
    leg.ack = leg.dialog.make_ack(_invite_of(leg).cseq_number, body)
    exchange.endpoint.send_ack(leg.ack, leg.flow)


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
    if leg.ack is None:
        acknowledge(exchange, leg, None)
    send_bye(exchange, leg)
    exchange.post(leg.call, failure)
    leg_ended(exchange, leg)


# Refusals.


def _refused(exchange: Exchange, leg: Leg, response: Response) -> None:
    leg.provisional_seen = True
    if response.status in (401, 407) and not leg.is_cancelled:
        authorization = challenge_answer(exchange, leg, response, _invite_of(leg))
        if authorization is not None:
            _send_again(exchange, leg, [authorization])
            return
    if response.status == 422 and not leg.is_cancelled:
        headers = longer_session(leg, response)
        if headers:
            _send_again(exchange, leg, headers)
            return
    retry_after = _retry_after(response)
    until = rest_until(retry_after, exchange.now())
    if response.status == 503 and leg.trunk is not None and until is not None:
        exchange.rests.rest(leg.trunk.id, until)
    status = _TRUNK_REFUSED_US if response.status in (401, 407) else response.status
    reason = "Bad Gateway" if status == _TRUNK_REFUSED_US else response.reason
    contacts = tuple(response.values("Contact")) if 300 <= status < 400 else ()
    _fail(exchange, leg, status, reason, retry_after, contacts, response.status)


def _fail(
    exchange: Exchange, leg: Leg, status: int, reason: str, retry_after_s: int | None = None,
    contacts: tuple[str, ...] = (), status_seen: int = 0,
) -> None:
    if leg.target is not None:
        leg.call.attempted(leg.target, status_seen or status)
    exchange.post(leg.call, LegFailed(leg.name, status, reason, None, retry_after_s, contacts))
    leg_ended(exchange, leg)


def _retry_after(response: Response) -> int | None:
    """Seconds of a Retry-After (a comment and parameters may follow); None when absent or unreadable."""
    digits = (response.get("Retry-After") or "").split(";")[0].split("(")[0].strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
