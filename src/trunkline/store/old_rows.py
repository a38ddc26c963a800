"""SQL that removes old rows in small pieces: fills the port ``OldRows`` of operations."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, Select, Table, delete, func, select, tuple_

from trunkline.store.database import Database
from trunkline.store.directory_feed import KEPT_CHANGES
from trunkline.store.schema import (
    audit,
    cdrs,
    changes,
    credentials,
    secret_uses,
    webhook_deliveries,
    webhook_standings,
    webhooks,
)


class SqlOldRows:
    """Rows of all accounts. Each piece is a transaction of its own. ``kept_changes`` rows of the feed stay."""

    def __init__(self, database: Database, kept_changes: int = KEPT_CHANGES) -> None:
        self._database = database
        self._kept_changes = kept_changes

    async def remove_audit(self, before: float, most: int) -> int:
        """See the port."""
        return await self._remove(audit, select(audit.c.id).where(audit.c.at < before), most)

    async def remove_cdrs(self, before: float, most: int) -> int:
        """See the port. A call that runs has no end yet, and stays."""
        return await self._remove(cdrs, select(cdrs.c.call_id).where(cdrs.c.ended_at < before), most)

    async def remove_changes(self, most: int) -> int:
        """See the port."""
        newest = select(func.max(changes.c.seq)).scalar_subquery()
        return await self._remove(
            changes, select(changes.c.seq).where(changes.c.seq <= newest - self._kept_changes), most
        )

    async def remove_strays(self, most: int) -> int:
        """See the port."""
        removed = 0
        for table, column, owner in _STRAYS:
            keys = select(*table.primary_key.columns).where(~_exists(table, column, owner))
            removed += await self._remove(table, keys, most - removed)
            if removed >= most:
                break
        return removed

    async def _remove(self, table: Table, keys: Select[tuple[object, ...]], most: int) -> int:
        """Looked for in a transaction that only reads: where there is nothing to remove, no writer waits."""
        async with self._database.reading() as connection:
            found = [tuple(row) for row in await connection.execute(keys.limit(most))]
        if not found:
            return 0
        async with self._database.writing() as connection:
            gone = await connection.execute(
                delete(table).where(tuple_(*table.primary_key.columns).in_(found))
            )
        return gone.rowcount


_STRAYS: Final = (
    (webhook_deliveries, "webhook_id", webhooks),
    (webhook_standings, "webhook_id", webhooks),
    (secret_uses, "credential_id", credentials),
)
"""Tables without a foreign key, the column that names whose a row is, and where that one is."""


def _exists(table: Table, column: str, owner: Table) -> ColumnElement[bool]:
    return select(owner.c.id).where(owner.c.id == table.c[column]).exists()
