"""SQL of the server's own keys."""

from __future__ import annotations

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.store.schema import server_keys


class SqlServerKeys:
    """Rows of server keys in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, name: str) -> str | None:
        """The secret; None when it was never made."""
        found = await self._connection.execute(select(server_keys.c.secret).where(server_keys.c.name == name))
        secret = found.scalar_one_or_none()
        return None if secret is None else str(secret)

    async def add(self, name: str, secret: str, at: float) -> None:
        """Write a new secret."""
        await self._connection.execute(insert(server_keys).values(name=name, secret=secret, created_at=at))
