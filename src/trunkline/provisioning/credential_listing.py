"""Listing credentials by counted places: which part of how many, beginning at a number or at a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trunkline.domain.credential import Credential
from trunkline.domain.credential_search import EVERY_CREDENTIAL, CredentialSearch
from trunkline.provisioning.accounts import known_account
from trunkline.provisioning.credentials import credential_named
from trunkline.provisioning.ports import ProvisioningStore, Transaction
from trunkline.provisioning.realms import known_realm

PIECE: Final = 250
"""Credentials that are read in one go: whoever shares the event loop is not kept waiting."""


@dataclass(frozen=True, slots=True)
class CredentialPart:
    """A part of a list. ``start`` counts from 1: the place of the first one among all ``total`` that fit."""

    credentials: list[Credential]
    start: int
    total: int


class CredentialListing:
    """Reads lists of credentials, the oldest first."""

    def __init__(self, store: ProvisioningStore) -> None:
        self._store = store

    async def part(
        self,
        account_id: int,
        realm: str = "",
        *,
        start: int | str = 1,
        size: int = 500,
        search: CredentialSearch = EVERY_CREDENTIAL,
    ) -> CredentialPart:
        """Up to ``size`` credentials of an account or of one realm (id, FQDN or short name).

        ``start`` is the place of the first one, counted from 1, or its composite user name. Raises ProvisioningFault
        for an unknown account, realm or name.
        """
        async with self._store.reading() as rows:
            await known_account(rows, account_id)
            realm_id = (await known_realm(rows, account_id, realm)).id if realm else None
            if isinstance(start, str):
                first = await credential_named(rows, account_id, start, realm)
                start = 1 + await rows.credentials.count(account_id, realm_id, search=search, below=first.id)
            found = await _read(rows, account_id, realm_id, start - 1, size, search)
            if len(found) < size and (found or start == 1):
                total = (
                    start - 1 + len(found)
                )  # the end was seen: a search need not look through everything again
            else:
                total = await rows.credentials.count(account_id, realm_id, search=search)
            return CredentialPart(found, start, total)


async def _read(
    rows: Transaction, account_id: int, realm_id: int | None, skip: int, size: int, search: CredentialSearch
) -> list[Credential]:
    """Piece by piece, each from behind the one before."""
    found = await rows.credentials.page(
        account_id, realm_id, limit=min(PIECE, size), search=search, skip=skip
    )
    piece = found
    while len(piece) == PIECE and len(found) < size:
        limit = min(PIECE, size - len(found))
        piece = await rows.credentials.page(account_id, realm_id, found[-1].id, limit, search=search)
        found += piece
    return found
