"""The Via that our requests carry (RFC 3261 §18.1.1, RFC 3581 §3)."""

from __future__ import annotations

from trunkline.sip.flow import UDP, Flow
from trunkline.sip.message import Request


def own_via(flow: Flow, branch: str) -> str:
    """Print our Via for a flow: what is advertised for its listener, and over datagrams the wish for ``rport``."""
    rport = ";rport" if flow.transport == UDP else ""
    return f"SIP/2.0/{flow.transport.upper()} {flow.listener.sent_by};branch={branch}{rport}"


def with_own_via(request: Request, flow: Flow, branch: str) -> Request:
    """Copy a request and put our Via before all else."""
    headers = [("Via", own_via(flow, branch))]
    headers.extend(request.headers)
    return Request(request.method, request.uri_text, headers, request.body)
