"""Who calls, as the called side is shown it: From, P-Asserted-Identity and Privacy of a leg we invite."""

from __future__ import annotations

from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg
from trunkline.domain.credential import Credential
from trunkline.domain.rejection import Rejection
from trunkline.routing.caller_identity import (
    ANONYMOUS_HOST,
    CallerIdentity,
    ClaimedIdentity,
    caller_identity,
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


def identity_headers(exchange: Exchange, leg: Leg, offer_of: Leg) -> list[tuple[str, str]]:
    """From and its companions for a leg that is invited on behalf of another.

    A party whose rule forbids what it claims was refused before; what a transfer makes of it goes out anonymous.
    """
    credential = offer_of.credential
    identity = caller_identity(
        exchange.directory,
        leg.call.account_id,
        credential,
        offer_of.claimed,
        towards_trunk=leg.trunk is not None,
    )
    if isinstance(identity, Rejection):
        identity = CallerIdentity("anonymous", "Anonymous", anonymous=True)
    host = (
        leg.credential.realm_name
        if leg.credential is not None
        else print_host(leg.flow.listener.advertised_host)
    )
    caller_host = own_realm(identity, credential) if leg.trunk is None else ""
    headers = [("From", print_caller(identity, caller_host or host, leg.local_tag))]
    if identity.asserted:
        headers.append(("P-Asserted-Identity", f"<sip:{escape_user(identity.asserted)}@{host}>"))
    if identity.privacy:
        headers.append(("Privacy", identity.privacy))
    return headers


def own_realm(identity: CallerIdentity, credential: Credential | None) -> str:
    """The realm of a caller that shows its own user name, where it can be called back; "" for any other identity."""
    if credential is not None and identity.user in (credential.username, credential.composite):
        return credential.realm_name
    return ""


def print_caller(identity: CallerIdentity, host: str, tag: str) -> str:
    """A From value; ``host`` is not shown for an anonymous caller."""
    if identity.anonymous:
        host = ANONYMOUS_HOST
    name = f"{quote(identity.display_name)} " if identity.display_name else ""
    user = f"{escape_user(identity.user)}@" if identity.user else ""
    return f"{name}<sip:{user}{host}>;tag={tag}"
