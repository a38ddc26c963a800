"""What the sockets call: the one who receives messages and the fates of flows."""

from __future__ import annotations

from typing import Protocol

from trunkline.sip.flow import Flow


class Receiver(Protocol):
    """Whoever sits above the edge. Every method returns at once; none of them waits for anything.

    The edge calls them from the event loop, never from within a call of ``Edge.send``.
    """

    def received(self, data: bytes, flow: Flow) -> None:
        """Take one whole SIP message, a datagram or cut from a stream; keepalives never get here."""
        ...

    def malformed(self, flow: Flow, reason: str, head: bytes) -> None:
        """Look at the head of a message after which a stream cannot be read on.

        ``reason`` fits a reason phrase. What is sent to ``flow`` during the call goes out before the
        connection is closed. ``head`` may be cut short when the head itself is at fault.
        """
        ...

    def flow_closed(self, flow: Flow, reason: str) -> None:
        """Learn that a stream connection ended, or that pings of a flow went unanswered: its bindings are dead."""
        ...

    def send_failed(self, flow: Flow, data: bytes, reason: str) -> None:
        """Learn that a message given to ``send`` for this flow certainly did not arrive.

        Best effort: silence does not mean delivery. ``flow`` is the one that was given to ``send``.
        """
        ...
