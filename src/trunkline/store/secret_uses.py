"""Last uses of rotating secrets on disk: written behind, read back at a start."""

from __future__ import annotations

from itertools import islice
from typing import Final

from sqlalchemy import select

from trunkline.store.batches import RowValues, upsert_sql, write_batch
from trunkline.store.database import Database
from trunkline.store.schema import secret_uses
from trunkline.store.write_behind import WriteBehind

FLUSH_DELAY_S: Final = 10.0
"""A device that registers anew every few seconds is written once in this time."""

MOST_WAITING: Final = 20_000
ROWS_AT_ONCE: Final = 500
"""Less than a millisecond's work for the event loop."""

_Key = tuple[int, int]


class SecretUseWriter:
    """Takes uses; never waits and never fails its caller.

    Of a secret that is used again before it is written, only the last use is. While the database fails, the uses of
    ``MOST_WAITING`` secrets wait; of more, the ones that came first are dropped and counted in ``dropped``.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._upsert = upsert_sql(secret_uses, database.placeholder)
        self._waiting: dict[_Key, float] = {}
        self._behind = WriteBehind("uses of secrets", self._flush, FLUSH_DELAY_S)
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """How many uses are not on disk yet."""
        return len(self._waiting)

    def start(self) -> None:
        """Begin to write. Needs a running event loop."""
        self._behind.start()

    def used(self, credential_id: int, generation: int, at: float) -> None:
        """This generation (0 the newest) of a credential's secrets was used at this time."""
        key = (credential_id, generation)
        if not self._waiting:
            self._behind.wake()
        elif len(self._waiting) >= MOST_WAITING and key not in self._waiting:
            del self._waiting[next(iter(self._waiting))]
            self.dropped += 1
        self._waiting[key] = at

    async def close(self) -> None:
        """Write everything that waits, and stop."""
        await self._behind.close()

    async def _flush(self) -> None:
        while self._waiting:
            taken = dict(islice(self._waiting.items(), ROWS_AT_ONCE))
            for key in taken:
                del self._waiting[key]
            rows: list[RowValues] = [(*key, at) for key, at in taken.items()]
            try:
                self.dropped += await write_batch(self._database, self._upsert, rows)
            except BaseException:
                # Newer uses that came meanwhile win over those taken.
                self._waiting = taken | self._waiting
                raise


async def load_secret_uses(database: Database, most: int) -> list[tuple[int, int, float]]:
    """The latest uses, at most so many, the oldest of them first: credential, generation and when."""
    wanted = select(secret_uses).order_by(secret_uses.c.at.desc()).limit(most)
    async with database.reading() as connection:
        rows = (await connection.execute(wanted)).all()
    return [(row.credential_id, row.generation, row.at) for row in reversed(rows)]
