"""The non-INVITE server transaction (RFC 3261 §17.2.2)."""

from __future__ import annotations

from trunkline.sip.flow import Flow
from trunkline.sip.message import Request, Response
from trunkline.sip.timers import TIMER_J, Timer
from trunkline.sip.transaction.layer import TransactionLayer
from trunkline.sip.transaction.transaction import (
    COMPLETED,
    PROCEEDING,
    TERMINATED,
    TRYING,
    ServerTransaction,
)


class NonInviteServerTransaction(ServerTransaction):
    """Trying → Proceeding → Completed → Terminated.

    One timer serves twice: it ends a transaction that is not answered within 64*T1, when the client has given
    up (RFC 4320 §4.2 forbids a 408 then), and as timer J it ends one that was answered.
    """

    def __init__(
        self, layer: TransactionLayer, request: Request, flow: Flow, key: str, response_flow: Flow
    ) -> None:
        super().__init__(request, flow, key, TRYING, response_flow)
        self._layer = layer
        self._data = b""
        self._timer: Timer | None = None
        self._ends_at = 0.0

    def start(self, now: float) -> None:
        """The request has just come."""
        layer = self._layer
        self._ends_at = now + layer.timings.timeout
        self._timer = layer.timers.start(self._ends_at, TIMER_J, self)

    def receive_request(self) -> None:
        """§17.2.2: the last response is repeated.

        In Trying, where there is none yet, a repeated request is dropped.
        """
        layer = self._layer
        layer.retransmissions_received += 1
        if self._data and self.state is not TERMINATED:
            layer.send_again(self.response_flow, self._data)

    def respond(self, response: Response, now: float) -> None:
        """§17.2.2: provisional responses lead to Proceeding, the first final one to Completed.

        Any other is dropped. Timer J runs for 64*T1 over an unreliable transport, for no time over a reliable
        one.
        """
        layer = self._layer
        if self.has_final:
            layer.discarded_responses += 1
            return
        self._data = response.to_bytes()
        layer.send(self.response_flow, self._data)
        if response.status < 200:
            self.state = PROCEEDING
        elif self.flow.is_reliable:
            self.end()
        else:
            self.state = COMPLETED
            self._ends_at = now + layer.timings.timeout

    def handle_timer(self, kind: str, now: float) -> None:
        """The time is over, or, where an answer has come meanwhile, runs on until it is."""
        if kind != TIMER_J:
            return
        if self.state is COMPLETED:
            if self._ends_at > now:
                self._timer = self._layer.timers.start(self._ends_at, TIMER_J, self)
                return
        else:
            self._layer.unanswered_requests += 1
        self.end()

    def flow_closed(self) -> None:
        """No repeated request can come over a closed connection, and no response go."""
        self.end()

    def end(self) -> None:
        """Go to Terminated, silently."""
        if self.state is not TERMINATED:
            self._layer.timers.cancel(self._timer)
            self.state = TERMINATED
            self._layer.forget(self)
