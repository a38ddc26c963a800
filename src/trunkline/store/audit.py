"""SQL of the audit log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.domain.audit import Action, AuditEntry, FieldChange
from trunkline.domain.principal import PrincipalKind
from trunkline.provisioning.access_ports import AuditQuery
from trunkline.store.batches import RowValues, insert_sql, placeholder_of
from trunkline.store.schema import audit

_columns = audit.c


class SqlAuditLog:
    """Rows of the audit log in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, entries: Sequence[AuditEntry]) -> None:
        """Write entries; each gets an id."""
        if entries:
            # The driver's own statement spares the event loop work: there may be ten thousand entries.
            statement = insert_sql(audit, placeholder_of(self._connection), skip=frozenset({"id"}))
            await self._connection.exec_driver_sql(statement, [_row(entry) for entry in entries])

    async def page(self, query: AuditQuery) -> list[AuditEntry]:
        """The entries that a query asks for, the newest first."""
        wanted = select(audit)
        if query.account_id is not None:
            wanted = wanted.where(_columns.account_id == query.account_id)
        for column, text in (
            (_columns.noun, query.noun),
            (_columns.key, query.key),
            (_columns.actor_name, query.actor_name),
        ):
            if text:
                wanted = wanted.where(column == text)
        if query.since:
            wanted = wanted.where(_columns.at >= query.since)
        if query.until is not None:
            wanted = wanted.where(_columns.at < query.until)
        if query.before:
            wanted = wanted.where(_columns.id < query.before)
        rows = await self._connection.execute(wanted.order_by(_columns.id.desc()).limit(query.limit))
        return [_entry(row) for row in rows]


def _entry(row: Any) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=row.at,
        account_id=row.account_id,
        actor_kind=PrincipalKind(row.actor_kind),
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        source=row.source,
        action=Action(row.action),
        noun=row.noun,
        key=row.key,
        changes=tuple(FieldChange(name, old, new) for name, (old, new) in json.loads(row.changes).items()),
    )


def _row(entry: AuditEntry) -> RowValues:
    """The values in the order of the columns, without the id."""
    return (
        entry.at, entry.account_id, entry.actor_kind.value, entry.actor_id, entry.actor_name, entry.source,
        entry.action.value, entry.noun, entry.key,
        json.dumps({change.name: [change.old, change.new] for change in entry.changes}),
    )  # fmt: skip
