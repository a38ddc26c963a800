"""Provisioning's ports on dictionaries: what the contract suite holds equal to SQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace

from trunkline.domain.account import Account
from trunkline.domain.application import Application
from trunkline.domain.credential import Credential
from trunkline.domain.credential_search import EVERY_CREDENTIAL, CredentialSearch
from trunkline.domain.number import Destination, Number
from trunkline.domain.realm import Realm
from trunkline.domain.trunk import Trunk


@dataclass
class Shelves:
    """All rows, and the last id that each noun got."""

    accounts: dict[int, Account] = field(default_factory=dict)
    realms: dict[int, Realm] = field(default_factory=dict)
    credentials: dict[int, Credential] = field(default_factory=dict)
    applications: dict[str, Application] = field(default_factory=dict)
    trunks: dict[int, Trunk] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)
    last_ids: dict[str, int] = field(default_factory=dict)

    def next_id(self, noun: str) -> int:
        """An id that was never used before."""
        self.last_ids[noun] = self.last_ids.get(noun, 0) + 1
        return self.last_ids[noun]


class FakeAccounts:
    """``Accounts`` on a dictionary."""

    def __init__(self, shelves: Shelves) -> None:
        self._rows = shelves.accounts

    async def all(self) -> list[Account]:
        return sorted(self._rows.values(), key=lambda one: one.id)

    async def get(self, account_id: int) -> Account | None:
        return self._rows.get(account_id)

    async def add(self, account: Account) -> None:
        assert account.id not in self._rows
        assert account.label not in {one.label for one in self._rows.values()}
        self._rows[account.id] = account

    async def replace(self, account: Account) -> None:
        assert account.id in self._rows
        self._rows[account.id] = account


class FakeRealms:
    """``Realms`` on a dictionary."""

    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves
        self._rows = shelves.realms

    async def of(self, account_id: int) -> list[Realm]:
        return [one for _, one in sorted(self._rows.items()) if one.account_id == account_id]

    async def get(self, realm_id: int) -> Realm | None:
        return self._rows.get(realm_id)

    async def named(self, name: str) -> Realm | None:
        return next((one for one in self._rows.values() if one.name == name), None)

    async def add(self, realm: Realm) -> Realm:
        assert realm.account_id in self._shelves.accounts
        assert await self.named(realm.name) is None
        stored = replace(realm, id=self._shelves.next_id("realm"))
        self._put(stored)
        return stored

    async def replace(self, realm: Realm) -> None:
        assert self._rows[realm.id].name == realm.name
        self._put(realm)

    async def remove(self, realm_id: int) -> None:
        assert realm_id not in {one.realm_id for one in self._shelves.credentials.values()}
        self._rows.pop(realm_id, None)

    def _put(self, realm: Realm) -> None:
        others = [
            one for one in self._rows.values() if one.account_id == realm.account_id and one.id != realm.id
        ]
        assert not (realm.is_default and any(one.is_default for one in others))
        self._rows[realm.id] = realm


class FakeCredentials:
    """``Credentials`` on a dictionary."""

    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves
        self._rows = shelves.credentials

    async def page(
        self,
        account_id: int,
        realm_id: int | None = None,
        after: int = 0,
        limit: int = 1000,
        *,
        search: CredentialSearch = EVERY_CREDENTIAL,
        newest_first: bool = False,
        skip: int = 0,
    ) -> list[Credential]:
        found = self._found(account_id, realm_id, search)
        if newest_first:
            found = [one for one in reversed(found) if not after or one.id < after]
        else:
            found = [one for one in found if one.id > after]
        return found[skip : skip + limit]

    async def count(
        self,
        account_id: int,
        realm_id: int | None = None,
        *,
        search: CredentialSearch = EVERY_CREDENTIAL,
        below: int | None = None,
    ) -> int:
        found = self._found(account_id, realm_id, search)
        return len([one for one in found if below is None or one.id < below])

    def _found(self, account_id: int, realm_id: int | None, search: CredentialSearch) -> list[Credential]:
        return [
            one
            for _, one in sorted(self._rows.items())
            if one.account_id == account_id and realm_id in {None, one.realm_id} and self._fits(one, search)
        ]

    def _fits(self, one: Credential, search: CredentialSearch) -> bool:
        application = self._shelves.applications.get(one.application_id or "")
        return (
            search.composite.lower() in one.composite.lower()
            and search.username.lower() in one.username.lower()
            and search.domain.lower() in one.domain.lower()
            and search.realm.lower() in one.realm_name
            and (not search.application or application is not None)
            and search.application.lower() in (application.name.lower() if application else "")
        )

    async def counts(self, account_id: int) -> dict[int, int]:
        counts: dict[int, int] = {}
        for one in self._rows.values():
            if one.account_id == account_id:
                counts[one.realm_id] = counts.get(one.realm_id, 0) + 1
        return counts

    async def get(self, credential_id: int) -> Credential | None:
        return self._rows.get(credential_id)

    async def with_composite(self, realm_id: int, composite: str) -> Credential | None:
        wanted = (realm_id, composite.lower())
        return next(
            (one for one in self._rows.values() if (one.realm_id, one.composite.lower()) == wanted), None
        )

    async def taken(self, realm_id: int, composites: Sequence[str]) -> set[str]:
        return {one for one in composites if await self.with_composite(realm_id, one) is not None}

    async def of_application(self, application_id: str) -> list[Credential]:
        return [one for _, one in sorted(self._rows.items()) if one.application_id == application_id]

    async def add(self, credential: Credential) -> Credential:
        assert credential.realm_id in self._shelves.realms
        assert credential.application_id is None or credential.application_id in self._shelves.applications
        assert await self.with_composite(credential.realm_id, credential.composite) is None
        stored = replace(credential, id=self._shelves.next_id("credential"))
        self._rows[stored.id] = stored
        return stored

    async def add_many(self, credentials: Sequence[Credential]) -> list[Credential]:
        return [await self.add(credential) for credential in credentials]

    async def replace(self, credential: Credential) -> None:
        assert self._rows[credential.id].aor == credential.aor
        self._rows[credential.id] = credential

    async def remove(self, credential_id: int) -> None:
        self._rows.pop(credential_id, None)

    async def remove_all(self, realm_id: int) -> None:
        for key in [key for key, one in self._rows.items() if one.realm_id == realm_id]:
            del self._rows[key]


class FakeApplications:
    """``Applications`` on a dictionary."""

    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves
        self._rows = shelves.applications

    async def of(self, account_id: int) -> list[Application]:
        found = [one for one in self._rows.values() if one.account_id == account_id]
        return sorted(found, key=lambda one: (one.created_at, one.id))

    async def get(self, application_id: str) -> Application | None:
        return self._rows.get(application_id)

    async def add(self, application: Application) -> None:
        assert application.id not in self._rows
        self._rows[application.id] = application

    async def replace(self, application: Application) -> None:
        assert application.id in self._rows
        self._rows[application.id] = application

    async def remove(self, application_id: str) -> None:
        assert application_id not in {one.application_id for one in self._shelves.credentials.values()}
        self._rows.pop(application_id, None)


class FakeTrunks:
    """``Trunks`` on a dictionary."""

    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves
        self._rows = shelves.trunks

    async def all(self) -> list[Trunk]:
        return [one for _, one in sorted(self._rows.items())]

    async def of(self, account_id: int) -> list[Trunk]:
        return [one for one in await self.all() if one.account_id == account_id]

    async def get(self, trunk_id: int) -> Trunk | None:
        return self._rows.get(trunk_id)

    async def add(self, trunk: Trunk) -> Trunk:
        stored = replace(trunk, id=self._shelves.next_id("trunk"))
        self._rows[stored.id] = stored
        return stored

    async def replace(self, trunk: Trunk) -> None:
        assert trunk.id in self._rows
        self._rows[trunk.id] = trunk

    async def remove(self, trunk_id: int) -> None:
        self._rows.pop(trunk_id, None)


class FakeNumbers:
    """``Numbers`` on a dictionary."""

    def __init__(self, shelves: Shelves) -> None:
        self._rows = shelves.numbers

    async def of(self, account_id: int) -> list[Number]:
        return [one for _, one in sorted(self._rows.items()) if one.account_id == account_id]

    async def get(self, e164: str) -> Number | None:
        return self._rows.get(e164)

    async def leading_to(self, account_id: int, destination: Destination) -> list[Number]:
        return [one for one in await self.of(account_id) if one.destination == destination]

    async def add(self, number: Number) -> None:
        assert number.e164 not in self._rows
        self._rows[number.e164] = number

    async def replace(self, number: Number) -> None:
        assert number.e164 in self._rows
        self._rows[number.e164] = number

    async def remove(self, e164: str) -> None:
        self._rows.pop(e164, None)


class FakeTransaction:
    """The rows of every noun."""

    def __init__(self, shelves: Shelves) -> None:
        self.accounts = FakeAccounts(shelves)
        self.realms = FakeRealms(shelves)
        self.credentials = FakeCredentials(shelves)
        self.applications = FakeApplications(shelves)
        self.trunks = FakeTrunks(shelves)
        self.numbers = FakeNumbers(shelves)


class FakeProvisioningStore:
    """A ``ProvisioningStore`` on dictionaries; a transaction works on a copy that is kept at its end."""

    def __init__(self) -> None:
        self.shelves = Shelves()
        self._writing = asyncio.Lock()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[FakeTransaction]:
        yield FakeTransaction(self.shelves)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[FakeTransaction]:
        async with self._writing:
            copy = deepcopy(self.shelves)
            yield FakeTransaction(copy)
            self.shelves = copy
