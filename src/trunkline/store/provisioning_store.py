"""The SQL side of provisioning's ports: transactions with the rows of every noun."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.store.accounts import SqlAccounts
from trunkline.store.api_keys import SqlApiKeys
from trunkline.store.applications import SqlApplications
from trunkline.store.audit import SqlAuditLog
from trunkline.store.credentials import SqlCredentials
from trunkline.store.database import Database
from trunkline.store.idempotent_requests import SqlIdempotentRequests
from trunkline.store.numbers import SqlNumbers
from trunkline.store.realms import SqlRealms
from trunkline.store.server_keys import SqlServerKeys
from trunkline.store.sign_ins import SqlSignIns
from trunkline.store.trunks import SqlTrunks
from trunkline.store.users import SqlUsers
from trunkline.store.webhook_deliveries import SqlDeliveries
from trunkline.store.webhooks import SqlWebhooks


class SqlTransaction:
    """The rows of every noun on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.accounts: Final = SqlAccounts(connection)
        self.realms: Final = SqlRealms(connection)
        self.credentials: Final = SqlCredentials(connection)
        self.applications: Final = SqlApplications(connection)
        self.trunks: Final = SqlTrunks(connection)
        self.numbers: Final = SqlNumbers(connection)
        self.users: Final = SqlUsers(connection)
        self.api_keys: Final = SqlApiKeys(connection)
        self.sign_ins: Final = SqlSignIns(connection)
        self.audit: Final = SqlAuditLog(connection)
        self.server_keys: Final = SqlServerKeys(connection)
        self.idempotent_requests: Final = SqlIdempotentRequests(connection)
        self.webhooks: Final = SqlWebhooks(connection)
        self.deliveries: Final = SqlDeliveries(connection)


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
