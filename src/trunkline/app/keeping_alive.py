"""Devices behind NAT are pinged, so that their router keeps the way open; silent ones lose their bindings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from trunkline.calls.pinging import Pinger
from trunkline.edge.keepalive import Keepalive, KeepaliveWheel
from trunkline.registrar.events import (
    Expired,
    Moved,
    Registered,
    RegistrarEvent,
    RegistrationRefused,
    Unregistered,
)
from trunkline.registrar.location import BindingTable
from trunkline.sip.errors import ParseError
from trunkline.sip.flow import Flow
from trunkline.sip.grammar import is_ip_address
from trunkline.sip.uri import SipUri, parse_uri

UNANSWERED: Final = 3
"""A flow that leaves so many pings in a row unanswered is dead."""


class NatKeeper:
    """Chooses the flows to ping: datagram flows whose device believes to be somewhere else."""

    def __init__(
        self, bindings: BindingTable, pinger: Pinger, closed: Callable[[Flow, str], None], interval_s: float
    ) -> None:
        self._bindings = bindings
        wheel = KeepaliveWheel(interval_s, max_unanswered=UNANSWERED)
        self.keepalive = Keepalive(wheel, _never, closed, ping=pinger.ping)
        pinger.answered = self.keepalive.answered

    def heard(self, event: RegistrarEvent) -> None:
        """Follow the registrar."""
        if isinstance(event, Registered | Moved):
            if is_behind_nat(event.contact, event.flow):
                self.keepalive.add(event.flow)
            if isinstance(event, Moved):
                self._drop_unused(event.old_flow)
        elif isinstance(event, Expired | Unregistered):
            self._drop_unused(event.flow)
        elif isinstance(event, RegistrationRefused):
            return

    def _drop_unused(self, flow: Flow) -> None:
        if not self._bindings.over_flow(flow):
            self.keepalive.remove(flow)


def is_behind_nat(contact: str, flow: Flow) -> bool:
    """Whether a device's Contact names another address or port than its messages come from."""
    if flow.is_reliable:
        return False
    try:
        uri = parse_uri(contact)
    except ParseError:
        return True
    if not isinstance(uri, SipUri):
        return True
    return not is_ip_address(uri.host) or uri.host != flow.host or (uri.port or 5060) != flow.port


def _never(_flow: Flow, _data: bytes) -> None:
    raise AssertionError("pings go as OPTIONS")
