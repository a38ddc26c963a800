"""SQL of accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.domain.account import Account
from trunkline.store.changes import tell
from trunkline.store.schema import accounts


class SqlAccounts:
    """Rows of accounts in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all(self) -> list[Account]:
        """Every account, the oldest first."""
        rows = await self._connection.execute(select(accounts).order_by(accounts.c.id))
        return [_account(row) for row in rows]

    async def get(self, account_id: int) -> Account | None:
        """The account; None when there is none."""
        found = await self._connection.execute(select(accounts).where(accounts.c.id == account_id))
        row = found.one_or_none()
        return None if row is None else _account(row)

    async def add(self, account: Account) -> None:
        """Write a new account under its id."""
        await self._connection.execute(insert(accounts).values(id=account.id, **_values(account)))
        await tell(self._connection, Account, [account.id])

    async def replace(self, account: Account) -> None:
        """Write an account anew."""
        await self._connection.execute(
            update(accounts).where(accounts.c.id == account.id).values(**_values(account))
        )
        await tell(self._connection, Account, [account.id])


def _account(row: Sequence[Any]) -> Account:
    account_id, label, name, country, created_at, masks_hashes = row
    return Account(account_id, label, name, country, created_at, bool(masks_hashes))


def _values(account: Account) -> dict[str, object]:
    return {
        "label": account.label,
        "name": account.name,
        "country": account.country,
        "created_at": account.created_at,
        "masks_hashes": account.masks_hashes,
    }
