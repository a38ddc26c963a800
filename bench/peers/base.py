"""What every measured server has in common: being started on a core, found by its processes, and stopped."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.load import MEDIA_NUMBER, PLAIN_NUMBER, Ports
from bench.machine import Cores
from bench.measure import process_tree

START_LIMIT_S = 120.0
STOP_LIMIT_S = 60.0


class PeerError(Exception):
    """A server did not start or answer; the text says which and shows the end of its log."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where servers run: folder for their files, cores, the generator's ports, and how many users they must know."""

    folder: Path
    cores: Cores
    ports: Ports
    users: int


class Peer:
    """One server. ``works`` names the kinds of work that it can do: register, call, media, start."""

    name = ""
    title = ""
    works: frozenset[str] = frozenset()
    plain_number = PLAIN_NUMBER
    media_number = MEDIA_NUMBER
    answers_options = True
    notes: tuple[str, ...] = ()

    def __init__(self, site: Site) -> None:
        self.site = site
        self.port = 0
        self.processes: list[subprocess.Popen[bytes]] = []
        self.start_seconds = 0.0

    @property
    def folder(self) -> Path:
        """This server's own folder, made on first use."""
        folder = self.site.folder / self.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def missing(self) -> str | None:
        """What has to be installed before this server can be measured, with the command; None when all is there."""
        return None

    def hint(self) -> str | None:
        """What would make more rows possible, with the command that installs it; None when nothing would."""
        return None

    def version(self) -> str:
        """Name and version for the report."""
        return ""

    def prepare(self) -> None:
        """Whatever is done once before the first start."""

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises PeerError when it does not.
        """
        raise NotImplementedError

    def server_port(self, *, media: bool) -> int:
        """The port that takes SIP, for calls with or without media."""
        del media
        return self.port

    def roots(self, *, media: bool) -> list[int]:
        """Process ids whose CPU time and memory count, with all their descendants."""
        del media
        return [process.pid for process in self.processes]

    def stop(self) -> float:
        """Stop the server in its orderly way, by force after that; seconds it took."""
        begun = time.monotonic()
        everything = process_tree([process.pid for process in self.processes])
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(max(0.1, begun + STOP_LIMIT_S - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        took = time.monotonic() - begun
        for pid in everything:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.processes.clear()
        return took

    def launch(
        self, command: list[str], environment: dict[str, str] | None = None, log: str = "log"
    ) -> subprocess.Popen[bytes]:
        """Start one process on the servers' core, its output going to a file of this server's folder."""
        with (self.folder / log).open("wb") as output:
            process = subprocess.Popen(
                [*self.site.cores.pin_server(), *command],
                cwd=self.folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def wait_for_answer(self, port: int, log: str = "log") -> None:
        """Return as soon as anything answers an OPTIONS on the port."""
        begun = time.monotonic()
        while time.monotonic() < begun + START_LIMIT_S:
            if answers_options(port):
                self.start_seconds = time.monotonic() - begun
                return
            if any(process.poll() is not None for process in self.processes):
                break
        tail = (self.folder / log).read_text(errors="replace")[-1500:]
        self.stop()
        raise PeerError(f"{self.title} does not answer on port {port}. Its log ends:\n{tail}")


def answers_options(port: int, *, patience_s: float = 0.02) -> bool:
    """Whether a SIP server answers an OPTIONS there in time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", port))
        own = sender.getsockname()[1]
        sender.settimeout(patience_s)
        branch = time.monotonic_ns()
        try:
            sender.send(
                f"OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK{branch:x};rport\r\n"
                f"Max-Forwards: 70\r\nFrom: <sip:probe@127.0.0.1>;tag={branch:x}\r\nTo: <sip:127.0.0.1:{port}>\r\n"
                f"Call-ID: {branch:x}@127.0.0.1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n".encode()
            )
            return sender.recv(4096).startswith(b"SIP/2.0 ")
        except OSError:
            time.sleep(patience_s)
            return False
