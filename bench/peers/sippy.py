"""Sippy B2BUA (PyPI ``sippy``): no registrar, no authentication of its own, one static route."""

import os
import subprocess
from pathlib import Path

from bench.load import choose_ports
from bench.peers.base import Peer, Site

ROOT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = ROOT / ".cache" / "bench" / "sippy-venv"
INSTALL = f"python3 -m venv {ENVIRONMENT.relative_to(ROOT)} && {ENVIRONMENT.relative_to(ROOT)}/bin/pip install sippy==2.5.0 rtp_io==1.1.1"


class Sippy(Peer):
    """A B2BUA whose signalling is pure Python; two instances, since its media proxy is for all calls or none."""

    name = "sippy"
    title = "Sippy B2BUA"
    works = frozenset({"call", "media"})
    notes = (
        (
            "Sippy B2BUA has no digest without a RADIUS server: its calls are unauthenticated (INVITE, 100, 180, 200, ACK, BYE, 200), "
            "two messages in and one out fewer than the others'. Logging off (`SIPLOG_BEND=none`); media by the same rtp.io, in its process."
        ),
    )

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.media_port = 0
        self.python = Path(os.environ.get("BENCH_SIPPY_PYTHON", ENVIRONMENT / "bin" / "python"))

    def missing(self) -> str | None:
        found = (
            self.python.exists()
            and not subprocess.run(
                [self.python, "-c", "import sippy, rtp.io"], capture_output=True, check=False
            ).returncode
        )
        return None if found else f"Sippy B2BUA is missing. Install it with:  {INSTALL}"

    def version(self) -> str:
        command = "import importlib.metadata as m; print('sippy', m.version('sippy') + ', rtp_io', m.version('rtp_io'))"
        return subprocess.run(
            [self.python, "-c", command], capture_output=True, text=True, check=True
        ).stdout.strip()

    def start(self) -> None:
        self.port, self.media_port = choose_ports(2, first=18000)
        for port, relay in (
            (self.port, []),
            (self.media_port, ["-r", "rtp.io:-F;-d;crit;-m;36000;-M;37998;modules=catch_dtmf"]),
        ):
            command = [
                str(self.python),
                "-c",
                "from sippy.b2bua import main_func; main_func()",
                "-f",
                "-l",
                "127.0.0.1",
                "-p",
                str(port),
            ]
            command += [
                "-u",
                "-D",
                "-A",
                "0",
                "-s",
                f"127.0.0.1:{self.site.ports.carrier}",
                "-P",
                str(self.folder / f"{port}.pid"),
            ]
            command += [f"--b2bua_socket={self.folder}/{port}.sock", *relay]
            self.launch(command, {"SIPLOG_BEND": "none"}, log=f"{port}.log")
            self.wait_for_answer(port, log=f"{port}.log")

    def server_port(self, *, media: bool) -> int:
        return self.media_port if media else self.port

    def roots(self, *, media: bool) -> list[int]:
        return [self.processes[1 if media else 0].pid]

    def stop(self) -> float:
        for process in self.processes:
            process.kill()  # asked politely it waits for calls that ended long ago
        return super().stop()
