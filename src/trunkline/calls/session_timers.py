"""Session timers on each leg (RFC 4028): agreed in the INVITE, refreshed by us or watched until they run out."""

from __future__ import annotations

from typing import Final

from trunkline.calls.exchange import Exchange
from trunkline.calls.headers import SDP, own_headers
from trunkline.calls.leg import Leg, LegState
from trunkline.calls.losing import DEAD_DIALOG, lose
from trunkline.calls.requester import Change
from trunkline.calls.requesting import DialogRequest, send_in_dialog
from trunkline.domain.cdr import EndCause
from trunkline.sip.errors import ParseError, ProtocolViolation
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request, Response
from trunkline.sip.session_timer import (
    SessionExpires,
    SessionTimer,
    SessionTimerPolicy,
    accept,
    accepted,
    min_se_of,
    offer_headers,
)

Headers = list[tuple[str, str]]

_RETRY_S: Final = 3.0
"""How long a refresh waits for another change of the leg to end."""

_EXPIRY: Final = "session expires"
_REFRESH: Final = "session refresh"


def _policy(exchange: Exchange) -> SessionTimerPolicy:
    return SessionTimerPolicy(exchange.settings.session_expires_s, exchange.settings.min_session_expires_s)


def check_session_interval(exchange: Exchange, request: Request) -> None:
    """Raise IntervalTooSmall (422) or ParseError for a request whose session interval cannot be accepted."""
    if request.get("Session-Expires") is not None or request.get("Min-SE") is not None:
        accept(request, _policy(exchange), exchange.now())


def accept_session_timer(exchange: Exchange, leg: Leg, request: Request) -> Headers:
    """The header fields of our 2xx to an INVITE or UPDATE; the leg's timer runs from now.

    A peer that knows no session timers is left in peace: its death is found by silence on RTP.
    """
    if not (request.has_token("Supported", "timer") or request.has_token("Require", "timer")):
        return []
    try:
        agreed = accept(request, _policy(exchange), exchange.now())
    except (ParseError, ProtocolViolation):
        return []
    _run(exchange, leg, agreed.timer)
    return agreed.headers


def offer_session_timer(exchange: Exchange, leg: Leg) -> Headers:
    """The header fields that ask for a session timer in our INVITE."""
    return offer_headers(_policy(exchange), leg.min_se_s)


def longer_session(leg: Leg, response: Response) -> Headers:
    """What the INVITE is to say after a 422 (RFC 4028 §7.3); empty when the answer makes no sense."""
    try:
        least = min_se_of(response)
    except ParseError:
        return []
    if least <= leg.min_se_s:
        return []
    leg.min_se_s = least
    return [("Session-Expires", str(least)), ("Min-SE", str(least))]


def refresh_headers(leg: Leg) -> Headers:
    """What each re-INVITE and UPDATE of ours says, lest it switch the leg's session timer off (RFC 4028 §7.4)."""
    if leg.session_timer is None:
        return []
    if leg.min_se_s > leg.session_timer.interval_s:
        refresher = "uac" if leg.session_timer.we_refresh else "uas"
        return [
            ("Session-Expires", str(SessionExpires(leg.min_se_s, refresher))),
            ("Min-SE", str(leg.min_se_s)),
        ]
    return leg.session_timer.refresh_headers()


def session_timer_accepted(exchange: Exchange, leg: Leg, response: Response) -> None:
    """Run the timer that a party's 2xx sets; when it sets none the session does not expire (RFC 4028 §7.2)."""
    try:
        timer = accepted(response, exchange.now())
    except ParseError:
        return
    if timer is not None:
        _run(exchange, leg, timer)
    elif leg.session_timer is not None:
        leg.session_timer = None
        exchange.stop_timer(leg, _EXPIRY)
        exchange.stop_timer(leg, _REFRESH)


def _run(exchange: Exchange, leg: Leg, timer: SessionTimer) -> None:
    leg.session_timer = timer
    watch = _Watch(exchange, leg)
    now = exchange.now()
    exchange.start_timer(leg, _EXPIRY, timer.expires_at - now, watch.expired)
    if timer.we_refresh:
        exchange.start_timer(leg, _REFRESH, timer.refresh_at - now, watch.refresh)
    else:
        exchange.stop_timer(leg, _REFRESH)


class _Watch(Change):
    """One agreed interval: refreshed at its half, or the leg is given up near its end."""

    def __init__(self, exchange: Exchange, leg: Leg) -> None:
        self._exchange = exchange
        self._leg = leg
        self._sent: DialogRequest | None = None
        self._ack: Request | None = None

    def expired(self) -> None:
        """Nobody refreshed: the party is gone (RFC 4028 §10)."""
        lose(self._exchange, self._leg, EndCause.PEER_LOST)

    def refresh(self) -> None:
        """Send an UPDATE, or a re-INVITE that offers what is in force to a party that knows no UPDATE."""
        leg = self._leg
        if leg.state is not LegState.ANSWERED:
            return
        if leg.change is not None:
            self._again_soon()
            return
        headers = [*own_headers(leg)[1:], *refresh_headers(leg)]
        if "UPDATE" in leg.allows:
            self._sent = send_in_dialog(self._exchange, leg, "UPDATE", b"", headers, self)
        elif leg.local_description is not None:
            leg.change = self
            body = leg.local_description.to_bytes()
            headers.append(("Content-Type", SDP))
            self._sent = send_in_dialog(self._exchange, leg, "INVITE", body, headers, self)

    def _again_soon(self) -> None:
        self._exchange.start_timer(self._leg, _REFRESH, _RETRY_S, self.refresh)

    def responded(self, response: Response, flow: Flow) -> None:  # noqa: ARG002 - the dialog has its flow
        """See :class:`~trunkline.calls.requester.Requester`."""
        if response.status < 200:
            return
        leg = self._leg
        if response.status < 300 and response.cseq_method == "INVITE":
            self._acknowledge()
        self._sent = None
        if leg.state is not LegState.ANSWERED:
            return
        if leg.change is self:
            leg.change = None
        if response.status < 300:
            session_timer_accepted(self._exchange, leg, response)
        elif response.status in DEAD_DIALOG:
            lose(self._exchange, leg, EndCause.PEER_LOST)
        elif response.status == 491 or (response.status == 422 and longer_session(leg, response)):
            self._again_soon()

    def _acknowledge(self) -> None:
        """Acknowledge the 2xx of a re-INVITE, each time that it comes."""
        if self._sent is not None:
            self._ack = self._sent.acknowledge(b"", [])
        elif self._ack is not None:
            self._exchange.endpoint.send_ack(self._ack, self._leg.flow)

    def gave_up(self, status: int) -> None:  # noqa: ARG002 - silence and failure mean the same here
        """See :class:`~trunkline.calls.requester.Requester`."""
        self._sent = None
        if self._leg.change is self:
            self._leg.change = None
        lose(self._exchange, self._leg, EndCause.PEER_LOST)

    def abandon(self) -> None:
        """See :class:`~trunkline.calls.requester.Change`."""
        if self._sent is not None:
            self._sent.cancel()
