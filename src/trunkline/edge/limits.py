"""The bounds that the edge keeps: times in seconds, sizes in bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EdgeLimits:
    """How much of everything a peer may take.

    ``idle_s``: a connection without traffic is closed, unless a registration holds it open longer.
    ``silent_s``: so is an accepted one that has not brought a whole message since it was accepted.
    ``stranger_s``: so is an accepted one, for all its traffic, over which nobody has proved who it is (``vouch``).
    ``max_connections_per_address``: an IPv6 network of 64 bits counts as one address.
    ``message_s``: from the first byte of a message (or of a WebSocket handshake) to its last; drips don't prolong it.
    ``linger_s``: how long the last answer on a faulty connection has to be read.
    ``max_unsent``: what may wait for a peer that doesn't read; ``max_waiting``: for a connection being opened.
    """

    max_connections: int = 10_000
    max_connections_per_address: int = 1_000
    idle_s: float = 3_900.0
    silent_s: float = 60.0
    stranger_s: float = 300.0
    message_s: float = 10.0
    handshake_s: float = 10.0
    connect_s: float = 6.0
    linger_s: float = 2.0
    stop_s: float = 3.0
    max_head: int = 65_536
    max_body: int = 262_144
    max_unsent: int = 1_048_576
    max_waiting: int = 262_144
    max_datagrams_waiting: int = 1_024
    max_flows_remembered: int = 131_072
    socket_buffer: int = 4_194_304
