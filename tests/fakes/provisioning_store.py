"""Provisioning's ports on dictionaries: what the contract suite holds equal to SQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace

from trunkline.domain.account import Account
from trunkline.domain.api_key import ApiKey
from trunkline.domain.application import Application
from trunkline.domain.audit import AuditEntry
from trunkline.domain.credential import Credential
from trunkline.domain.credential_search import EVERY_CREDENTIAL, CredentialSearch
from trunkline.domain.idempotency import IdempotentRequest
from trunkline.domain.number import Destination, Number
from trunkline.domain.realm import Realm
from trunkline.domain.sign_in import SignIn
from trunkline.domain.trunk import Trunk
from trunkline.domain.user import User
from trunkline.domain.webhook import Delivery, DeliveryState, Webhook, WebhookStanding
from trunkline.provisioning.access_ports import AuditQuery


@dataclass
class Shelves:
    """All rows, and the last id that each noun got."""

    accounts: dict[int, Account] = field(default_factory=dict)
    realms: dict[int, Realm] = field(default_factory=dict)
    credentials: dict[int, Credential] = field(default_factory=dict)
    applications: dict[str, Application] = field(default_factory=dict)
    trunks: dict[int, Trunk] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    password_hashes: dict[int, str] = field(default_factory=dict)
    api_keys: dict[str, ApiKey] = field(default_factory=dict)
    secret_digests: dict[str, str] = field(default_factory=dict)
    sign_ins: dict[str, SignIn] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)
    server_keys: dict[str, str] = field(default_factory=dict)
    idempotent_requests: dict[tuple[str, str], IdempotentRequest] = field(default_factory=dict)
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    standings: dict[str, WebhookStanding] = field(default_factory=dict)
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

    async def page(
        self, account_id: int, fragment: str = "", after: str = "", limit: int = 100
    ) -> list[Number]:
        found = [one for one in await self.of(account_id) if fragment in one.e164 and one.e164 > after]
        return found[:limit]

    async def count(self, account_id: int, fragment: str = "") -> int:
        return sum(fragment in one.e164 for one in await self.of(account_id))

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


class FakeUsers:
    """``Users`` on a dictionary."""

    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves
        self._rows = shelves.users

    async def all(self) -> list[User]:
        return [one for _, one in sorted(self._rows.items())]

    async def of(self, account_id: int) -> list[User]:
        return [
            one for one in await self.all() if account_id in {each.account_id for each in one.memberships}
        ]

    async def get(self, user_id: int) -> User | None:
        return self._rows.get(user_id)

    async def named(self, name: str) -> User | None:
        return next((one for one in self._rows.values() if one.name.lower() == name.lower()), None)

    async def password_hash(self, user_id: int) -> str:
        return self._shelves.password_hashes.get(user_id, "")

    async def add(self, user: User, password_hash: str) -> User:
        assert await self.named(user.name) is None
        assert all(one.account_id in self._shelves.accounts for one in user.memberships)
        stored = replace(user, id=self._shelves.next_id("user"))
        self._rows[stored.id] = stored
        self._shelves.password_hashes[stored.id] = password_hash
        return stored

    async def replace(self, user: User) -> None:
        assert self._rows[user.id].name == user.name
        self._rows[user.id] = user

    async def set_password(self, user_id: int, password_hash: str) -> None:
        self._shelves.password_hashes[user_id] = password_hash

    async def seen(self, user_id: int, at: float) -> None:
        if user_id in self._rows:
            self._rows[user_id] = replace(self._rows[user_id], last_seen_at=at)

    async def remove(self, user_id: int) -> None:
        self._rows.pop(user_id, None)
        self._shelves.password_hashes.pop(user_id, None)
        await FakeSignIns(self._shelves).remove_of(user_id)


class FakeApiKeys:
    """``ApiKeys`` on a dictionary."""

    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves
        self._rows = shelves.api_keys

    async def of(self, account_id: int) -> list[ApiKey]:
        found = [one for one in self._rows.values() if one.account_id == account_id]
        return sorted(found, key=lambda one: (one.created_at, one.id))

    async def get(self, key_id: str) -> ApiKey | None:
        return self._rows.get(key_id)

    async def secret_digest(self, key_id: str) -> str:
        return self._shelves.secret_digests.get(key_id, "")

    async def add(self, key: ApiKey, secret_digest: str) -> None:
        assert key.id not in self._rows
        assert key.account_id in self._shelves.accounts
        self._rows[key.id] = key
        self._shelves.secret_digests[key.id] = secret_digest

    async def replace(self, key: ApiKey) -> None:
        assert key.id in self._rows
        self._rows[key.id] = key

    async def used(self, key_id: str, at: float) -> None:
        if key_id in self._rows:
            self._rows[key_id] = replace(self._rows[key_id], last_used_at=at)


class FakeSignIns:
    """``SignInRows`` on a dictionary."""

    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves
        self._rows = shelves.sign_ins

    async def of(self, user_id: int) -> list[SignIn]:
        found = [one for one in self._rows.values() if one.user_id == user_id]
        return sorted(found, key=lambda one: (one.created_at, one.digest))

    async def get(self, digest: str) -> SignIn | None:
        return self._rows.get(digest)

    async def add(self, sign_in: SignIn) -> None:
        assert sign_in.digest not in self._rows
        assert sign_in.user_id in self._shelves.users
        self._rows[sign_in.digest] = sign_in

    async def seen(self, digest: str, at: float, expires_at: float) -> None:
        if digest in self._rows:
            self._rows[digest] = replace(self._rows[digest], seen_at=at, expires_at=expires_at)

    async def remove(self, digest: str) -> None:
        self._rows.pop(digest, None)

    async def remove_of(self, user_id: int) -> None:
        for one in await self.of(user_id):
            del self._rows[one.digest]

    async def remove_expired(self, now: float) -> None:
        for one in [one for one in self._rows.values() if one.expires_at <= now]:
            del self._rows[one.digest]


class FakeAuditLog:
    """``AuditLog`` on a list."""

    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves

    async def add(self, entries: Sequence[AuditEntry]) -> None:
        self._shelves.audit += [replace(one, id=self._shelves.next_id("audit")) for one in entries]

    async def page(self, query: AuditQuery) -> list[AuditEntry]:
        found = [
            one
            for one in reversed(self._shelves.audit)
            if query.account_id in {None, one.account_id}
            and query.noun in {"", one.noun}
            and query.key in {"", one.key}
            and query.actor_name in {"", one.actor_name}
            and query.since <= one.at
            and (query.until is None or one.at < query.until)
            and (not query.before or one.id < query.before)
        ]
        return found[: query.limit]


class FakeServerKeys:
    """``ServerKeys`` on a dictionary."""

    def __init__(self, shelves: Shelves) -> None:
        self._rows = shelves.server_keys

    async def get(self, name: str) -> str | None:
        return self._rows.get(name)

    async def add(self, name: str, secret: str, at: float) -> None:
        assert name not in self._rows
        self._rows[name] = secret


class FakeIdempotentRequests:
    """``IdempotentRequests`` on a dictionary."""

    def __init__(self, shelves: Shelves) -> None:
        self._rows = shelves.idempotent_requests

    async def get(self, principal: str, key: str) -> IdempotentRequest | None:
        return self._rows.get((principal, key))

    async def add(self, request: IdempotentRequest) -> None:
        assert (request.principal, request.key) not in self._rows
        self._rows[request.principal, request.key] = request

    async def answered(self, principal: str, key: str, status: int, content_type: str, body: str) -> None:
        if (principal, key) in self._rows:
            self._rows[principal, key] = replace(
                self._rows[principal, key], status=status, content_type=content_type, body=body
            )

    async def remove(self, principal: str, key: str) -> None:
        self._rows.pop((principal, key), None)

    async def remove_older(self, before: float) -> None:
        for one in [one for one in self._rows.values() if one.at < before]:
            del self._rows[one.principal, one.key]


class FakeWebhooks:
    """``Webhooks`` on a dictionary."""

    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves
        self._rows = shelves.webhooks

    async def all(self) -> list[Webhook]:
        return sorted(self._rows.values(), key=lambda one: (one.created_at, one.id))

    async def of(self, account_id: int) -> list[Webhook]:
        return [one for one in await self.all() if one.account_id == account_id]

    async def get(self, webhook_id: str) -> Webhook | None:
        return self._rows.get(webhook_id)

    async def add(self, webhook: Webhook) -> None:
        assert webhook.id not in self._rows
        self._rows[webhook.id] = webhook

    async def replace(self, webhook: Webhook) -> None:
        assert webhook.id in self._rows
        self._rows[webhook.id] = webhook

    async def remove(self, webhook_id: str) -> None:
        self._rows.pop(webhook_id, None)
        deliveries = self._shelves.deliveries
        for key in [key for key, one in deliveries.items() if one.webhook_id == webhook_id]:
            del deliveries[key]


class FakeDeliveries:
    """``Deliveries`` on a dictionary."""

    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves
        self._rows = shelves.deliveries

    async def queue(self, delivery: Delivery) -> Delivery:
        stored = replace(delivery, id=self._shelves.next_id("delivery"))
        self._rows[stored.id] = stored
        return stored

    async def page(self, webhook_id: str, before: int = 0, limit: int = 50) -> list[Delivery]:
        found = [one for _, one in sorted(self._rows.items(), reverse=True) if one.webhook_id == webhook_id]
        return [one for one in found if not before or one.id < before][:limit]

    async def get(self, delivery_id: int) -> Delivery | None:
        return self._rows.get(delivery_id)

    async def standing(self, webhook_id: str) -> WebhookStanding:
        waiting = [
            one for one in await self.page(webhook_id, limit=10**9) if one.state is DeliveryState.WAITING
        ]
        kept = self._shelves.standings.get(webhook_id) or WebhookStanding(webhook_id)
        return replace(kept, waiting=len(waiting))


class FakeTransaction:
    """The rows of every noun."""

    def __init__(self, shelves: Shelves) -> None:
        self.accounts = FakeAccounts(shelves)
        self.realms = FakeRealms(shelves)
        self.credentials = FakeCredentials(shelves)
        self.applications = FakeApplications(shelves)
        self.trunks = FakeTrunks(shelves)
        self.numbers = FakeNumbers(shelves)
        self.users = FakeUsers(shelves)
        self.api_keys = FakeApiKeys(shelves)
        self.sign_ins = FakeSignIns(shelves)
        self.audit = FakeAuditLog(shelves)
        self.server_keys = FakeServerKeys(shelves)
        self.idempotent_requests = FakeIdempotentRequests(shelves)
        self.webhooks = FakeWebhooks(shelves)
        self.deliveries = FakeDeliveries(shelves)


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
