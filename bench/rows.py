"""The kinds of work that are measured: what is offered, for how long, and what the CPU time is divided by."""

from dataclasses import dataclass, field

from bench.load import MEDIA_NUMBER, PLAIN_NUMBER

FEW_USERS = 1_000
PACKETS_PER_CALL = 20
MEDIA_ROUNDS = 3
CALLERS = 4  # users that place the calls; each has many at a time


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report. rate is units per second, None for a closed loop with in_flight units."""

    key: str
    title: str
    work: str  # what a peer must be able to do: register, call, media
    mode: str  # the generator's
    rate: float | None
    in_flight: int = 0
    many: bool = False  # with all bindings in place, not only FEW_USERS
    media: bool = False
    streams: int = 0
    options: dict[str, object] = field(default_factory=dict)
    most_rounds: int = 100  # fewer where a round is long and its figure steady

    def load(self, seconds: float, users: int) -> dict[str, object]:
        """Options of the generator for one round."""
        callers = CALLERS if self.mode == "call" else users
        given: dict[str, object] = {**self.options, "seconds": seconds, "users": callers}
        if self.streams:
            return given | {"streams": self.streams, "rate": self.rate or 100}
        if self.rate is None:
            return given | {"in_flight": self.in_flight, "count": 1_000_000}
        return given | {"rate": self.rate, "count": round(self.rate * seconds)}


def all_rows(bindings: int) -> list[Row]:
    """Every row that is measured by load, in the order of the report."""
    few, many = f"{FEW_USERS:,} bindings", f"{bindings:,} bindings"
    plain: dict[str, object] = {"number": PLAIN_NUMBER}
    media: dict[str, object] = {"number": MEDIA_NUMBER}
    return [
        Row("register", f"REGISTER, {few}, 5,000/s", "register", "register", 5_000),
        Row(
            "register-bursts",
            f"REGISTER, {few}, 5,000/s, 50 at a time",
            "register",
            "register",
            5_000,
            options={"quantum_ms": 10},
        ),
        Row("register-many", f"REGISTER, {many}, 5,000/s", "register", "register", 5_000, many=True),
        Row("register-busy", f"REGISTER, {few}, saturated", "register", "register", None, 64),
        Row(
            "register-many-busy", f"REGISTER, {many}, saturated", "register", "register", None, 64, many=True
        ),
        Row("call", "call, 200/s", "call", "call", 200, options=plain),
        Row(
            "call-busy",
            "call, saturated",
            "call",
            "call",
            None,
            16,
            options={**plain, "hold_ms": 0, "ring_ms": 0},
        ),
        Row(
            "call-media",
            f"call with {PACKETS_PER_CALL} RTP packets relayed each way, 60/s",
            "media",
            "call",
            60,
            media=True,
            options={**media, "packets": PACKETS_PER_CALL, "hold_ms": 420},
            most_rounds=MEDIA_ROUNDS,
        ),
        Row(
            "rtp",
            "RTP packet relayed, 100 calls, 50/s each way",
            "media",
            "call",
            100,
            media=True,
            streams=100,
            options=media,
            most_rounds=MEDIA_ROUNDS,
        ),
    ]
