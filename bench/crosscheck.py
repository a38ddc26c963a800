"""The same work offered by SIPp, to see that our own generator does not flatter or punish a server."""

import shutil
import subprocess
import time
from pathlib import Path

from bench.load import PASSWORD, PLAIN_NUMBER, REALM, Ports
from bench.machine import Cores
from bench.measure import read_cpu
from bench.peers import Peer
from bench.rounds import SETTLE_S
from bench.rows import CALLERS, FEW_USERS

SCENARIOS = Path(__file__).parent / "sipp"
REGISTER_RATE, CALL_RATE = 1_000, 100


def missing() -> str | None:
    """What to install for the cross-check; None when SIPp is here."""
    return (
        None
        if shutil.which("sipp")
        else "sipp is missing (cross-check). Install it with:  sudo apt-get install sip-tester"
    )


class Sipp:
    """Runs SIPp on the generator's core against one server."""

    def __init__(self, folder: Path, cores: Cores, ports: Ports) -> None:
        self.folder = folder / "sipp"
        self.cores = cores
        self.ports = ports
        self.folder.mkdir(parents=True, exist_ok=True)
        names = [f"u{number:06}" for number in range(FEW_USERS)]
        users = [f"{name};{REALM};[authentication username={name} password={PASSWORD}]" for name in names]
        for work, some in (("register", users), ("call", users[:CALLERS])):
            (self.folder / f"{work}.csv").write_text("SEQUENTIAL\n" + "\n".join(some) + "\n")

    def cpu_per_unit(self, peer: Peer, work: str, seconds: float) -> float | None:
        """CPU microseconds per REGISTER or call; None when SIPp reports a failed call."""
        rate = REGISTER_RATE if work == "register" else CALL_RATE
        count = round(rate * seconds)
        carrier = self._start_carrier() if work == "call" else None
        roots = peer.roots(media=False)
        try:
            before = read_cpu(roots)
            done = self._run_caller(peer, work, rate, count)
            time.sleep(SETTLE_S)
            used = before.until(read_cpu(roots))
        finally:
            if carrier is not None:
                carrier.kill()
                carrier.wait()
        return None if done.returncode else used / count * 1e6

    def _command(self, *arguments: str) -> list[str]:
        return [
            *self.cores.pin_generator(),
            "sipp",
            "-i",
            "127.0.0.1",
            "-nostdin",
            "-buff_size",
            "4000000",
            *arguments,
        ]

    def _run_caller(self, peer: Peer, work: str, rate: int, count: int) -> subprocess.CompletedProcess[bytes]:
        options = [
            "-sf",
            str(SCENARIOS / f"{work}.xml"),
            "-inf",
            f"{work}.csv",
            "-s",
            PLAIN_NUMBER,
            "-p",
            str(self.ports.caller),
        ]
        options += [
            "-mp",
            str(self.ports.caller_media),
            "-r",
            str(rate),
            "-m",
            str(count),
            "-l",
            "2000",
            "-timeout",
            "30",
            "-timeout_error",
        ]
        command = self._command(*options, f"127.0.0.1:{peer.server_port(media=False)}")
        return subprocess.run(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )

    def _start_carrier(self) -> subprocess.Popen[bytes]:
        options = ["-sn", "uas", "-p", str(self.ports.carrier), "-mp", str(self.ports.carrier_media)]
        return subprocess.Popen(
            self._command(*options), cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
