"""SQL of webhooks."""

from __future__ import annotations

import time
from typing import Any, Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.domain.webhook import Webhook, WebhookEvent
from trunkline.store.database import Database
from trunkline.store.schema import webhook_deliveries, webhook_standings, webhooks

_columns = webhooks.c
_VERSION: Final = f"SELECT coalesce(max(version), 0) * 1000 + count(*) FROM {webhooks.name}"  # noqa: S608 - our own names
"""Another number after every write: after a removal, the count tells, or the greatest version does."""


class SqlWebhooks:
    """Rows of webhooks in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> list[Webhook]:
        """Every webhook, the oldest first."""
        rows = await self._connection.execute(select(webhooks).order_by(_columns.created_at, _columns.id))
        return [_webhook(row) for row in rows]

    async def of(self, account_id: int) -> list[Webhook]:
        """The webhooks of an account, the oldest first."""
        rows = await self._connection.execute(
            select(webhooks)
            .where(_columns.account_id == account_id)
            .order_by(_columns.created_at, _columns.id)
        )
        return [_webhook(row) for row in rows]

    async def get(self, webhook_id: str) -> Webhook | None:
        """The webhook; None when there is none."""
        found = await self._connection.execute(select(webhooks).where(_columns.id == webhook_id))
        row = found.one_or_none()
        return None if row is None else _webhook(row)

    async def add(self, webhook: Webhook) -> None:
        """Write a new webhook under its id."""
        await self._connection.execute(insert(webhooks).values(id=webhook.id, **_values(webhook)))

    async def replace(self, webhook: Webhook) -> None:
        """Write a webhook anew."""
        await self._connection.execute(
            update(webhooks).where(_columns.id == webhook.id).values(**_values(webhook))
        )

    async def remove(self, webhook_id: str) -> None:
        """Remove a webhook with its deliveries."""
        await self._connection.execute(delete(webhooks).where(_columns.id == webhook_id))
        for table in (webhook_deliveries, webhook_standings):
            await self._connection.execute(delete(table).where(table.c.webhook_id == webhook_id))


class SqlWebhookSource:
    """Fills the port ``WebhookSource`` of the webhooks' adapter: all of them, and whether any was written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def version(self) -> int:
        """See the port."""
        return int(await self._database.first_value(_VERSION))

    async def all(self) -> list[Webhook]:
        """See the port."""
        async with self._database.reading() as connection:
            return await SqlWebhooks(connection).all()


def _webhook(row: Any) -> Webhook:
    return Webhook(
        id=row.id,
        account_id=row.account_id,
        url=row.url,
        events=frozenset(WebhookEvent(name) for name in row.events.split()),
        secret=row.secret,
        description=row.description,
        enabled=bool(row.enabled),
        previous_secret=row.previous_secret,
        previous_secret_until=row.previous_secret_until,
        paused_why=row.paused_why,
        created_at=row.created_at,
    )


def _values(webhook: Webhook) -> dict[str, object]:
    return {
        "account_id": webhook.account_id,
        "url": webhook.url,
        "events": " ".join(sorted(webhook.events)),
        "secret": webhook.secret,
        "description": webhook.description,
        "enabled": webhook.enabled,
        "previous_secret": webhook.previous_secret,
        "previous_secret_until": webhook.previous_secret_until,
        "paused_why": webhook.paused_why,
        "created_at": webhook.created_at,
        "version": time.time_ns() // 1000,
    }
