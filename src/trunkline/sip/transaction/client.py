"""The non-INVITE client transaction (RFC 3261 §17.1.2)."""

from __future__ import annotations

from trunkline.sip.effects import ResponseReceived, TimedOut, TransportFailed
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request, Response
from trunkline.sip.timers import TIMER_E, TIMER_F, TIMER_K, Timer
from trunkline.sip.transaction.layer import TransactionLayer
from trunkline.sip.transaction.transaction import (
    COMPLETED,
    PROCEEDING,
    TERMINATED,
    TRYING,
    ClientTransaction,
)


class NonInviteClientTransaction(ClientTransaction):
    """Trying → Proceeding → Completed → Terminated.

    A quiet one (a CANCEL) tells the user nothing: what matters there is how the INVITE ends.
    """

    def __init__(
        self,
        layer: TransactionLayer,
        request: Request,
        flow: Flow,
        key: str,
        data: bytes,
        *,
        is_quiet: bool = False,
    ) -> None:
        super().__init__(request, flow, key, TRYING, data)
        self._layer = layer
        self._is_quiet = is_quiet
        self._retransmission: Timer | None = None
        self._timeout: Timer | None = None
        self._interval = 0.0

    def start(self, now: float) -> None:
        """Send the request.

        §17.1.2.2: timer F is set to 64*T1; over an unreliable transport timer E to T1.
        """
        layer = self._layer
        self._stop_timers()
        layer.send(self.flow, self.data)
        if not self.flow.is_reliable:
            self._interval = layer.timings.t1
            self._retransmission = layer.timers.start(now + self._interval, TIMER_E, self)
        self._timeout = layer.timers.start(now + layer.timings.timeout, TIMER_F, self)

    def receive_response(self, response: Response, flow: Flow, now: float) -> None:
        """A response with our branch and method came.

        §17.1.2.2: provisional ones lead to Proceeding, a final one to Completed; both go to the user. In
        Completed a repeated final response is dropped.
        """
        layer = self._layer
        if self.has_final:
            layer.retransmissions_received += 1
            return
        if not self._is_quiet:
            layer.effects.append(ResponseReceived(self, response, flow))
        if response.status < 200:
            self.state = PROCEEDING
            return
        self._stop_timers()
        if self.flow.is_reliable:
            # Timer K is zero over a reliable transport.
            self.end()
            return
        self.state = COMPLETED
        self._timeout = layer.timers.start(now + layer.timings.t4, TIMER_K, self)

    def handle_timer(self, kind: str, now: float) -> None:
        """Timer E sends the request again, F gives up, K ends the transaction."""
        layer = self._layer
        if kind == TIMER_E:
            # §17.1.2.2: min(2*T1, T2), min(4*T1, T2) and so on in Trying; T2 in Proceeding.
            layer.send_again(self.flow, self.data)
            if self.state is PROCEEDING:
                self._interval = layer.timings.t2
            else:
                self._interval = min(self._interval * 2, layer.timings.t2)
            self._retransmission = layer.timers.start(now + self._interval, TIMER_E, self)
        elif kind == TIMER_F:
            layer.timeouts += 1
            self.end()
            if not self._is_quiet:
                layer.effects.append(TimedOut(self))
        elif kind == TIMER_K:
            self.end()

    def transport_failed(self) -> None:
        """§17.1.2.2: a transport error before the final response is told to the user."""
        if self.has_final:
            return
        layer = self._layer
        layer.transport_failures += 1
        self.end()
        if not self._is_quiet:
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
