"""Answering a request of a dialog, or one that belongs to none."""

from __future__ import annotations

from typing import Final

from trunkline.calls.exchange import Exchange
from trunkline.domain.rejection import MEDIA_UNSUPPORTED, Rejection
from trunkline.sip.flow import Flow
from trunkline.sip.grammar import printable, quote
from trunkline.sip.message import Request, response_to
from trunkline.sip.transaction.transaction import ServerTransaction

_TAG: Final = (1 << 48) - 1


def reply(
    exchange: Exchange,
    transaction: ServerTransaction | None,
    request: Request,
    flow: Flow,
    status: int,
    reason: str = "",
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"",
) -> None:
    """Send a final response, with a To tag where the request had none (RFC 3261 §8.2.6.2)."""
    tag = "" if request.to_tag else exchange.tokens()
    response = response_to(request, status, reason, tag, headers, body)
    if transaction is None:
        exchange.endpoint.respond_statelessly(request, response, flow)
    else:
        exchange.endpoint.respond(transaction, response, exchange.now())


def turn_away(
    exchange: Exchange,
    transaction: ServerTransaction | None,
    request: Request,
    flow: Flow,
    status: int,
    reason: str = "",
    headers: list[tuple[str, str]] | None = None,
) -> None:
    """Answer somebody who has proved nothing: once, and keep nothing of it (RFC 3261 §26.3.2.4).

    Repeated until it is acknowledged, as §17.2.1 asks for, the answer to an INVITE with a forged source would go to
    its victim eleven times, and a flood of INVITEs would be kept for half a minute each. The To tag is made of the
    request, so that a retransmission gets the same (§8.2.7).
    """
    if transaction is not None:
        exchange.endpoint.abandon(transaction)
    tag = "" if request.to_tag else f"{hash(request.top_via.branch + request.call_id) & _TAG:x}"
    exchange.endpoint.respond_statelessly(request, response_to(request, status, reason, tag, headers), flow)


def refuse_stranger(
    exchange: Exchange,
    transaction: ServerTransaction | None,
    request: Request,
    flow: Flow,
    rejection: Rejection,
) -> None:
    """Turn somebody away with a rejection: the wire hears its status and reason, the observer all of it."""
    exchange.observer.refused(rejection, request, flow)
    headers = rejection_headers(rejection, flow)
    turn_away(exchange, transaction, request, flow, rejection.status, rejection.reason, headers)


def refuse(
    exchange: Exchange,
    transaction: ServerTransaction | None,
    request: Request,
    flow: Flow,
    rejection: Rejection,
) -> None:
    """Answer with a rejection: the wire hears its status and reason, the observer all of it."""
    exchange.observer.refused(rejection, request, flow)
    reply(
        exchange,
        transaction,
        request,
        flow,
        rejection.status,
        rejection.reason,
        rejection_headers(rejection, flow),
    )


def rejection_headers(rejection: Rejection, flow: Flow) -> list[tuple[str, str]]:
    """What goes with the status: when to try again, and why a session description does not do (RFC 3261 §20.43)."""
    headers: list[tuple[str, str]] = []
    if rejection.retry_after_s:
        headers.append(("Retry-After", str(rejection.retry_after_s)))
    if rejection.code == MEDIA_UNSUPPORTED.code and rejection.detail:
        sentence = quote(printable(rejection.detail))
        headers.append(("Warning", f"399 {flow.listener.sent_by} {sentence}"))
    return headers


def later(exchange: Exchange, most_s: float = 10.0) -> list[tuple[str, str]]:
    """A Retry-After between 0 and 10 seconds, for who was too fast (RFC 3261 §14.2)."""
    return [("Retry-After", str(int(exchange.random() * (most_s + 1))))]
