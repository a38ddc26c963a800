"""Who calls, as the called side is shown it: From, P-Asserted-Identity and Privacy of a leg we invite."""

from __future__ import annotations

from trunkline.calls.call import Call
from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg
from trunkline.domain.number import Number
from trunkline.domain.rejection import Rejection
from trunkline.routing.caller_identity import (
    ANONYMOUS_HOST,
    CallerIdentity,
    ClaimedIdentity,
    identity_of_credential,
    identity_of_trunk,
    parse_privacy,
)
from trunkline.sip.errors import ParseError
from trunkline.sip.grammar import escape_user, print_host, quote
from trunkline.sip.message import Message
from trunkline.sip.name_address import NameAddress
from trunkline.sip.uri import SipUri, TelUri


def claimed_identity(message: Message) -> ClaimedIdentity:
    """What a caller says of itself. Raises ParseError for an unreadable From."""
    caller = message.address("From")
    preferred = ""
    for name in ("P-Asserted-Identity", "P-Preferred-Identity"):
        for address in _readable(message, name):
            preferred = preferred or _user_of(address)
    host = caller.uri.host if isinstance(caller.uri, SipUri) else ""
    return ClaimedIdentity(
        _user_of(caller), host, caller.display_name, preferred, parse_privacy(message.get("Privacy"))
    )


def _readable(message: Message, name: str) -> list[NameAddress]:
    try:
        return message.addresses(name)
    except ParseError:
        return []


def _user_of(address: NameAddress) -> str:
    if isinstance(address.uri, SipUri):
        return address.uri.username
    return address.uri.number if isinstance(address.uri, TelUri) else ""


def caller_identity(exchange: Exchange, call: Call, leg: Leg, *, towards_trunk: bool) -> CallerIdentity | Rejection:
    """The identity that a leg's party may show; the rejection that its credential's rule asks for otherwise."""
    claimed = leg.claimed
    if leg.credential is None:
        return identity_of_trunk(claimed, towards_trunk=towards_trunk)
    account = exchange.directory.accounts.get(call.account_id)
    country = account.country if account is not None else ""
    return identity_of_credential(
        leg.credential, claimed, _Owner(exchange, call.account_id).owns, country, towards_trunk=towards_trunk
    )


class _Owner:
    """Whether an account owns a number."""

    def __init__(self, exchange: Exchange, account_id: int) -> None:
        self._exchange = exchange
        self._account_id = account_id

    def owns(self, e164: str) -> bool:
        number: Number | None = self._exchange.directory.number(e164)
        return number is not None and number.account_id == self._account_id


def identity_headers(exchange: Exchange, leg: Leg, offer_of: Leg) -> list[tuple[str, str]]:
    """From and its companions for a leg that is invited on behalf of another.

    A party whose rule forbids what it claims was refused before; what a transfer makes of it goes out anonymous.
    """
    towards_trunk = leg.trunk is not None
    identity = caller_identity(exchange, leg.call, offer_of, towards_trunk=towards_trunk)
    if isinstance(identity, Rejection):
        identity = CallerIdentity("anonymous", "Anonymous", anonymous=True)
    host = ANONYMOUS_HOST if identity.anonymous else _own_host(leg)
    name = f"{quote(identity.display_name)} " if identity.display_name else ""
    user = escape_user(identity.user)
    headers = [("From", f"{name}<sip:{user}@{host}>;tag={leg.local_tag}" if user else f"{name}<sip:{host}>;tag={leg.local_tag}")]
    if identity.asserted:
        headers.append(("P-Asserted-Identity", f"<sip:{escape_user(identity.asserted)}@{_own_host(leg)}>"))
    if identity.privacy:
        headers.append(("Privacy", identity.privacy))
    return headers


def _own_host(leg: Leg) -> str:
    """What stands for us in an identity: the realm towards its own devices, else our address."""
    if leg.credential is not None:
        return leg.credential.realm_name
    return print_host(leg.flow.listener.advertised_host)
