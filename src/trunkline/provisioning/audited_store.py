"""A store in which somebody acts: refuses what he may not do, and leaves an audit entry of what he writes.

It stands between the use cases and the store, so that none of them can forget either. Entries are written in the
transaction of the change itself: they are there together, or neither is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, cast

from trunkline.domain.account import Account
from trunkline.domain.api_key import ApiKey
from trunkline.domain.application import Application
from trunkline.domain.audit import Action, FieldChange
from trunkline.domain.clock import Clock
from trunkline.domain.credential import Credential
from trunkline.domain.number import Number
from trunkline.domain.principal import Principal
from trunkline.domain.realm import Realm
from trunkline.domain.role import Permission
from trunkline.domain.trunk import Trunk
from trunkline.domain.webhook import Delivery, Webhook
from trunkline.provisioning.access_ports import ApiKeys, Users
from trunkline.provisioning.audited_users import AuditedUsers
from trunkline.provisioning.change_description import AuditedNoun, noun_name
from trunkline.provisioning.checked_reading import CheckedTransaction
from trunkline.provisioning.journal import Journal
from trunkline.provisioning.ports import (
    Accounts,
    Applications,
    Credentials,
    Numbers,
    ProvisioningStore,
    Realms,
    Transaction,
    Trunks,
)
from trunkline.provisioning.webhook_ports import Deliveries, Webhooks

ENTRIES_AT_ONCE: Final = 50
"""Whoever shares the event loop gets his turn between pieces of this size: there may be ten thousand."""


class AuditedStore:
    """A ``ProvisioningStore`` in the hands of one principal, who asks from one address.

    ``expected`` is a noun as he has seen it: when it is another by now, it is not written.
    """

    def __init__(
        self,
        store: ProvisioningStore,
        principal: Principal,
        source: str,
        clock: Clock,
        expected: AuditedNoun | None = None,
    ) -> None:
        self._store = store
        self._principal = principal
        self._source = source
        self._clock = clock
        self._expected = expected

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Open a transaction that only reads, what the principal may see."""
        async with self._store.reading() as rows:
            yield CheckedTransaction(rows, self._principal)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Transaction]:
        """Open a transaction that may write; at its end, the entries of what was written are written too."""
        async with self._store.writing() as rows:
            journal = Journal(self._principal, self._source, self._clock.now(), self._expected)
            yield AuditedTransaction(rows, journal)
            entries = journal.entries
            while entries:
                await rows.audit.add(entries[:ENTRIES_AT_ONCE])
                del entries[:ENTRIES_AT_ONCE]  # to free ten thousand at once takes ten milliseconds


class AuditedTransaction:
    """The rows of every noun; what is written to them is checked and noted."""

    def __init__(self, rows: Transaction, journal: Journal) -> None:
        # What reads is passed on as it is; a test holds that everything that writes is caught.
        self.accounts: Final = cast("Accounts", _AuditedAccounts(rows.accounts, journal))
        self.realms: Final = cast("Realms", _AuditedRealms(rows.realms, journal))
        self.credentials: Final = cast("Credentials", _AuditedCredentials(rows, journal))
        self.applications: Final = cast("Applications", _AuditedApplications(rows.applications, journal))
        self.trunks: Final = cast("Trunks", _AuditedTrunks(rows.trunks, journal))
        self.numbers: Final = cast("Numbers", _AuditedNumbers(rows.numbers, journal))
        self.users: Final = cast("Users", AuditedUsers(rows.users, journal))
        self.api_keys: Final = cast("ApiKeys", _AuditedApiKeys(rows.api_keys, journal))
        self.webhooks: Final = cast("Webhooks", _AuditedWebhooks(rows.webhooks, journal))
        self.deliveries: Final = cast("Deliveries", _AuditedDeliveries(rows, journal))
        self.sign_ins: Final = rows.sign_ins
        self.audit: Final = rows.audit
        self.server_keys: Final = rows.server_keys
        self.idempotent_requests: Final = rows.idempotent_requests


class _Audited:
    """Passes on what only reads."""

    def __init__(self, rows: Any, journal: Journal) -> None:
        self._rows = rows
        self._journal = journal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)


class _AuditedAccounts(_Audited):
    async def add(self, account: Account) -> None:
        self._journal.provisioned(None, account)
        await self._rows.add(account)

    async def replace(self, account: Account) -> None:
        self._journal.provisioned(await self._rows.get(account.id), account)
        await self._rows.replace(account)


class _AuditedRealms(_Audited):
    async def add(self, realm: Realm) -> Realm:
        self._journal.provisioned(None, realm)
        added: Realm = await self._rows.add(realm)
        return added

    async def replace(self, realm: Realm) -> None:
        self._journal.provisioned(await self._rows.get(realm.id), realm)
        await self._rows.replace(realm)

    async def remove(self, realm_id: int) -> None:
        realm = await self._rows.get(realm_id)
        if realm is not None:
            self._journal.provisioned(realm, None)
            await self._rows.remove(realm_id)


class _AuditedCredentials(_Audited):
    def __init__(self, rows: Transaction, journal: Journal) -> None:
        super().__init__(rows.credentials, journal)
        self._realms = rows.realms

    async def add(self, credential: Credential) -> Credential:
        self._journal.provisioned(None, credential)
        added: Credential = await self._rows.add(credential)
        return added

    async def add_many(self, credentials: Sequence[Credential]) -> list[Credential]:
        for credential in credentials:
            self._journal.provisioned(None, credential)
        stored: list[Credential] = await self._rows.add_many(credentials)
        return stored

    async def replace(self, credential: Credential) -> None:
        self._journal.provisioned(await self._rows.get(credential.id), credential)
        await self._rows.replace(credential)

    async def remove(self, credential_id: int) -> None:
        credential = await self._rows.get(credential_id)
        if credential is not None:
            self._journal.provisioned(credential, None)
            await self._rows.remove(credential_id)

    async def remove_all(self, realm_id: int) -> None:
        """One entry for all of them: there may be a hundred thousand."""
        realm = await self._realms.get(realm_id)
        if realm is None:
            return
        self._journal.check(Permission.PROVISION, realm.account_id)
        count = (await self._rows.counts(realm.account_id)).get(realm_id, 0)
        if count:
            changes = (FieldChange("credentials", count, 0),)
            self._journal.write(
                Action.REMOVED, noun_name(Credential), f"*@{realm.name}", realm.account_id, changes
            )
        await self._rows.remove_all(realm_id)


class _AuditedApplications(_Audited):
    async def add(self, application: Application) -> None:
        self._journal.provisioned(None, application)
        await self._rows.add(application)

    async def replace(self, application: Application) -> None:
        self._journal.provisioned(await self._rows.get(application.id), application)
        await self._rows.replace(application)

    async def remove(self, application_id: str) -> None:
        application = await self._rows.get(application_id)
        if application is not None:
            self._journal.provisioned(application, None)
            await self._rows.remove(application_id)


class _AuditedTrunks(_Audited):
    async def add(self, trunk: Trunk) -> Trunk:
        self._journal.provisioned(None, trunk)
        added: Trunk = await self._rows.add(trunk)
        return added

    async def replace(self, trunk: Trunk) -> None:
        self._journal.provisioned(await self._rows.get(trunk.id), trunk)
        await self._rows.replace(trunk)

    async def remove(self, trunk_id: int) -> None:
        trunk = await self._rows.get(trunk_id)
        if trunk is not None:
            self._journal.provisioned(trunk, None)
            await self._rows.remove(trunk_id)


class _AuditedNumbers(_Audited):
    async def add(self, number: Number) -> None:
        self._journal.provisioned(None, number)
        await self._rows.add(number)

    async def replace(self, number: Number) -> None:
        self._journal.provisioned(await self._rows.get(number.e164), number)
        await self._rows.replace(number)

    async def remove(self, e164: str) -> None:
        number = await self._rows.get(e164)
        if number is not None:
            self._journal.provisioned(number, None)
            await self._rows.remove(e164)


class _AuditedApiKeys(_Audited):
    async def add(self, key: ApiKey, secret_digest: str) -> None:
        self._journal.provisioned(None, key)
        await self._rows.add(key, secret_digest)

    async def replace(self, key: ApiKey) -> None:
        self._journal.provisioned(await self._rows.get(key.id), key)
        await self._rows.replace(key)


class _AuditedWebhooks(_Audited):
    async def add(self, webhook: Webhook) -> None:
        self._journal.provisioned(None, webhook)
        await self._rows.add(webhook)

    async def replace(self, webhook: Webhook) -> None:
        self._journal.provisioned(await self._rows.get(webhook.id), webhook)
        await self._rows.replace(webhook)

    async def remove(self, webhook_id: str) -> None:
        webhook = await self._rows.get(webhook_id)
        if webhook is not None:
            self._journal.provisioned(webhook, None)
            await self._rows.remove(webhook_id)


class _AuditedDeliveries(_Audited):
    """What somebody lets be sent is checked; it changes nothing that the log would tell."""

    def __init__(self, rows: Transaction, journal: Journal) -> None:
        super().__init__(rows.deliveries, journal)
        self._webhooks = rows.webhooks

    async def queue(self, delivery: Delivery) -> Delivery:
        webhook = await self._webhooks.get(delivery.webhook_id)
        assert webhook is not None
        self._journal.check(Permission.PROVISION, webhook.account_id)
        queued: Delivery = await self._rows.queue(delivery)
        return queued
