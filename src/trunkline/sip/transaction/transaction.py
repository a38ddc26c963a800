"""What all transactions have: a request, a flow, a key, a state, and somebody they belong to."""

from __future__ import annotations

from enum import Enum
from typing import Final

from trunkline.sip.flow import Flow
from trunkline.sip.message import Request, Response


class State(Enum):
    """The states of RFC 3261 §17; each machine knows some of them. Accepted comes from RFC 6026."""

    CALLING = "Calling"
    TRYING = "Trying"
    PROCEEDING = "Proceeding"
    COMPLETED = "Completed"
    ACCEPTED = "Accepted"
    CONFIRMED = "Confirmed"
    TERMINATED = "Terminated"


CALLING: Final = State.CALLING
TRYING: Final = State.TRYING
PROCEEDING: Final = State.PROCEEDING
COMPLETED: Final = State.COMPLETED
ACCEPTED: Final = State.ACCEPTED
CONFIRMED: Final = State.CONFIRMED
TERMINATED: Final = State.TERMINATED


class Transaction:
    """A request and its responses. ``user`` is free for the transaction user, who finds its call leg by it."""

    def __init__(self, request: Request, flow: Flow, key: str, state: State) -> None:
        self.request = request
        self.flow = flow
        self.key: Final = key
        self.state = state
        self.is_invite: Final = request.method == "INVITE"
        self.user: object | None = None

    @property
    def is_terminated(self) -> bool:
        """Whether the transaction is over: no timer runs, nothing matches it any more."""
        return self.state is TERMINATED

    def handle_timer(self, kind: str, now: float) -> None:
        """A timer of this transaction fired."""
        raise NotImplementedError

    def end(self) -> None:
        """Go to Terminated, silently."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.request.method} {self.state.value}>"


class ClientTransaction(Transaction):
    """A request of ours.

    ``request`` carries our Via; ``fallback`` is the datagram flow to try when the stream taken for the
    request's size cannot be had (RFC 3261 §18.1.1); ``has_response`` whether anything was answered.
    """

    def __init__(self, request: Request, flow: Flow, key: str, state: State, data: bytes) -> None:
        super().__init__(request, flow, key, state)
        self.data = data
        self.fallback: Flow | None = None
        self.has_response = False

    @property
    def has_final(self) -> bool:
        """Whether the user has had a final response or a failure."""
        return self.state is not CALLING and self.state is not TRYING and self.state is not PROCEEDING

    def start(self, now: float) -> None:
        """Send the request and run the timers."""
        raise NotImplementedError

    def receive_response(self, response: Response, flow: Flow, now: float) -> None:
        """A response that matches this transaction came."""
        raise NotImplementedError

    def transport_failed(self) -> None:
        """The request could not be sent, or its connection closed."""
        raise NotImplementedError


class ServerTransaction(Transaction):
    """A request of theirs. ``flow`` is where it came from, ``response_flow`` where responses go.

    ``may_reopen``: once its connection has closed, responses to an INVITE may open another one to where it came from, at the
    port of sent-by. Only who has looked at the request knows whether its sender is worth it.
    """

    def __init__(self, request: Request, flow: Flow, key: str, state: State, response_flow: Flow) -> None:
        super().__init__(request, flow, key, state)
        self.response_flow = response_flow
        self.may_reopen = False
        self.merge_key = ""

    @property
    def has_final(self) -> bool:
        """Whether a final response was given."""
        return self.state is not TRYING and self.state is not PROCEEDING

    def start(self, now: float) -> None:
        """The request has just come."""
        raise NotImplementedError

    def receive_request(self) -> None:
        """The request came again."""
        raise NotImplementedError

    def respond(self, response: Response, now: float) -> None:
        """The user answers. A response that comes too late is dropped and counted."""
        raise NotImplementedError

    def flow_closed(self) -> None:
        """The connection the request came over is gone."""
        raise NotImplementedError
