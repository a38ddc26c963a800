"""Effects: what an endpoint asks of the outside, in the order it happened."""

from __future__ import annotations

from typing import Final

from trunkline.sip.flow import Flow
from trunkline.sip.message import Request, Response
from trunkline.sip.transaction.transaction import ClientTransaction, ServerTransaction


class Effect:
    """Anything an endpoint asks for or tells."""


class Send(Effect):
    """Put these bytes on the flow. Failing is told by ``Endpoint.send_failed`` or ``flow_closed``."""

    def __init__(self, flow: Flow, data: bytes) -> None:
        self.flow: Final = flow
        self.data: Final = data


class RequestReceived(Effect):
    """A new request.

    ``transaction`` is None for an ACK to a 2xx, a stray ACK, and a method that is served without transactions
    (answer it with ``Endpoint.respond_statelessly``).
    """

    def __init__(self, request: Request, flow: Flow, transaction: ServerTransaction | None) -> None:
        self.request: Final = request
        self.flow: Final = flow
        self.transaction: Final = transaction


class ResponseReceived(Effect):
    """A response to a request of ours.

    Every provisional one is told, the final one, and for an INVITE also every repeated or forked 2xx.
    ``flow`` is what it came over, numbered even when the request opened the connection.
    """

    def __init__(self, transaction: ClientTransaction, response: Response, flow: Flow) -> None:
        self.transaction: Final = transaction
        self.response: Final = response
        self.flow: Final = flow


class Cancelled(Effect):
    """The caller gave up an INVITE that has no final response yet: respond 487.

    The CANCEL (``request``) itself is already answered.
    """

    def __init__(self, transaction: ServerTransaction, request: Request) -> None:
        self.transaction: Final = transaction
        self.request: Final = request


class TimedOut(Effect):
    """No final response came (timers B and F, and a cancelled INVITE): as if it were a 408 (RFC 3261 §8.1.3.1)."""

    def __init__(self, transaction: ClientTransaction) -> None:
        self.transaction: Final = transaction


class TransportFailed(Effect):
    """Our request could not be sent, or its connection closed: as if it were a 503 (RFC 3261 §8.1.3.1)."""

    def __init__(self, transaction: ClientTransaction) -> None:
        self.transaction: Final = transaction


class FlowLost(Effect):
    """The connection an INVITE came over closed too early.

    That is before its final response, or before the ACK to its 2xx: whatever is answered now reaches nobody.
    The transaction is over.
    """

    def __init__(self, transaction: ServerTransaction) -> None:
        self.transaction: Final = transaction


class FlowReplaced(Effect):
    """The connection an INVITE came over closed, and what is answered to it opens another (RFC 3261 §18.2.2).

    The transaction goes on; its ``flow`` is the new one.
    """

    def __init__(self, transaction: ServerTransaction) -> None:
        self.transaction: Final = transaction


class AckMissing(Effect):
    """A 2xx of ours was not acknowledged for 64*T1.

    The dialog stands; the session should be ended with a BYE (RFC 3261 §13.3.1.4).
    """

    def __init__(self, transaction: ServerTransaction) -> None:
        self.transaction: Final = transaction


class PrackMissing(Effect):
    """A reliable provisional response was not acknowledged for 64*T1: respond with a 5xx (RFC 3262 §3)."""

    def __init__(self, transaction: ServerTransaction) -> None:
        self.transaction: Final = transaction


class Malformed(Effect):
    """Something unreadable came. ``status`` is what was answered, 0 when it was dropped."""

    def __init__(self, flow: Flow, reason: str, status: int) -> None:
        self.flow: Final = flow
        self.reason: Final = reason
        self.status: Final = status


class TimerExpired(Effect):
    """A timer somebody else put on the endpoint's heap is due."""

    def __init__(self, kind: str, owner: object) -> None:
        self.kind: Final = kind
        self.owner: Final = owner
