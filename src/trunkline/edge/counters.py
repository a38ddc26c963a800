"""What the edge counted since it started, for metrics and tests."""

from __future__ import annotations

from typing import Final

from trunkline.sip.flow import TCP, TLS, UDP, WS, WSS

_TRANSPORTS: Final = (UDP, TCP, TLS, WS, WSS)


class Counters:
    """Plain numbers that only grow, except ``connections``, which is how many are open now.

    ``received`` and ``sent`` count messages by transport, ``dropped`` what was thrown away by reason,
    ``refused`` connections not accepted by reason, ``closed`` connections ended by reason; ``keepalives`` are those in
    datagrams.
    """

    def __init__(self) -> None:
        self.received: dict[str, int] = dict.fromkeys(_TRANSPORTS, 0)
        self.sent: dict[str, int] = dict.fromkeys(_TRANSPORTS, 0)
        self.dropped: dict[str, int] = {}
        self.refused: dict[str, int] = {}
        self.closed: dict[str, int] = {}
        self.keepalives = 0
        self.accepted = 0
        self.opened = 0
        self.connections = 0
        self.send_failures = 0
        self.icmp_errors = 0
        self.receiver_faults = 0


def count(table: dict[str, int], key: str, amount: int = 1) -> None:
    """Add to one number of a table of counters."""
    table[key] = table.get(key, 0) + amount
