"""Where the requests of a dialog go once it stands (RFC 3261 §12.2.1.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg
from trunkline.domain.ports import Hop
from trunkline.sip.errors import ParseError
from trunkline.sip.uri import SipUri, Uri


def follow_remote_target(exchange: Exchange, leg: Leg, then: Callable[[], None] | None = None) -> None:
    """Set a leg's flow to what its route set or remote target asks for, then go on.

    Only a trunk's word is taken: its servers may hand a call over to one another. A device is reached over the flow
    it came by, since the address it believes to have is often a private one.
    """
    if leg.trunk is None or leg.dialog is None or leg.flow.is_reliable:
        if then is not None:
            then()
        return
    uri: Uri | None
    try:
        uri = leg.dialog.next_hop_uri
    except ParseError:
        uri = None
    if not isinstance(uri, SipUri):
        if then is not None:
            then()
        return
    exchange.hops.find(uri, _Located(exchange, leg, then).located)


class _Located:
    """Goes on once the remote target is known; what cannot be located stays where it was."""

    def __init__(self, exchange: Exchange, leg: Leg, then: Callable[[], None] | None) -> None:
        self._exchange = exchange
        self._leg = leg
        self._then = then

    def located(self, hops: Sequence[Hop]) -> None:
        if hops and hops[0].flow.transport == self._leg.flow.transport:
            self._leg.flow = hops[0].flow
        if self._then is not None:
            self._then()
        self._exchange.settle()
