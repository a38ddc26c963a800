"""SQL of users and their memberships."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.domain.principal import Membership
from trunkline.domain.role import Role
from trunkline.domain.user import User
from trunkline.store.schema import memberships, users

_columns = users.c


class SqlUsers:
    """Rows of users in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> list[User]:
        """Every user, the oldest first."""
        return await self._read()

    async def of(self, account_id: int) -> list[User]:
        """The users with a role in an account, the oldest first."""
        members = select(memberships.c.user_id).where(memberships.c.account_id == account_id)
        return await self._read(_columns.id.in_(members))

    async def get(self, user_id: int) -> User | None:
        """The user; None when there is none."""
        found = await self._read(_columns.id == user_id)
        return found[0] if found else None

    async def named(self, name: str) -> User | None:
        """The user of this name in any case; None when there is none."""
        found = await self._read(_columns.name_lower == name.lower())
        return found[0] if found else None

    async def password_hash(self, user_id: int) -> str:
        """The argon2 hash of a user's password; empty when there is no such user."""
        found = await self._connection.execute(select(_columns.password_hash).where(_columns.id == user_id))
        return found.scalar_one_or_none() or ""

    async def add(self, user: User, password_hash: str) -> User:
        """Write a new user and return him with the id he got."""
        added = await self._connection.execute(
            insert(users).values(**_values(user), password_hash=password_hash).returning(_columns.id)
        )
        user_id = int(added.scalar_one())
        await self._write_memberships(user_id, user.memberships)
        stored = await self.get(user_id)
        assert stored is not None
        return stored

    async def replace(self, user: User) -> None:
        """Write a user anew, his memberships included. His name and password do not change."""
        await self._connection.execute(update(users).where(_columns.id == user.id).values(**_values(user)))
        await self._connection.execute(delete(memberships).where(memberships.c.user_id == user.id))
        await self._write_memberships(user.id, user.memberships)

    async def set_password(self, user_id: int, password_hash: str) -> None:
        """Write another hash."""
        await self._connection.execute(
            update(users).where(_columns.id == user_id).values(password_hash=password_hash)
        )

    async def seen(self, user_id: int, at: float) -> None:
        """Write when a user was last here."""
        await self._connection.execute(update(users).where(_columns.id == user_id).values(last_seen_at=at))

    async def remove(self, user_id: int) -> None:
        """Remove a user with his memberships and sign-ins."""
        await self._connection.execute(delete(users).where(_columns.id == user_id))

    async def _read(self, *conditions: ColumnElement[bool]) -> list[User]:
        rows = (await self._connection.execute(select(users).where(*conditions).order_by(_columns.id))).all()
        if not rows:
            return []
        wanted = select(_columns.id).where(*conditions)
        roles: dict[int, list[Membership]] = {}
        for user_id, account_id, role in await self._connection.execute(
            select(memberships).where(memberships.c.user_id.in_(wanted)).order_by(memberships.c.account_id)
        ):
            roles.setdefault(user_id, []).append(Membership(account_id, Role(role)))
        return [_user(row, tuple(roles.get(row.id, ()))) for row in rows]

    async def _write_memberships(self, user_id: int, roles: tuple[Membership, ...]) -> None:
        if roles:
            await self._connection.execute(
                insert(memberships),
                [{"user_id": user_id, "account_id": one.account_id, "role": one.role.value} for one in roles],
            )


def _user(row: Any, roles: tuple[Membership, ...]) -> User:
    return User(
        id=row.id,
        name=row.name,
        memberships=roles,
        is_installer=bool(row.is_installer),
        enabled=bool(row.enabled),
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
    )


def _values(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "name_lower": user.name.lower(),
        "is_installer": user.is_installer,
        "enabled": user.enabled,
        "created_at": user.created_at,
        "last_seen_at": user.last_seen_at,
    }
