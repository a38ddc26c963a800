"""Requests outside of dialogs that are no INVITE: OPTIONS answered here, MESSAGE and INFO passed on to devices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trunkline.calls.admission import unsupported_tags
from trunkline.calls.exchange import Exchange
from trunkline.calls.headers import ALLOW, SDP, SUPPORTED, passed_in_dialog
from trunkline.calls.identity import claimed_identity, own_realm, print_caller
from trunkline.calls.replying import refuse, refuse_stranger, reply, turn_away
from trunkline.calls.requester import Requester
from trunkline.domain.authentication import Authenticated, Challenged, Refused
from trunkline.domain.binding import Binding
from trunkline.domain.credential import Credential
from trunkline.domain.rejection import TOO_MANY_HOPS, UNKNOWN_DESTINATION, Rejection
from trunkline.routing.caller_identity import caller_identity
from trunkline.routing.decision import CallRequest, ToDevice
from trunkline.sip.errors import ParseError
from trunkline.sip.flow import Flow
from trunkline.sip.grammar import escape_user
from trunkline.sip.message import Request, Response
from trunkline.sip.transaction.transaction import ServerTransaction
from trunkline.sip.uri import SipUri

PASSED_ON: Final = frozenset({"MESSAGE", "INFO"})
"""Methods that a device gets from another outside of a call."""

_ONLY_IN_DIALOGS: Final = frozenset({"NOTIFY", "BYE", "PRACK", "UPDATE"})
_NOT_HERE: Final = frozenset({"REFER", "REGISTER"})


def receive_standalone(
    exchange: Exchange, request: Request, transaction: ServerTransaction | None, flow: Flow
) -> None:
    """Serve a request without a To tag that is neither INVITE nor REGISTER."""
    try:
        _serve(exchange, request, transaction, flow)
    except ParseError as fault:
        turn_away(exchange, transaction, request, flow, fault.status, fault.reason)


def _serve(exchange: Exchange, request: Request, transaction: ServerTransaction | None, flow: Flow) -> None:
    method = request.method
    tags = unsupported_tags(request)
    if tags:
        turn_away(exchange, transaction, request, flow, 420, "", [("Unsupported", tag) for tag in tags])
    elif method == "OPTIONS":
        _options(exchange, request, transaction, flow)
    elif method in PASSED_ON:
        _pass_on(exchange, request, transaction, flow)
    elif method in ("SUBSCRIBE", "PUBLISH"):
        turn_away(exchange, transaction, request, flow, 489, "", [("Allow-Events", "refer")])
    elif method in _ONLY_IN_DIALOGS:
        turn_away(exchange, transaction, request, flow, 481)
    elif method in _NOT_HERE:
        turn_away(exchange, transaction, request, flow, 405, "", [("Allow", ALLOW)])
    else:
        turn_away(exchange, transaction, request, flow, 501, "", [("Allow", ALLOW)])


def _options(exchange: Exchange, request: Request, transaction: ServerTransaction | None, flow: Flow) -> None:
    """Say what we can (RFC 3261 §11.2); a draining server says 503, so that balancers turn away."""
    if exchange.is_draining:
        turn_away(exchange, transaction, request, flow, 503, "", [("Retry-After", "30")])
        return
    uri = request.uri
    if not isinstance(uri, SipUri):
        turn_away(exchange, transaction, request, flow, 416)
        return
    # §11.2 wants all of these; what is spoken of in no language is as good in any.
    headers = [
        ("Allow", ALLOW), ("Accept", SDP), ("Accept-Encoding", "identity"), ("Accept-Language", "*"),
        ("Supported", f"{SUPPORTED}, path, outbound, gruu"),
    ]  # fmt: skip
    turn_away(exchange, transaction, request, flow, 200, "", headers)


def _pass_on(exchange: Exchange, request: Request, transaction: ServerTransaction | None, flow: Flow) -> None:
    """From one of our devices to another, or from a trunk to the device that owns the number."""
    if request.max_forwards == 0:
        refuse_stranger(exchange, transaction, request, flow, TOO_MANY_HOPS)
        return
    claimed = claimed_identity(request)
    sender = _sender(exchange, request, transaction, flow)
    if sender is None:
        return
    decision = exchange.router.decide(sender, exchange.now())
    if not isinstance(decision, ToDevice):
        if not isinstance(decision, Rejection):
            decision = UNKNOWN_DESTINATION.because(f"{request.method} goes to devices only")
        refuse(exchange, transaction, request, flow, decision)
        return
    callee = decision.credential
    account_id = sender.credential.account_id if sender.credential is not None else callee.account_id
    identity = caller_identity(
        exchange.directory, account_id, sender.credential, claimed, towards_trunk=False
    )
    if isinstance(identity, Rejection):
        refuse(exchange, transaction, request, flow, identity)
        return
    host = own_realm(identity, sender.credential) or callee.realm_name
    caller = print_caller(identity, host, exchange.tokens())
    _Passing(exchange, request, transaction, flow, len(decision.bindings)).start(
        caller, callee, decision.bindings
    )


def _sender(
    exchange: Exchange, request: Request, transaction: ServerTransaction | None, flow: Flow
) -> CallRequest | None:
    """Who sends it; None when that was answered with a challenge or a refusal."""
    uri = request.uri
    host_is_ours = isinstance(uri, SipUri) and exchange.authenticator.is_own_host(uri.host, flow)
    trunk = exchange.directory.trunk_from(flow.host)
    if trunk is not None and request.get("Proxy-Authorization") is None:
        return CallRequest(uri, None, trunk, host_is_ours)
    outcome = exchange.authenticator.authenticate(request, flow, exchange.now(), proxy=True)
    if isinstance(outcome, Authenticated):
        return CallRequest(uri, outcome.credential, None, host_is_ours)
    if isinstance(outcome, Challenged):
        turn_away(exchange, transaction, request, flow, outcome.status, "", list(outcome.headers))
    elif isinstance(outcome, Refused):
        refuse_stranger(exchange, transaction, request, flow, outcome.rejection)
    return None


class _Passing(Requester):
    """One request to every binding of a device; the first 2xx counts, else the last refusal."""

    def __init__(
        self,
        exchange: Exchange,
        request: Request,
        transaction: ServerTransaction | None,
        flow: Flow,
        waiting: int,
    ) -> None:
        self._exchange = exchange
        self._request = request
        self._transaction = transaction
        self._flow = flow
        self._waiting = waiting
        self._is_answered = False

    def start(self, caller: str, callee: Credential, bindings: Sequence[Binding]) -> None:
        exchange, method = self._exchange, self._request.method
        for binding in bindings:
            headers = [("Route", value) for value in binding.path]
            headers += [
                ("Max-Forwards", str(self._request.max_forwards - 1)),
                ("From", caller),
                ("To", f"<sip:{escape_user(callee.composite)}@{callee.realm_name}>"),
                ("Call-ID", exchange.tokens()),
                ("CSeq", f"1 {method}"),
                *passed_in_dialog(self._request, to_trunk=False),
            ]
            message = Request(method, binding.uri, headers, self._request.body)
            exchange.endpoint.send_request(message, binding.flow, exchange.now()).user = self

    def responded(self, response: Response, flow: Flow) -> None:  # noqa: ARG002 - answers need no flow
        """See :class:`~trunkline.calls.requester.Requester`."""
        if response.status >= 200:
            status = 500 if response.status in (401, 407) else response.status
            self._finished(status, response.reason if status == response.status else "")

    def gave_up(self, status: int) -> None:
        """See :class:`~trunkline.calls.requester.Requester`."""
        self._finished(status, "")

    def _finished(self, status: int, reason: str) -> None:
        self._waiting -= 1
        if self._is_answered or (status >= 300 and self._waiting):
            return
        self._is_answered = True
        reply(self._exchange, self._transaction, self._request, self._flow, status, reason)
