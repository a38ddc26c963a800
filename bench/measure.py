"""What a server used: CPU time and memory of its processes, and the machine's UDP losses, all from /proc."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class CpuReading:
    """CPU time used so far: nanoseconds per thread, and the processes' own sums, which outlive a thread."""

    threads: dict[tuple[int, int], int]
    ticks_s: float

    def until(self, later: "CpuReading") -> float:
        """Seconds of CPU time between the two readings.

        Threads are read to the nanosecond; when one has ended in between, the sums count, to 10 ms.
        """
        if self.threads.keys() <= later.threads.keys():
            return (sum(later.threads.values()) - sum(self.threads.values())) / 1e9
        return later.ticks_s - self.ticks_s


def process_tree(roots: Iterable[int]) -> list[int]:
    """The given processes and all that descend from them."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            fields = _stat_fields(int(entry.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    waiting = [pid for pid in roots if (PROC / str(pid)).exists()]
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.append(pid)
            waiting.extend(children.get(pid, ()))
    return found


def read_cpu(roots: Iterable[int]) -> CpuReading:
    """What the processes and their descendants have used up to now (user and system)."""
    threads: dict[tuple[int, int], int] = {}
    ticks = 0
    for pid in process_tree(roots):
        fields = _stat_fields(pid)
        if fields is None:
            continue
        ticks += sum(int(field) for field in fields[11:15])
        for task in _tasks(pid):
            used = _read(PROC / str(pid) / "task" / task / "schedstat")
            if used:
                threads[pid, int(task)] = int(used.split()[0])
    return CpuReading(threads, ticks * TICK_S)


def read_machine() -> float:
    """Seconds of CPU time that the whole machine has worked, or was kept from it by others on its host, since boot."""
    user, nice, system, _idle, _wait, irq, softirq, steal = map(
        int, (_read(PROC / "stat") or "").split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) * TICK_S


def read_memory(roots: Iterable[int]) -> int:
    """Bytes of memory that the processes hold: their proportional set size, so that shared pages count once."""
    total = 0
    for pid in process_tree(roots):
        for line in (_read(PROC / str(pid) / "smaps_rollup") or "").splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def read_udp_errors() -> int:
    """Datagrams that the kernel dropped at full or faulty buffers, machine-wide, since boot."""
    lines = [
        line.split() for line in (_read(PROC / "net" / "snmp") or "").splitlines() if line.startswith("Udp:")
    ]
    names, values = lines[0], lines[1]
    return sum(int(values[names.index(name)]) for name in ("RcvbufErrors", "SndbufErrors", "InCsumErrors"))


def read_drops(port: int) -> int:
    """Datagrams that the kernel dropped at the full buffer of the sockets on this UDP port."""
    lines = [line.split() for line in (_read(PROC / "net" / "udp") or "").splitlines()[1:]]
    return sum(int(fields[-1]) for fields in lines if int(fields[1].rpartition(":")[2], 16) == port)


def _stat_fields(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the state on; None when the process is gone."""
    text = _read(PROC / str(pid) / "stat")
    return text.rpartition(")")[2].split() if text else None


def _tasks(pid: int) -> list[str]:
    try:
        return [entry.name for entry in (PROC / str(pid) / "task").iterdir()]
    except OSError:
        return []


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None
