"""The servers that are measured, each behind the same few operations."""

from bench.peers.base import Peer, PeerError, Site
from bench.peers.floor import Floor
from bench.peers.kamailio import Kamailio, StoredKamailio
from bench.peers.sippy import Sippy
from bench.peers.trunkline import Trunkline

__all__ = [
    "Floor",
    "Kamailio",
    "Peer",
    "PeerError",
    "Sippy",
    "Site",
    "StoredKamailio",
    "Trunkline",
    "all_peers",
]


def all_peers(site: Site) -> dict[str, Peer]:
    """Every peer by the name that --peers takes, in the order in which they take their turns."""
    peers: list[Peer] = [
        Floor(site),
        Kamailio(site),
        Sippy(site),
        Trunkline(site, compiled=True),
        Trunkline(site, compiled=False),
    ]
    return {peer.name: peer for peer in peers}
