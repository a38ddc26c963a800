"""Realms: their names, the one default of each account, and when a realm may go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from trunkline.domain.account import Account
from trunkline.domain.clock import Clock
from trunkline.domain.number import DestinationKind
from trunkline.domain.realm import LABEL, Realm, realm_name, realm_name_fault
from trunkline.provisioning.accounts import known_account
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.ports import ProvisioningStore, Transaction

MAX_LABEL: Final = 30
MAX_DESCRIPTION: Final = 255


@dataclass(frozen=True, slots=True)
class RealmNaming:
    """How the FQDN of a realm is made of its short name: the installation's base domain and form."""

    base_domain: str
    form: str = "{name}.{account}.{base}"

    def name(self, label: str, account: Account) -> str:
        """The FQDN of a realm of an account."""
        return realm_name(label, account.label, self.base_domain, self.form)


class RealmProvisioning:
    """Creates, changes and removes realms."""

    def __init__(self, store: ProvisioningStore, clock: Clock, naming: RealmNaming) -> None:
        self._store = store
        self._clock = clock
        self._naming = naming

    def full_name(self, account: Account, label: str) -> str:
        """The name that a realm of an account gets from a short one."""
        return self._naming.name(label.lower(), account)

    async def of(self, account_id: int) -> list[tuple[Realm, int]]:
        """The realms of an account, each with the number of its credentials."""
        async with self._store.reading() as rows:
            await known_account(rows, account_id)
            counts = await rows.credentials.counts(account_id)
            return [(realm, counts.get(realm.id, 0)) for realm in await rows.realms.of(account_id)]

    async def find(self, account_id: int, reference: str) -> Realm:
        """The realm with this id, FQDN or short name, in any case. Raises ProvisioningFault when there is none."""
        async with self._store.reading() as rows:
            return await known_realm(rows, account_id, reference)

    async def counted(self, account_id: int, reference: str) -> tuple[Realm, int]:
        """The realm with this id, FQDN or short name, and the number of its credentials. Raises ProvisioningFault."""
        async with self._store.reading() as rows:
            await known_account(rows, account_id)
            realm = await known_realm(rows, account_id, reference)
            return realm, await rows.credentials.count(account_id, realm.id)

    async def add(
        self,
        account_id: int,
        *,
        label: str = "",
        fqdn: str = "",
        default: bool = False,
        description: str = "",
    ) -> Realm:
        """Create a realm from a short name or a whole one. The first of an account becomes its default."""
        _check_description(description)
        async with self._store.writing() as rows:
            account = await known_account(rows, account_id)
            name = self._full_name(account, label, fqdn)
            await _refuse_taken(rows, account_id, name)
            existing = await rows.realms.of(account_id)
            if default:
                await _demote(rows, existing)
            return await rows.realms.add(
                Realm(
                    id=0,
                    account_id=account_id,
                    name=name,
                    label="" if fqdn else label.lower(),
                    is_default=default or not existing,
                    description=description,
                    created_at=self._clock.now(),
                )
            )

    async def change(
        self,
        account_id: int,
        reference: str,
        *,
        name: str | None = None,
        default: bool = False,
        description: str | None = None,
    ) -> Realm:
        """Change the description, or make the realm its account's default. A name may only be repeated."""
        if description is not None:
            _check_description(description)
        async with self._store.writing() as rows:
            realm = await known_realm(rows, account_id, reference)
            if name is not None and name.lower() not in {realm.name, realm.label}:
                raise ProvisioningFault(
                    FaultCode.REALM_NAME_FIXED,
                    f"The name of realm {realm.name} cannot be changed, because hashes are made with it; "
                    "add another realm instead.",
                )
            if default and not realm.is_default:
                await _demote(rows, await rows.realms.of(account_id))
            changed = replace(
                realm,
                is_default=realm.is_default or default,
                description=realm.description if description is None else description,
            )
            await rows.realms.replace(changed)
            return changed

    async def remove(
        self, account_id: int, reference: str, *, force: bool = False, keep_default: bool = False
    ) -> int:
        """Remove a realm. With ``force`` its credentials, and the numbers that lead to them, go too.

        Returns how many credentials went. The default goes only as the last of its account, with ``keep_default``
        not even then.
        """
        async with self._store.writing() as rows:
            realm = await known_realm(rows, account_id, reference)
            if realm.is_default and (keep_default or len(await rows.realms.of(account_id)) > 1):
                raise ProvisioningFault(
                    FaultCode.DEFAULT_REALM,
                    f"Realm {realm.name} is the default of its account; make another realm the default first.",
                )
            count = (await rows.credentials.counts(account_id)).get(realm.id, 0)
            if count and not force:
                raise ProvisioningFault(
                    FaultCode.REALM_IN_USE,
                    f"Realm {realm.name} still has {count} credential{'s' if count > 1 else ''}; "
                    "remove them first.",
                )
            if count:
                await _remove_credentials(rows, realm)
            await rows.realms.remove(realm.id)
            return count

    def _full_name(self, account: Account, label: str, fqdn: str) -> str:
        if bool(label) == bool(fqdn):
            raise ProvisioningFault(
                FaultCode.INVALID_REALM_NAME,
                "Give either a short realm name such as desk, or a whole one such as sip.example.com.",
            )
        if fqdn:
            name = fqdn.lower().rstrip(".")
        else:
            _check_label(label.lower())
            name = self.full_name(account, label)
        fault = realm_name_fault(name)
        if fault is not None:
            raise ProvisioningFault(FaultCode.INVALID_REALM_NAME, f"{fault[0].upper()}{fault[1:]}.")
        return name


async def known_realm(rows: Transaction, account_id: int, reference: str) -> Realm:
    """The realm of an account with this id, FQDN or short name. Raises ProvisioningFault when there is none."""
    wanted = reference.lower().rstrip(".")
    realms = await rows.realms.of(account_id)
    if wanted:
        # Ids first: a short name of digits must not stand for a realm that another one's id is asked for.
        for realm in realms:
            if wanted == str(realm.id):
                return realm
        for realm in realms:
            if wanted in {realm.name, realm.label}:
                return realm
    raise ProvisioningFault(FaultCode.UNKNOWN_REALM, f"There is no realm '{reference}'.")


async def default_realm(rows: Transaction, account_id: int) -> Realm:
    """The default realm of an account. Raises ProvisioningFault when the account has no realm."""
    for realm in await rows.realms.of(account_id):
        if realm.is_default:
            return realm
    raise ProvisioningFault(FaultCode.NO_DEFAULT_REALM, "The account has no realm yet.")


async def _refuse_taken(rows: Transaction, account_id: int, name: str) -> None:
    taken = await rows.realms.named(name)
    if taken is None:
        return
    owner = "" if taken.account_id == account_id else " in another account"
    raise ProvisioningFault(
        FaultCode.REALM_EXISTS, f"Realm {name} exists already{owner}; choose another name."
    )


async def _demote(rows: Transaction, realms: list[Realm]) -> None:
    for realm in realms:
        if realm.is_default:
            await rows.realms.replace(replace(realm, is_default=False))


async def _remove_credentials(rows: Transaction, realm: Realm) -> None:
    aor_end = f"@{realm.name}"
    for number in await rows.numbers.of(realm.account_id):
        destination = number.destination
        if destination.kind is DestinationKind.DEVICE and destination.value.endswith(aor_end):
            await rows.numbers.remove(number.e164)
    await rows.credentials.remove_all(realm.id)


def _check_label(label: str) -> None:
    if len(label) > MAX_LABEL:
        raise ProvisioningFault(
            FaultCode.REALM_NAME_TOO_LONG,
            f"A short realm name has at most {MAX_LABEL} characters, this one has {len(label)}.",
        )
    if not LABEL.fullmatch(label):
        raise ProvisioningFault(
            FaultCode.INVALID_REALM_NAME,
            f"'{label}' is no short realm name: use letters, digits and inner hyphens.",
        )


def _check_description(description: str) -> None:
    if len(description) > MAX_DESCRIPTION:
        raise ProvisioningFault(
            FaultCode.DESCRIPTION_TOO_LONG,
            f"A description has at most {MAX_DESCRIPTION} characters, this one has {len(description)}.",
        )
