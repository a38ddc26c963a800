"""Joining two legs so that they hear each other: the answer of a waiting caller, or an exchange of re-INVITEs."""

from __future__ import annotations

from trunkline.calls.acknowledging import acknowledge
from trunkline.calls.anchor import Anchor
from trunkline.calls.anchoring import anchor_between, carry, drop_unused_anchors
from trunkline.calls.crossing import mutual_answer
from trunkline.calls.events import ConnectFailed, LegsConnected
from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg, LegState
from trunkline.calls.losing import lose
from trunkline.calls.reinvitation import Reinvitation
from trunkline.calls.session_description import description_of
from trunkline.calls.uas import answer
from trunkline.domain.cdr import EndCause
from trunkline.domain.media import Side
from trunkline.domain.rejection import MEDIA_UNSUPPORTED, Rejection
from trunkline.sdp.description import SessionDescription
from trunkline.sdp.direction import Direction
from trunkline.sdp.negotiation import with_direction
from trunkline.sip.message import Request


def connect(exchange: Exchange, first: Leg, second: Leg) -> None:
    """Let two legs of a call hear each other."""
    if first.carried is not None and first.carried_for is second:
        first, second = second, first
    first.partner, second.partner = second, first
    is_carried = second.carried is not None and second.carried_for is first
    if first.is_waiting and is_carried:
        _answer_caller(exchange, first, second)
    elif first.is_waiting and second.is_waiting:
        Crossing(exchange, first, second).start()
    else:
        Joining(exchange, first, second).start()


def _answer_caller(exchange: Exchange, caller: Leg, callee: Leg) -> None:
    """The usual call: the callee's answer becomes the caller's; a late offer is answered by the caller's ACK."""
    if callee.late_offer:
        caller.ack_taker = _LateAnswer(exchange, caller, callee).taken
    elif callee.anchor is not None and callee.carried is not None:
        callee.anchor.keep_only(callee.carried)
    answer(exchange, caller, callee.carried)
    _joined(exchange, callee.anchor, caller, callee)


def _joined(exchange: Exchange, anchor: Anchor | None, offerer: Leg, answerer: Leg) -> None:
    """Both legs use this anchor from now on, and no other."""
    offerer.anchor = answerer.anchor = anchor
    offerer.side, answerer.side = Side.CALLER, Side.CALLEE
    for leg in (offerer, answerer):
        leg.offering.clear()
        leg.carried = None
        leg.carried_for = None
    drop_unused_anchors(exchange, offerer.call)
    exchange.post(offerer.call, LegsConnected(offerer.name, answerer.name))


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
        carry(caller.anchor, description, caller, callee, Side.CALLER, self.carried)

    def carried(self, result: SessionDescription | Rejection) -> None:
        exchange, callee = self._exchange, self._callee
        if callee.state is not LegState.ANSWERED:
            return
        if isinstance(result, SessionDescription):
            acknowledge(exchange, callee, result)
            if callee.anchor is not None:
                callee.anchor.keep_only(result)
        else:
            lose(exchange, callee, EndCause.FAILED)
        exchange.settle()


class Joining:
    """Two legs that do not know each other's media yet.

    What one last offered is offered to the other, unless the other was dialled with it already; the answer is
    then offered to the first, or answers it when it still waits.
    """

    def __init__(self, exchange: Exchange, first: Leg, second: Leg) -> None:
        self._exchange = exchange
        # A leg that waits for its answer cannot be offered anything: it must be the one whose offer is taken.
        if second.is_waiting:
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
        self._anchor = anchor_between(self._exchange, first, second)
        carry(self._anchor, _active(offer), first, second, Side.CALLER, self._offer_to_second)

    def _offer_to_second(self, result: SessionDescription | Rejection) -> None:
        if isinstance(result, Rejection):
            self._fail(result)
        else:
            Reinvitation(self._exchange, self._second, result, self._second_answered, self._fail).send()
        self._exchange.settle()

    def _second_answered(self, answer_of_second: SessionDescription) -> None:
        if self._anchor is None:
            return
        first, second = self._first, self._second
        second.remote_description = answer_of_second
        carry(self._anchor, answer_of_second, second, first, Side.CALLEE, self._carried_to_first)

    def _carried_to_first(self, result: SessionDescription | Rejection) -> None:
        if isinstance(result, Rejection):
            self._fail(result)
        else:
            self._offer_to_first(result)
        self._exchange.settle()

    def _offer_to_first(self, description: SessionDescription) -> None:
        first = self._first
        if first.state is LegState.ANSWERED:
            Reinvitation(self._exchange, first, description, self._first_answered, self._fail).send()
        elif first.is_waiting:
            answer(self._exchange, first, description)
            self._done()
        else:
            self._fail(MEDIA_UNSUPPORTED.because("the leg has ended"))

    def _first_answered(self, answer_of_first: SessionDescription) -> None:
        """The offerer agreed to the answerer's terms: its ports are told to the engine, and all is said."""
        if self._anchor is None:
            return
        self._first.remote_description = answer_of_first
        carry(self._anchor, answer_of_first, self._first, self._second, Side.CALLER, self._settled)

    def _settled(self, result: SessionDescription | Rejection) -> None:
        if isinstance(result, Rejection):
            self._fail(result)
        else:
            self._done()
        self._exchange.settle()

    def _done(self) -> None:
        if self._first.is_live and self._second.is_live:
            _joined(self._exchange, self._anchor, self._first, self._second)

    def _fail(self, rejection: Rejection) -> None:
        self._exchange.post(self._first.call, ConnectFailed(self._first.name, self._second.name, rejection))


class Crossing:
    """Two callers that both wait, each with an offer: who picks up a ringing call and whoever placed it.

    Each is answered with what the other offered, as far as both understand it.
    """

    def __init__(self, exchange: Exchange, first: Leg, second: Leg) -> None:
        self._exchange = exchange
        self._first = first
        self._second = second
        self._anchor = anchor_between(exchange, first, second)
        self._answer_to_second: SessionDescription | None = None

    def start(self) -> None:
        """Lead the first one's description to the second, then the other way round."""
        first, second = self._first, self._second
        if first.remote_description is None or second.remote_description is None:
            self._fail(
                MEDIA_UNSUPPORTED.because("neither caller can be answered without an offer of the other")
            )
            return
        answer_to_second = mutual_answer(second.remote_description, first.remote_description)
        if answer_to_second is None:
            self._fail(MEDIA_UNSUPPORTED.because("the two callers have no codec in common"))
            return
        carry(self._anchor, answer_to_second, first, second, Side.CALLER, self._carried_to_second)

    def _carried_to_second(self, result: SessionDescription | Rejection) -> None:
        first, second = self._first, self._second
        answer_to_first: SessionDescription | None = None
        if first.remote_description is not None and second.remote_description is not None:
            answer_to_first = mutual_answer(first.remote_description, second.remote_description)
        if isinstance(result, Rejection):
            self._fail(result)
        elif answer_to_first is not None:
            self._answer_to_second = result
            carry(self._anchor, answer_to_first, second, first, Side.CALLEE, self._carried_to_first)
        self._exchange.settle()

    def _carried_to_first(self, result: SessionDescription | Rejection) -> None:
        first, second = self._first, self._second
        if isinstance(result, Rejection):
            self._fail(result)
        elif first.is_waiting and second.is_waiting:
            answer(self._exchange, second, self._answer_to_second)
            answer(self._exchange, first, result)
            _joined(self._exchange, self._anchor, first, second)
        self._exchange.settle()

    def _fail(self, rejection: Rejection) -> None:
        self._exchange.post(self._first.call, ConnectFailed(self._first.name, self._second.name, rejection))


def _active(description: SessionDescription) -> SessionDescription:
    """What a party on hold said, as if it were not: a transfer takes it off hold."""
    return with_direction(description, Direction.SENDRECV)
