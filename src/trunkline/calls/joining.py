"""Joining two legs so that they hear each other: the answer of a waiting caller, or an exchange of re-INVITEs."""

from __future__ import annotations

from collections.abc import Callable

from trunkline.calls.anchor import Anchor
from trunkline.calls.anchoring import anchor_for, carry, drop_unused_anchors
from trunkline.calls.events import ConnectFailed, LegsConnected
from trunkline.calls.exchange import Exchange
from trunkline.calls.headers import SDP, own_headers
from trunkline.calls.leg import Leg, LegState
from trunkline.calls.losing import DEAD_DIALOG, lose
from trunkline.calls.requester import Requester
from trunkline.calls.requesting import send_in_dialog
from trunkline.calls.session_description import description_of
from trunkline.calls.uac import acknowledge
from trunkline.calls.uas import answer
from trunkline.domain.cdr import EndCause
from trunkline.domain.media import Side
from trunkline.domain.rejection import MEDIA_UNSUPPORTED, Rejection
from trunkline.sdp.description import SessionDescription
from trunkline.sdp.direction import Direction
from trunkline.sdp.negotiation import with_direction
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request, Response

Answered = Callable[[SessionDescription], None]
Failed = Callable[[Rejection], None]

GLARE_RETRY_S = 2.5
"""How long our own re-INVITE waits after a 491: RFC 3261 §14.1 says 2.1 to 4 s for the owner of the Call-ID."""


def connect(exchange: Exchange, first: Leg, second: Leg) -> None:
    """Let two legs of a call hear each other."""
    if second.carried is None and first.carried is not None:
        first, second = second, first
    first.partner, second.partner = second, first
    waiting = first.state in (LegState.TRYING, LegState.RINGING) and first.is_uas
    if waiting and second.carried is not None and second.carried_for is first:
        _answer_caller(exchange, first, second)
    else:
        Joining(exchange, first, second).start()


def _answer_caller(exchange: Exchange, caller: Leg, callee: Leg) -> None:
    """The usual call: the callee's answer becomes the caller's; a late offer is answered by the caller's ACK."""
    _share(callee.anchor, caller, callee)
    if callee.late_offer:
        caller.ack_taker = _LateAnswer(exchange, caller, callee).taken
    answer(exchange, caller, callee.carried)
    drop_unused_anchors(exchange, caller)
    exchange.post(caller.call, LegsConnected(caller.name, callee.name))


def _share(anchor: Anchor | None, offerer: Leg, answerer: Leg) -> None:
    offerer.anchor = answerer.anchor = anchor
    offerer.side, answerer.side = Side.CALLER, Side.CALLEE


class _LateAnswer:
    """The caller's ACK carries its answer to the callee's offer (RFC 3261 §13.2.1)."""

    def __init__(self, exchange: Exchange, caller: Leg, callee: Leg) -> None:
        self._exchange = exchange
        self._caller = caller
        self._callee = callee

    def taken(self, ack: Request) -> None:
        caller, callee = self._caller, self._callee
        description = description_of(ack)
        if description is None or caller.anchor is None:
            lose(self._exchange, caller, EndCause.FAILED)
            return
        caller.remote_description = description
        carry(self._exchange, caller.anchor, description, caller, callee, self.carried)

    def carried(self, result: SessionDescription | Rejection) -> None:
        if isinstance(result, SessionDescription):
            acknowledge(self._exchange, self._callee, result)
        else:
            acknowledge(self._exchange, self._callee, None)
            lose(self._exchange, self._callee, EndCause.FAILED)
        self._exchange.settle()


class Joining:
    """Two legs that do not know each other's media yet.

    What one last offered is offered to the other, unless the other was dialled with it already; the answer is
    then offered to the first, or answers it when it still waits.
    """

    def __init__(self, exchange: Exchange, first: Leg, second: Leg) -> None:
        self._exchange = exchange
        # A leg that waits for its answer cannot be offered anything: it must be the one whose offer is taken.
        if second.is_uas and second.state is not LegState.ANSWERED:
            first, second = second, first
        self._first = first
        self._second = second
        self._anchor: Anchor | None = None

    def start(self) -> None:
        """Offer the first leg's media to the second."""
        first, second = self._first, self._second
        if second.carried is not None and second.carried_for is first:
            self._anchor = second.anchor
            self._offer_to_first(second.carried)
            return
        offer = first.remote_description
        if offer is None:
            self._fail(MEDIA_UNSUPPORTED.because("the leg has no session description to offer"))
            return
        self._anchor = anchor_for(self._exchange, first, second)
        carry(self._exchange, self._anchor, _active(offer), first, second, self._offer_to_second)

    def _offer_to_second(self, result: SessionDescription | Rejection) -> None:
        if isinstance(result, Rejection):
            self._fail(result)
        else:
            Reinvitation(self._exchange, self._second, result, self._second_answered, self._fail).send()
        self._exchange.settle()

    def _second_answered(self, answer_of_second: SessionDescription) -> None:
        if self._anchor is None:
            return
        self._second.remote_description = answer_of_second
        carry(
            self._exchange, self._anchor, answer_of_second, self._second, self._first, self._carried_to_first,
            side=Side.CALLEE,
        )

    def _carried_to_first(self, result: SessionDescription | Rejection) -> None:
        if isinstance(result, Rejection):
            self._fail(result)
        else:
            self._offer_to_first(result)
        self._exchange.settle()

    def _offer_to_first(self, description: SessionDescription) -> None:
        if self._first.state is LegState.ANSWERED:
            Reinvitation(self._exchange, self._first, description, self._first_answered, self._fail).send()
            return
        self._done()
        answer(self._exchange, self._first, description)

    def _first_answered(self, answer_of_first: SessionDescription) -> None:
        """The offerer agreed to the answerer's terms: its ports are told to the engine, and all is said."""
        if self._anchor is None:
            return
        self._first.remote_description = answer_of_first
        carry(self._exchange, self._anchor, answer_of_first, self._first, self._second, self._settled)

    def _settled(self, result: SessionDescription | Rejection) -> None:
        if isinstance(result, Rejection):
            self._fail(result)
        else:
            self._done()
        self._exchange.settle()

    def _done(self) -> None:
        first, second = self._first, self._second
        _share(self._anchor, first, second)
        drop_unused_anchors(self._exchange, first)
        self._exchange.post(first.call, LegsConnected(first.name, second.name))

    def _fail(self, rejection: Rejection) -> None:
        self._exchange.post(self._first.call, ConnectFailed(self._first.name, self._second.name, rejection))


def _active(description: SessionDescription) -> SessionDescription:
    """What a party on hold said, as if it were not: a transfer takes it off hold."""
    return with_direction(description, Direction.SENDRECV)


class Reinvitation(Requester):
    """A re-INVITE of our own making; glare is tried again (RFC 3261 §14.1)."""

    def __init__(
        self, exchange: Exchange, leg: Leg, offer: SessionDescription, answered: Answered, failed: Failed
    ) -> None:
        self._exchange = exchange
        self._leg = leg
        self._offer = offer
        self._answered = answered
        self._failed = failed
        self._ack: Request | None = None
        self._tries = 0

    def send(self) -> None:
        """Send it, or wait while another modification of the leg is under way."""
        leg = self._leg
        if leg.dialog is None or leg.state is not LegState.ANSWERED:
            self._failed(MEDIA_UNSUPPORTED.because("the leg has ended"))
            return
        if leg.modification is not None:
            self._try_later()
            return
        leg.modification = self
        leg.local_description = self._offer
        headers = [*own_headers(leg)[1:], ("Content-Type", SDP)]
        send_in_dialog(self._exchange, leg, "INVITE", self._offer.to_bytes(), headers, self)

    def _try_later(self) -> None:
        self._tries += 1
        if self._tries > 4:
            self._failed(MEDIA_UNSUPPORTED.because("the party is busy with changes of its own"))
            return
        self._exchange.start_timer(
            self._leg.call, f"reinvite {self._leg.name}", GLARE_RETRY_S * (0.5 + self._exchange.random()), self.send
        )

    def responded(self, response: Response, flow: Flow) -> None:  # noqa: ARG002 - the dialog has its flow
        """See :class:`~trunkline.calls.requester.Requester`."""
        if response.status < 200:
            return
        leg = self._leg
        if response.status < 300:
            if self._ack is not None:
                self._exchange.endpoint.send_ack(self._ack, leg.flow)
                return
            self._accepted(response)
            return
        leg.modification = None
        if response.status == 491:
            self._try_later()
            return
        self._failed(MEDIA_UNSUPPORTED.because(f"the party refused a change with {response.status}"))
        if response.status in DEAD_DIALOG:
            lose(self._exchange, leg, EndCause.PEER_LOST)

    def _accepted(self, response: Response) -> None:
        leg = self._leg
        leg.modification = None
        if leg.dialog is None:
            return
        leg.dialog.refresh_target(response)
        self._ack = leg.dialog.make_ack(response.cseq_number, b"")
        self._exchange.endpoint.send_ack(self._ack, leg.flow)
        description = description_of(response)
        if description is None:
            self._failed(MEDIA_UNSUPPORTED.because("the party answered a change without a session description"))
        else:
            self._answered(description)

    def gave_up(self, status: int) -> None:
        """See :class:`~trunkline.calls.requester.Requester`."""
        self._leg.modification = None
        self._failed(MEDIA_UNSUPPORTED.because(f"the party did not answer a change ({status})"))
        lose(self._exchange, self._leg, EndCause.PEER_LOST)
