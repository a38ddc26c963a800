"""SQL of API keys."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.domain.api_key import ApiKey
from trunkline.domain.role import Role
from trunkline.store.schema import api_keys

_columns = api_keys.c


class SqlApiKeys:
    """Rows of API keys in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, account_id: int) -> list[ApiKey]:
        """The keys of an account, the oldest first."""
        rows = await self._connection.execute(
            select(api_keys)
            .where(_columns.account_id == account_id)
            .order_by(_columns.created_at, _columns.id)
        )
        return [_key(row) for row in rows]

    async def get(self, key_id: str) -> ApiKey | None:
        """The key; None when there is none."""
        row = (await self._connection.execute(select(api_keys).where(_columns.id == key_id))).one_or_none()
        return None if row is None else _key(row)

    async def secret_digest(self, key_id: str) -> str:
        """The SHA-256 of a key's secret in hexadecimal; empty when there is no such key."""
        found = await self._connection.execute(select(_columns.secret_digest).where(_columns.id == key_id))
        return found.scalar_one_or_none() or ""

    async def add(self, key: ApiKey, secret_digest: str) -> None:
        """Write a new key under its id."""
        await self._connection.execute(
            insert(api_keys).values(id=key.id, secret_digest=secret_digest, **_values(key))
        )

    async def replace(self, key: ApiKey) -> None:
        """Write a key anew. Its secret does not change."""
        await self._connection.execute(update(api_keys).where(_columns.id == key.id).values(**_values(key)))

    async def used(self, key_id: str, at: float) -> None:
        """Write when a key was last used."""
        await self._connection.execute(update(api_keys).where(_columns.id == key_id).values(last_used_at=at))


def _key(row: Any) -> ApiKey:
    return ApiKey(
        id=row.id,
        account_id=row.account_id,
        name=row.name,
        role=Role(row.role),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked=bool(row.revoked),
    )


def _values(key: ApiKey) -> dict[str, object]:
    return {
        "account_id": key.account_id,
        "name": key.name,
        "role": key.role.value,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "revoked": key.revoked,
    }
