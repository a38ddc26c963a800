"""Changes within a call: a re-INVITE or UPDATE of one leg becomes one on its partner (RFC 3261 §14, RFC 3311)."""

from __future__ import annotations

from trunkline.calls.anchoring import carry
from trunkline.calls.exchange import Exchange
from trunkline.calls.headers import SDP, own_headers
from trunkline.calls.leg import Leg, LegState
from trunkline.calls.losing import DEAD_DIALOG, lose
from trunkline.calls.remote_target import follow_remote_target
from trunkline.calls.replying import reply
from trunkline.calls.requester import Requester
from trunkline.calls.requesting import send_in_dialog
from trunkline.calls.session_description import description_of, read_description
from trunkline.calls.session_timers import accept_session_timer
from trunkline.domain.cdr import EndCause
from trunkline.domain.rejection import Rejection
from trunkline.sdp.description import SessionDescription
from trunkline.sdp.errors import SdpError
from trunkline.sip.errors import ParseError
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request, Response
from trunkline.sip.transaction.transaction import ServerTransaction


def modify(exchange: Exchange, leg: Leg, request: Request, transaction: ServerTransaction) -> None:
    """Serve a re-INVITE or an UPDATE of a leg."""
    if _is_pending(leg) or (leg.partner is not None and _is_pending(leg.partner)):
        reply(exchange, transaction, request, leg.flow, 491)
        return
    try:
        offer = read_description(request)
    except (SdpError, ParseError) as error:
        reply(exchange, transaction, request, leg.flow, 400, f"Bad Session Description: {error}")
        return
    if leg.dialog is not None:
        leg.dialog.refresh_target(request)
        follow_remote_target(exchange, leg)
    if offer is None and request.method == "UPDATE":
        _confirm_refresh(exchange, leg, request, transaction, with_description=False)
    elif leg.partner is None or (offer is not None and offer == leg.remote_description):
        _confirm_refresh(exchange, leg, request, transaction, with_description=True)
    else:
        Modification(exchange, leg, leg.partner, request, transaction, offer).start()


def _is_pending(leg: Leg) -> bool:
    """Whether an offer of either side is still unanswered (RFC 3261 §14.1, §14.2)."""
    return leg.modification is not None


def _confirm_refresh(
    exchange: Exchange, leg: Leg, request: Request, transaction: ServerTransaction, *, with_description: bool
) -> None:
    """Nothing changes for the other side: a session refresh, or a leg that hears nobody yet."""
    headers = own_headers(leg)
    headers.extend(accept_session_timer(exchange, leg, request))
    body = b""
    if with_description and leg.local_description is not None:
        headers.append(("Content-Type", SDP))
        body = leg.local_description.to_bytes()
    reply(exchange, transaction, request, leg.flow, 200, "", headers, body)


class Modification(Requester):
    """One re-INVITE or UPDATE on its way from a leg to its partner and back.

    Without an offer in the request the partner's 2xx makes it, and the answer comes with the leg's ACK.
    """

    def __init__(
        self, exchange: Exchange, leg: Leg, partner: Leg, request: Request, transaction: ServerTransaction,
        offer: SessionDescription | None,
    ) -> None:
        self._exchange = exchange
        self._leg = leg
        self._partner = partner
        self._request = request
        self._transaction = transaction
        self._offer = offer
        self._method = ""
        self._cseq = 0
        self._shown: SessionDescription | None = None
        self._ack: Request | None = None
        self._is_done = False

    def start(self) -> None:
        """Lead the offer through the anchor and on to the partner."""
        self._leg.modification = self
        self._partner.modification = self
        if self._offer is None:
            self._send(None)
        elif self._leg.anchor is not None:
            carry(
                self._exchange, self._leg.anchor, self._offer, self._leg, self._partner, self._offered,
                side=self._leg.side,
            )

    def _offered(self, result: SessionDescription | Rejection) -> None:
        if isinstance(result, Rejection):
            self._finish(result.status, result.reason)
        elif self._partner.is_live:
            self._send(result)
        self._exchange.settle()

    def _send(self, description: SessionDescription | None) -> None:
        partner = self._partner
        if partner.dialog is None:
            self._finish(481, "")
            return
        headers = own_headers(partner)[1:]
        body = b""
        if description is not None:
            self._shown = description
            headers.append(("Content-Type", SDP))
            body = description.to_bytes()
        is_confirmed = partner.state is LegState.ANSWERED
        method = "INVITE" if self._request.method == "INVITE" or ("UPDATE" not in partner.allows and is_confirmed) else "UPDATE"
        self._method = method
        send_in_dialog(self._exchange, partner, method, body, headers, self)

    def responded(self, response: Response, flow: Flow) -> None:  # noqa: ARG002 - the dialog has its flow
        """See :class:`~trunkline.calls.requester.Requester`."""
        if response.status < 200:
            return
        if self._is_done:
            if self._ack is not None and response.status < 300:
                self._exchange.endpoint.send_ack(self._ack, self._partner.flow)
            return
        if response.status >= 300:
            self._refused(response)
            return
        self._accepted(response)

    def gave_up(self, status: int) -> None:
        """See :class:`~trunkline.calls.requester.Requester`. A partner that stays silent is gone."""
        if self._is_done:
            return
        self._finish(status, "")
        lose(self._exchange, self._partner, EndCause.PEER_LOST)

    def _refused(self, response: Response) -> None:
        self._finish(response.status, response.reason)
        if response.status in DEAD_DIALOG:
            lose(self._exchange, self._partner, EndCause.PEER_LOST)

    def _accepted(self, response: Response) -> None:
        partner = self._partner
        self._cseq = response.cseq_number
        if partner.dialog is not None:
            partner.dialog.refresh_target(response)
            follow_remote_target(self._exchange, partner)
        if self._shown is not None:
            partner.local_description = self._shown
        if self._offer is not None:
            self._leg.remote_description = self._offer
            self._acknowledge(None)
        description = description_of(response)
        if description is None or self._leg.anchor is None:
            self._finish(200, "")
            return
        partner.remote_description = description
        carry(self._exchange, self._leg.anchor, description, partner, self._leg, self._answered, side=partner.side)

    def _answered(self, result: SessionDescription | Rejection) -> None:
        if isinstance(result, Rejection):
            self._finish(result.status, result.reason)
        else:
            self._leg.local_description = result
            if self._offer is None:
                self._leg.ack_taker = self._late_answer
            self._finish(200, "", result)
        self._exchange.settle()

    def _late_answer(self, ack: Request) -> None:
        """The leg's ACK answers the partner's late offer."""
        description = description_of(ack)
        if description is None or self._leg.anchor is None:
            self._acknowledge(None)
            return
        self._leg.remote_description = description
        carry(
            self._exchange, self._leg.anchor, description, self._leg, self._partner, self._late_answered,
            side=self._leg.side,
        )

    def _late_answered(self, result: SessionDescription | Rejection) -> None:
        if isinstance(result, SessionDescription):
            self._partner.local_description = result
            self._acknowledge(result)
        else:
            self._acknowledge(None)
        self._exchange.settle()

    def _acknowledge(self, description: SessionDescription | None) -> None:
        partner = self._partner
        if self._method != "INVITE" or partner.dialog is None or self._ack is not None:
            return
        body = description.to_bytes() if description is not None else b""
        self._ack = partner.dialog.make_ack(self._cseq, body)
        self._exchange.endpoint.send_ack(self._ack, partner.flow)

    def _finish(self, status: int, reason: str, description: SessionDescription | None = None) -> None:
        if self._is_done:
            return
        self._is_done = True
        self._leg.modification = None
        self._partner.modification = None
        headers: list[tuple[str, str]] = []
        body = b""
        if status < 300:
            headers = own_headers(self._leg)
            headers.extend(accept_session_timer(self._exchange, self._leg, self._request))
            if description is not None:
                headers.append(("Content-Type", SDP))
                body = description.to_bytes()
        reply(self._exchange, self._transaction, self._request, self._leg.flow, status, reason, headers, body)
