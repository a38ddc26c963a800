"""Many new credentials in one transaction: each is taken or refused by itself.

The work is done in short pieces, so that whoever shares the event loop is not kept waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from trunkline.domain.application import Application
from trunkline.domain.clock import Clock
from trunkline.domain.credential import Credential
from trunkline.domain.realm import Realm
from trunkline.provisioning.accounts import known_account
from trunkline.provisioning.applications import known_application
from trunkline.provisioning.credentials import credential_exists
from trunkline.provisioning.faults import ProvisioningFault
from trunkline.provisioning.ports import ProvisioningStore, Transaction
from trunkline.provisioning.realms import default_realm, known_realm
from trunkline.provisioning.secret_input import SecretInput, make_secret
from trunkline.provisioning.tokens import Tokens
from trunkline.provisioning.usernames import check_username

PIECE: Final = 50
"""Credentials that are checked and written in one go: about two milliseconds of work."""

Outcome = Credential | ProvisioningFault
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A credential as somebody wants it.

    ``realm`` is a realm's id, FQDN or short name, empty for the account's default; ``application`` an application's
    id or name, empty for none.
    """

    username: str
    secret: SecretInput
    domain: str = ""
    realm: str = ""
    application: str = ""


class CredentialBatch:
    """Writes many credentials at once."""

    def __init__(self, store: ProvisioningStore, clock: Clock, tokens: Tokens) -> None:
        self._store = store
        self._clock = clock
        self._tokens = tokens

    async def add(self, account_id: int, wanted: Sequence[NewCredential]) -> list[Outcome]:
        """Write those that are right, and return for each, in order, the credential or why it was refused.

        Raises ProvisioningFault when the account is unknown.
        """
        outcomes: list[Outcome] = []
        async with self._store.writing() as rows:
            await known_account(rows, account_id)
            places = _Places(rows, account_id)
            for start in range(0, len(wanted), PIECE):
                outcomes += await self._add_piece(rows, places, wanted[start : start + PIECE])
                await asyncio.sleep(0)
        return outcomes

    async def _add_piece(
        self, rows: Transaction, places: _Places, wanted: Sequence[NewCredential]
    ) -> list[Outcome]:
        drafts = await _refuse_taken(rows, [await self._draft(places, one) for one in wanted])
        stored = iter(
            await rows.credentials.add_many([draft for draft in drafts if isinstance(draft, Credential)])
        )
        return [next(stored) if isinstance(draft, Credential) else draft for draft in drafts]

    async def _draft(self, places: _Places, wanted: NewCredential) -> Outcome:
        try:
            check_username(wanted.username, wanted.domain)
            realm = await places.realm(wanted.realm)
            application = await places.application(wanted.application) if wanted.application else None
            now = self._clock.now()
            draft = Credential(
                id=0,
                account_id=realm.account_id,
                realm_id=realm.id,
                realm_name=realm.name,
                username=wanted.username,
                domain=wanted.domain,
                secrets=(),
                application_id=application.id if application else None,
                created_at=now,
            )
            made = make_secret(wanted.secret, draft.composite, realm.name, now, self._tokens)
        except ProvisioningFault as fault:
            return fault
        return replace(draft, secrets=(made.secret,))


class _Places:
    """The realms and applications that credentials of one batch name, each looked up once."""

    def __init__(self, rows: Transaction, account_id: int) -> None:
        self._rows = rows
        self._account_id = account_id
        self._realms: dict[str, Realm | ProvisioningFault] = {}
        self._applications: dict[str, Application | ProvisioningFault] = {}

    async def realm(self, reference: str) -> Realm:
        return await _remembered(self._realms, reference.lower(), self._find_realm)

    async def application(self, reference: str) -> Application:
        return await _remembered(self._applications, reference.lower(), self._find_application)

    async def _find_realm(self, reference: str) -> Realm:
        if reference:
            return await known_realm(self._rows, self._account_id, reference)
        return await default_realm(self._rows, self._account_id)

    async def _find_application(self, reference: str) -> Application:
        return await known_application(self._rows, self._account_id, reference)


async def _remembered(
    known: dict[str, _Found | ProvisioningFault], key: str, find: Callable[[str], Awaitable[_Found]]
) -> _Found:
    if key not in known:
        try:
            known[key] = await find(key)
        except ProvisioningFault as fault:
            known[key] = fault
    found = known[key]
    if isinstance(found, ProvisioningFault):
        raise found
    return found


async def _refuse_taken(rows: Transaction, drafts: list[Outcome]) -> list[Outcome]:
    """Those whose names the realm has already, or an earlier one of the piece takes, become faults."""
    composites: dict[int, list[str]] = {}
    for draft in drafts:
        if isinstance(draft, Credential):
            composites.setdefault(draft.realm_id, []).append(draft.composite.lower())
    taken = {
        realm_id: await rows.credentials.taken(realm_id, names) for realm_id, names in composites.items()
    }
    outcomes: list[Outcome] = []
    for draft in drafts:
        if isinstance(draft, Credential):
            key = draft.composite.lower()
            if key in taken[draft.realm_id]:
                outcomes.append(credential_exists(draft.composite, draft.realm_name))
                continue
            taken[draft.realm_id].add(key)
        outcomes.append(draft)
    return outcomes
