"""SQL of realms."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.domain.realm import Realm
from trunkline.store.changes import tell
from trunkline.store.schema import realms


class SqlRealms:
    """Rows of realms in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> list[Realm]:
        """Every realm of every account, the oldest first."""
        rows = await self._connection.execute(select(realms).order_by(realms.c.id))
        return [_realm(row) for row in rows]

    async def of(self, account_id: int) -> list[Realm]:
        """The realms of an account, the oldest first."""
        rows = await self._connection.execute(
            select(realms).where(realms.c.account_id == account_id).order_by(realms.c.id)
        )
        return [_realm(row) for row in rows]

    async def get(self, realm_id: int) -> Realm | None:
        """The realm; None when there is none."""
        row = (await self._connection.execute(select(realms).where(realms.c.id == realm_id))).one_or_none()
        return None if row is None else _realm(row)

    async def named(self, name: str) -> Realm | None:
        """The realm of this FQDN, whoever owns it; None when there is none."""
        row = (await self._connection.execute(select(realms).where(realms.c.name == name))).one_or_none()
        return None if row is None else _realm(row)

    async def add(self, realm: Realm) -> Realm:
        """Write a new realm and return it with the id it got."""
        added = await self._connection.execute(
            insert(realms).values(**_values(realm), name=realm.name).returning(realms)
        )
        stored = _realm(added.one())
        await tell(self._connection, Realm, [stored.id])
        return stored

    async def replace(self, realm: Realm) -> None:
        """Write a realm anew. Its name does not change."""
        await self._connection.execute(update(realms).where(realms.c.id == realm.id).values(**_values(realm)))
        await tell(self._connection, Realm, [realm.id])

    async def remove(self, realm_id: int) -> None:
        """Remove a realm that has no credentials."""
        await self._connection.execute(delete(realms).where(realms.c.id == realm_id))
        await tell(self._connection, Realm, [realm_id])


def _realm(row: Sequence[Any]) -> Realm:
    realm_id, account_id, name, label, default_of, description, created_at = row
    # Credentials and addresses-of-record refer to the name by the hundred thousand: one object serves all.
    return Realm(
        realm_id, account_id, sys.intern(name), label, default_of is not None, description, created_at
    )


def _values(realm: Realm) -> dict[str, object]:
    return {
        "account_id": realm.account_id,
        "label": realm.label,
        "default_of": realm.account_id if realm.is_default else None,
        "description": realm.description,
        "created_at": realm.created_at,
    }
