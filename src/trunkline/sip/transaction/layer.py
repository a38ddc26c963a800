"""What the transactions of one endpoint share: effects, timers, timings, counts."""

from __future__ import annotations

from typing import Final

from trunkline.sip.effects import Effect, Send
from trunkline.sip.flow import Flow
from trunkline.sip.timers import TimerHeap, Timings
from trunkline.sip.transaction.transaction import ClientTransaction, ServerTransaction, Transaction


class TransactionLayer:
    """The transaction layer (RFC 3261 §17): the machines write their effects and run their timers here.

    ``effects`` is drained by whoever drives the endpoint: taken and replaced by an empty list, or emptied.
    """

    def __init__(self, timings: Timings, server_name: str) -> None:
        self.effects: list[Effect] = []
        self.timers: Final = TimerHeap()
        self.timings: Final = timings
        self.server_name: Final = server_name
        self.retransmissions_sent = 0
        self.retransmissions_received = 0
        self.discarded_responses = 0
        self.timeouts = 0
        self.transport_failures = 0
        self.unanswered_requests = 0
        self.acks_missing = 0
        self.pracks_missing = 0
        self.transactions_ended = 0

    def send(self, flow: Flow, data: bytes) -> None:
        """Ask for these bytes to be sent."""
        self.effects.append(Send(flow, data))

    def send_again(self, flow: Flow, data: bytes) -> None:
        """Ask for these bytes to be sent once more."""
        self.retransmissions_sent += 1
        self.effects.append(Send(flow, data))

    def forget(self, transaction: Transaction) -> None:
        """A transaction came to its end; nothing is to match it any more."""
        raise NotImplementedError

    def move(self, transaction: ServerTransaction, flow: Flow) -> None:
        """A transaction lives on another flow from now on, and its responses go there."""
        raise NotImplementedError

    def send_cancel(self, transaction: ClientTransaction, headers: list[tuple[str, str]], now: float) -> None:
        """The CANCEL of an INVITE may go out now."""
        raise NotImplementedError

    def expect_in_dialog(self, transaction: ServerTransaction, to_tag: str) -> None:
        """An ACK or PRACK for this INVITE may come, in the dialog of this local tag."""
        raise NotImplementedError
