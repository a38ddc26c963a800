"""What access asks of a store: the rows of users, keys, sign-ins, the audit log, and the server's own keys.

Hashes of passwords and secrets are written and asked for by themselves, so that no user or key ever carries them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from trunkline.domain.api_key import ApiKey
from trunkline.domain.audit import AuditEntry
from trunkline.domain.idempotency import IdempotentRequest
from trunkline.domain.sign_in import SignIn
from trunkline.domain.user import User


class Users(Protocol):
    """The users of the installation. Names are unique without regard to case."""

    async def all(self) -> list[User]:
        """Every user, the oldest first."""
        ...

    async def of(self, account_id: int) -> list[User]:
        """The users with a role in an account, the oldest first."""
        ...

    async def get(self, user_id: int) -> User | None:
        """The user; None when there is none."""
        ...

    async def named(self, name: str) -> User | None:
        """The user of this name in any case; None when there is none."""
        ...

    async def password_hash(self, user_id: int) -> str:
        """The argon2 hash of a user's password; empty when there is no such user."""
        ...

    async def add(self, user: User, password_hash: str) -> User:
        """Write a new user and return him with the id he got."""
        ...

    async def replace(self, user: User) -> None:
        """Write a user anew, his memberships included. His name and password do not change."""
        ...

    async def set_password(self, user_id: int, password_hash: str) -> None:
        """Write another hash."""
        ...

    async def seen(self, user_id: int, at: float) -> None:
        """Write when a user was last here."""
        ...

    async def remove(self, user_id: int) -> None:
        """Remove a user with his memberships and sign-ins."""
        ...


class ApiKeys(Protocol):
    """The API keys of all accounts. A revoked key stays as a row."""

    async def of(self, account_id: int) -> list[ApiKey]:
        """The keys of an account, the oldest first."""
        ...

    async def get(self, key_id: str) -> ApiKey | None:
        """The key; None when there is none."""
        ...

    async def secret_digest(self, key_id: str) -> str:
        """The SHA-256 of a key's secret in hexadecimal; empty when there is no such key."""
        ...

    async def add(self, key: ApiKey, secret_digest: str) -> None:
        """Write a new key under its id."""
        ...

    async def replace(self, key: ApiKey) -> None:
        """Write a key anew. Its secret does not change."""
        ...

    async def used(self, key_id: str, at: float) -> None:
        """Write when a key was last used."""
        ...


class SignInRows(Protocol):
    """The sign-ins of browsers."""

    async def of(self, user_id: int) -> list[SignIn]:
        """The sign-ins of a user, the oldest first."""
        ...

    async def get(self, digest: str) -> SignIn | None:
        """The sign-in; None when there is none."""
        ...

    async def add(self, sign_in: SignIn) -> None:
        """Write a new sign-in."""
        ...

    async def seen(self, digest: str, at: float, expires_at: float) -> None:
        """Write when a sign-in was last used, and when it will expire now."""
        ...

    async def remove(self, digest: str) -> None:
        """End a sign-in."""
        ...

    async def remove_of(self, user_id: int) -> None:
        """End every sign-in of a user."""
        ...

    async def remove_expired(self, now: float) -> None:
        """Forget those that expired."""
        ...


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries are wanted: the newest first, from below ``before`` (0: the newest of all).

    ``account_id`` None: of every account and of the installation. Empty texts do not narrow.
    """

    account_id: int | None = None
    noun: str = ""
    key: str = ""
    actor_name: str = ""
    since: float = 0.0
    until: float | None = None
    before: int = 0
    limit: int = 100


class AuditLog(Protocol):
    """The audit log: entries are added, and none is changed."""

    async def add(self, entries: Sequence[AuditEntry]) -> None:
        """Write entries; each gets an id."""
        ...

    async def page(self, query: AuditQuery) -> list[AuditEntry]:
        """The entries that a query asks for, the newest first."""
        ...


class ServerKeys(Protocol):
    """Secrets of the server itself, by name."""

    async def get(self, name: str) -> str | None:
        """The secret; None when it was never made."""
        ...

    async def add(self, name: str, secret: str, at: float) -> None:
        """Write a new secret."""
        ...


class IdempotentRequests(Protocol):
    """Requests under idempotency keys, by principal and key."""

    async def get(self, principal: str, key: str) -> IdempotentRequest | None:
        """The request; None when there is none."""
        ...

    async def add(self, request: IdempotentRequest) -> None:
        """Write a new request."""
        ...

    async def answered(self, principal: str, key: str, status: int, content_type: str, body: str) -> None:
        """Write the answer that a request got."""
        ...

    async def remove(self, principal: str, key: str) -> None:
        """Forget a request."""
        ...

    async def remove_older(self, before: float) -> None:
        """Forget the requests that came before this time."""
        ...
