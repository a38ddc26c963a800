"""Writes the findings of a run as docs/benchmarks.md."""

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from bench.findings import Findings
from bench.machine import describe_machine
from bench.rounds import SETTLE_S, Round
from bench.rows import FEW_USERS, MEDIA_ROUNDS, Row

NOTES = Path(__file__).parent / "notes.md"
NONE = "-"

HOW = f"""\
How it is measured:

- **CPU time, not wall clock**: user and system time of the server's processes and threads from `/proc` (nanoseconds of
  `schedstat`), from before the first request until {SETTLE_S:.0f} s after the last answer, divided by the units of work that were
  completed. Idle work in that time is included. Memory is the proportional set size, so that pages which a server's
  processes share count once.
- Servers take turns (A B C A B C …) in one run, all on one core; the load generator has another core to itself.
- The generator (`bench/native/`) is our own, in C. Every REGISTER costs a 401 and a 200: nonces are not reused. A call is
  INVITE, 407, ACK, INVITE, 100, 180, 200, ACK, BYE, 200 with the generator as both the caller and the carrier.
- A round is **void**, and left out of the median, when more than 0.1 % of its units failed, 0.5 % of its messages were
  retransmitted, the generator used over 90 % of its core, the rate was not reached, the kernel dropped a datagram, a call
  did not end at the carrier (ACK and BYE counted there), or media did not come through the server. Void rounds are
  repeated at most twice. Where more are void than not, the figure is that of all and stands in brackets.
- Rows with a rate show what a message costs a server that sleeps between messages, which includes being woken; *saturated*
  rows keep a fixed number in flight and show what it costs one that always has the next message waiting.
"""


def write_report(findings: Findings, path: Path) -> None:
    """Write the whole document."""
    parts = [
        "# Benchmarks",
        "Written by `make bench`; every run replaces it.",
        _about(findings),
        "## CPU time per unit of work",
        "Microseconds: median (lowest-highest) and, in the second table, the ratio to Kamailio. Less is better.",
        _costs(findings),
        _ratios(findings),
        "## Under what conditions",
        _conditions(findings),
        _memory(findings),
        _starts(findings),
        _checks(findings),
        _crosscheck(findings),
        "## How to read it",
        HOW + "\n".join(f"- {note}" for note in findings.notes),
        NOTES.read_text().strip() if NOTES.exists() else "",
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(part for part in parts if part) + "\n")


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [head, ["---"] + ["---:"] * (len(head) - 1), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _about(findings: Findings) -> str:
    began = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(findings.began))
    server, generator = findings.cores
    pinned = (
        "not pinned (one core)"
        if server is None
        else f"servers on core {server}, generator on core {generator}"
    )
    lines = [
        ("date", began),
        ("command", f"`{findings.command}`"),
        ("took", f"{findings.took_s / 60:.1f} minutes"),
        *describe_machine(),
    ]
    lines += [
        ("cores", pinned),
        (
            "rounds",
            f"{findings.rounds_wanted} of {findings.seconds:g} s for each row and server, {MEDIA_ROUNDS} of those with media",
        ),
    ]
    lines += [(findings.titles[name], version) for name, version in findings.versions.items()]
    lines += [("left out", reason) for reason in findings.absent]
    return _table(("", "what"), lines).replace("| --- | ---: |", "| --- | --- |")


def _rounds(findings: Findings, row: Row, peer: str) -> tuple[list[Round], bool]:
    """The rounds that count, and whether they do; all of them where more are void than not."""
    rounds = [each for each in findings.rounds if each.row == row.key and each.peer == peer and each.units]
    valid = [each for each in rounds if not each.doubts]
    return (valid, True) if 2 * len(valid) > len(rounds) else (rounds, False)


def _peers(findings: Findings) -> list[str]:
    return [name for name in findings.titles if any(each.peer == name for each in findings.rounds)]


def _cell(findings: Findings, row: Row, peer: str) -> str:
    rounds, counts = _rounds(findings, row, peer)
    if not rounds:
        return NONE
    values = [each.unit_us for each in rounds]
    text = f"{_figure(statistics.median(values))} ({_figure(min(values))}-{_figure(max(values))})"
    return text if counts else f"[{text}]"


def _figure(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _costs(findings: Findings) -> str:
    peers = _peers(findings)
    head = ["work", *(findings.titles[peer] for peer in peers)]
    return _table(
        head, ([row.title, *(_cell(findings, row, peer) for peer in peers)] for row in findings.rows)
    )


def _ratios(findings: Findings) -> str:
    peers = _peers(findings)
    if "kamailio" not in peers:
        return ""

    def ratio(row: Row, peer: str) -> str:
        own, kamailio = _rounds(findings, row, peer)[0], _rounds(findings, row, "kamailio")[0]
        if not own or not kamailio:
            return NONE
        return f"{_median(own, lambda each: each.unit_us) / _median(kamailio, lambda each: each.unit_us):.2f}"

    head = ["ratio to Kamailio", *(findings.titles[peer] for peer in peers)]
    return _table(head, ([row.title, *(ratio(row, peer) for peer in peers)] for row in findings.rows))


def _median(rounds: list[Round], value: Callable[[Round], float]) -> float:
    return statistics.median(value(each) for each in rounds)


def _conditions(findings: Findings) -> str:
    head = (
        "row, server",
        "done/s",
        "server's core",
        "generator's core",
        "others",
        "p50 µs",
        "p99 µs",
        "retransmitted",
        "failed",
        "void",
        "throughout µs",
    )
    lines = []
    for row in findings.rows:
        for peer in _peers(findings):
            rounds, counts = _rounds(findings, row, peer)
            every = [each for each in findings.rounds if each.row == row.key and each.peer == peer]
            if not every:
                continue
            lines.append(
                (
                    f"{row.key}, {findings.titles[peer]}",
                    f"{_median(rounds, lambda each: each.units / each.window_s):,.0f}" if rounds else NONE,
                    f"{_median(rounds, lambda each: each.server_share):.0%}" if rounds else NONE,
                    f"{_median(rounds, lambda each: each.load.generator_share):.0%}" if rounds else NONE,
                    f"{_median(rounds, lambda each: each.others_share):.0%}" if rounds else NONE,
                    _latency(row, rounds, "p50"),
                    _latency(row, rounds, "p99"),
                    str(sum(each.load["retransmissions"] for each in every)),
                    str(sum(each.load["failed"] for each in every)),
                    f"{sum(1 for each in every if each.doubts)} of {len(every)}"
                    + ("" if counts else ": " + every[-1].doubts[0]),
                    NONE if row.streams else _figure(findings.throughout_us[row.key][peer]),
                )
            )
    explanation = (
        "*Others*: what everything else on the machine used, in cores; an idle machine shows a few per cent. Latency: of the answer to the REGISTER with credentials; of a call from the INVITE with credentials to its 200 (the carrier rings "
        "10 ms, not in the saturated row); of an RTP packet there and back. *Throughout*: everything a server used from the row's first "
        "round to its last, the other servers' turns included, less its idle work in that time, by the units it did: the cost with all work that was put off."
    )
    return f"{explanation}\n\n{_table(head, lines)}" if lines else ""


def _reason(rounds: list[Round], *, counts: bool) -> str:
    reasons = [each.doubts[0] for each in rounds if each.doubts]
    return "" if counts or not reasons else f": {reasons[-1]}"


def _latency(row: Row, rounds: list[Round], part: str) -> str:
    name = "media_round_trip_us" if row.streams else "final_answer_us"
    values = [each.load[name][part] for each in rounds if part in each.load[name]]
    return f"{statistics.median(values):,.0f}" if values else NONE


def _memory(findings: Findings) -> str:
    if not findings.memory:
        return ""
    lines = []
    for peer, (before, after, added) in findings.memory.items():
        rate, cpu_us = findings.fills[peer]
        size = f"{(after - before) / added:,.0f}"
        lines.append(
            (
                findings.titles[peer],
                size,
                _megabytes(before),
                _megabytes(after),
                f"{rate:,.0f}",
                _figure(cpu_us),
            )
        )
    head = (
        "server",
        "bytes per binding",
        f"MB at {FEW_USERS:,}",
        f"MB at {findings.bindings:,}",
        "filled per s",
        "CPU µs per first REGISTER",
    )
    idle = [
        (findings.titles[peer], *(f"{used.get(peer, 0.0):.1f}" for used in findings.idle_ms_per_s.values()))
        for peer in findings.titles
        if any(peer in used for used in findings.idle_ms_per_s.values())
    ]
    return "\n\n".join(
        (
            "## Memory and idle work",
            f"All servers know {findings.bindings:,} users from the start; the growth is that of {findings.bindings - FEW_USERS:,} more bindings in a fresh process.",
            _table(head, lines),
            "CPU ms per second while nothing is asked:",
            _table(("server", *(f"with {state}" for state in findings.idle_ms_per_s)), idle),
        )
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f}"


def _starts(findings: Findings) -> str:
    if not findings.starts:
        return ""
    lines = []
    for peer, starts in findings.starts.items():
        seconds, cpu = [each[0] for each in starts], [each[1] for each in starts]
        lines.append(
            (
                findings.titles[peer],
                f"{statistics.median(seconds):.2f} ({min(seconds):.2f}-{max(seconds):.2f})",
                f"{statistics.median(cpu):.2f}",
                f"{findings.first_starts[peer]:.2f}",
                f"{statistics.median(findings.stops[peer]):.2f}",
            )
        )
    head = ("server", "start to first answer, s", "CPU s", "first start, no bindings, s", "orderly stop, s")
    title = f"## Start with {findings.bindings:,} bindings"
    return f"{title}\n\nFrom the process's start to its first answer, {findings.bindings:,} users known, all bindings in place.\n\n{_table(head, lines)}"


def _checks(findings: Findings) -> str:
    lines = [
        f"{findings.titles[peer]}: {', '.join(f'{found} of {asked}' for found, asked in asked)}"
        for peer, asked in findings.queries.items()
    ]
    calls = [each for each in findings.rounds if each.load["carrier_invites"]]
    completed, byes = (
        sum(each.load["completed"] for each in calls),
        sum(each.load["carrier_byes"] for each in calls),
    )
    refreshed = sum(each.load["completed"] for each in findings.rounds if not each.load["carrier_invites"])
    text = ["## What was checked"]
    if refreshed:
        text.append(
            f"{refreshed:,} REGISTERs got their 200. Bindings found when asked for, before and after the rows:"
        )
        text.append("\n".join(f"- {line}" for line in lines))
    if calls:
        text.append(f"{completed:,} calls were completed; the carrier saw {byes:,} BYEs.")
    if findings.rounds:
        errors = sum(each.udp_errors for each in findings.rounds)
        text.append(f"UDP errors of the whole machine during the rounds, whoever caused them: {errors:,}.")
    return "\n\n".join(text) if len(text) > 1 else ""


def _crosscheck(findings: Findings) -> str:
    if not findings.crosscheck:
        return ""
    lines = [
        (
            name,
            _figure(statistics.median(ours for ours, _ in pairs)),
            _figure(statistics.median(theirs for _, theirs in pairs)),
        )
        for name, pairs in findings.crosscheck.items()
    ]
    explanation = "REGISTER at 1,000/s and calls at 100/s, ours here in bursts every 10 ms as SIPp's are (elsewhere evenly spaced, which costs a server more wake-ups). SIPp's messages are shorter, and each of its REGISTERs has a Call-ID of its own: to a registrar that records events, a device that began anew."
    return f"## Cross-check with SIPp\n\n{explanation}\n\n{_table(('work', 'our generator, CPU µs', 'SIPp, CPU µs'), lines)}"
