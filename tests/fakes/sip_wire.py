"""Two endpoints joined by a wire that drops, duplicates, delays and reorders, under a clock of its own."""

from __future__ import annotations

from heapq import heappop, heappush

from fakes.sip_bench import Tokens, alice_to_bob, bob_from_alice, make_request
from trunkline.sip.dialog import Dialog, dialog_of_uac, dialog_of_uas
from trunkline.sip.effects import (
    AckMissing,
    Cancelled,
    Effect,
    FlowLost,
    PrackMissing,
    RequestReceived,
    ResponseReceived,
    Send,
    TimedOut,
    TransportFailed,
)
from trunkline.sip.endpoint import Endpoint
from trunkline.sip.flow import Flow
from trunkline.sip.message import response_to
from trunkline.sip.reliable import ReliableReceiver
from trunkline.sip.transaction.transaction import ServerTransaction

DELAY_S = 0.01
LAST_LONG_DELAY_S = 29.0
"""Timers J and L forget a request after 32 s: a copy that dawdles longer is a new request, by the RFC's design."""


class Caller:
    """Alice: sends one request, acknowledges what she is answered, and notes how it ended."""

    def __init__(self, wire: Wire, flow: Flow) -> None:
        self.wire = wire
        self.flow = flow
        self.endpoint = Endpoint(Tokens("alice"))
        self.finals: list[str] = []
        self.answered: dict[str, Dialog] = {}
        self.receivers: dict[str, ReliableReceiver] = {}

    def call(self, method: str) -> None:
        self.transaction = self.endpoint.send_request(make_request(method), self.flow, self.wire.now)

    def cancel(self) -> None:
        self.endpoint.cancel(self.transaction, self.wire.now)

    def handle(self, effect: Effect) -> None:
        if isinstance(effect, ResponseReceived):
            self.handle_response(effect)
        elif isinstance(effect, TimedOut | TransportFailed):
            if effect.transaction is self.transaction:
                self.finals.append("408" if isinstance(effect, TimedOut) else "503")
        else:
            raise AssertionError(effect)

    def handle_response(self, effect: ResponseReceived) -> None:
        response = effect.response
        if effect.transaction is not self.transaction:
            return  # the answer to a PRACK
        if response.status < 200:
            receiver = self.receivers.setdefault(response.to_tag, ReliableReceiver())
            rack = receiver.accept(response)
            if rack is not None:
                dialog = dialog_of_uac(effect.transaction.request, response, self.flow)
                prack = dialog.make_request("PRACK", headers=[("RAck", str(rack))])
                self.endpoint.send_request(prack, self.flow, self.wire.now)
            return
        if response.status >= 300 or not effect.transaction.is_invite:
            self.finals.append(str(response.status))
            return
        if response.to_tag not in self.answered:
            self.finals.append(str(response.status))
            self.answered[response.to_tag] = dialog_of_uac(effect.transaction.request, response, self.flow)
        self.endpoint.send_ack(self.answered[response.to_tag].make_ack(response.cseq_number), self.flow)


class Callee:
    """Bob: rings and answers by a script, and notes how it ended."""

    def __init__(self, wire: Wire, flow: Flow) -> None:
        self.wire = wire
        self.flow = flow
        self.endpoint = Endpoint(Tokens("bob"))
        self.transaction: ServerTransaction | None = None
        self.requests = 0
        self.acks = 0
        self.final = ""
        self.ends: list[str] = []

    def respond(self, status: int, *, reliably: bool = False) -> None:
        transaction = self.transaction
        if transaction is None or self.final or self.ends:
            return
        response = response_to(transaction.request, status, "", "bob", [("Contact", "<sip:bob@192.0.2.2>")])
        if reliably:
            response.body = b"v=0\r\n"
            self.endpoint.respond_reliably(transaction, response, self.wire.now)
            return
        if status >= 200:
            self.final = str(status)
        self.endpoint.respond(transaction, response, self.wire.now)

    def handle(self, effect: Effect) -> None:
        if isinstance(effect, RequestReceived):
            self.handle_request(effect)
        elif isinstance(effect, Cancelled):
            self.respond(487)
        elif isinstance(effect, PrackMissing):
            if self.transaction is not None and not self.transaction.has_final:
                self.final = ""
                self.respond(504)
        elif isinstance(effect, AckMissing):
            self.ends.append("ack missing")
        elif isinstance(effect, FlowLost):
            self.ends.append("flow lost")
        else:
            raise AssertionError(effect)

    def handle_request(self, effect: RequestReceived) -> None:
        request = effect.request
        if request.method == "ACK":
            self.acks += 1
            self.ends.append("acknowledged")
        elif request.method == "PRACK":
            assert effect.transaction is not None
            found = self.endpoint.match_prack(request)
            self.endpoint.respond(
                effect.transaction, response_to(request, 200 if found else 481), self.wire.now
            )
        else:
            self.requests += 1
            self.transaction = effect.transaction
            if request.method == "INVITE":
                dialog_of_uas(request, "bob", "<sip:bob@192.0.2.2>", effect.flow)


class Wire:
    """Carries what the two send. ``fates`` decides over one datagram after another: the delays at which copies of it
    arrive, none when it is lost; when the fates are used up, everything arrives. A stream keeps order and loses
    nothing until it is cut."""

    def __init__(self, transport: str, fates: list[list[float]]) -> None:
        self.now = 0.0
        self.is_stream = transport != "udp"
        connection = 1 if self.is_stream else 0
        self.caller = Caller(self, alice_to_bob(transport, connection))
        self.callee = Callee(self, bob_from_alice(transport, connection))
        self.is_cut = False
        self._fates = list(reversed(fates))
        self._events: list[tuple[float, int, str, tuple[object, ...]]] = []
        self._sequence = 0

    def at(self, time: float, event: str, *arguments: object) -> None:
        """Let something happen later: ``cancel``, ``cut``, ``respond status``, ``deliver party data``."""
        self._sequence += 1
        heappush(self._events, (time, self._sequence, event, arguments))

    def run(self, limit_s: float) -> None:
        """Go on until nothing is left to happen, or the limit is reached."""
        self._drain()
        while True:
            times = [self._events[0][0]] if self._events else []
            for party in (self.caller, self.callee):
                due = party.endpoint.next_timer()
                times += [] if due is None else [due]
            if not times or min(times) > limit_s:
                return
            self.now = max(self.now, min(times))
            self.caller.endpoint.handle_timer(self.now)
            self.callee.endpoint.handle_timer(self.now)
            while self._events and self._events[0][0] <= self.now:
                _, _, event, arguments = heappop(self._events)
                getattr(self, f"_{event}")(*arguments)
                self._drain()
            self._drain()

    def _cancel(self) -> None:
        self.caller.cancel()

    def _respond(self, status: int, reliably: bool) -> None:
        self.callee.respond(status, reliably=reliably)

    def _cut(self) -> None:
        self.is_cut = True
        self.caller.endpoint.flow_closed(self.caller.flow, self.now)
        self.callee.endpoint.flow_closed(self.callee.flow, self.now)

    def _deliver(self, party: Caller | Callee, data: bytes) -> None:
        if not self.is_cut:
            party.endpoint.receive(data, party.flow, self.now)

    def _drain(self) -> None:
        """Carry out what the endpoints ask for until they ask for nothing more."""
        while self.caller.endpoint.effects or self.callee.endpoint.effects:
            for party, other in ((self.caller, self.callee), (self.callee, self.caller)):
                effects, party.endpoint.effects = party.endpoint.effects, []
                for effect in effects:
                    if isinstance(effect, Send):
                        self._carry(other, effect.data)
                    else:
                        party.handle(effect)

    def _carry(self, receiver: Caller | Callee, data: bytes) -> None:
        delays = [DELAY_S]
        if not self.is_stream and self._fates:
            delays = self._fates.pop()
        if self.now > LAST_LONG_DELAY_S:
            delays = [min(delay, 0.3) for delay in delays]
        for delay in delays:
            self.at(self.now + delay, "deliver", receiver, data)
