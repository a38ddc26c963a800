"""One round of load on one server, and what it came to."""

import time
from dataclasses import dataclass
from typing import Any

from bench.load import Generator, LoadResult, doubts
from bench.measure import CpuReading, read_cpu, read_drops, read_machine, read_udp_errors
from bench.peers import Peer
from bench.rows import Row

SETTLE_S = 1.0  # work that a server puts off, such as writing bindings behind, belongs to the round


@dataclass(frozen=True, slots=True)
class Round:
    """CPU time of the server and the units of work it did for it."""

    peer: str
    row: str
    cpu_s: float
    units: int
    window_s: float
    udp_errors: int  # the machine's, whoever lost them
    others_share: float  # what everything else on the machine used meanwhile, in cores
    doubts: tuple[str, ...]
    load: LoadResult

    @property
    def unit_us(self) -> float:
        """CPU microseconds per unit of work."""
        return self.cpu_s / self.units * 1e6 if self.units else float("nan")

    @property
    def server_share(self) -> float:
        """The part of a core that the server used while loaded."""
        return self.cpu_s / self.window_s


def measure_round(
    generator: Generator, peer: Peer, row: Row, *, seconds: float, users: int, offset: int
) -> Round:
    """Load the server once and read what it used for that, from the first request to a second after the last answer."""
    roots = peer.roots(media=row.media)
    marks: dict[str, tuple[CpuReading, dict[str, Any]]] = {}

    def mark(event: dict[str, Any]) -> None:
        marks[event["event"]] = (read_cpu(roots), event)

    options = {**row.load(seconds, users), "offset": offset}
    port = peer.server_port(media=row.media)
    errors, drops = read_udp_errors(), read_drops(port)
    begun, machine = time.monotonic(), read_machine()
    before = read_cpu(roots)
    result = generator.run(row.mode, port, options, mark if row.streams else None)
    elapsed = time.monotonic() - begun
    others_s = read_machine() - machine - before.until(read_cpu(roots)) - result["cpu"]
    if row.streams:
        (first, start), (last, end) = marks["window-start"], marks["window-end"]
        relayed = sum(end[side] - start[side] for side in ("media_carrier", "media_caller"))
        cpu_s, units, window_s = first.until(last), relayed, end["time"] - start["time"]
    else:
        time.sleep(SETTLE_S)
        cpu_s, units, window_s = before.until(read_cpu(roots)), result["completed"], result["elapsed"]
    found = doubts(result, rate=row.rate, streams=row.streams, server_drops=read_drops(port) - drops)
    return Round(
        peer.name,
        row.key,
        cpu_s,
        units,
        window_s,
        read_udp_errors() - errors,
        max(0.0, others_s / elapsed),
        tuple(found),
        result,
    )
