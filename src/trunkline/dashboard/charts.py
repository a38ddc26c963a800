"""Charts: the last day of an account as lines and bars, worked out to the coordinates that a page draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from trunkline.operations.pages import in_pieces
from trunkline.operations.samples import Sample

DAY_S: Final = 86_400.0
SLOTS: Final = 144
"""Ten minutes each."""

HOURS: Final = 24
WIDTH: Final = 560
HEIGHT: Final = 170
LEFT: Final = 46
RIGHT: Final = WIDTH - 8
TOP: Final = 10
BOTTOM: Final = HEIGHT - 26

_AT_ONCE: Final = 200
"""Samples that are looked at before everything else gets its turn."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis, ``at`` so many units of the drawing."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar with its corner and size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with what it says in words: ``summary`` for who does not see it, ``hours`` as a table.

    It has a line (``line``, and ``area`` below it) or ``bars``. ``hours`` are the largest (of bars: the sum) of each
    hour, with the hours that it lies back.
    """

    name: str
    title: str
    summary: str
    ups: tuple[Tick, ...]
    across: tuple[Tick, ...]
    hours: tuple[tuple[int, int], ...]
    line: str = ""
    area: str = ""
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """A day of an account: registrations and calls in each ten minutes (the most), refusals in each hour (all)."""

    registrations: tuple[int, ...]
    calls: tuple[int, ...]
    refusals: tuple[int, ...]


async def day_of(samples: Sequence[Sample], now: float) -> Day:
    """Put the samples of the last day together."""
    registrations, calls, refusals = [0] * SLOTS, [0] * SLOTS, [0] * HOURS
    start = now - DAY_S
    async for piece in in_pieces(samples, _AT_ONCE):
        for sample in piece:
            share = (sample.at + 60.0 - start) / DAY_S
            if not 0.0 <= share < 1.0 + 60.0 / DAY_S:
                continue
            slot = min(SLOTS - 1, int(share * SLOTS))
            registrations[slot] = max(registrations[slot], sample.registrations)
            calls[slot] = max(calls[slot], sample.calls)
            if sample.refused:
                refusals[min(HOURS - 1, int(share * HOURS))] += sum(sample.refused.values())
    return Day(tuple(registrations), tuple(calls), tuple(refusals))


def line_chart(name: str, title: str, past: Sequence[int], now: int) -> Chart:
    """A line of what there was, with the area below it; it ends with what there is now."""
    values = (*past, now)
    top = _top(values)
    step = (RIGHT - LEFT) / (len(values) - 1)
    points = [f"{LEFT + number * step:.1f},{_height(value, top):.1f}" for number, value in enumerate(values)]
    line = " ".join(points)
    each = len(past) // HOURS
    hours = [max(past[number * each : (number + 1) * each]) for number in range(HOURS)]
    return Chart(
        name,
        title,
        f"Now {now:,}; in the last day {max(values):,} at most.",
        _ups(top),
        _ACROSS,
        _by_hour(hours),
        line=line,
        area=f"{LEFT},{BOTTOM} {line} {RIGHT},{BOTTOM}",
    )


def bar_chart(name: str, title: str, what: str, values: Sequence[int]) -> Chart:
    """A bar for each hour."""
    top = _top(values)
    step = (RIGHT - LEFT) / len(values)
    bars = tuple(
        Bar(
            round(LEFT + number * step + 2, 1),
            round(_height(value, top), 1),
            round(step - 4, 1),
            round(BOTTOM - _height(value, top), 1),
        )
        for number, value in enumerate(values)
        if value
    )
    summary = f"{sum(values)} {what} in the last day, {values[-1]} of them in the last hour."
    return Chart(name, title, summary, _ups(top), _ACROSS, _by_hour(values), bars=bars)


def share(count: int, most: int) -> float:
    """The length of a bar beside others in percent: the longest has all."""
    return round(100 * count / most, 1) if most else 0.0


def _by_hour(values: Sequence[int]) -> tuple[tuple[int, int], ...]:
    return tuple((HOURS - number, value) for number, value in enumerate(values))


def _top(values: Sequence[int]) -> int:
    """The upper end of the axis: 2, 4, 6 or 10 times a power of ten, so that its half is whole too."""
    most = max(2, *values)
    size = 1
    while True:
        for factor in (2, 4, 6, 10):
            if most <= factor * size:
                return factor * size
        size *= 10


def _height(value: int, top: int) -> float:
    return BOTTOM - (BOTTOM - TOP) * value / top


def _ups(top: int) -> tuple[Tick, ...]:
    return tuple(Tick(_height(value, top), f"{value:,}") for value in (0, top // 2, top))


_ACROSS: Final = tuple(
    Tick(LEFT + (RIGHT - LEFT) * number / 4, "now" if number == 4 else f"{24 - 6 * number} h ago")
    for number in range(5)
)
