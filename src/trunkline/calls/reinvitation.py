"""A re-INVITE of our own making, and how it fares against those of the party (RFC 3261 §14.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from trunkline.calls.exchange import Exchange
from trunkline.calls.headers import SDP, own_headers
from trunkline.calls.leg import Leg, LegState
from trunkline.calls.losing import DEAD_DIALOG, lose
from trunkline.calls.remote_target import take_remote_target
from trunkline.calls.requester import Change
from trunkline.calls.requesting import DialogRequest, send_in_dialog
from trunkline.calls.session_description import description_of
from trunkline.calls.session_timers import refresh_headers, session_timer_accepted
from trunkline.domain.cdr import EndCause
from trunkline.domain.rejection import MEDIA_UNSUPPORTED, Rejection
from trunkline.sdp.description import SessionDescription
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request, Response

Answered = Callable[[SessionDescription], None]
Failed = Callable[[Rejection], None]

_MOST_TRIES: Final = 5


class Reinvitation(Change):
    """Offers a leg other media; one of ``answered`` and ``failed`` is called in the end."""

    def __init__(
        self, exchange: Exchange, leg: Leg, offer: SessionDescription, answered: Answered, failed: Failed
    ) -> None:
        self._exchange = exchange
        self._leg = leg
        self._offer = offer
        self._answered = answered
        self._failed = failed
        self._sent: DialogRequest | None = None
        self._ack: Request | None = None
        self._tries = 0
        self._is_over = False

    def send(self) -> None:
        """Send it, or wait while another change of the leg is under way."""
        leg = self._leg
        if leg.dialog is None or leg.state is not LegState.ANSWERED:
            self._fail("the leg has ended")
            return
        if leg.change is not None:
            self._try_later()
            return
        leg.change = self
        headers = [*own_headers(leg)[1:], *refresh_headers(leg), ("Content-Type", SDP)]
        self._sent = send_in_dialog(self._exchange, leg, "INVITE", self._offer.to_bytes(), headers, self)

    def _try_later(self) -> None:
        """§14.1: the owner of the Call-ID waits for 2.1 to 4 seconds, the other side for 0 to 2."""
        self._tries += 1
        if self._tries >= _MOST_TRIES:
            self._fail("the party is busy with changes of its own")
            return
        chance = self._exchange.random()
        wait_s = 2.0 * chance if self._leg.is_uas else 2.1 + 1.9 * chance
        self._exchange.start_timer(self._leg, "join", wait_s, self.send)

    def responded(self, response: Response, flow: Flow) -> None:  # noqa: ARG002 - the dialog has its flow
        """See :class:`~trunkline.calls.requester.Requester`."""
        if response.status < 200:
            return
        if response.status < 300:
            self._accepted(response)
            return
        self._sent = None
        if self._is_over:
            return
        leg = self._leg
        leg.change = None
        if response.status == 491:
            self._try_later()
            return
        self._fail(f"the party refused a change with {response.status}")
        if response.status in DEAD_DIALOG:
            lose(self._exchange, leg, EndCause.PEER_LOST)

    def _accepted(self, response: Response) -> None:
        leg = self._leg
        if self._ack is not None:
            self._exchange.endpoint.send_ack(self._ack, leg.flow)
            return
        if self._sent is not None:
            self._ack = self._sent.acknowledge(b"", [])
            self._sent = None
        if self._is_over or leg.dialog is None:
            return
        leg.change = None
        self._is_over = True
        leg.local_description = self._offer
        take_remote_target(self._exchange, leg, response)
        session_timer_accepted(self._exchange, leg, response)
        description = description_of(response)
        if description is None:
            self._failed(
                MEDIA_UNSUPPORTED.because("the party answered a change without a session description")
            )
        else:
            self._answered(description)

    def gave_up(self, status: int) -> None:
        """See :class:`~trunkline.calls.requester.Requester`."""
        self._sent = None
        if self._is_over:
            return
        self._leg.change = None
        self._fail(f"the party did not answer a change ({status})")
        lose(self._exchange, self._leg, EndCause.PEER_LOST)

    def abandon(self) -> None:
        """See :class:`~trunkline.calls.requester.Change`."""
        self._is_over = True
        if self._sent is not None:
            self._sent.cancel()

    def _fail(self, why: str) -> None:
        self._is_over = True
        self._failed(MEDIA_UNSUPPORTED.because(why))
