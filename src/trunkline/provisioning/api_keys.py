"""API keys: made, listed and revoked; the secret of one is shown once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Final

from trunkline.domain.api_key import ApiKey
from trunkline.domain.clock import Clock
from trunkline.domain.role import Role
from trunkline.provisioning.accounts import known_account
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.ports import ProvisioningStore
from trunkline.provisioning.tokens import Tokens

MAX_NAME: Final = 64


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key with its secret, to be shown once."""

    key: ApiKey
    secret: str = field(repr=False)

    @property
    def bearer(self) -> str:
        """What goes behind ``Authorization: Bearer``: id and secret as one word."""
        return f"{self.key.id}.{self.secret}"


class ApiKeyProvisioning:
    """Creates and revokes keys."""

    def __init__(self, store: ProvisioningStore, clock: Clock, tokens: Tokens) -> None:
        self._store = store
        self._clock = clock
        self._tokens = tokens

    async def of(self, account_id: int) -> list[ApiKey]:
        """The keys of an account with the revoked ones, the oldest first."""
        async with self._store.reading() as rows:
            await known_account(rows, account_id)
            return await rows.api_keys.of(account_id)

    async def find(self, account_id: int, reference: str) -> ApiKey:
        """The key with this id, or the one with this name that works. Raises ProvisioningFault."""
        for key in reversed(await self.of(account_id)):
            if key.id == reference or (key.name == reference and not key.revoked):
                return key
        raise ProvisioningFault(
            FaultCode.UNKNOWN_KEY,
            f"There is no API key '{reference[:64]}'.",
        )

    async def add(
        self, account_id: int, name: str, role: Role, *, expires_at: float | None = None
    ) -> IssuedKey:
        """Create a key. ``expires_at`` is epoch seconds; None: it works until it is revoked."""
        text = name.strip()
        if not text or len(text) > MAX_NAME or not text.isprintable():
            raise ProvisioningFault(
                FaultCode.INVALID_NAME,
                f"A key's name has 1 to {MAX_NAME} printable characters, this one has {len(text)}.",
            )
        now = self._clock.now()
        if expires_at is not None and expires_at <= now:
            raise ProvisioningFault(
                FaultCode.INVALID_EXPIRY, "The key would have expired already; give a time to come."
            )
        secret = self._tokens.key_secret()
        key = ApiKey(self._tokens.key_id(), account_id, text, role, now, expires_at)
        async with self._store.writing() as rows:
            await known_account(rows, account_id)
            await rows.api_keys.add(key, secret_digest(secret))
        return IssuedKey(key, secret)

    async def revoke(self, account_id: int, reference: str) -> ApiKey:
        """Let a key open nothing any more. It stays in the list."""
        key = await self.find(account_id, reference)
        async with self._store.writing() as rows:
            revoked = replace(await rows.api_keys.get(key.id) or key, revoked=True)
            await rows.api_keys.replace(revoked)
            return revoked


def secret_digest(secret: str) -> str:
    """What is kept of a secret of 256 random bits: for such a one, no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
