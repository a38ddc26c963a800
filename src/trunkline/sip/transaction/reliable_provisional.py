"""Reliable provisional responses of an INVITE server transaction (RFC 3262 §3)."""

from __future__ import annotations

from trunkline.sip.effects import PrackMissing
from trunkline.sip.message import Response
from trunkline.sip.timers import TIMER_PRACK, TIMER_PRACK_MISSING, Timer
from trunkline.sip.transaction.layer import TransactionLayer
from trunkline.sip.transaction.transaction import ServerTransaction


class ReliableProvisionals:
    """The reliable responses of one INVITE: one is outstanding at a time, later ones wait for its PRACK."""

    def __init__(self, layer: TransactionLayer, transaction: ServerTransaction, first_rseq: int) -> None:
        self._layer = layer
        self._transaction = transaction
        self._next_rseq = first_rseq
        self._queue: list[tuple[int, Response]] = []
        self._outstanding = 0
        self._has_session = False
        self._data = b""
        self._interval = 0.0
        self._retransmission: Timer | None = None
        self._timeout: Timer | None = None

    @property
    def holds_back_answer(self) -> bool:
        """Whether a 2xx must wait: a session description is not acknowledged yet (§3)."""
        if self._outstanding and self._has_session:
            return True
        return any(response.body for _, response in self._queue)

    def send(self, response: Response, now: float) -> int:
        """Number the response and send it, or queue it behind the outstanding one. Returns its RSeq."""
        rseq = self._next_rseq
        self._next_rseq += 1
        response.set("RSeq", str(rseq))
        if not response.has_token("Require", "100rel"):
            response.add("Require", "100rel")
        self._queue.append((rseq, response))
        if not self._outstanding:
            self._send_next(now)
        return rseq

    def acknowledge(self, rseq: int, now: float) -> bool:
        """A PRACK names this RSeq; False when that is not the outstanding one."""
        if not self._outstanding or rseq != self._outstanding:
            return False
        self._outstanding = 0
        self._stop_timers()
        if self._queue:
            self._send_next(now)
        return True

    def resend(self) -> bool:
        """The INVITE came again: repeat the outstanding response, if there is one."""
        if not self._outstanding or not self._data:
            return False
        self._layer.send_again(self._transaction.response_flow, self._data)
        return True

    def handle_timer(self, kind: str, now: float) -> None:
        """§3: repeated after T1, 2*T1, 4*T1 and so on over any transport; given up after 64*T1."""
        layer = self._layer
        if kind == TIMER_PRACK:
            layer.send_again(self._transaction.response_flow, self._data)
            self._interval *= 2
            self._retransmission = layer.timers.start(now + self._interval, TIMER_PRACK, self._transaction)
        elif kind == TIMER_PRACK_MISSING:
            self.stop()
            layer.pracks_missing += 1
            layer.effects.append(PrackMissing(self._transaction))

    def stop(self) -> None:
        """Repeat nothing more. A PRACK for the outstanding response is still matched (§3)."""
        self._stop_timers()
        self._queue.clear()
        self._data = b""

    def _send_next(self, now: float) -> None:
        layer = self._layer
        rseq, response = self._queue.pop(0)
        self._outstanding = rseq
        self._has_session = bool(response.body)
        self._data = response.to_bytes()
        layer.send(self._transaction.response_flow, self._data)
        self._interval = layer.timings.t1
        self._retransmission = layer.timers.start(now + self._interval, TIMER_PRACK, self._transaction)
        self._timeout = layer.timers.start(
            now + layer.timings.timeout, TIMER_PRACK_MISSING, self._transaction
        )

    def _stop_timers(self) -> None:
        timers = self._layer.timers
        timers.cancel(self._retransmission)
        timers.cancel(self._timeout)
