"""Whether an INVITE may become a call at all: the checks of RFC 3261 §8.2, and who calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from trunkline.calls.exchange import Exchange
from trunkline.calls.headers import SUPPORTED_TAGS
from trunkline.calls.identity import claimed_identity
from trunkline.calls.replying import refuse_stranger, turn_away
from trunkline.calls.session_timers import check_session_interval
from trunkline.domain.authentication import Authenticated, Challenged, Refused
from trunkline.domain.credential import Credential
from trunkline.domain.rejection import (
    DRAINING,
    MERGED,
    SERVER_FULL,
    TOO_MANY_HOPS,
    UNSUPPORTED_BODY,
    UNSUPPORTED_EXTENSION,
    Rejection,
)
from trunkline.domain.trunk import Trunk
from trunkline.routing.caller_identity import ClaimedIdentity
from trunkline.sip.errors import ParseError
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request
from trunkline.sip.session_timer import IntervalTooSmall
from trunkline.sip.transaction.transaction import ServerTransaction
from trunkline.sip.uri import SipUri, TelUri


class Admission:
    """Who calls: a credential, or a trunk known by its address. ``called`` is what was dialled."""

    def __init__(
        self,
        credential: Credential | None,
        trunk: Trunk | None,
        account_id: int,
        claimed: ClaimedIdentity,
        called: str,
        *,
        host_is_ours: bool,
    ) -> None:
        self.credential: Final = credential
        self.trunk: Final = trunk
        self.account_id: Final = account_id
        self.claimed: Final = claimed
        self.called: Final = called
        self.host_is_ours: Final = host_is_ours


def admit(
    exchange: Exchange, request: Request, transaction: ServerTransaction, flow: Flow
) -> Admission | None:
    """Let an INVITE pass, or answer it and return None."""
    try:
        if not _passes(exchange, request, transaction, flow):
            return None
        claimed = claimed_identity(request)
        return _identify(exchange, request, transaction, flow, claimed)
    except IntervalTooSmall as too_small:
        min_se = [("Min-SE", str(too_small.min_interval_s))]
        turn_away(exchange, transaction, request, flow, 422, "", min_se)
    except ParseError as fault:
        turn_away(exchange, transaction, request, flow, fault.status, fault.reason)
    return None


def _passes(exchange: Exchange, request: Request, transaction: ServerTransaction, flow: Flow) -> bool:
    for check in _CHECKS:
        rejection = check(exchange, request)
        if rejection is not None:
            _refuse(exchange, request, transaction, flow, rejection)
            return False
    _ = request.uri, request.address("To")
    check_session_interval(exchange, request)
    return True


def _refuse(
    exchange: Exchange, request: Request, transaction: ServerTransaction, flow: Flow, rejection: Rejection
) -> None:
    if rejection.code != UNSUPPORTED_EXTENSION.code:
        refuse_stranger(exchange, transaction, request, flow, rejection)
        return
    unsupported = [("Unsupported", tag) for tag in unsupported_tags(request)]
    exchange.observer.refused(rejection, request, flow)
    turn_away(exchange, transaction, request, flow, 420, "", unsupported)


def unsupported_tags(request: Request) -> list[str]:
    """The option tags of Require and Proxy-Require that we do not know (RFC 3261 §8.2.2.3)."""
    required = [*request.values("Require"), *request.values("Proxy-Require")]
    return [tag for tag in required if tag.lower() not in SUPPORTED_TAGS]


def _not_merged(exchange: Exchange, request: Request) -> Rejection | None:
    return MERGED if exchange.endpoint.is_merged(request) else None


def _open(exchange: Exchange, request: Request) -> Rejection | None:  # noqa: ARG001 - a check's signature
    return why_closed(exchange)


def why_closed(exchange: Exchange) -> Rejection | None:
    """Why no call at all is taken now; None when calls are taken."""
    if exchange.is_draining:
        return DRAINING.because("", retry_after_s=30)
    if len(exchange.calls) < exchange.settings.max_calls:
        return None
    return SERVER_FULL.because(f"{len(exchange.calls)} calls", retry_after_s=5)


def _hops_left(exchange: Exchange, request: Request) -> Rejection | None:  # noqa: ARG001 - a check's signature
    return TOO_MANY_HOPS if request.max_forwards == 0 else None


def _extensions_known(exchange: Exchange, request: Request) -> Rejection | None:  # noqa: ARG001 - a check's signature
    tags = unsupported_tags(request)
    return UNSUPPORTED_EXTENSION.because(", ".join(tags)) if tags else None


def _body_known(exchange: Exchange, request: Request) -> Rejection | None:  # noqa: ARG001 - a check's signature
    if not request.body or request.content_type in (
        "application/sdp",
        "multipart/mixed",
        "multipart/related",
        "multipart/alternative",
    ):
        return None
    return UNSUPPORTED_BODY.because(request.content_type or "a body without Content-Type")


_CHECKS: Final[tuple[Callable[[Exchange, Request], Rejection | None], ...]] = (
    _not_merged,
    _open,
    _hops_left,
    _extensions_known,
    _body_known,
)


def _identify(
    exchange: Exchange, request: Request, transaction: ServerTransaction, flow: Flow, claimed: ClaimedIdentity
) -> Admission | None:
    """Who calls: a credential by digest, or a trunk by its address; anybody else is challenged."""
    uri = request.uri
    called = uri.username if isinstance(uri, SipUri) else uri.number if isinstance(uri, TelUri) else uri.text
    host_is_ours = isinstance(uri, SipUri) and exchange.authenticator.is_own_host(uri.host, flow)
    if request.get("Proxy-Authorization") is None:
        trunk = exchange.directory.trunk_from(flow.host)
        if trunk is not None:
            exchange.vouch(flow)
            transaction.may_reopen = True
            return Admission(None, trunk, trunk.account_id, claimed, called, host_is_ours=host_is_ours)
    outcome = exchange.authenticator.authenticate(request, flow, exchange.now(), proxy=True)
    if isinstance(outcome, Authenticated):
        exchange.vouch(flow)
        credential = outcome.credential
        return Admission(credential, None, credential.account_id, claimed, called, host_is_ours=host_is_ours)
    if isinstance(outcome, Challenged):
        if outcome.rejection is not None:
            exchange.observer.refused(outcome.rejection, request, flow)
        turn_away(exchange, transaction, request, flow, outcome.status, "", list(outcome.headers))
    elif isinstance(outcome, Refused):
        refuse_stranger(exchange, transaction, request, flow, outcome.rejection)
    return None
