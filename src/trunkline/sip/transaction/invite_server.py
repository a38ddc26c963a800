"""The INVITE server transaction (RFC 3261 §17.2.1, RFC 6026 §7.1).

With it stands what its user must do in every UAS: a 2xx is repeated until it is acknowledged (RFC 3261
§13.3.1.4), and provisional responses are made reliable (RFC 3262).
"""

from __future__ import annotations

from trunkline.sip.effects import AckMissing, FlowLost, FlowReplaced
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request, Response, response_to
from trunkline.sip.response_flow import reopened_flow
from trunkline.sip.timers import (
    TIMER_ANSWER,
    TIMER_G,
    TIMER_H,
    TIMER_I,
    TIMER_L,
    TIMER_PRACK,
    TIMER_PRACK_MISSING,
    TIMER_TRYING,
    TRYING_AFTER_S,
    Timer,
)
from trunkline.sip.transaction.layer import TransactionLayer
from trunkline.sip.transaction.reliable_provisional import ReliableProvisionals
from trunkline.sip.transaction.transaction import (
    ACCEPTED,
    COMPLETED,
    CONFIRMED,
    PROCEEDING,
    TERMINATED,
    ServerTransaction,
)


class InviteServerTransaction(ServerTransaction):
    """Proceeding → Accepted, or Completed → Confirmed → Terminated.

    ``local_tag`` is the To tag of its responses, empty before one has one.
    """

    def __init__(
        self, layer: TransactionLayer, request: Request, flow: Flow, key: str, response_flow: Flow
    ) -> None:
        super().__init__(request, flow, key, PROCEEDING, response_flow)
        self.local_tag = ""
        self.dialog_keys: list[str] = []
        self.is_acknowledged = False
        self._layer = layer
        self._data = b""
        self._interval = 0.0
        self._retransmission: Timer | None = None
        self._timeout: Timer | None = None
        self._reliable: ReliableProvisionals | None = None
        self._held_answer: Response | None = None

    def start(self, now: float) -> None:
        """§17.2.1: a 100 is due within 200 ms unless the user says something before."""
        self._timeout = self._layer.timers.start(now + TRYING_AFTER_S, TIMER_TRYING, self)

    def receive_request(self) -> None:
        """The INVITE came again.

        §17.2.1: in Proceeding it gets the last provisional response again, in Completed the final one; RFC 6026
        §8.7: in Accepted it is absorbed; in Confirmed the client has acknowledged and does not repeat.
        """
        layer = self._layer
        layer.retransmissions_received += 1
        if self.state is PROCEEDING:
            if self._reliable is not None and self._reliable.resend():
                return
            if self._data:
                layer.send_again(self.response_flow, self._data)
        elif self.state is COMPLETED:
            layer.send_again(self.response_flow, self._data)

    def respond(self, response: Response, now: float) -> None:
        """The user answers; what comes after a final response is dropped.

        RFC 3262 §3: a 2xx waits while a reliable provisional response with a session description is unacknowledged.
        """
        layer = self._layer
        status = response.status
        if self.state is not PROCEEDING or (self._held_answer is not None and status < 300):
            layer.discarded_responses += 1
            return
        if status > 100:
            self.local_tag = response.to_tag
        if status < 200:
            self._stop_timers()
            self._data = response.to_bytes()
            layer.send(self.response_flow, self._data)
        elif status >= 300:
            self._refuse(response, now)
        elif self._reliable is not None and self._reliable.holds_back_answer:
            self._held_answer = response
        else:
            self._accept(response, now)

    def _accept(self, response: Response, now: float) -> None:
        """RFC 6026 §8.7: a 2xx leads to Accepted, timer L runs for 64*T1 on any transport.

        RFC 3261 §13.3.1.4: the 2xx is repeated at T1, doubling up to T2, over any transport, until its ACK
        comes.
        """
        layer = self._layer
        self._stop_timers()
        self._held_answer = None
        if self._reliable is not None:
            self._reliable.stop()
        self.state = ACCEPTED
        self._data = response.to_bytes()
        layer.send(self.response_flow, self._data)
        layer.expect_in_dialog(self, response.to_tag)
        self._interval = layer.timings.t1
        self._retransmission = layer.timers.start(now + self._interval, TIMER_ANSWER, self)
        self._timeout = layer.timers.start(now + layer.timings.timeout, TIMER_L, self)

    def _refuse(self, response: Response, now: float) -> None:
        """§17.2.1: a 3xx-6xx leads to Completed.

        Timer G repeats it over an unreliable transport, timer H bounds the wait for the ACK.
        """
        layer = self._layer
        self._stop_timers()
        self._held_answer = None
        if self._reliable is not None:
            self._reliable.stop()
        self.state = COMPLETED
        self._data = response.to_bytes()
        layer.send(self.response_flow, self._data)
        if not self.flow.is_reliable:
            self._interval = layer.timings.t1
            self._retransmission = layer.timers.start(now + self._interval, TIMER_G, self)
        self._timeout = layer.timers.start(now + layer.timings.timeout, TIMER_H, self)

    def respond_reliably(self, response: Response, first_rseq: int, now: float) -> int:
        """Send a provisional response that wants a PRACK.

        Returns its RSeq; 0 when it came too late and was dropped. ``first_rseq`` numbers the first one of
        this INVITE.
        """
        layer = self._layer
        if self.state is not PROCEEDING or self._held_answer is not None:
            layer.discarded_responses += 1
            return 0
        self._stop_timers()
        self.local_tag = response.to_tag
        if self._reliable is None:
            self._reliable = ReliableProvisionals(layer, self, first_rseq)
        layer.expect_in_dialog(self, response.to_tag)
        return self._reliable.send(response, now)

    def acknowledge_provisional(self, rseq: int, now: float) -> bool:
        """A PRACK of this INVITE's dialog came; False when it names no outstanding response."""
        if self._reliable is None or not self._reliable.acknowledge(rseq, now):
            return False
        if (
            self._held_answer is not None
            and self.state is PROCEEDING
            and not self._reliable.holds_back_answer
        ):
            self._accept(self._held_answer, now)
        return True

    def receive_ack(self, now: float) -> None:
        """An ACK with the INVITE's own branch came.

        §17.2.1: in Completed it leads to Confirmed, where timer I absorbs repeated ACKs for T4 over an unreliable
        transport, for no time over a reliable one. Elsewhere it has no effect.
        """
        if self.state is not COMPLETED:
            self._layer.retransmissions_received += 1
            return
        self._stop_timers()
        if self.flow.is_reliable:
            self.end()
            return
        self.state = CONFIRMED
        self._timeout = self._layer.timers.start(now + self._layer.timings.t4, TIMER_I, self)

    def acknowledge_answer(self) -> bool:
        """The ACK to our 2xx came; False when it had come before. Timer L goes on absorbing repeated INVITEs."""
        if self.state is not ACCEPTED or self.is_acknowledged:
            return False
        self.is_acknowledged = True
        self._layer.timers.cancel(self._retransmission)
        return True

    def handle_timer(self, kind: str, now: float) -> None:
        """100 after 200 ms; G and the repetition of a 2xx; H, I and L end the transaction."""
        layer = self._layer
        if kind == TIMER_TRYING:
            headers = [("Server", layer.server_name)] if layer.server_name else []
            self._data = response_to(self.request, 100, headers=headers).to_bytes()
            layer.send(self.response_flow, self._data)
        elif kind in (TIMER_G, TIMER_ANSWER):
            layer.send_again(self.response_flow, self._data)
            self._interval = min(self._interval * 2, layer.timings.t2)
            self._retransmission = layer.timers.start(now + self._interval, kind, self)
        elif kind in (TIMER_PRACK, TIMER_PRACK_MISSING):
            if self._reliable is not None:
                self._reliable.handle_timer(kind, now)
        elif kind == TIMER_L:
            self.end()
            if not self.is_acknowledged:
                layer.acks_missing += 1
                layer.effects.append(AckMissing(self))
        elif kind == TIMER_H:
            layer.acks_missing += 1
            self.end()
        elif kind == TIMER_I:
            self.end()

    def flow_closed(self) -> None:
        """The caller's connection is gone: the user learns it where it still waits for something.

        What waits may open another connection, once.
        """
        layer = self._layer
        is_waiting = self.state is PROCEEDING or (self.state is ACCEPTED and not self.is_acknowledged)
        flow = reopened_flow(self.request.top_via, self.flow) if is_waiting and self.may_reopen else None
        if flow is not None:
            self.may_reopen = False
            layer.move(self, flow)
            layer.effects.append(FlowReplaced(self))
            return
        self.end()
        if is_waiting:
            layer.effects.append(FlowLost(self))

    def end(self) -> None:
        """Go to Terminated, silently."""
        if self.state is not TERMINATED:
            self._stop_timers()
            if self._reliable is not None:
                self._reliable.stop()
                # It knows its transaction: let neither keep the other.
                self._reliable = None
            self.state = TERMINATED
            self._layer.forget(self)

    def _stop_timers(self) -> None:
        timers = self._layer.timers
        timers.cancel(self._retransmission)
        timers.cancel(self._timeout)
