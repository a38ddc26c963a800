"""How trunks did over the last day: how many tries answered and failed in each half hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SLOT_S: Final = 1800.0
SLOTS: Final = 48
"""A day."""


@dataclass(frozen=True, slots=True)
class TrunkSlot:
    """Half an hour of a trunk from epoch seconds ``at`` on: tries that somebody answered, and those that failed."""

    at: float
    good: int
    failed: int


class TrunkHistory:
    """Counts in memory: what was before the server was started is not known."""

    def __init__(self) -> None:
        self._counts: dict[int, dict[int, list[int]]] = {}

    def tried(self, trunk_id: int, at: float, *, is_good: bool) -> None:
        """Count a try; a day of half hours is kept."""
        slots = self._counts.setdefault(trunk_id, {})
        number = int(at // SLOT_S)
        if number not in slots:
            slots[number] = [0, 0]
            for old in [one for one in slots if one <= number - SLOTS]:
                del slots[old]
        slots[number][0 if is_good else 1] += 1

    def of(self, trunk_id: int, now: float) -> tuple[TrunkSlot, ...]:
        """The last day of a trunk, the oldest half hour first; nothing happened in one with neither count."""
        slots, last = self._counts.get(trunk_id, {}), int(now // SLOT_S)
        return tuple(
            TrunkSlot(number * SLOT_S, *slots.get(number, (0, 0)))
            for number in range(last - SLOTS + 1, last + 1)
        )
