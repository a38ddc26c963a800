"""An endpoint on a bench: a clock turned by hand, and a log of everything the endpoint asked for."""

from __future__ import annotations

from trunkline.sip.effects import (
    AckMissing,
    Cancelled,
    Effect,
    FlowLost,
    FlowReplaced,
    Malformed,
    PrackMissing,
    RequestReceived,
    ResponseReceived,
    Send,
    TimedOut,
    TransportFailed,
)
from trunkline.sip.endpoint import Endpoint
from trunkline.sip.flow import Flow, Listener
from trunkline.sip.message import Request, Response, response_to
from trunkline.sip.parser import parse_message

ALICE_HOST = "192.0.2.1"
BOB_HOST = "192.0.2.2"

SIMPLE_LABELS = {
    TimedOut: "timed out",
    TransportFailed: "transport failed",
    FlowLost: "flow lost",
    FlowReplaced: "flow replaced",
    AckMissing: "ack missing",
    PrackMissing: "prack missing",
    Cancelled: "cancelled",
}


class Tokens:
    """Tokens that tell where they come from: a1, a2, a3."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        return f"{self.prefix}{self.count}"


def alice_to_bob(transport: str = "udp", connection: int = 0) -> Flow:
    """The flow that Alice's endpoint sends to Bob over."""
    return Flow(Listener(transport, ALICE_HOST, 5060), BOB_HOST, 5060, connection)


def bob_from_alice(transport: str = "udp", connection: int = 0) -> Flow:
    """The flow that Bob's endpoint hears Alice over."""
    return Flow(Listener(transport, BOB_HOST, 5060), ALICE_HOST, 5060, connection)


def make_request(
    method: str = "INVITE",
    *,
    branch: str | None = None,
    cseq: int = 1,
    to_tag: str = "",
    extra: list[tuple[str, str]] | None = None,
    body: bytes = b"",
) -> Request:
    """A request of Alice's to Bob; with a Via when ``branch`` is given."""
    headers = [("Via", f"SIP/2.0/UDP {ALICE_HOST}:5060;branch={branch};rport")] if branch is not None else []
    tag = f";tag={to_tag}" if to_tag else ""
    headers += [
        ("Max-Forwards", "70"),
        ("From", "Alice <sip:alice@atlanta.example>;tag=alice"),
        ("To", f"Bob <sip:bob@biloxi.example>{tag}"),
        ("Call-ID", "call-1"),
        ("CSeq", f"{cseq} {method}"),
        ("Contact", f"<sip:alice@{ALICE_HOST}>"),
    ]
    return Request(method, "sip:bob@biloxi.example", headers + (extra or []), body)


def label(effect: Effect) -> str:
    """What an effect is, in a word or two: ``INVITE`` was sent, ``user 180`` was told to the user."""
    if isinstance(effect, Send):
        first, second = effect.data.split(b" ", 2)[:2]
        return (second if first == b"SIP/2.0" else first).decode()
    if isinstance(effect, RequestReceived):
        return f"user {effect.request.method}"
    if isinstance(effect, ResponseReceived):
        return f"user {effect.response.status}"
    if isinstance(effect, Malformed):
        return f"malformed {effect.status}"
    return SIMPLE_LABELS[type(effect)]


class Bench:
    """An endpoint, the flow under test, and what came out of it as ``log``: (time, label)."""

    def __init__(self, flow: Flow, prefix: str = "t", **arguments: object) -> None:
        self.endpoint = Endpoint(Tokens(prefix), **arguments)  # type: ignore[arg-type]
        self.flow = flow
        self.now = 0.0
        self.log: list[tuple[float, str]] = []
        self.effects: list[Effect] = []

    def collect(self) -> list[Effect]:
        """Take the new effects into the log; returns them."""
        effects, self.endpoint.effects = self.endpoint.effects, []
        self.effects += effects
        self.log += [(round(self.now, 3), label(effect)) for effect in effects]
        return effects

    def take(self) -> list[str]:
        """The labels since last time."""
        self.collect()
        labels = [name for _, name in self.log]
        self.log.clear()
        return labels

    def take_timed(self) -> list[tuple[float, str]]:
        """The labels since last time, with the times they were seen at."""
        self.collect()
        log = list(self.log)
        self.log.clear()
        return log

    def advance(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        self.collect()
        until = self.now + seconds
        due = self.endpoint.next_timer()
        while due is not None and due <= until:
            self.now = max(self.now, due)
            self.endpoint.handle_timer(self.now)
            self.collect()
            due = self.endpoint.next_timer()
        self.now = until

    def receive(self, message: Request | Response | bytes, flow: Flow | None = None) -> list[Effect]:
        """Hand a message in; returns what came of it."""
        self.collect()
        data = message if isinstance(message, bytes) else message.to_bytes()
        self.endpoint.receive(data, flow or self.flow, self.now)
        return self.collect()

    def sent(self) -> list[Request | Response]:
        """Everything that was sent since the beginning, read again."""
        return [parse_message(effect.data) for effect in self.effects if isinstance(effect, Send)]

    def answer(self, request: Request, status: int, to_tag: str = "bob", **arguments: object) -> Response:
        """A response of Bob's."""
        return response_to(request, status, "", to_tag if status > 100 else "", **arguments)  # type: ignore[arg-type]

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left: no transaction, no timer."""
        tables = (
            self.endpoint._clients,
            self.endpoint._servers,
            self.endpoint._merges,
            self.endpoint._in_dialog,
            self.endpoint._streams,
        )
        return not any(tables) and len(self.endpoint.timers) == 0
