"""The endpoint: our side of SIP. Bytes, flows and the time go in; effects come out.

It holds every transaction, finds the one a message belongs to, and does by itself what needs no decision:
retransmissions, the ACK to a refusal, the answer to a CANCEL, a 2xx repeated until it is acknowledged. It knows
dialogs only as keys; who calls whom, and why, is its user's business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from zlib import crc32

from trunkline.sip.effects import Cancelled, Malformed, RequestReceived, TimerExpired
from trunkline.sip.errors import ParseError
from trunkline.sip.flow import UDP, Flow
from trunkline.sip.framing import BODY_TOO_LARGE
from trunkline.sip.message import Request, Response, response_to
from trunkline.sip.parser import Rejected, parse_message
from trunkline.sip.reliable import parse_rack
from trunkline.sip.response_flow import response_flow, stamp_received
from trunkline.sip.timers import DEFAULT_TIMINGS, Timings
from trunkline.sip.transaction.client import NonInviteClientTransaction
from trunkline.sip.transaction.derived_requests import cancel_of
from trunkline.sip.transaction.invite_client import InviteClientTransaction
from trunkline.sip.transaction.invite_server import InviteServerTransaction
from trunkline.sip.transaction.key import (
    client_key,
    dialog_key,
    has_rfc3261_branch,
    invite_key,
    merge_key,
    response_key,
    server_key,
)
from trunkline.sip.transaction.layer import TransactionLayer
from trunkline.sip.transaction.own_via import own_via, with_own_via
from trunkline.sip.transaction.server import NonInviteServerTransaction
from trunkline.sip.transaction.streams import StreamTable
from trunkline.sip.transaction.transaction import ClientTransaction, ServerTransaction, Transaction
from trunkline.sip.via import MAGIC_COOKIE, parse_via

MAX_DATAGRAM: Final = 1300
"""A longer request goes over a stream where there is one (RFC 3261 §18.1.1)."""

MAX_TRANSACTIONS: Final = 500_000
"""More at a time are refused with 503, and twice as many in dialogs."""

_ONCE_IN_RESPONSE: Final = frozenset({"From", "To", "Call-ID", "CSeq"})
_NO_METHODS: Final[frozenset[str]] = frozenset()


class Endpoint(TransactionLayer):
    """All transactions of one node.

    ``tokens`` gives an unguessable token at each call, for branches and tags. Requests of the ``stateless_methods``
    get no server transaction: each one, repeated or not, goes to the user. ``server_name`` stands in the Server
    header of the responses made here. The counts are plain attributes, only ever growing.
    """

    def __init__(
        self,
        tokens: Callable[[], str],
        timings: Timings = DEFAULT_TIMINGS,
        server_name: str = "",
        stateless_methods: frozenset[str] = _NO_METHODS,
        max_transactions: int = MAX_TRANSACTIONS,
    ) -> None:
        super().__init__(timings, server_name)
        self._tokens: Final = tokens
        self._stateless_methods: Final = stateless_methods
        self._max_transactions: Final = max_transactions
        self._clients: dict[str, ClientTransaction] = {}
        self._servers: dict[str, ServerTransaction] = {}
        self._merges: dict[str, ServerTransaction] = {}
        self._in_dialog: dict[str, InviteServerTransaction] = {}
        self._streams: Final = StreamTable()
        self._now = 0.0
        self.requests_received = 0
        self.responses_received = 0
        self.requests_sent = 0
        self.responses_sent = 0
        self.malformed_answered = 0
        self.malformed_dropped = 0
        self.stray_responses = 0
        self.stray_acks = 0
        self.stray_cancels = 0
        self.overload_refusals = 0
        self.transactions_ended = 0

    @property
    def live_transactions(self) -> int:
        """How many transactions there are now."""
        return len(self._clients) + len(self._servers)

    # -- what comes in ------------------------------------------------------------------------------------------

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """One message came: a datagram, or what the stream framer cut out. Never raises for what they sent."""
        self._now = now
        try:
            message = parse_message(data)
            if isinstance(message, Request):
                self._receive_request(message, flow, now)
            else:
                self._receive_response(message, flow, now)
        except Rejected as rejected:
            self._answer_malformed(rejected, flow)
        except ParseError as fault:
            self._drop_malformed(flow, fault.reason)

    def receive_unframed(self, head: bytes, flow: Flow, reason: str, now: float) -> None:
        """A stream cannot be read on behind this head of a message: a request is answered with the framer's reason."""
        self._now = now
        request: Request | None = None
        try:
            message = parse_message(head)
            if isinstance(message, Request) and message.method != "ACK":
                request = message
        except Rejected as rejected:
            request = rejected.request
        except ParseError:
            pass  # nothing in it can be answered
        if request is None:
            self._drop_malformed(flow, reason)
        else:
            status = 413 if reason == BODY_TOO_LARGE else 400
            self._answer_malformed(Rejected(ParseError(reason, status), request), flow)

    def _drop_malformed(self, flow: Flow, reason: str) -> None:
        self.malformed_dropped += 1
        self.effects.append(Malformed(flow, reason, 0))

    def _answer_malformed(self, fault: Rejected, flow: Flow) -> None:
        stamp_received(fault.request, flow)
        self.malformed_answered += 1
        self.effects.append(Malformed(flow, fault.reason, fault.status))
        _keep_first_of_each(fault.request)
        self._answer_statelessly(fault.request, flow, fault.status, fault.reason)

    def _receive_request(self, request: Request, flow: Flow, now: float) -> None:
        """Find its transaction (RFC 3261 §17.2.3), or make one."""
        self.requests_received += 1
        method = request.method
        if method in self._stateless_methods:
            stamp_received(request, flow)
            self.effects.append(RequestReceived(request, flow, None))
            return
        key = server_key(request)
        transaction = self._servers.get(key)
        if method == "ACK":
            self._receive_ack(request, transaction, flow, now)
        elif transaction is not None:
            transaction.receive_request()
        elif self._is_too_much(request):
            self.overload_refusals += 1
            stamp_received(request, flow)
            self._answer_statelessly(request, flow, 503)
        else:
            cancelled = self._servers.get(invite_key(request)) if method == "CANCEL" else None
            stamp_received(request, flow)
            transaction = self._open_server(request, flow, key, now)
            if method == "CANCEL":
                self._receive_cancel(request, transaction, cancelled, now)
            else:
                self.effects.append(RequestReceived(request, flow, transaction))

    def _is_too_much(self, request: Request) -> bool:
        """Whether a limit refuses this request. What may end something is let in up to twice the limit."""
        limit = self._max_transactions
        if request.to_tag or request.method == "CANCEL":
            limit *= 2
        return self.live_transactions >= limit

    def _open_server(self, request: Request, flow: Flow, key: str, now: float) -> ServerTransaction:
        answers = response_flow(request.top_via, flow)
        transaction: ServerTransaction
        if request.method == "INVITE":
            transaction = InviteServerTransaction(self, request, flow, key, answers)
        else:
            transaction = NonInviteServerTransaction(self, request, flow, key, answers)
        self._servers[key] = transaction
        if not request.to_tag:
            transaction.merge_key = merge_key(request)
            self._merges.setdefault(transaction.merge_key, transaction)
        self._streams.add(transaction)
        transaction.start(now)
        return transaction

    def _receive_ack(
        self, request: Request, transaction: ServerTransaction | None, flow: Flow, now: float
    ) -> None:
        """An ACK ends the repetition of a final response; the ACK to a 2xx, and a stray one, go to the user too."""
        key = dialog_key(request.call_id, request.to_tag, request.from_tag, request.cseq_number)
        answered = self._in_dialog.get(key)
        if answered is not None and answered.has_final:
            if answered.acknowledge_answer():
                stamp_received(request, flow)
                self.effects.append(RequestReceived(request, flow, None))
                return
            if answered.is_acknowledged:
                self.retransmissions_received += 1
                return
        if isinstance(transaction, InviteServerTransaction) and self._is_ack_of(request, transaction):
            transaction.receive_ack(now)
            return
        self.stray_acks += 1
        stamp_received(request, flow)
        self.effects.append(RequestReceived(request, flow, None))

    def _is_ack_of(self, request: Request, transaction: InviteServerTransaction) -> bool:
        """RFC 3261 §17.2.3: without a branch that names the transaction, the To tag must be that of its response."""
        return has_rfc3261_branch(request.top_via.branch) or request.to_tag == transaction.local_tag

    def _receive_cancel(
        self,
        request: Request,
        transaction: ServerTransaction,
        cancelled: ServerTransaction | None,
        now: float,
    ) -> None:
        """Answer a CANCEL (RFC 3261 §9.2).

        481 without an INVITE to cancel, else 200, with the To tag of the INVITE's responses. An INVITE that
        has its final response is not affected.
        """
        if not isinstance(cancelled, InviteServerTransaction):
            # Anybody can send one: it is answered once and not kept.
            self.stray_cancels += 1
            transaction.end()
            self._answer_statelessly(request, transaction.flow, 481)
            return
        self.respond(transaction, self._own_response(request, 200, cancelled.local_tag), now)
        if not cancelled.has_final:
            self.effects.append(Cancelled(cancelled, request))

    def _receive_response(self, response: Response, flow: Flow, now: float) -> None:
        """Find its transaction (RFC 3261 §17.1.3); a response without one is dropped."""
        self.responses_received += 1
        transaction = self._clients.get(response_key(response))
        if transaction is None:
            self.stray_responses += 1
            return
        first = transaction.flow
        if first.connection == 0 and flow.connection and first.host == flow.host and first.port == flow.port:
            transaction.flow = flow
        transaction.has_response = True
        transaction.receive_response(response, flow, now)

    def is_merged(self, request: Request) -> bool:
        """Whether the request has reached us before, by another way (RFC 3261 §8.2.2.2).

        Another transaction has the same From tag, Call-ID and CSeq then, and a 482 is the answer.
        """
        if request.to_tag:
            return False
        first = self._merges.get(merge_key(request))
        return first is not None and first.request is not request

    # -- what the user answers ----------------------------------------------------------------------------------

    def respond(self, transaction: ServerTransaction, response: Response, now: float) -> None:
        """Answer a request.

        A 2xx to an INVITE is repeated until its ACK comes. What comes after a final response is dropped and
        counted.
        """
        self._now = now
        self.responses_sent += 1
        transaction.respond(response, now)

    def respond_reliably(self, transaction: ServerTransaction, response: Response, now: float) -> int:
        """Answer an INVITE with a provisional response that wants a PRACK (RFC 3262 §3).

        RSeq and Require are put in; it is repeated until :meth:`match_prack` finds its PRACK; later ones wait
        until then.

        Returns the RSeq; 0 when the INVITE has its final response and this one was dropped.
        """
        assert isinstance(transaction, InviteServerTransaction)
        self._now = now
        self.responses_sent += 1
        first_rseq = crc32(self._tokens().encode()) % (2**31 - 1) + 1
        return transaction.respond_reliably(response, first_rseq, now)

    def match_prack(self, request: Request) -> ServerTransaction | None:
        """Find the INVITE whose outstanding reliable response this PRACK acknowledges.

        None when there is none: answer 481 then. Raises ParseError for a bad RAck.
        """
        rack = parse_rack(request)
        if rack.method != "INVITE":
            return None
        key = dialog_key(request.call_id, request.to_tag, request.from_tag, rack.cseq)
        transaction = self._in_dialog.get(key)
        if transaction is None or not transaction.acknowledge_provisional(rack.rseq, self._now):
            return None
        return transaction

    def respond_statelessly(self, request: Request, response: Response, flow: Flow) -> None:
        """Answer a request that has no transaction, once, by the rules of its top Via."""
        self.responses_sent += 1
        self.send(response_flow(request.top_via, flow), response.to_bytes())

    def abandon(self, transaction: ServerTransaction) -> None:
        """End a transaction without an answer: for what must not be answered late (RFC 4320 §4.2)."""
        transaction.end()

    def _answer_statelessly(self, request: Request, flow: Flow, status: int, reason: str = "") -> None:
        self.respond_statelessly(request, self._own_response(request, status, "", reason), flow)

    def _own_response(self, request: Request, status: int, to_tag: str, reason: str = "") -> Response:
        headers = [("Server", self.server_name)] if self.server_name else []
        return response_to(request, status, reason, to_tag or self._tokens(), headers)

    # -- what the user asks -------------------------------------------------------------------------------------

    def send_request(
        self, request: Request, flow: Flow, now: float, alternative: Flow | None = None
    ) -> ClientTransaction:
        """Send a request in a transaction of its own. Its Via is put in here, on a copy.

        ``alternative`` is a stream flow to take instead of a datagram one when the request is longer than 1300
        bytes (RFC 3261 §18.1.1); if that fails before anything was answered, the datagram flow is taken after all.
        """
        self._now = now
        self.requests_sent += 1
        branch = MAGIC_COOKIE + self._tokens()
        copy = with_own_via(request, flow, branch)
        data = copy.to_bytes()
        fallback: Flow | None = None
        if alternative is not None and len(data) > MAX_DATAGRAM and flow.transport == UDP:
            fallback = flow
            flow = alternative
            copy = with_own_via(request, flow, branch)
            data = copy.to_bytes()
        key = client_key(branch, request.method)
        transaction: ClientTransaction
        if request.method == "INVITE":
            transaction = InviteClientTransaction(self, copy, flow, key, data)
        else:
            transaction = NonInviteClientTransaction(self, copy, flow, key, data)
        transaction.fallback = fallback
        self._open_client(transaction, now)
        return transaction

    def _open_client(self, transaction: ClientTransaction, now: float) -> None:
        self._clients[transaction.key] = transaction
        self._streams.add(transaction)
        transaction.start(now)

    def send_ack(self, request: Request, flow: Flow) -> None:
        """Send the ACK to a 2xx: with a branch of its own, in no transaction.

        Call it again for each 2xx that comes again.
        """
        self.requests_sent += 1
        self.send(flow, with_own_via(request, flow, MAGIC_COOKIE + self._tokens()).to_bytes())

    def cancel(
        self, transaction: ClientTransaction, now: float, headers: list[tuple[str, str]] | None = None
    ) -> None:
        """Give an INVITE up.

        The CANCEL goes out as soon as a provisional response has come (RFC 3261 §9.1); if no final response
        comes within 64*T1 of it, TimedOut is told. Without effect after a final response. ``headers`` go into
        the CANCEL, such as a Reason.
        """
        assert isinstance(transaction, InviteClientTransaction)
        self._now = now
        transaction.cancel(headers or [], now)

    def send_cancel(self, transaction: ClientTransaction, headers: list[tuple[str, str]], now: float) -> None:
        """The machine says that the CANCEL may go: same flow, same branch, a transaction of its own."""
        self.requests_sent += 1
        request = cancel_of(transaction.request, headers)
        key = client_key(transaction.request.top_via.branch, "CANCEL")
        cancel = NonInviteClientTransaction(
            self, request, transaction.flow, key, request.to_bytes(), is_quiet=True
        )
        self._open_client(cancel, now)

    # -- flows --------------------------------------------------------------------------------------------------

    def flow_closed(self, flow: Flow, now: float) -> None:
        """A connection is gone, or could not be opened: our requests on it fail, theirs are over."""
        self._now = now
        for transaction in self._streams.on(flow):
            if isinstance(transaction, ServerTransaction):
                transaction.flow_closed()
            elif isinstance(transaction, ClientTransaction):
                self._client_failed(transaction, now)

    def send_failed(self, flow: Flow, data: bytes, now: float) -> None:
        """These bytes could not be sent.

        A request of ours fails; a response is repeated when the request is, so its transaction stays as it is
        (RFC 6026 §7.1).
        """
        self._now = now
        if flow.is_reliable:
            self.flow_closed(flow, now)
            return
        try:
            message = parse_message(data)
            if not isinstance(message, Request) or message.method == "ACK":
                return
            transaction = self._clients.get(client_key(message.top_via.branch, message.method))
        except ParseError:
            return
        if transaction is not None and transaction.flow == flow:
            self._client_failed(transaction, now)

    def _client_failed(self, transaction: ClientTransaction, now: float) -> None:
        """The transport failed; a stream that was taken for the request's size gives way to the datagram flow."""
        flow = transaction.fallback
        if flow is None or transaction.has_final or transaction.has_response:
            transaction.transport_failed()
            return
        self._streams.remove(transaction)
        transaction.fallback = None
        transaction.request.replace_top_via(parse_via(own_via(flow, transaction.request.top_via.branch)))
        transaction.data = transaction.request.to_bytes()
        transaction.flow = flow
        transaction.start(now)

    # -- time ---------------------------------------------------------------------------------------------------

    def next_timer(self) -> float | None:
        """When :meth:`handle_timer` is to be called next; None when no timer runs."""
        return self.timers.next_due()

    def handle_timer(self, now: float) -> None:
        """Do what is due."""
        self._now = now
        timer = self.timers.pop_expired(now)
        while timer is not None:
            owner = timer.owner
            timer.owner = None
            if isinstance(owner, Transaction):
                owner.handle_timer(timer.kind, now)
            else:
                self.effects.append(TimerExpired(timer.kind, owner))
            timer = self.timers.pop_expired(now)

    # -- what the machines say ----------------------------------------------------------------------------------

    def expect_in_dialog(self, transaction: ServerTransaction, to_tag: str) -> None:
        """An ACK or PRACK for this INVITE may come, in the dialog of this local tag."""
        assert isinstance(transaction, InviteServerTransaction)
        request = transaction.request
        key = dialog_key(request.call_id, to_tag, request.from_tag, request.cseq_number)
        if key not in transaction.dialog_keys:
            transaction.dialog_keys.append(key)
            self._in_dialog[key] = transaction

    def move(self, transaction: ServerTransaction, flow: Flow) -> None:
        """A transaction lives on another flow from now on, and its responses go there."""
        self._streams.remove(transaction)
        transaction.flow = flow
        transaction.response_flow = flow
        self._streams.add(transaction)

    def forget(self, transaction: Transaction) -> None:
        """A transaction came to its end: take it out of every table."""
        self.transactions_ended += 1
        if isinstance(transaction, ServerTransaction):
            del self._servers[transaction.key]
            if transaction.merge_key and self._merges.get(transaction.merge_key) is transaction:
                del self._merges[transaction.merge_key]
            if isinstance(transaction, InviteServerTransaction):
                for key in transaction.dialog_keys:
                    if self._in_dialog.get(key) is transaction:
                        del self._in_dialog[key]
        else:
            del self._clients[transaction.key]
        self._streams.remove(transaction)


def _keep_first_of_each(request: Request) -> None:
    """Drop all but the first of what is copied into a response and must stand there once."""
    seen: set[str] = set()
    kept: list[tuple[str, str]] = []
    for pair in request.headers:
        if pair[0] in _ONCE_IN_RESPONSE:
            if pair[0] in seen:
                continue
            seen.add(pair[0])
        kept.append(pair)
    request.headers = kept
