"""Credentials: who may register and call; their secrets, rotation and limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from trunkline.domain.clock import Clock
from trunkline.domain.credential import CallerIdRule, Credential, Secret
from trunkline.domain.credential_search import EVERY_CREDENTIAL, CredentialSearch
from trunkline.domain.limits import Limits
from trunkline.domain.media_mode import MediaMode
from trunkline.domain.number import Destination, DestinationKind
from trunkline.domain.realm import Realm
from trunkline.provisioning.accounts import known_account
from trunkline.provisioning.applications import known_application
from trunkline.provisioning.e164 import e164
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.limits import UNLIMITED, check_limits
from trunkline.provisioning.ports import ProvisioningStore, Transaction
from trunkline.provisioning.realms import default_realm, known_realm
from trunkline.provisioning.secret_input import SecretInput, make_secret
from trunkline.provisioning.tokens import Tokens
from trunkline.provisioning.usernames import check_username

MAX_OVERLAP_S: Final = 90 * 86_400.0
MAX_ID_DIGITS: Final = 18
"""A longer number is no id: no database could look for it."""


@dataclass(frozen=True, slots=True)
class Privileges:
    """What the holder of a credential may do, and how its calls are treated.

    ``application`` is an application's id or name, empty for none; ``caller_id`` the number shown under the
    rule *fixed*, as people write it.
    """

    application: str = ""
    enabled: bool = True
    caller_id_rule: CallerIdRule = CallerIdRule.ANY
    caller_id: str = ""
    limits: Limits = UNLIMITED
    media: MediaMode = MediaMode.ANCHORED


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """A credential with a new secret. ``password`` is the generated one, to be shown once; None otherwise."""

    credential: Credential
    password: str | None


class CredentialProvisioning:
    """Creates, changes, rotates and removes credentials."""

    def __init__(self, store: ProvisioningStore, clock: Clock, tokens: Tokens) -> None:
        self._store = store
        self._clock = clock
        self._tokens = tokens

    async def page(
        self,
        account_id: int,
        realm: str = "",
        *,
        after: int = 0,
        limit: int = 1000,
        search: CredentialSearch = EVERY_CREDENTIAL,
        newest_first: bool = False,
    ) -> list[Credential]:
        """Up to ``limit`` credentials of an account or one realm with ids above ``after``, in that order.

        With ``newest_first`` those with ids below ``after`` (0: from the top), the newest first.
        """
        async with self._store.reading() as rows:
            realm_id = (await known_realm(rows, account_id, realm)).id if realm else None
            return await rows.credentials.page(
                account_id, realm_id, after, limit, search=search, newest_first=newest_first
            )

    async def count(
        self, account_id: int, realm: str = "", *, search: CredentialSearch = EVERY_CREDENTIAL
    ) -> int:
        """How many credentials of an account or one realm fit a search."""
        async with self._store.reading() as rows:
            realm_id = (await known_realm(rows, account_id, realm)).id if realm else None
            return await rows.credentials.count(account_id, realm_id, search=search)

    async def get(self, account_id: int, credential_id: int) -> Credential:
        """The credential of this id. Raises ProvisioningFault when there is none, or it is another account's."""
        async with self._store.reading() as rows:
            return await _owned_credential(rows, account_id, credential_id)

    async def find(self, account_id: int, reference: str, realm: str = "") -> Credential:
        """The credential with this id, composite name, or ``composite@realm``.

        ``realm`` narrows a composite name; without it the default realm is meant. Raises ProvisioningFault.
        """
        async with self._store.reading() as rows:
            return await known_credential(rows, account_id, reference, realm)

    async def add(
        self,
        account_id: int,
        username: str,
        secret: SecretInput,
        *,
        realm: str = "",
        domain: str = "",
        privileges: Privileges | None = None,
    ) -> IssuedCredential:
        """Create a credential in a realm (id, FQDN or short name; empty: the account's default)."""
        check_username(username, domain)
        async with self._store.writing() as rows:
            where = (
                await known_realm(rows, account_id, realm) if realm else await default_realm(rows, account_id)
            )
            draft = _draft(where, username, domain, self._clock.now())
            if await rows.credentials.with_composite(where.id, draft.composite) is not None:
                raise credential_exists(draft.composite, where.name)
            made = make_secret(secret, draft.composite, where.name, self._clock.now(), self._tokens)
            draft = replace(draft, secrets=(made.secret,))
            draft = await _privileged(rows, draft, privileges or Privileges())
            return IssuedCredential(await rows.credentials.add(draft), made.generated)

    async def change(self, account_id: int, credential_id: int, privileges: Privileges) -> Credential:
        """Set everything but names and secrets."""
        async with self._store.writing() as rows:
            credential = await _owned_credential(rows, account_id, credential_id)
            changed = await _privileged(rows, credential, privileges)
            await rows.credentials.replace(changed)
            return changed

    async def enable(self, account_id: int, credential_id: int, *, enabled: bool) -> Credential:
        """Switch a credential on or off."""
        async with self._store.writing() as rows:
            changed = replace(await _owned_credential(rows, account_id, credential_id), enabled=enabled)
            await rows.credentials.replace(changed)
            return changed

    async def named(self, account_id: int, composite: str) -> Credential:
        """The credential of this composite name, or ``composite@realm``; the default realm is looked at first.

        Unlike :meth:`find` it takes digits for a user name. Raises ProvisioningFault.
        """
        async with self._store.reading() as rows:
            return await credential_named(rows, account_id, composite)

    async def rotate(
        self,
        account_id: int,
        credential_id: int,
        secret: SecretInput,
        *,
        overlap_s: float = 0.0,
        application: str | None = None,
    ) -> IssuedCredential:
        """Give a credential a new secret; the previous one keeps working for ``overlap_s`` seconds.

        ``application`` (id or name, empty for none) is set in the same go; None leaves it as it is.
        """
        if not 0 <= overlap_s <= MAX_OVERLAP_S:
            raise ProvisioningFault(
                FaultCode.INVALID_OVERLAP,
                f"The previous secret may stay valid for 0 to {MAX_OVERLAP_S:.0f} seconds (90 days), not {overlap_s:g}.",
            )
        async with self._store.writing() as rows:
            credential = await _owned_credential(rows, account_id, credential_id)
            now = self._clock.now()
            made = make_secret(secret, credential.composite, credential.realm_name, now, self._tokens)
            changed = replace(credential, secrets=_generations(credential, made.secret, now, overlap_s))
            if application is not None:
                bound = (await known_application(rows, account_id, application)).id if application else None
                changed = replace(changed, application_id=bound)
            await rows.credentials.replace(changed)
            return IssuedCredential(changed, made.generated)

    async def remove(self, account_id: int, credential_id: int, *, force: bool = False) -> Credential:
        """Remove a credential. With ``force`` the numbers that lead to it go too; otherwise they forbid it."""
        async with self._store.writing() as rows:
            credential = await _owned_credential(rows, account_id, credential_id)
            numbers = await rows.numbers.leading_to(
                account_id, Destination(DestinationKind.DEVICE, credential.aor)
            )
            if numbers and not force:
                raise ProvisioningFault(
                    FaultCode.CREDENTIAL_IN_USE,
                    f"Number {numbers[0].e164} leads to {credential.aor}; point it elsewhere first.",
                )
            for number in numbers:
                await rows.numbers.remove(number.e164)
            await rows.credentials.remove(credential.id)
            return credential


async def known_credential(rows: Transaction, account_id: int, reference: str, realm: str = "") -> Credential:
    """The credential with this id, composite name or ``composite@realm`` (a short realm name will do).

    Raises ProvisioningFault.
    """
    if reference.isdecimal() and len(reference) <= MAX_ID_DIGITS and not realm:
        credential = await rows.credentials.get(int(reference))
        if credential is not None and credential.account_id == account_id:
            return credential
    return await credential_named(rows, account_id, reference, realm)


async def credential_named(rows: Transaction, account_id: int, composite: str, realm: str = "") -> Credential:
    """The credential of this composite name in a realm, or of ``composite@realm`` in any. Raises ProvisioningFault."""
    if realm:
        places = [(await known_realm(rows, account_id, realm), composite)]
    else:
        places = await _places(rows, account_id, composite)
    for where, name in places:
        credential = await rows.credentials.with_composite(where.id, name)
        if credential is not None:
            return credential
    raise ProvisioningFault(
        FaultCode.UNKNOWN_CREDENTIAL,
        f"There is no credential '{composite}'{f' in realm {realm}' if realm else ''}.",
    )


def credential_exists(composite: str, realm: str) -> ProvisioningFault:
    """Say that a composite user name is taken."""
    return ProvisioningFault(
        FaultCode.CREDENTIAL_EXISTS,
        f"Realm {realm} has a credential '{composite}' already (case does not count); rotate it to change its secret.",
    )


def _draft(realm: Realm, username: str, domain: str, now: float) -> Credential:
    return Credential(
        id=0,
        account_id=realm.account_id,
        realm_id=realm.id,
        realm_name=realm.name,
        username=username,
        domain=domain,
        secrets=(),
        created_at=now,
    )


async def _places(rows: Transaction, account_id: int, reference: str) -> list[tuple[Realm, str]]:
    realms = await rows.realms.of(account_id)
    composite, _, name = reference.rpartition("@")
    wanted = name.lower()
    places = [
        (realm, composite) for realm in realms if composite and wanted and wanted in {realm.name, realm.label}
    ]
    return places + [(realm, reference) for realm in sorted(realms, key=lambda realm: not realm.is_default)]


async def _owned_credential(rows: Transaction, account_id: int, credential_id: int) -> Credential:
    credential = await rows.credentials.get(credential_id)
    if credential is None or credential.account_id != account_id:
        raise ProvisioningFault(
            FaultCode.UNKNOWN_CREDENTIAL,
            f"There is no credential {credential_id}.",
        )
    return credential


async def _privileged(rows: Transaction, credential: Credential, privileges: Privileges) -> Credential:
    check_limits(privileges.limits)
    application_id = None
    if privileges.application:
        application_id = (await known_application(rows, credential.account_id, privileges.application)).id
    return replace(
        credential,
        application_id=application_id,
        enabled=privileges.enabled,
        caller_id_rule=privileges.caller_id_rule,
        caller_id=await _caller_id(rows, credential.account_id, privileges),
        limits=privileges.limits,
        media=privileges.media,
    )


async def _caller_id(rows: Transaction, account_id: int, privileges: Privileges) -> str:
    fixed = privileges.caller_id_rule is CallerIdRule.FIXED
    if fixed and not privileges.caller_id:
        raise ProvisioningFault(
            FaultCode.INVALID_CALLER_ID,
            "The caller-id rule is fixed, but no number is given; give one like +15550100199.",
        )
    if privileges.caller_id and not fixed:
        raise ProvisioningFault(
            FaultCode.INVALID_CALLER_ID,
            f"A caller id is given, but the rule is {privileges.caller_id_rule.value}; set the rule to fixed, or leave it out.",
        )
    if not fixed:
        return ""
    return e164(privileges.caller_id, (await known_account(rows, account_id)).country)


def _generations(credential: Credential, secret: Secret, now: float, overlap_s: float) -> tuple[Secret, ...]:
    if overlap_s == 0 or not credential.secrets:
        return (secret,)
    return (secret, replace(credential.secrets[0], valid_until=now + overlap_s))
