"""Where the devices of an account reach this server over UDP, as listeners were set up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trunkline.api.bandwidth_dashboard.edge_management import SipAddress
from trunkline.sip.flow import UDP, Listener


def sip_addresses(listeners: Callable[[], Sequence[Listener]], account_id: int) -> list[SipAddress]:
    """The listeners that an account has for itself, else those that serve everybody."""
    listening = [listener for listener in listeners() if listener.transport == UDP]
    own = [listener for listener in listening if listener.account_id == account_id]
    shared = [listener for listener in listening if listener.account_id is None]
    return [SipAddress(one.advertised_host, one.advertised_port) for one in own or shared]
