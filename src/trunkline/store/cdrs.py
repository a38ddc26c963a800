"""Call detail records on disk: an answered call within a fifth of a second, every attempt at its end.

A process that dies leaves its answered calls open on disk; the next start closes them as *interrupted*, at the
last moment they are known to have lived.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from dataclasses import asdict
from typing import Final

from sqlalchemy import case, func, select, update

from trunkline.domain.cdr import Cdr, EndCause
from trunkline.domain.clock import Clock
from trunkline.store.batches import is_outage, upsert_sql, write_batch
from trunkline.store.cdr_rows import cdr_of, row_of
from trunkline.store.database import Database
from trunkline.store.schema import cdrs
from trunkline.store.write_behind import WriteBehind

FLUSH_DELAY_S: Final = 0.1
MOST_WAITING: Final = 50_000
SEEN_EVERY_S: Final = 5.0

_log: Final = logging.getLogger(__name__)


class CdrWriter:
    """Takes records of answered and ended calls; never waits and never fails its caller.

    When the database fails for so long that ``MOST_WAITING`` records wait, the oldest goes to the log, whole,
    and is counted in ``dropped``. ``node`` tells the calls of several servers on one database apart.
    """

    def __init__(self, database: Database, clock: Clock, node: str = "") -> None:
        self._database = database
        self._clock = clock
        self._node = node
        self._upsert = upsert_sql(cdrs, database.placeholder)
        self._waiting: dict[str, Cdr] = {}
        self._open: set[str] = set()
        self._behind = WriteBehind("CDRs", self._flush, FLUSH_DELAY_S)
        self._seeing: asyncio.Task[None] | None = None
        self.written = 0
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """How many records are not on disk yet."""
        return len(self._waiting)

    @property
    def failures(self) -> int:
        """How often the database failed."""
        return self._behind.failures

    def start(self) -> None:
        """Begin to write. Needs a running event loop."""
        self._behind.start()
        self._seeing = asyncio.get_running_loop().create_task(self._keep_seen(), name="open calls on disk")

    def opened(self, cdr: Cdr) -> None:
        """A call was answered."""
        self._open.add(cdr.call_id)
        self._take(cdr)

    def closed(self, cdr: Cdr) -> None:
        """A call attempt ended."""
        self._open.discard(cdr.call_id)
        self._take(cdr)

    async def close(self) -> None:
        """Write everything that waits, and stop. What an outage keeps from the disk goes to the log."""
        if self._seeing is not None:
            self._seeing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._seeing
            self._seeing = None
        await self._behind.close()
        while self._waiting:
            self._log_oldest()

    async def interrupt_open_calls(self, now: float) -> list[Cdr]:
        """Close the calls that a dead process of this node left open; returns them as they were closed.

        Called once, before new calls are taken.
        """
        last_seen = func.coalesce(cdrs.c.seen_at, cdrs.c.answered_at, cdrs.c.started_at)
        async with self._database.writing() as connection:
            closed = await connection.execute(
                update(cdrs)
                .where(cdrs.c.ended_at.is_(None), cdrs.c.node == self._node)
                .values(
                    ended_at=case((last_seen < now, last_seen), else_=now),
                    end_cause=EndCause.INTERRUPTED.value,
                    detail="the server died during the call; it ended at the last moment it is known to have lived",
                )
                .returning(cdrs)
            )
            return [cdr_of(row) for row in closed.all()]

    def _take(self, cdr: Cdr) -> None:
        if not self._waiting:
            self._behind.wake()
        elif len(self._waiting) >= MOST_WAITING and cdr.call_id not in self._waiting:
            self._log_oldest()
        self._waiting[cdr.call_id] = cdr

    async def _flush(self) -> None:
        taken, self._waiting = self._waiting, {}
        now = self._clock.now()
        rows = [row_of(cdr, self._node, now if cdr.ended_at is None else None) for cdr in taken.values()]
        try:
            refused = await write_batch(self._database, self._upsert, rows)
        except BaseException:
            self._waiting = taken | self._waiting
            raise
        self.written += len(rows) - refused
        self.dropped += refused

    async def _keep_seen(self) -> None:
        """Note from time to time that the open calls still live."""
        while True:
            await asyncio.sleep(SEEN_EVERY_S)
            if not self._open:
                continue
            try:
                async with self._database.writing() as connection:
                    await connection.execute(
                        update(cdrs)
                        .where(cdrs.c.ended_at.is_(None), cdrs.c.node == self._node)
                        .values(seen_at=self._clock.now())
                    )
            except Exception as error:  # noqa: BLE001 - is_outage tells theirs from ours
                if not is_outage(error):
                    _log.exception("Open calls could not be marked as alive")

    def _log_oldest(self) -> None:
        oldest = self._waiting.pop(next(iter(self._waiting)))
        self.dropped += 1
        _log.error("CDR not stored: %s", json.dumps(asdict(oldest), default=str))


async def open_calls(database: Database, account_id: int | None = None) -> list[Cdr]:
    """The answered calls that have not ended, the oldest first."""
    wanted = select(cdrs).where(cdrs.c.ended_at.is_(None)).order_by(cdrs.c.started_at, cdrs.c.call_id)
    if account_id is not None:
        wanted = wanted.where(cdrs.c.account_id == account_id)
    async with database.reading() as connection:
        return [cdr_of(row) for row in (await connection.execute(wanted)).all()]
