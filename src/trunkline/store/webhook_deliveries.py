"""SQL of deliveries to webhooks: written behind when events come, read and written again as they are tried."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.domain.webhook import Delivery, DeliveryState, WebhookStanding
from trunkline.store.batches import RowValues, insert_sql, upsert_sql, write_batch
from trunkline.store.database import Database
from trunkline.store.schema import webhook_deliveries, webhook_standings
from trunkline.store.write_behind import WriteBehind

FLUSH_DELAY_S: Final = 0.25
MOST_PENDING: Final = 20_000
"""Deliveries that may wait in memory for the disk."""

ROWS_AT_ONCE: Final = 200
"""Bodies are made between turns of the event loop: calls go on meanwhile."""

KEPT: Final = 500
"""Deliveries of a webhook that stay to be looked at when they are over."""

_columns = webhook_deliveries.c
_NEVER: Final = 1e18
_EARLIEST: Final = (
    f"SELECT coalesce(min(next_at), {_NEVER}) FROM {webhook_deliveries.name} WHERE state = 'waiting'"  # noqa: S608 - our own names
)


class SqlDeliveries:
    """Rows of deliveries in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def queue(self, delivery: Delivery) -> Delivery:
        """Write a new delivery, for whichever server sees it, and return it with the id it got."""
        added = await self._connection.execute(
            insert(webhook_deliveries).values(node="", **_values(delivery)).returning(webhook_deliveries)
        )
        return _delivery(added.one())

    async def page(self, webhook_id: str, before: int = 0, limit: int = 50) -> list[Delivery]:
        """The deliveries of a webhook, the newest first; ``before`` an id gives those that are older."""
        wanted = select(webhook_deliveries).where(_columns.webhook_id == webhook_id)
        if before:
            wanted = wanted.where(_columns.id < before)
        rows = await self._connection.execute(wanted.order_by(_columns.id.desc()).limit(limit))
        return [_delivery(row) for row in rows]

    async def get(self, delivery_id: int) -> Delivery | None:
        """The delivery; None when it is gone."""
        found = await self._connection.execute(select(webhook_deliveries).where(_columns.id == delivery_id))
        row = found.one_or_none()
        return None if row is None else _delivery(row)

    async def standing(self, webhook_id: str) -> WebhookStanding:
        """How a webhook fares."""
        table = webhook_standings
        row = (
            await self._connection.execute(select(table).where(table.c.webhook_id == webhook_id))
        ).one_or_none()
        waiting = await self._connection.execute(
            select(func.count()).where(
                _columns.webhook_id == webhook_id, _columns.state == DeliveryState.WAITING.value
            )
        )
        kept = {} if row is None else dict(row._mapping)  # noqa: SLF001 - its public name
        return WebhookStanding(**{"webhook_id": webhook_id, **kept, "waiting": waiting.scalar_one()})


class SqlOutbox:
    """Fills the port ``Outbox`` of the webhooks' adapter.

    New deliveries are written behind, at most ``FLUSH_DELAY_S`` later; more than ``MOST_PENDING`` are not taken.
    Only what this ``node`` heard, or nobody in particular, is given out: each server sends what it heard.
    """

    def __init__(self, database: Database, node: str = "") -> None:
        self._database = database
        self._node = node
        self._pending: deque[Callable[[], Delivery]] = deque()
        self._insert = insert_sql(webhook_deliveries, database.placeholder, skip=frozenset({"id"}))
        self._standing = upsert_sql(webhook_standings, database.placeholder)
        self._result = (
            f"UPDATE {webhook_deliveries.name} SET next_at = {database.placeholder}, state = {database.placeholder}, "  # noqa: S608 - our own names
            f"attempts = {database.placeholder}, tried_at = {database.placeholder}, "
            f"status = {database.placeholder}, detail = {database.placeholder} WHERE id = {database.placeholder}"
        )
        self._behind = WriteBehind("webhook deliveries", self._flush, FLUSH_DELAY_S)
        self.flushed: Callable[[], None] = _nobody
        """Called when new deliveries are on disk."""

    @property
    def pending(self) -> int:
        """How many are not on disk yet."""
        return len(self._pending)

    @property
    def failures(self) -> int:
        """How often the database failed."""
        return self._behind.failures

    def start(self) -> None:
        """Begin to write. Needs a running event loop."""
        self._behind.start()

    async def close(self) -> None:
        """Write everything that waits, and stop."""
        await self._behind.close()

    def put(self, make: Callable[[], Delivery]) -> bool:
        """See the port."""
        if len(self._pending) >= MOST_PENDING:
            return False
        if not self._pending:
            self._behind.wake()
        self._pending.append(make)
        return True

    async def earliest(self) -> float | None:
        """See the port."""
        found = float(await self._database.first_value(_EARLIEST))
        return None if found >= _NEVER else found

    async def lanes(self) -> list[tuple[str, float, int]]:
        """See the port."""
        wanted = (
            select(_columns.webhook_id, func.min(_columns.next_at), func.count())
            .where(_columns.state == DeliveryState.WAITING.value, self._is_mine())
            .group_by(_columns.webhook_id)
        )
        async with self._database.reading() as connection:
            return [(row[0], row[1], row[2]) for row in await connection.execute(wanted)]

    async def due(self, webhook_id: str, now: float, limit: int) -> list[Delivery]:
        """See the port."""
        wanted = (
            select(webhook_deliveries)
            .where(
                _columns.webhook_id == webhook_id,
                _columns.state == DeliveryState.WAITING.value,
                _columns.next_at <= now,
                self._is_mine(),
            )
            .order_by(_columns.id)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            return [_delivery(row) for row in await connection.execute(wanted)]

    async def record(self, tried: Sequence[Delivery], standing: WebhookStanding) -> None:
        """See the port."""
        rows: list[RowValues] = [
            (one.next_at, one.state.value, one.attempts, one.tried_at, one.status, one.detail, one.id)
            for one in tried
        ]
        await write_batch(self._database, self._result, rows)
        figures = asdict(standing)
        await write_batch(
            self._database,
            self._standing,
            [tuple(figures[column.name] for column in webhook_standings.columns)],
        )

    async def standings(self) -> dict[str, WebhookStanding]:
        """See the port."""
        known = {one.name for one in fields(WebhookStanding)}
        async with self._database.reading() as connection:
            rows = await connection.execute(select(webhook_standings))
            found = [
                WebhookStanding(**{k: v for k, v in row.items() if k in known}) for row in rows.mappings()
            ]
        return {one.webhook_id: one for one in found}

    async def hasten(self, webhook_id: str, now: float) -> None:
        """See the port."""
        async with self._database.writing() as connection:
            await connection.execute(
                update(webhook_deliveries)
                .where(
                    _columns.webhook_id == webhook_id,
                    _columns.state == DeliveryState.WAITING.value,
                    _columns.next_at > now,
                )
                .values(next_at=now)
            )

    async def expire(self, before: float, detail: str) -> None:
        """See the port."""
        async with self._database.writing() as connection:
            await connection.execute(
                update(webhook_deliveries)
                .where(
                    _columns.state == DeliveryState.WAITING.value,
                    _columns.created_at < before,
                    self._is_mine(),
                )
                .values(state=DeliveryState.FAILED.value, detail=detail)
            )

    async def forget(self, webhook_id: str) -> None:
        """See the port."""
        async with self._database.writing() as connection:
            await connection.execute(
                delete(webhook_deliveries).where(_columns.webhook_id == webhook_id, self._is_mine())
            )

    async def trim(self, webhook_id: str) -> None:
        """See the port."""
        over = (_columns.webhook_id == webhook_id, _columns.state != DeliveryState.WAITING.value)
        oldest = select(_columns.id).where(*over).order_by(_columns.id.desc()).offset(KEPT).limit(1)
        async with self._database.writing() as connection:
            await connection.execute(
                delete(webhook_deliveries).where(*over, _columns.id <= oldest.scalar_subquery())
            )

    def _is_mine(self) -> Any:
        return _columns.node.in_({"", self._node})

    async def _flush(self) -> None:
        while self._pending:
            taken = [self._pending.popleft() for _ in range(min(ROWS_AT_ONCE, len(self._pending)))]
            rows = [self._row(make()) for make in taken]
            try:
                await write_batch(self._database, self._insert, rows)
            except BaseException:
                self._pending.extendleft(reversed(taken))
                raise
            self.flushed()
            await asyncio.sleep(0)

    def _row(self, delivery: Delivery) -> RowValues:
        values = _values(delivery) | {"node": self._node}
        return tuple(values[column.name] for column in webhook_deliveries.columns if column.name != "id")


def _nobody() -> None:
    """Stand in until somebody wants to know."""


def _delivery(row: Any) -> Delivery:
    return Delivery(
        id=row.id,
        webhook_id=row.webhook_id,
        event_id=row.event_id,
        kind=row.kind,
        body=row.body,
        created_at=row.created_at,
        next_at=row.next_at,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        tried_at=row.tried_at,
        status=row.status,
        detail=row.detail,
    )


def _values(delivery: Delivery) -> dict[str, Any]:
    return {
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "kind": delivery.kind,
        "body": delivery.body,
        "created_at": delivery.created_at,
        "next_at": delivery.next_at,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "tried_at": delivery.tried_at,
        "status": delivery.status,
        "detail": delivery.detail,
    }
