"""Every HTTP API of the server as routes of one application."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from trunkline.api.bandwidth_dashboard.edge_management import SipAddresses
from trunkline.api.bandwidth_dashboard.routes import build_bandwidth_dashboard
from trunkline.api.oauth import token_routes
from trunkline.provisioning.faults import ProvisioningFault


def build_api(sip_addresses: SipAddresses) -> list[BaseRoute]:
    """The routes of all dialects. What they stand on is in each request's ``state.gate``.

    ``sip_addresses`` tells where the devices of an account reach the server.
    """
    return [*token_routes(), *build_bandwidth_dashboard(sip_addresses)]


def too_many(_request: Request, fault: Exception) -> Response:
    """429 for TooManyTries and TooManyRequests, where a dialect has no form of its own for it (RFC 9457)."""
    assert isinstance(fault, ProvisioningFault)
    document = {
        "title": "Too Many Requests",
        "status": 429,
        "detail": fault.sentence,
        "code": fault.code.value,
    }
    retry_after_s = getattr(fault, "retry_after_s", 1)
    return JSONResponse(
        document, 429, {"Retry-After": str(retry_after_s)}, media_type="application/problem+json"
    )
