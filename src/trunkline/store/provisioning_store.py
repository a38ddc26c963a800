"""The SQL side of provisioning's ports: transactions with the rows of every noun."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.store.accounts import SqlAccounts
from trunkline.store.applications import SqlApplications
from trunkline.store.credentials import SqlCredentials
from trunkline.store.database import Database
from trunkline.store.numbers import SqlNumbers
from trunkline.store.realms import SqlRealms
from trunkline.store.trunks import SqlTrunks


class SqlTransaction:
    """The rows of every noun on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.accounts: Final = SqlAccounts(connection)
        self.realms: Final = SqlRealms(connection)
        self.credentials: Final = SqlCredentials(connection)
        self.applications: Final = SqlApplications(connection)
        self.trunks: Final = SqlTrunks(connection)
        self.numbers: Final = SqlNumbers(connection)


class SqlProvisioningStore:
    """Transactions over a database. Writers queue, so that rules checked in one still hold at its end."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqlTransaction]:
        """Open a transaction that only reads."""
        async with self._database.reading() as connection:
            yield SqlTransaction(connection)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[SqlTransaction]:
        """Open a transaction that may write: one at a time; committed at the end, undone by an exception."""
        async with self._database.writing(serialised=True) as connection:
            yield SqlTransaction(connection)
