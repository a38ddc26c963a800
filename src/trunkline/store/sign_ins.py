"""SQL of browsers' sign-ins."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.domain.sign_in import SignIn
from trunkline.store.schema import sign_ins

_columns = sign_ins.c


class SqlSignIns:
    """Rows of sign-ins in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, user_id: int) -> list[SignIn]:
        """The sign-ins of a user, the oldest first."""
        rows = await self._connection.execute(
            select(sign_ins).where(_columns.user_id == user_id).order_by(_columns.created_at, _columns.digest)
        )
        return [SignIn(*row) for row in rows]

    async def get(self, digest: str) -> SignIn | None:
        """The sign-in; None when there is none."""
        found = await self._connection.execute(select(sign_ins).where(_columns.digest == digest))
        row = found.one_or_none()
        return None if row is None else SignIn(*row)

    async def add(self, sign_in: SignIn) -> None:
        """Write a new sign-in."""
        await self._connection.execute(insert(sign_ins).values(**asdict(sign_in)))

    async def seen(self, digest: str, at: float, expires_at: float) -> None:
        """Write when a sign-in was last used, and when it will expire now."""
        await self._connection.execute(
            update(sign_ins).where(_columns.digest == digest).values(seen_at=at, expires_at=expires_at)
        )

    async def remove(self, digest: str) -> None:
        """End a sign-in."""
        await self._connection.execute(delete(sign_ins).where(_columns.digest == digest))

    async def remove_of(self, user_id: int) -> None:
        """End every sign-in of a user."""
        await self._connection.execute(delete(sign_ins).where(_columns.user_id == user_id))

    async def remove_expired(self, now: float) -> None:
        """Forget those that expired."""
        await self._connection.execute(delete(sign_ins).where(_columns.expires_at <= now))
