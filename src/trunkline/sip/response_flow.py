"""Where responses go (RFC 3261 §18.2.1 and §18.2.2, RFC 3581 §4)."""

from __future__ import annotations

from trunkline.sip.flow import TCP, TLS, UDP, Flow
from trunkline.sip.grammar import is_ip_address
from trunkline.sip.message import Request
from trunkline.sip.via import Via


def stamp_received(request: Request, flow: Flow) -> None:
    """Note in the top Via where the request came from.

    That is when its sent-by says otherwise, when ``rport`` asks for it, and when it claims a ``received`` of
    its own.
    """
    via = request.top_via
    if via.wants_rport or via.is_stamped or via.host != flow.host:
        request.replace_top_via(via.received_from(flow.host, flow.port))


def reopened_flow(via: Via, flow: Flow) -> Flow | None:
    """The flow for responses once the connection that a request came over has closed (RFC 3261 §18.2.2).

    It leads to the address that the request came from and the port of sent-by, whatever host sent-by names; over TLS
    the certificate there must bear that name. None for WebSocket, where only the client connects (RFC 7118 §5).
    """
    if flow.transport not in (TCP, TLS) or via.port == 0:
        return None
    port = via.port or (5061 if flow.transport == TLS else 5060)
    return Flow(flow.listener, flow.host, port, 0, "" if is_ip_address(via.host) else via.host)


def response_flow(via: Via, flow: Flow) -> Flow:
    """The flow for the responses to a request with this top Via that came over ``flow``.

    A connection answers itself. A datagram is answered where it came from when ``rport`` asks for it, and else at
    the port of sent-by. Two departures from §18.2.2: ``maddr`` is not followed, for it would let anybody aim our
    responses; and where sent-by is an address other than the source, there is a NAT between, behind which the
    port of sent-by means nothing, so the source port is used.
    """
    if flow.listener.transport != UDP or via.wants_rport:
        return flow
    port = via.port or 5060
    if port == flow.port or (via.host != flow.host and is_ip_address(via.host)):
        return flow
    return Flow(flow.listener, flow.host, port)
