"""Where the requests of a dialog go once it stands (RFC 3261 §12.2.1.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg
from trunkline.domain.ports import Hop
from trunkline.domain.reach import Reach, reach_of
from trunkline.sip.dialog import Dialog
from trunkline.sip.errors import ParseError
from trunkline.sip.flow import Flow
from trunkline.sip.gruu import gruu_instance, instance_name
from trunkline.sip.message import Message
from trunkline.sip.uri import SipUri, parse_uri

_LEAST_PORT: Final = 1024
"""Below it other services are: where a trunk itself is not, it may not lead."""


def take_remote_target(exchange: Exchange, leg: Leg, message: Message) -> None:
    """Move a leg's remote target to the Contact of a message that may do so; an unreadable one changes nothing."""
    if leg.dialog is None:
        return
    before = leg.dialog.remote_target
    with suppress(ParseError):
        leg.dialog.refresh_target(message)
        reach_registered(exchange, leg, leg.dialog)
    if leg.dialog.remote_target != before:
        follow_remote_target(exchange, leg)


def reach_registered(exchange: Exchange, leg: Leg, dialog: Dialog) -> None:
    """Where a device named itself by a GRUU of ours, send to the contact it registered (RFC 5627 §5.1).

    We are who translates it: a proxy between us and the device would only find us again. What is no GRUU, or of nobody
    registered, stays. Raises ParseError.
    """
    if leg.credential is None or ";gr=" not in dialog.remote_target:
        return
    target = parse_uri(dialog.remote_target)
    if not isinstance(target, SipUri) or f"{target.username}@{target.host.lower()}" != leg.credential.aor:
        return
    instance = gruu_instance(target)
    found = [
        binding
        for binding in exchange.location.lookup(leg.credential.aor, exchange.now())
        if instance_name(binding.instance) == instance
    ]
    if found:  # one that came by another way since: its device is still the one at the end of this way
        same_way = [binding for binding in found if binding.flow == leg.flow]
        dialog.remote_target = (same_way or found)[0].uri


def follow_remote_target(exchange: Exchange, leg: Leg, then: Callable[[], None] | None = None) -> None:
    """Set a leg's flow to what its route set or remote target asks for, then go on.

    Only a trunk's word is taken: its servers may hand a call over to one another, but not to somebody behind us. A
    device is reached over the flow it came by, since the address it believes to have is often a private one.
    """
    uri = _next_hop(leg)
    if uri is not None:
        exchange.hops.find(uri, _Located(exchange, leg, then).located)
    elif then is not None:
        then()


def _next_hop(leg: Leg) -> SipUri | None:
    if leg.trunk is None or leg.dialog is None or leg.flow.is_reliable:
        return None
    try:
        uri = leg.dialog.next_hop_uri
    except ParseError:
        return None
    return uri if isinstance(uri, SipUri) else None


class _Located:
    """Goes on once the remote target is known; what cannot be located stays where it was."""

    def __init__(self, exchange: Exchange, leg: Leg, then: Callable[[], None] | None) -> None:
        self._exchange = exchange
        self._leg = leg
        self._then = then

    def located(self, hops: Sequence[Hop]) -> None:
        if hops and _may_lead(self._leg.flow, hops[0].flow):
            self._leg.flow = hops[0].flow
        if self._then is not None:
            self._then()
        self._exchange.settle()


def _may_lead(known: Flow, named: Flow) -> bool:
    """Whether a peer at one flow may have us send to another: to a host as far from us as itself, and to no service."""
    if named.transport != known.transport:
        return False
    if named.port < _LEAST_PORT and named.port != known.port:
        return False
    reach, known_reach = reach_of(named.host), reach_of(known.host)
    if (
        reach is Reach.LINK
    ):  # where a cloud tells its machines their secrets: whoever is on this machine has no part in it
        return known_reach is Reach.LINK
    return reach is not Reach.NOWHERE and reach >= known_reach
