"""Kept ladders on disk: fills the port ``LadderStore`` of operations."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from trunkline.operations.ladders import KeptLadder
from trunkline.store.batches import upsert_sql
from trunkline.store.database import Database
from trunkline.store.schema import ladders as table


class SqlLadders:
    """Ladders of ended calls."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._upsert = upsert_sql(table, database.placeholder)

    async def keep(self, ladders: Sequence[KeptLadder]) -> None:
        """See the port."""
        rows = [(one.call_id, one.account_id, one.ended_at, one.packed) for one in ladders]
        async with self._database.writing() as connection:
            await connection.exec_driver_sql(self._upsert, rows)

    async def find(self, call_id: str) -> KeptLadder | None:
        """See the port."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(table).where(table.c.call_id == call_id))).one_or_none()
        return (
            None if row is None else KeptLadder(row.call_id, row.account_id, row.ended_at, bytes(row.packed))
        )

    async def trim(self, most: int, oldest: float) -> None:
        """See the port."""
        newest_of_the_rest = (
            select(table.c.ended_at).order_by(table.c.ended_at.desc()).offset(most).limit(1).scalar_subquery()
        )
        async with self._database.writing() as connection:
            await connection.execute(delete(table).where(table.c.ended_at < oldest))
            await connection.execute(delete(table).where(table.c.ended_at <= newest_of_the_rest))
