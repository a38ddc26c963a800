"""The bare-socket floor: a C program that answers with fixed bytes and forwards calls and RTP without reading them."""

import time

from bench.load import choose_ports
from bench.peers.base import Peer


class Floor(Peer):
    """What the kernel alone costs for the same messages."""

    name = "floor"
    title = "bare sockets (C)"
    works = frozenset({"register", "call", "media"})
    notes = (
        "The floor keeps nothing and checks nothing: it is what receiving and sending the same datagrams costs.",
    )

    def version(self) -> str:
        return "bench/native/floor.c"

    def start(self) -> None:
        ports = self.site.ports
        self.port, media_port = choose_ports(2, first=16000)
        numbers = (self.port, ports.carrier, media_port, ports.caller_media, ports.carrier_media)
        self.launch([str(self.site.folder / "native" / "floor"), *map(str, numbers)])
        time.sleep(0.3)
