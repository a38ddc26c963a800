"""Compiles and drives the load generator, and judges whether a round of it may be believed."""

import json
import shutil
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import Cores

NATIVE = Path(__file__).parent / "native"
SOURCES = ("generator", "register", "call", "carrier", "media", "wire", "md5")
REALM = "bench.example"
PASSWORD = "password"
PLAIN_NUMBER = "+12125550199"
MEDIA_NUMBER = "+13125550188"

MOST_GENERATOR_CPU = 0.90
MOST_RETRANSMITTED = 0.005
MOST_FAILED = 0.001
MOST_MEDIA_LOST = 0.005
LEAST_RATE = 0.97


class LoadError(Exception):
    """The generator could not be built or run."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The generator's own UDP ports: caller, carrier, and where each hears RTP."""

    caller: int
    carrier: int
    caller_media: int
    carrier_media: int


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What the generator saw in one round."""

    values: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def generator_share(self) -> float:
        """The part of a core that the generator used."""
        elapsed: float = self["elapsed"]
        return self["cpu"] / elapsed if elapsed else 0.0

    @property
    def rate(self) -> float:
        """Units completed per second."""
        return self["completed"] / self["elapsed"] if self["elapsed"] else 0.0


def choose_ports(count: int, *, first: int = 15000) -> list[int]:
    """That many free even ports of five digits, below the range the kernel gives out by itself."""
    found: list[int] = []
    for port in range(first, 30000, 10):
        if _is_free(port) and _is_free(port + 1):
            found.append(port)
        if len(found) == count:
            return found
    raise LoadError("no free UDP ports below 30000")


def build(folder: Path) -> None:
    """Compile the generator and the floor into the folder.

    Raises LoadError, naming the package, where there is no C compiler.
    """
    if shutil.which("gcc") is None:
        raise LoadError("gcc is missing. Install it with:  sudo apt-get install gcc libc6-dev")
    folder.mkdir(parents=True, exist_ok=True)
    flags = ["gcc", "-O2", "-Wall", "-Wextra", "-o"]
    generator = [str(NATIVE / f"{name}.c") for name in SOURCES]
    for command in (
        [*flags, str(folder / "generator"), *generator, "-lm"],
        [*flags, str(folder / "floor"), str(NATIVE / "floor.c")],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LoadError(f"the load generator does not compile:\n{done.stderr}")


class Generator:
    """Runs the compiled generator on its own core."""

    def __init__(self, folder: Path, cores: Cores, ports: Ports) -> None:
        self.folder = folder
        self.cores = cores
        self.ports = ports
        self.round = 0

    def run(
        self,
        mode: str,
        server_port: int,
        options: dict[str, object],
        on_event: Callable[[dict[str, Any]], None] | None = None,
    ) -> LoadResult:
        """One round; on_event hears "window-start" and "window-end" of a round with steady streams as they happen."""
        self.round += 1
        given: dict[str, object] = {
            "server": f"127.0.0.1:{server_port}",
            "port": self.ports.caller,
            "realm": REALM,
            "password": PASSWORD,
            "cseq": self.round * 20_000,
            **options,
        }
        if mode == "call":
            given |= {
                "carrier_port": self.ports.carrier,
                "media_port": self.ports.caller_media,
                "carrier_media_port": self.ports.carrier_media,
            }
        command = [*self.cores.pin_generator(), str(self.folder / "generator"), mode]
        command += [f"{key}={value}" for key, value in given.items()]
        result: LoadResult | None = None
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                event = json.loads(line)
                if event["event"] == "result":
                    result = LoadResult(event)
                elif on_event is not None:
                    on_event(event)
        if result is None:
            raise LoadError(f"the load generator failed: {' '.join(command)}")
        return result


def doubts(result: LoadResult, *, rate: float | None, streams: int = 0, server_drops: int = 0) -> list[str]:
    """Why the round does not count; empty when it does. rate is what was offered, None in a closed loop."""
    found = []
    started, completed = result["started"], result["completed"]
    if result["failed"] > MOST_FAILED * started:
        found.append(f"{result['failed']} of {started} failed {result['failures']}")
    if result["retransmissions"] > MOST_RETRANSMITTED * result["sent"]:
        found.append(f"{result['retransmissions']} retransmissions")
    if result.generator_share > MOST_GENERATOR_CPU:
        found.append(f"generator at {result.generator_share:.0%} of its core")
    if (
        rate is not None
        and not streams
        and completed
        and started / rate < LEAST_RATE * result["elapsed"] - 0.5
    ):
        found.append(f"{result.rate:.0f}/s instead of {rate:.0f}/s")
    if server_drops or result["dropped"]:
        found.append(
            f"kernel dropped {server_drops} datagrams to the server, {result['dropped']} to the generator"
        )
    if result["carrier_invites"] or result["media_sent"]:
        if result["carrier_byes"] < completed or result["carrier_acks"] < completed:
            found.append(
                f"carrier saw {result['carrier_acks']} ACK and {result['carrier_byes']} BYE of {completed} calls"
            )
        if result["media_direct"] and result["media_sent"]:
            found.append("media went past the server")
        if result["media_caller"] < (1 - MOST_MEDIA_LOST) * result["media_sent"]:
            found.append(
                f"{result['media_sent'] - result['media_caller']} of {result['media_sent']} RTP packets lost"
            )
    return found


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
