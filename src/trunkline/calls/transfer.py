"""Transfers: REFER, its progress, and the dialogs that Replaces names (RFC 3515, RFC 3891, RFC 5589)."""

from __future__ import annotations

from trunkline.calls.call import Call
from trunkline.calls.events import LegJoined, LegTaken, TransferRequested
from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg, LegState
from trunkline.calls.replying import reply
from trunkline.calls.requesting import send_in_dialog
from trunkline.sip.errors import ParseError
from trunkline.sip.message import Request
from trunkline.sip.refer import (
    ACTIVE,
    TERMINATED,
    SubscriptionState,
    notify_headers,
    parse_refer_to,
    print_sipfrag,
    wants_subscription,
)
from trunkline.sip.replaces import Replaces
from trunkline.sip.transaction.transaction import ServerTransaction


def transfer(exchange: Exchange, leg: Leg, request: Request, transaction: ServerTransaction) -> None:
    """Serve a REFER within a dialog. Only the holder of a credential may transfer: a trunk could send calls anywhere."""
    if leg.credential is None:
        reply(exchange, transaction, request, leg.flow, 403, "Transfer Not Allowed")
        return
    try:
        target = parse_refer_to(request)
    except ParseError as error:
        reply(exchange, transaction, request, leg.flow, 400, error.reason)
        return
    if target.method != "INVITE":
        reply(exchange, transaction, request, leg.flow, 501, "Refers To INVITE Only")
    elif leg.partner is None or leg.state is not LegState.ANSWERED:
        reply(exchange, transaction, request, leg.flow, 491)
    elif target.replaces is not None:
        _attended(exchange, leg, target.replaces, request, transaction)
    else:
        _accept(exchange, leg, request, transaction)
        exchange.post(leg.call, TransferRequested(leg.name, target.uri.text))


def _accept(exchange: Exchange, leg: Leg, request: Request, transaction: ServerTransaction) -> None:
    """202, and an implicit subscription unless the asker wants none (RFC 4488)."""
    wants_none = not wants_subscription(request)
    leg.transfer_cseq = None if wants_none else request.cseq_number
    headers = [("Refer-Sub", "false")] if wants_none else []
    reply(exchange, transaction, request, leg.flow, 202, "", headers)


def _attended(
    exchange: Exchange, leg: Leg, replaces: Replaces, request: Request, transaction: ServerTransaction
) -> None:
    """The asker has both calls with us: whoever is at the far end of the second takes its place in the first."""
    held = find_replaced(exchange, replaces)
    consulted = held.partner if held is not None else None
    if (
        held is None
        or held.call is leg.call
        or held.credential is None
        or held.call.account_id != leg.call.account_id
        or consulted is None
        or consulted.state is not LegState.ANSWERED
    ):
        reply(exchange, transaction, request, leg.flow, 481)
        return
    _accept(exchange, leg, request, transaction)
    adopt(exchange, consulted, leg.call)
    exchange.post(leg.call, LegJoined(consulted.name, leg.name))


def find_replaced(exchange: Exchange, replaces: Replaces) -> Leg | None:
    """The leg whose dialog a Replaces names; None when there is none, or when it is answered and may not be.

    Seen from whoever sends it, the to-tag is the remote one: ours.
    """
    for local_tag, remote_tag in (
        (replaces.to_tag, replaces.from_tag),
        (replaces.from_tag, replaces.to_tag),
    ):
        leg = exchange.legs.get((replaces.call_id, local_tag))
        if leg is not None and leg.dialog_with(remote_tag) is not None:
            return None if replaces.early_only and leg.state is LegState.ANSWERED else leg
    return None


def adopt(exchange: Exchange, leg: Leg, call: Call) -> None:
    """Move a leg over into another call; what is left of its own hears that it was taken."""
    left = leg.call
    left.legs.pop(leg.name, None)
    change, leg.change = leg.change, None
    if change is not None:
        change.abandon()
    if leg.partner is not None:
        leg.partner.partner = None
        leg.partner = None
    exchange.post(left, LegTaken(leg.name))
    call.joined += 1
    leg.name = f"joined-{call.joined}"
    leg.call = call
    leg.anchor = None
    leg.offering.clear()
    leg.carried = None
    leg.carried_for = None
    call.legs[leg.name] = leg
    call.note_leg(leg)


def notify_transfer(exchange: Exchange, leg: Leg, status: int, reason: str) -> None:
    """Tell the leg that asked for a transfer how it goes; the final status ends the subscription."""
    if leg.transfer_cseq is None or leg.state is not LegState.ANSWERED:
        return
    is_final = status >= 200
    state = SubscriptionState(TERMINATED, reason="noresource") if is_final else SubscriptionState(ACTIVE, 60)
    headers = notify_headers(leg.transfer_cseq, state)
    if is_final:
        leg.transfer_cseq = None
    send_in_dialog(exchange, leg, "NOTIFY", print_sipfrag(status, reason), headers)


def refer(exchange: Exchange, leg: Leg, target: str) -> None:
    """Ask a leg's party to call somebody else."""
    if leg.state is LegState.ANSWERED:
        send_in_dialog(
            exchange, leg, "REFER", b"", [("Refer-To", f"<{target}>"), ("Referred-By", leg.contact)]
        )
