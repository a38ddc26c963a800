"""Answering a request of a dialog, or one that belongs to none."""

from __future__ import annotations

from trunkline.calls.exchange import Exchange
from trunkline.domain.rejection import Rejection
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request, response_to
from trunkline.sip.transaction.transaction import ServerTransaction


def reply(
    exchange: Exchange, transaction: ServerTransaction | None, request: Request, flow: Flow, status: int,
    reason: str = "", headers: list[tuple[str, str]] | None = None, body: bytes = b"",
) -> None:
    """Send a final response, with a To tag where the request had none (RFC 3261 §8.2.6.2)."""
    tag = "" if request.to_tag else exchange.tokens()
    response = response_to(request, status, reason, tag, headers, body)
    if transaction is None:
        exchange.endpoint.respond_statelessly(request, response, flow)
    else:
        exchange.endpoint.respond(transaction, response, exchange.now())


def refuse(
    exchange: Exchange, transaction: ServerTransaction | None, request: Request, flow: Flow, rejection: Rejection
) -> None:
    """Answer with a rejection: the wire hears its status and reason, the observer all of it."""
    headers = [("Retry-After", str(rejection.retry_after_s))] if rejection.retry_after_s else []
    exchange.observer.refused(rejection, request, flow)
    reply(exchange, transaction, request, flow, rejection.status, rejection.reason, headers)
