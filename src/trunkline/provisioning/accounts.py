"""Accounts: the first one is made by itself, more can be added."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trunkline.domain.account import Account
from trunkline.domain.clock import Clock
from trunkline.provisioning.e164 import is_country
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.ports import ProvisioningStore, Transaction
from trunkline.provisioning.tokens import Tokens

FIRST_ID: Final = 1_000_001
MAX_NAME: Final = 64


class AccountProvisioning:
    """Creates and changes accounts."""

    def __init__(self, store: ProvisioningStore, clock: Clock, tokens: Tokens) -> None:
        self._store = store
        self._clock = clock
        self._tokens = tokens

    async def first(self) -> Account:
        """The oldest account; it is created on an empty store."""
        async with self._store.reading() as rows:
            accounts = await rows.accounts.all()
        if accounts:
            return accounts[0]
        async with self._store.writing() as rows:
            accounts = await rows.accounts.all()
            return accounts[0] if accounts else await self._create(rows, "default", "US")

    async def all(self) -> list[Account]:
        """Every account, the oldest first."""
        async with self._store.reading() as rows:
            return await rows.accounts.all()

    async def get(self, account_id: int) -> Account:
        """The account. Raises ProvisioningFault when there is none."""
        async with self._store.reading() as rows:
            return await known_account(rows, account_id)

    async def add(self, name: str, country: str = "US") -> Account:
        """Create an account."""
        async with self._store.writing() as rows:
            return await self._create(rows, _checked_name(name), _checked_country(country))

    async def change(
        self,
        account_id: int,
        *,
        name: str | None = None,
        country: str | None = None,
        masks_hashes: bool | None = None,
    ) -> Account:
        """Rename an account, change the country whose national numbers its callers dial, or hide its hashes."""
        async with self._store.writing() as rows:
            account = await known_account(rows, account_id)
            changed = replace(
                account,
                name=account.name if name is None else _checked_name(name),
                country=account.country if country is None else _checked_country(country),
                masks_hashes=account.masks_hashes if masks_hashes is None else masks_hashes,
            )
            await rows.accounts.replace(changed)
            return changed

    async def _create(self, rows: Transaction, name: str, country: str) -> Account:
        accounts = await rows.accounts.all()
        labels = {account.label for account in accounts}
        label = self._tokens.account_label()
        while label in labels:
            label = self._tokens.account_label()
        account = Account(
            id=max((account.id for account in accounts), default=FIRST_ID - 1) + 1,
            label=label,
            name=name,
            country=country,
            created_at=self._clock.now(),
        )
        await rows.accounts.add(account)
        return account


async def known_account(rows: Transaction, account_id: int) -> Account:
    """The account. Raises ProvisioningFault when there is none."""
    account = await rows.accounts.get(account_id)
    if account is None:
        raise ProvisioningFault(
            FaultCode.UNKNOWN_ACCOUNT,
            f"There is no account {account_id}.",
        )
    return account


def _checked_name(name: str) -> str:
    text = name.strip()
    if not text or len(text) > MAX_NAME or not text.isprintable():
        raise ProvisioningFault(
            FaultCode.INVALID_NAME,
            f"An account name has 1 to {MAX_NAME} printable characters, this one has {len(text)}.",
        )
    return text


def _checked_country(country: str) -> str:
    code = country.upper()
    if not is_country(code):
        raise ProvisioningFault(
            FaultCode.INVALID_COUNTRY, f"'{country}' is no country; give its two letters, such as US or DE."
        )
    return code
