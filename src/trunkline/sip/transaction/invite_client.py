"""The INVITE client transaction (RFC 3261 §17.1.1, RFC 6026 §7.2)."""

from __future__ import annotations

from trunkline.sip.effects import ResponseReceived, TimedOut, TransportFailed
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request, Response
from trunkline.sip.timers import TIMER_A, TIMER_B, TIMER_CANCELLED, TIMER_D, TIMER_M, Timer
from trunkline.sip.transaction.derived_requests import ack_to_refusal
from trunkline.sip.transaction.layer import TransactionLayer
from trunkline.sip.transaction.transaction import (
    ACCEPTED,
    CALLING,
    COMPLETED,
    PROCEEDING,
    TERMINATED,
    ClientTransaction,
)


class InviteClientTransaction(ClientTransaction):
    """Calling → Proceeding → Accepted or Completed → Terminated."""

    def __init__(self, layer: TransactionLayer, request: Request, flow: Flow, key: str, data: bytes) -> None:
        super().__init__(request, flow, key, CALLING, data)
        self._layer = layer
        self._retransmission: Timer | None = None
        self._timeout: Timer | None = None
        self._interval = 0.0
        self._ack = b""
        self._is_cancelled = False
        self._cancel_headers: list[tuple[str, str]] = []

    def start(self, now: float) -> None:
        """Send the INVITE.

        §17.1.1.2: the client passes the request to the transport, starts timer A with T1 if the transport is
        unreliable, and timer B with 64*T1 on any transport.
        """
        layer = self._layer
        self._stop_timers()
        layer.send(self.flow, self.data)
        if not self.flow.is_reliable:
            self._interval = layer.timings.t1
            self._retransmission = layer.timers.start(now + self._interval, TIMER_A, self)
        self._timeout = layer.timers.start(now + layer.timings.timeout, TIMER_B, self)

    def receive_response(self, response: Response, flow: Flow, now: float) -> None:
        """A response with our branch and CSeq method INVITE came."""
        status = response.status
        if self.state is CALLING or self.state is PROCEEDING:
            if status < 200:
                self._receive_provisional(response, flow, now)
            elif status < 300:
                self._accept(response, flow, now)
            else:
                self._complete(response, flow, now)
        elif self.state is ACCEPTED and 200 <= status < 300:
            # RFC 6026 §8.4: repeated and forked 2xx go to the user, who acknowledges each.
            self._layer.retransmissions_received += 1
            self._layer.effects.append(ResponseReceived(self, response, flow))
        elif self.state is COMPLETED and status >= 300:
            # §17.1.1.2: the final response came again, so our ACK was lost: it is sent again, the user not told.
            self._layer.retransmissions_received += 1
            self._layer.send_again(self.flow, self._ack)
        else:
            self._layer.discarded_responses += 1

    def _receive_provisional(self, response: Response, flow: Flow, now: float) -> None:
        """§17.1.1.2: a provisional response ends the retransmissions and the wait of timer B."""
        layer = self._layer
        if self.state is CALLING:
            self.state = PROCEEDING
            self._stop_timers()
            if self._is_cancelled:
                self._send_cancel(now)
        layer.effects.append(ResponseReceived(self, response, flow))

    def _accept(self, response: Response, flow: Flow, now: float) -> None:
        """RFC 6026 §8.4: a 2xx leads to Accepted, where timer M runs for 64*T1 on any transport."""
        layer = self._layer
        self._stop_timers()
        self.state = ACCEPTED
        self._timeout = layer.timers.start(now + layer.timings.timeout, TIMER_M, self)
        layer.effects.append(ResponseReceived(self, response, flow))

    def _complete(self, response: Response, flow: Flow, now: float) -> None:
        """§17.1.1.2: a 3xx-6xx is acknowledged here, over the flow of the INVITE.

        Then timer D runs, for at least 32 s over an unreliable transport, for no time over a reliable one.
        """
        layer = self._layer
        self._stop_timers()
        self._ack = ack_to_refusal(self.request, response).to_bytes()
        layer.send(self.flow, self._ack)
        layer.effects.append(ResponseReceived(self, response, flow))
        if self.flow.is_reliable:
            self.end()
            return
        self.state = COMPLETED
        self._timeout = layer.timers.start(now + layer.timings.timeout, TIMER_D, self)

    def cancel(self, headers: list[tuple[str, str]], now: float) -> None:
        """Give the INVITE up.

        §9.1: while no provisional response has come the CANCEL waits for it; when a final one has come there is
        nothing to cancel.
        """
        if self._is_cancelled or self.has_final:
            return
        self._is_cancelled = True
        self._cancel_headers = headers
        if self.state is PROCEEDING:
            self._send_cancel(now)

    def _send_cancel(self, now: float) -> None:
        """§9.1: without a final response within 64*T1 of the CANCEL, the INVITE is taken for cancelled."""
        layer = self._layer
        layer.send_cancel(self, self._cancel_headers, now)
        self._timeout = layer.timers.start(now + layer.timings.timeout, TIMER_CANCELLED, self)

    def handle_timer(self, kind: str, now: float) -> None:
        """Timer A sends the INVITE again; B and that of a cancelled INVITE give up; D and M end the transaction."""
        layer = self._layer
        if kind == TIMER_A:
            # §17.1.1.2: the interval doubles with each retransmission, without the bound T2.
            if self.state is CALLING:
                layer.send_again(self.flow, self.data)
                self._interval *= 2
                self._retransmission = layer.timers.start(now + self._interval, TIMER_A, self)
        elif kind in (TIMER_B, TIMER_CANCELLED):
            layer.timeouts += 1
            self.end()
            layer.effects.append(TimedOut(self))
        elif kind in (TIMER_D, TIMER_M):
            self.end()

    def transport_failed(self) -> None:
        """§17.1.1.2: a transport error before the final response is told to the user.

        In Completed only the ACK was lost, and in Accepted the user acknowledges: there the timers go on.
        """
        if self.has_final:
            return
        layer = self._layer
        layer.transport_failures += 1
        self.end()
        layer.effects.append(TransportFailed(self))

    def end(self) -> None:
        """Go to Terminated, silently."""
        if self.state is not TERMINATED:
            self._stop_timers()
            self.state = TERMINATED
            self._layer.forget(self)

    def _stop_timers(self) -> None:
        timers = self._layer.timers
        timers.cancel(self._retransmission)
        timers.cancel(self._timeout)
