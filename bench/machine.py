"""What the measurement ran on: processor, kernel, Python, cores, and which core does what."""

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cores:
    """Who runs where; None on a machine with one core, where nothing can be kept apart."""

    server: int | None
    generator: int | None

    def pin_server(self) -> list[str]:
        """What to put before a server's command."""
        return _pin(self.server)

    def pin_generator(self) -> list[str]:
        """What to put before the generator's command."""
        return _pin(self.generator)


def choose_cores() -> Cores:
    """The first two cores this process may use: servers on one, load on the other."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2 or shutil.which("taskset") is None:
        return Cores(None, None)
    return Cores(usable[0], usable[1])


def describe_machine() -> list[tuple[str, str]]:
    """Name and value of each fact about this machine."""
    memory_kb = _field("/proc/meminfo", "MemTotal").split()[0]
    return [
        ("processor", f"{_field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores"),
        ("virtual", _virtualisation()),
        ("memory", f"{int(memory_kb) / 1024 / 1024:.0f} GB"),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("system", _field("/etc/os-release", "PRETTY_NAME", "=").strip('"')),
        ("Python", f"{sys.version.split()[0]} ({platform.python_compiler()})"),
        ("compiler", first_line(["gcc", "--version"])),
    ]


def first_line(command: list[str]) -> str:
    """The first line a program prints; "absent" when it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except OSError:
        return "absent"
    return (done.stdout or done.stderr).strip().partition("\n")[0]


def _pin(core: int | None) -> list[str]:
    return [] if core is None else ["taskset", "-c", str(core)]


def _field(path: str, name: str, separator: str = ":") -> str:
    for line in Path(path).read_text().splitlines():
        key, found, value = line.partition(separator)
        if found and key.strip() == name:
            return value.strip()
    return "unknown 0"


def _virtualisation() -> str:
    flags = _field("/proc/cpuinfo", "flags").split()
    return "yes" if "hypervisor" in flags else "no"
