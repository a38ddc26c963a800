"""Every HTTP API of the server as routes of one application."""

from __future__ import annotations

from starlette.routing import BaseRoute

from trunkline.api.bandwidth_dashboard.edge_management import SipAddresses
from trunkline.api.bandwidth_dashboard.routes import build_bandwidth_dashboard
from trunkline.api.oauth import token_routes


def build_api(sip_addresses: SipAddresses) -> list[BaseRoute]:
    """The routes of all dialects. What they stand on is in each request's ``state.gate``.

    ``sip_addresses`` tells where the devices of an account reach the server.
    """
    return [*token_routes(), *build_bandwidth_dashboard(sip_addresses)]
