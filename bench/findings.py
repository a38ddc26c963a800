"""What a run has found, before anything is made of it."""

from dataclasses import dataclass, field

from bench.rounds import Round
from bench.rows import Row


@dataclass(slots=True)
class Findings:
    """All that a run has found, for the report."""

    command: str
    began: float
    bindings: int
    rounds_wanted: int
    seconds: float
    cores: tuple[int | None, int | None]
    titles: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    throughout_us: dict[str, dict[str, float]] = field(default_factory=dict)
    idle_ms_per_s: dict[str, dict[str, float]] = field(default_factory=dict)
    memory: dict[str, tuple[int, int, int]] = field(default_factory=dict)  # before, after, bindings added
    fills: dict[str, tuple[float, float]] = field(default_factory=dict)  # REGISTER/s, CPU µs each
    queries: dict[str, list[tuple[int, int]]] = field(default_factory=dict)  # found, asked
    first_starts: dict[str, float] = field(default_factory=dict)
    starts: dict[str, list[tuple[float, float]]] = field(default_factory=dict)  # seconds, CPU seconds
    stops: dict[str, list[float]] = field(default_factory=dict)
    crosscheck: dict[str, list[tuple[float, float]]] = field(default_factory=dict)  # ours, SIPp's
    took_s: float = 0.0
