"""Changes within a call: a re-INVITE or UPDATE of one leg becomes one on its partner (RFC 3261 §14, RFC 3311)."""

from __future__ import annotations

from trunkline.calls.anchoring import carry, restore
from trunkline.calls.exchange import Exchange
from trunkline.calls.headers import SDP, own_headers
from trunkline.calls.leg import Leg, LegState
from trunkline.calls.losing import DEAD_DIALOG, lose
from trunkline.calls.prompting import change_alone
from trunkline.calls.remote_target import take_remote_target
from trunkline.calls.replying import later, rejection_headers, reply
from trunkline.calls.requester import Change
from trunkline.calls.requesting import DialogRequest, send_in_dialog
from trunkline.calls.session_description import description_of, read_description
from trunkline.calls.session_timers import (
    accept_session_timer,
    check_session_interval,
    refresh_headers,
    session_timer_accepted,
)
from trunkline.domain.cdr import EndCause
from trunkline.domain.rejection import Rejection
from trunkline.sdp.description import SessionDescription
from trunkline.sdp.errors import SdpError
from trunkline.sip.errors import ParseError
from trunkline.sip.flow import Flow
from trunkline.sip.grammar import printable
from trunkline.sip.message import Request, Response
from trunkline.sip.session_timer import IntervalTooSmall
from trunkline.sip.transaction.transaction import ServerTransaction


def modify(exchange: Exchange, leg: Leg, request: Request, transaction: ServerTransaction) -> None:
    """Serve a re-INVITE or an UPDATE of a leg."""
    try:
        check_session_interval(exchange, request)
        offer = read_description(request)
    except IntervalTooSmall as too_small:
        reply(exchange, transaction, request, leg.flow, 422, "", [("Min-SE", str(too_small.min_interval_s))])
        return
    except (SdpError, ParseError) as fault:
        reply(exchange, transaction, request, leg.flow, 400, printable(f"Bad Session Description: {fault}"))
        return
    status = _why_not_now(leg, request, offer)
    if status:
        headers = later(exchange) if status == 500 else None
        reply(exchange, transaction, request, leg.flow, status, "", headers)
        return
    take_remote_target(exchange, leg, request)
    if request.method == "INVITE":
        transaction.user = leg
    if _changes_nothing(leg, request, offer):
        _confirm_refresh(exchange, leg, request, transaction)
    elif leg.partner is not None:
        Modification(exchange, leg, leg.partner, request, transaction, offer).start()
    elif offer is not None:
        change_alone(exchange, leg, offer, _Alone(exchange, leg, request, transaction, offer).settled)


def _why_not_now(leg: Leg, request: Request, offer: SessionDescription | None) -> int:
    """The refusal of a change that comes at the wrong moment; 0 when it may go on.

    RFC 3261 §14.2: 500 while a change of the same party is unanswered, 491 while one of ours is. An UPDATE without
    an offer is always welcome (RFC 3311 §5.2).
    """
    is_refresh = offer is None and request.method == "UPDATE"
    if leg.state is not LegState.ANSWERED:
        is_settled = leg.local_description is not None and leg.remote_description is not None
        return (
            0
            if is_refresh or (request.method == "UPDATE" and is_settled and leg.partner is not None)
            else 500
        )
    if is_refresh:
        return 0
    if leg.carried_for is not None or (not leg.is_uas and leg.ack is None):
        # It has answered and is about to be connected.
        return 491
    if leg.change is not None:
        return 500 if isinstance(leg.change, Modification) and leg.change.leg is leg else 491
    return 491 if leg.partner is not None and leg.partner.change is not None else 0


def _changes_nothing(leg: Leg, request: Request, offer: SessionDescription | None) -> bool:
    """Whether it is a session refresh, or there is nobody whom a missing offer could be got from."""
    if offer is None:
        return request.method == "UPDATE" or leg.partner is None
    return offer == leg.remote_description


def _confirm_refresh(exchange: Exchange, leg: Leg, request: Request, transaction: ServerTransaction) -> None:
    """Nothing changes for the other side."""
    headers = own_headers(leg)
    headers.extend(accept_session_timer(exchange, leg, request))
    body = b""
    if leg.local_description is not None and (request.method == "INVITE" or request.body):
        headers.append(("Content-Type", SDP))
        body = leg.local_description.to_bytes()
    reply(exchange, transaction, request, leg.flow, 200, "", headers, body)


class _Alone:
    """A change of a leg that hears nobody: the media engine's answer is ours."""

    def __init__(
        self,
        exchange: Exchange,
        leg: Leg,
        request: Request,
        transaction: ServerTransaction,
        offer: SessionDescription,
    ) -> None:
        self._exchange = exchange
        self._leg = leg
        self._request = request
        self._transaction = transaction
        self._offer = offer

    def settled(self, result: SessionDescription | Rejection) -> None:
        exchange, leg = self._exchange, self._leg
        if leg.is_over:
            reply(exchange, self._transaction, self._request, leg.flow, 487)
        elif isinstance(result, Rejection):
            headers = rejection_headers(result, leg.flow)
            reply(exchange, self._transaction, self._request, leg.flow, result.status, result.reason, headers)
        else:
            leg.remote_description = self._offer
            leg.local_description = result
            _confirm_refresh(exchange, leg, self._request, self._transaction)
        exchange.settle()


class Modification(Change):
    """One re-INVITE or UPDATE on its way from a leg to its partner and back.

    Without an offer in the request the partner's 2xx makes it, and the answer comes with the leg's ACK.
    """

    def __init__(
        self,
        exchange: Exchange,
        leg: Leg,
        partner: Leg,
        request: Request,
        transaction: ServerTransaction,
        offer: SessionDescription | None,
    ) -> None:
        self.leg = leg
        self._exchange = exchange
        self._partner = partner
        self._request = request
        self._transaction = transaction
        self._offer = offer
        self._sent: DialogRequest | None = None
        self._method = ""
        self._shown: SessionDescription | None = None
        self._ack: Request | None = None
        self._is_cancelled = False
        self._is_accepted = False
        self._is_replied = False
        if request.method == "INVITE":
            transaction.user = self

    def start(self) -> None:
        """Lead the offer through the anchor and on to the partner."""
        leg = self.leg
        leg.change = self._partner.change = self
        if self._offer is None:
            self._send(None)
        elif leg.anchor is not None:
            carry(leg.anchor, self._offer, leg, self._partner, leg.side, self._offered)
        else:
            self._refuse(488, "")

    def cancelled(self) -> None:
        """The leg gave its re-INVITE up: so is the partner's, whose final response decides how it ends (§9.1)."""
        self._is_cancelled = True
        if self._sent is not None:
            self._sent.cancel()

    def abandon(self) -> None:
        """A leg has ended: the other one hears so if it waits, and what the partner still says is of no use."""
        if self._sent is not None:
            self._sent.cancel()
        self._reply(487 if self.leg.state is LegState.ENDED else 480, "")

    def _offered(self, result: SessionDescription | Rejection) -> None:
        if not self._is_replied:
            if isinstance(result, Rejection):
                self._refuse(result.status, result.reason, rejection_headers(result, self.leg.flow))
            elif self._is_cancelled:
                self._refuse(487, "")
            else:
                self._send(result)
        self._exchange.settle()

    def _send(self, description: SessionDescription | None) -> None:
        partner = self._partner
        self._method = self._method_for(partner)
        if partner.dialog is None or not self._method:
            self._refuse(488, "")
            return
        headers = [*own_headers(partner)[1:], *refresh_headers(partner)]
        body = b""
        if description is not None:
            self._shown = description
            headers.append(("Content-Type", SDP))
            body = description.to_bytes()
        self._sent = send_in_dialog(self._exchange, partner, self._method, body, headers, self)

    def _method_for(self, partner: Leg) -> str:
        """RE-INVITE where the leg sent one or the partner knows no UPDATE; before the answer there is only UPDATE."""
        if partner.state is LegState.ANSWERED:
            return "UPDATE" if self._request.method == "UPDATE" and "UPDATE" in partner.allows else "INVITE"
        return "UPDATE" if "UPDATE" in partner.allows else ""

    # What the partner says.

    def responded(self, response: Response, flow: Flow) -> None:  # noqa: ARG002 - the dialog has its flow
        """See :class:`~trunkline.calls.requester.Requester`."""
        if response.status < 200:
            return
        if response.status < 300 and (self._is_accepted or self._is_replied):
            self._accepted_again()
            return
        if response.status < 300:
            self._accepted(response)
            return
        self._sent = None
        if not self._is_replied:
            status = 488 if response.status in (401, 407) else response.status
            self._refuse(
                487 if self._is_cancelled else status, response.reason if status == response.status else ""
            )
            if response.status in DEAD_DIALOG:
                lose(self._exchange, self._partner, EndCause.PEER_LOST)

    def gave_up(self, status: int) -> None:
        """See :class:`~trunkline.calls.requester.Requester`. A partner that stays silent is gone."""
        self._sent = None
        if self._is_replied:
            return
        self._refuse(status, "")
        lose(self._exchange, self._partner, EndCause.PEER_LOST)

    def _accepted(self, response: Response) -> None:
        exchange, leg, partner = self._exchange, self.leg, self._partner
        self._is_accepted = True
        if self._method != "INVITE":
            self._sent = None
        take_remote_target(exchange, partner, response)
        session_timer_accepted(exchange, partner, response)
        if self._shown is not None:
            partner.local_description = self._shown
        if self._offer is not None:
            leg.remote_description = self._offer
            self._acknowledge(None)
        description = description_of(response)
        if description is None or leg.anchor is None:
            self._acknowledge(None)
            self._refuse(488, "")
            return
        partner.remote_description = description
        carry(leg.anchor, description, partner, leg, partner.side, self._answered)

    def _answered(self, result: SessionDescription | Rejection) -> None:
        leg = self.leg
        if self._is_replied:
            self._acknowledge(None)
        elif isinstance(result, Rejection):
            self._acknowledge(None)
            self._refuse(result.status, result.reason)
        else:
            leg.local_description = result
            if self._offer is None:
                leg.ack_taker = self._late_answer
            elif leg.anchor is not None:
                leg.anchor.keep_only(result)
            self._reply(200, "", None, result)
        self._exchange.settle()

    def _late_answer(self, ack: Request) -> None:
        """The leg's ACK answers the partner's late offer."""
        leg = self.leg
        description = description_of(ack)
        if description is None or leg.anchor is None:
            self._acknowledge(None)
            return
        leg.remote_description = description
        carry(leg.anchor, description, leg, self._partner, leg.side, self._late_answered)

    def _late_answered(self, result: SessionDescription | Rejection) -> None:
        if isinstance(result, SessionDescription):
            self._partner.local_description = result
            self._acknowledge(result)
            if self.leg.anchor is not None:
                self.leg.anchor.keep_only(result)
        else:
            self._acknowledge(None)
        self._exchange.settle()

    def _acknowledge(self, description: SessionDescription | None) -> None:
        """Acknowledge the partner's 2xx, once; an offer in it that nobody answered is answered with what was before."""
        if self._method != "INVITE" or self._sent is None or self._ack is not None:
            return
        if self._offer is None and description is None:
            description = self._partner.local_description
        if description is None:
            self._ack = self._sent.acknowledge(b"", [])
        else:
            self._ack = self._sent.acknowledge(description.to_bytes(), [("Content-Type", SDP)])
        self._sent = None

    def _accepted_again(self) -> None:
        """A 2xx came again, or so late that the leg had its answer already."""
        if self._ack is not None:
            self._exchange.endpoint.send_ack(self._ack, self._partner.flow)
        elif not self._is_accepted:
            self._acknowledge(None)

    # What the leg is told.

    def _refuse(self, status: int, reason: str, headers: list[tuple[str, str]] | None = None) -> None:
        """The change came to nothing: all stays as it was."""
        if self._is_replied:
            return
        self._reply(status, reason, headers)
        if self._offer is not None and self.leg.is_live and self._partner.is_live:
            restore(self.leg, self._partner)

    def _reply(
        self,
        status: int,
        reason: str,
        headers: list[tuple[str, str]] | None = None,
        description: SessionDescription | None = None,
    ) -> None:
        if self._is_replied:
            return
        self._is_replied = True
        exchange, leg = self._exchange, self.leg
        for each in (leg, self._partner):
            if each.change is self:
                each.change = None
        if self._request.method == "INVITE":
            self._transaction.user = leg
        own: list[tuple[str, str]] = headers or []
        body = b""
        if status < 300:
            own = own_headers(leg)
            own.extend(accept_session_timer(exchange, leg, self._request))
            if description is not None:
                own.append(("Content-Type", SDP))
                body = description.to_bytes()
        reply(exchange, self._transaction, self._request, leg.flow, status, reason, own, body)
