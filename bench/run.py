"""The benchmark: starts the servers, loads them in turn, writes docs/benchmarks.md. Figures never make it fail."""

import argparse
import json
import math
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from bench import crosscheck
from bench.findings import Findings
from bench.load import Generator, LoadError, Ports, build, choose_ports
from bench.machine import choose_cores
from bench.measure import read_cpu, read_memory
from bench.peers import Peer, PeerError, Site, StoredKamailio, Trunkline, all_peers
from bench.report import write_report
from bench.rounds import Round, measure_round
from bench.rows import FEW_USERS, Row, all_rows

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".cache" / "bench"
REPORT = ROOT / "docs" / "benchmarks.md"
REPEATS = 2  # how many doubtful rounds of a server and row are done again
IDLE_S = 3.0
CROSSCHECKS = 2
STARTS = 3
QUERIES = 1_000
EXTRA_PARTS = ("memory", "start", "sipp")


class Bench:
    """One run over the chosen servers and rows."""

    def __init__(self, arguments: argparse.Namespace, console: Console) -> None:
        self.console = console
        self.wanted: list[str] = arguments.only
        self.seconds: float = arguments.seconds
        self.rounds: int = arguments.rounds
        self.bindings: int = arguments.bindings
        cores = choose_cores()
        ports = Ports(*choose_ports(4))
        site = Site(FOLDER, cores, ports, self.bindings)
        build(FOLDER / "native")
        self.generator = Generator(FOLDER / "native", cores, ports)
        self.sipp = crosscheck.Sipp(FOLDER, cores, ports)
        self.peers = {name: peer for name, peer in all_peers(site).items() if name in arguments.peers}
        self.stored_kamailio = StoredKamailio(site)
        self.offset = 0
        command = " ".join(["python -m bench", *sys.argv[1:]])
        pinned = (cores.server, cores.generator)
        self.findings = Findings(command, time.time(), self.bindings, self.rounds, self.seconds, pinned)
        self.findings.rows = [row for row in all_rows(self.bindings) if self.wants(row.key)]

    def wants(self, part: str) -> bool:
        """Whether --only names this row or part, or names nothing."""
        return not self.wanted or part in self.wanted

    def run(self) -> Findings:
        """Everything, in order; stops what it started however it ends."""
        try:
            self.start_peers()
            self.run_few()
            if self.needs_many():
                self.run_many()
            if self.wants("start"):
                self.run_starts()
        finally:
            for peer in [*self.peers.values(), self.stored_kamailio]:
                peer.stop()
        self.findings.took_s = time.time() - self.findings.began
        return self.findings

    def start_peers(self) -> None:
        """Prepare and start every chosen server; what is missing or fails is named and left out."""
        for name, peer in list(self.peers.items()):
            reason = peer.missing()
            try:
                if reason is None:
                    self.console.print(f"starting {peer.title}")
                    peer.prepare()
                    peer.start()
            except (PeerError, LoadError) as error:
                reason = str(error)
            if reason is not None:
                self.leave_out(name, reason)
                continue
            self.describe(peer)
            self.findings.first_starts[name] = peer.start_seconds

    def describe(self, peer: Peer) -> None:
        """Note for the report what this server is."""
        self.findings.titles[peer.name] = peer.title
        self.findings.versions[peer.name] = peer.version()
        self.findings.notes.extend(note for note in peer.notes if note not in self.findings.notes)
        hint = peer.hint()
        if hint is not None:
            self.findings.absent.append(hint)
            self.console.print(hint, style="yellow", markup=False)

    def leave_out(self, name: str, reason: str) -> None:
        """Go on without a server, saying why."""
        self.console.print(f"{name}: left out. {reason}", style="yellow", markup=False)
        self.findings.absent.append(reason.partition("\n")[0])
        self.peers.pop(name, None)

    def needs_many(self) -> bool:
        """Whether anything that was asked for needs all bindings in place."""
        return any(row.many for row in self.findings.rows) or self.wants("memory") or self.wants("start")

    def run_few(self) -> None:
        """The rows that need only a few users."""
        for peer in self.registrars():
            self.fill(peer, FEW_USERS)
            self.query(peer, FEW_USERS)
        self.measure_idle(f"{FEW_USERS:,} bindings")
        for row in self.findings.rows:
            if not row.many:
                self.run_row(row, FEW_USERS)
        if self.wants("sipp"):
            self.run_crosscheck()

    def run_many(self) -> None:
        """Fill every registrar, weigh it, and run the rows that need many bindings."""
        for peer in self.registrars():
            if not self.restart(peer):
                continue
            before = read_memory(peer.roots(media=False))
            result, cpu_us = self.fill(peer, self.bindings)
            time.sleep(3.0)
            after = read_memory(peer.roots(media=False))
            self.findings.memory[peer.name] = (before, after, self.bindings - FEW_USERS)
            self.findings.fills[peer.name] = (result, cpu_us)
            self.query(peer, self.bindings)
            self.console.print(
                f"{peer.title}: {(after - before) / (self.bindings - FEW_USERS):.0f} bytes per binding, filled at {result:.0f}/s"
            )
        self.measure_idle(f"{self.bindings:,} bindings")
        for row in self.findings.rows:
            if row.many:
                self.run_row(row, self.bindings)
        for peer in self.registrars():
            self.query(peer, self.bindings)

    def restart(self, peer: Peer) -> bool:
        """A fresh process with the few users registered: what calls left behind would hide the growth of the bindings."""
        peer.stop()
        if not self.starts(peer):
            return False
        for _ in range(3):
            self.fill(peer, FEW_USERS)
        time.sleep(2.0)
        return True

    def starts(self, peer: Peer) -> bool:
        """Start a server; one that does not start is left out from then on."""
        try:
            peer.start()
        except PeerError as error:
            self.leave_out(peer.name, str(error))
            return False
        return True

    def registrars(self) -> list[Peer]:
        """The servers that keep bindings."""
        return [peer for peer in self.peers.values() if "register" in peer.works and peer.name != "floor"]

    def fill(self, peer: Peer, users: int) -> tuple[float, float]:
        """Register so many users once each; REGISTERs per second and CPU microseconds of each."""
        options: dict[str, object] = {"users": users, "count": users, "in_flight": 32, "seconds": 600}
        before = read_cpu(peer.roots(media=False))
        result = self.generator.run("register", peer.server_port(media=False), options)
        used = before.until(read_cpu(peer.roots(media=False)))
        if result["completed"] != users:
            self.console.print(
                f"{peer.title}: only {result['completed']} of {users} registered {result['failures']}",
                style="red",
            )
        return result.rate, used / users * 1e6

    def query(self, peer: Peer, users: int) -> None:
        """Ask for the bindings of some users spread over all, and note how many are there."""
        asked = min(QUERIES, users)
        options: dict[str, object] = {"users": users, "count": asked, "in_flight": 8, "seconds": 60}
        result = self.generator.run("query", peer.server_port(media=False), options)
        self.findings.queries.setdefault(peer.name, []).append((result["found"], asked))
        if result["found"] != asked:
            self.console.print(f"{peer.title}: {result['found']} of {asked} bindings found", style="red")

    def measure_idle(self, state: str) -> None:
        """What each server uses when nobody asks for anything."""
        time.sleep(1.0)
        before = {name: read_cpu(peer.roots(media=False)) for name, peer in self.peers.items()}
        time.sleep(IDLE_S)
        for name, peer in self.peers.items():
            used = before[name].until(read_cpu(peer.roots(media=False)))
            self.findings.idle_ms_per_s.setdefault(state, {})[name] = used / IDLE_S * 1e3

    def run_row(self, row: Row, users: int) -> None:
        """All rounds of a row, the servers in turn."""
        peers = [peer for peer in self.peers.values() if row.work in peer.works]
        first = {peer.name: read_cpu(peer.roots(media=row.media)) for peer in peers}
        begun = time.monotonic()
        repeats = dict.fromkeys((peer.name for peer in peers), REPEATS)
        queue = [peer for _ in range(min(self.rounds, row.most_rounds)) for peer in peers]
        while queue:
            peer = queue.pop(0)
            done = measure_round(
                self.generator, peer, row, seconds=self.seconds, users=users, offset=self.offset
            )
            self.offset += round((row.rate or 10_000) * self.seconds)
            self.findings.rounds.append(done)
            self.show_round(peer, row, done)
            if done.doubts and repeats[peer.name]:
                repeats[peer.name] -= 1
                queue.append(peer)
        for peer in peers:
            units = sum(
                each.units for each in self.findings.rounds if each.row == row.key and each.peer == peer.name
            )
            used = first[peer.name].until(read_cpu(peer.roots(media=row.media)))
            used -= self.idle_share(peer) * (time.monotonic() - begun)
            self.findings.throughout_us.setdefault(row.key, {})[peer.name] = (
                used / units * 1e6 if units else math.nan
            )

    def idle_share(self, peer: Peer) -> float:
        """CPU seconds per second that the server used when it was last seen idle."""
        states = list(self.findings.idle_ms_per_s.values())
        return states[-1].get(peer.name, 0.0) / 1e3 if states else 0.0

    def show_round(self, peer: Peer, row: Row, done: Round) -> None:
        """One line per round, as it ends."""
        line = f"{row.key:20} {peer.title:26} {done.unit_us:9.1f} µs  server {done.server_share:4.0%} generator {done.load.generator_share:4.0%}"
        self.console.print(
            line + (f"  VOID: {'; '.join(done.doubts)}" if done.doubts else ""), markup=False, highlight=False
        )

    def run_crosscheck(self) -> None:
        """REGISTER and call by SIPp and by our generator at the same rate."""
        absent = crosscheck.missing()
        if absent is not None:
            self.findings.absent.append(absent)
            return
        ours = {
            "register": Row(
                "sipp", "", "register", "register", crosscheck.REGISTER_RATE, options={"quantum_ms": 10}
            ),
            "call": Row(
                "sipp", "", "call", "call", crosscheck.CALL_RATE, options={"ring_ms": 0, "quantum_ms": 10}
            ),
        }
        for peer in self.peers.values():
            if peer.name not in {"kamailio", "trunkline"}:
                continue
            for work, row in ours.items():
                for _ in range(CROSSCHECKS):
                    mine = measure_round(
                        self.generator, peer, row, seconds=self.seconds, users=FEW_USERS, offset=0
                    )
                    theirs = self.sipp.cpu_per_unit(peer, work, self.seconds)
                    if theirs is None or mine.doubts:
                        self.console.print(
                            f"cross-check of {peer.title}, {work}, void: {mine.doubts or 'SIPp saw failed calls'}"
                        )
                    else:
                        self.findings.crosscheck.setdefault(f"{peer.title}, {work}", []).append(
                            (mine.unit_us, theirs)
                        )

    def run_starts(self) -> None:
        """Stop every server that keeps its bindings, and time its starts with all of them."""
        starting: list[Peer] = [peer for peer in self.peers.values() if isinstance(peer, Trunkline)]
        for peer in self.peers.values():
            if peer not in starting:
                peer.stop()
        if "kamailio" in self.peers and self.prepare_stored_kamailio():
            starting.insert(0, self.stored_kamailio)
        for peer in starting:
            peer.stop()
        for _ in range(min(self.rounds, STARTS)):
            for peer in starting:
                self.time_start(peer)

    def prepare_stored_kamailio(self) -> bool:
        """Start the Kamailio that writes its bindings to a file, and fill it."""
        peer = self.stored_kamailio
        reason = peer.missing()
        if reason is not None:
            self.findings.absent.append(reason)
            self.console.print(reason, style="yellow", markup=False)
            return False
        peer.prepare()
        if not self.starts(peer):
            return False
        self.describe(peer)
        self.findings.first_starts[peer.name] = peer.start_seconds
        peer.stop()
        peer.store_bindings()
        return True

    def time_start(self, peer: Peer) -> None:
        """One start: seconds and CPU until it answers; then its bindings are looked for."""
        if not self.starts(peer):
            return
        cpu_s = sum(read_cpu(peer.roots(media=False)).threads.values()) / 1e9
        self.findings.starts.setdefault(peer.name, []).append((peer.start_seconds, cpu_s))
        self.query(peer, self.bindings)
        self.console.print(f"{peer.title}: answers after {peer.start_seconds:.2f} s, {cpu_s:.2f} s of CPU")
        self.findings.stops.setdefault(peer.name, []).append(peer.stop())


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The command line; unknown names are refused with the known ones."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parts = [row.key for row in all_rows(0)] + list(EXTRA_PARTS)
    names = ["floor", "kamailio", "sippy", "trunkline", "interpreted"]
    parser.add_argument(
        "--only", nargs="+", default=[], choices=parts, metavar="PART", help=f"some of: {' '.join(parts)}"
    )
    parser.add_argument(
        "--peers", nargs="+", default=names, choices=names, metavar="PEER", help=f"some of: {' '.join(names)}"
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each row and server (default 5)")
    parser.add_argument("--seconds", type=float, default=1.5, help="length of a round (default 1.5)")
    parser.add_argument(
        "--bindings", type=int, default=100_000, help="how many bindings are many (default 100000)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        help="the report; docs/benchmarks.md for a whole run, else .cache/bench/partial.md",
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run and report; 2 when the generator cannot be built."""
    chosen = parse_arguments(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    console = Console(soft_wrap=True)
    try:
        findings = Bench(chosen, console).run()
    except LoadError as error:
        console.print(str(error), style="red", markup=False)
        return 2
    whole = not chosen.only and len(chosen.peers) == 5
    report = chosen.output or (REPORT if whole else FOLDER / "partial.md")
    write_report(findings, report)
    (FOLDER / "last.json").write_text(json.dumps(asdict(findings), indent=1, default=str))
    print(report.read_text())
    console.print(f"written to {report}")
    return 0
