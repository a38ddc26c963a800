"""Which transactions live on which connection, so that they end with it."""

from __future__ import annotations

from trunkline.sip.flow import Flow
from trunkline.sip.transaction.transaction import Transaction


class StreamTable:
    """Transactions on stream flows, by the remote address. Those on datagram flows are not kept."""

    def __init__(self) -> None:
        self._by_address: dict[tuple[str, int], dict[Transaction, None]] = {}

    def __len__(self) -> int:
        """How many remote addresses there are."""
        return len(self._by_address)

    def add(self, transaction: Transaction) -> None:
        """Keep a transaction if its flow is a stream."""
        flow = transaction.flow
        if not flow.is_reliable:
            return
        kept = self._by_address.get((flow.host, flow.port))
        if kept is None:
            self._by_address[(flow.host, flow.port)] = {transaction: None}
        else:
            kept[transaction] = None

    def remove(self, transaction: Transaction) -> None:
        """Forget a transaction; one that is not there is no matter."""
        flow = transaction.flow
        kept = self._by_address.get((flow.host, flow.port))
        if kept is not None and flow.is_reliable:
            kept.pop(transaction, None)
            if not kept:
                del self._by_address[(flow.host, flow.port)]

    def on(self, flow: Flow) -> list[Transaction]:
        """List the transactions of one connection, oldest first.

        One whose flow has no number yet, since its request was to open the connection, is on every connection
        to its address.
        """
        return [
            transaction
            for transaction in self._by_address.get((flow.host, flow.port), ())
            if transaction.flow.listener is flow.listener
            and transaction.flow.connection in (0, flow.connection)
        ]
