"""Retention: what nobody needs any longer is removed from the disk, some rows at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from trunkline.domain.clock import Clock

FIRST_AFTER_S: Final = 60.0
"""A start has other things to do; a server that is started anew every day shortens its tables too."""

EVERY_S: Final = 3_600.0
ROWS_AT_ONCE: Final = 500
"""Some milliseconds' work of the database, for which other writers wait."""

PAUSE_S: Final = 0.05
"""Between two pieces, so that other writers come first however much there is to remove."""

_log: Final = structlog.get_logger("trunkline.retention")


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """For how many seconds entries of the audit log and CDRs of ended calls are kept; 0: for ever."""

    audit_s: float = 400 * 86_400.0
    cdrs_s: float = 0.0


class OldRows(Protocol):
    """Port: rows on disk that may go. Each method removes ``most`` rows at most, and returns how many went."""

    async def remove_audit(self, before: float, most: int) -> int:
        """Entries of the audit log that were written before a time."""
        ...

    async def remove_cdrs(self, before: float, most: int) -> int:
        """CDRs of calls that ended before a time."""
        ...

    async def remove_changes(self, most: int) -> int:
        """Rows of the change feed that every server has read long ago."""
        ...

    async def remove_strays(self, most: int) -> int:
        """What was written behind for webhooks and credentials that are gone."""
        ...


Removal = Callable[[int], Awaitable[int]]
"""Removes so many rows at most; returns how many went."""


class Retention:
    """See the module. ``trim_ladders`` brings kept ladders to their own bounds: few calls a day would else not do it."""

    def __init__(
        self,
        rows: OldRows,
        policy: RetentionPolicy,
        clock: Clock,
        trim_ladders: Callable[[], Awaitable[None]] | None = None,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._rows = rows
        self._policy = policy
        self._clock = clock
        self._trim_ladders = trim_ladders
        self._pause_s = pause_s

    async def run(self) -> None:
        """Remove what is old soon after the start and then every hour, until cancelled."""
        await asyncio.sleep(FIRST_AFTER_S)
        while True:
            await self.remove_old()
            await asyncio.sleep(EVERY_S)

    async def remove_old(self) -> None:
        """Remove everything that is old by now. What the database refuses is left for the next time."""
        now, rows, policy = self._clock.now(), self._rows, self._policy
        if policy.audit_s:
            await self._remove("audit log", lambda most: rows.remove_audit(now - policy.audit_s, most))
        if policy.cdrs_s:
            await self._remove("CDRs", lambda most: rows.remove_cdrs(now - policy.cdrs_s, most))
        await self._remove("change feed", rows.remove_changes)
        await self._remove("strays", rows.remove_strays)
        if self._trim_ladders is not None:
            await self._trim(self._trim_ladders)

    async def _remove(self, what: str, remove: Removal) -> None:
        removed = 0
        try:
            while count := await remove(ROWS_AT_ONCE):
                removed += count
                await asyncio.sleep(self._pause_s)
        except Exception as error:  # noqa: BLE001 - the boundary: old rows are no reason to stop anything
            _log.error("old rows could not be removed", what=what, error=str(error))
        if removed:
            _log.info("old rows were removed", what=what, rows=removed)

    async def _trim(self, trim: Callable[[], Awaitable[None]]) -> None:
        try:
            await trim()
        except Exception as error:  # noqa: BLE001 - see _remove
            _log.error("old rows could not be removed", what="ladders", error=str(error))
