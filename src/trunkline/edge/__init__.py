"""SIP sockets: UDP, TCP, TLS and WebSocket listeners, flows and their keepalive, and the way to find targets."""

from trunkline.edge.counters import Counters
from trunkline.edge.edge import Edge, ListenError
from trunkline.edge.keepalive import Keepalive, KeepaliveWheel
from trunkline.edge.limits import EdgeLimits
from trunkline.edge.listener_text import ListenerSettings, ListenerTextError, parse_listener
from trunkline.edge.receiver import Receiver
from trunkline.edge.resolver import Resolver

__all__ = [
    "Counters",
    "Edge",
    "EdgeLimits",
    "Keepalive",
    "KeepaliveWheel",
    "ListenError",
    "ListenerSettings",
    "ListenerTextError",
    "Receiver",
    "Resolver",
    "parse_listener",
]
