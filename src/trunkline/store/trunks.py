"""SQL of trunks."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.domain.media_mode import MediaMode
from trunkline.domain.trunk import Trunk
from trunkline.store.changes import tell
from trunkline.store.schema import trunks
from trunkline.store.texts import (
    digest_of,
    digest_text,
    limits_of,
    limits_text,
    list_text,
    strings_of,
    targets_of,
    targets_text,
)


class SqlTrunks:
    """Rows of trunks in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> list[Trunk]:
        """Every trunk of every account, the oldest first."""
        rows = await self._connection.execute(select(trunks).order_by(trunks.c.id))
        return [_trunk(row) for row in rows]

    async def of(self, account_id: int) -> list[Trunk]:
        """The trunks of an account, the oldest first."""
        rows = await self._connection.execute(
            select(trunks).where(trunks.c.account_id == account_id).order_by(trunks.c.id)
        )
        return [_trunk(row) for row in rows]

    async def get(self, trunk_id: int) -> Trunk | None:
        """The trunk; None when there is none."""
        row = (await self._connection.execute(select(trunks).where(trunks.c.id == trunk_id))).one_or_none()
        return None if row is None else _trunk(row)

    async def add(self, trunk: Trunk) -> Trunk:
        """Write a new trunk and return it with the id it got."""
        added = await self._connection.execute(insert(trunks).values(**_values(trunk)).returning(trunks))
        stored = _trunk(added.one())
        await tell(self._connection, Trunk, [stored.id])
        return stored

    async def replace(self, trunk: Trunk) -> None:
        """Write a trunk anew."""
        await self._connection.execute(update(trunks).where(trunks.c.id == trunk.id).values(**_values(trunk)))
        await tell(self._connection, Trunk, [trunk.id])

    async def remove(self, trunk_id: int) -> None:
        """Remove a trunk."""
        await self._connection.execute(delete(trunks).where(trunks.c.id == trunk_id))
        await tell(self._connection, Trunk, [trunk_id])


def _trunk(row: Row[Any]) -> Trunk:
    return Trunk(
        id=row.id,
        account_id=row.account_id,
        name=row.name,
        targets=targets_of(row.targets),
        prefixes=strings_of(row.prefixes),
        allowed_ips=strings_of(row.allowed_ips),
        digest=digest_of(row.digest),
        limits=limits_of(row.limits),
        failover_codes=frozenset(json.loads(row.failover_codes)),
        priority=row.priority,
        weight=row.weight,
        media=MediaMode(row.media),
        plus=row.plus,
        ring_timeout_s=row.ring_timeout_s,
        enabled=row.enabled,
        created_at=row.created_at,
    )


def _values(trunk: Trunk) -> dict[str, object]:
    return {
        "account_id": trunk.account_id,
        "name": trunk.name,
        "targets": targets_text(trunk.targets),
        "prefixes": list_text(trunk.prefixes),
        "allowed_ips": list_text(trunk.allowed_ips),
        "digest": digest_text(trunk.digest),
        "limits": limits_text(trunk.limits),
        "failover_codes": list_text(sorted(trunk.failover_codes)),
        "priority": trunk.priority,
        "weight": trunk.weight,
        "media": trunk.media.value,
        "plus": trunk.plus,
        "ring_timeout_s": trunk.ring_timeout_s,
        "enabled": trunk.enabled,
        "created_at": trunk.created_at,
    }
