"""What provisioning asks of a store: a transaction, and in it the rows of each noun.

Rows come back as they were written. Writing an unknown row, or breaking a uniqueness that the use cases have
checked before, is a bug and raises whatever the store raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from trunkline.domain.account import Account
from trunkline.domain.application import Application
from trunkline.domain.credential import Credential
from trunkline.domain.credential_search import EVERY_CREDENTIAL, CredentialSearch
from trunkline.domain.number import Destination, Number
from trunkline.domain.realm import Realm
from trunkline.domain.trunk import Trunk
from trunkline.provisioning.access_ports import (
    ApiKeys,
    AuditLog,
    IdempotentRequests,
    ServerKeys,
    SignInRows,
    Users,
)
from trunkline.provisioning.webhook_ports import Deliveries, Webhooks


class Accounts(Protocol):
    """The accounts of the installation."""

    async def all(self) -> list[Account]:
        """Every account, the oldest first."""
        ...

    async def get(self, account_id: int) -> Account | None:
        """The account; None when there is none."""
        ...

    async def add(self, account: Account) -> None:
        """Write a new account under its id."""
        ...

    async def replace(self, account: Account) -> None:
        """Write an account anew."""
        ...


class Realms(Protocol):
    """The realms of all accounts."""

    async def of(self, account_id: int) -> list[Realm]:
        """The realms of an account, the oldest first."""
        ...

    async def get(self, realm_id: int) -> Realm | None:
        """The realm; None when there is none."""
        ...

    async def named(self, name: str) -> Realm | None:
        """The realm of this FQDN, whoever owns it; None when there is none."""
        ...

    async def add(self, realm: Realm) -> Realm:
        """Write a new realm and return it with the id it got."""
        ...

    async def replace(self, realm: Realm) -> None:
        """Write a realm anew. Its name does not change."""
        ...

    async def remove(self, realm_id: int) -> None:
        """Remove a realm that has no credentials."""
        ...


class Credentials(Protocol):
    """The credentials of all realms. Composite user names are unique in a realm without regard to case."""

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
        """Credentials of an account or of one of its realms in the order of their ids, from behind ``after``.

        ``newest_first`` turns the order round: then they come from below ``after``, 0 being the top. ``skip`` leaves
        out that many of those that would come.
        """
        ...

    async def count(
        self,
        account_id: int,
        realm_id: int | None = None,
        *,
        search: CredentialSearch = EVERY_CREDENTIAL,
        below: int | None = None,
    ) -> int:
        """How many credentials of an account or of one of its realms fit a search; those with ids ``below`` only."""
        ...

    async def counts(self, account_id: int) -> dict[int, int]:
        """How many credentials each realm of an account has; realms without any are left out."""
        ...

    async def get(self, credential_id: int) -> Credential | None:
        """The credential; None when there is none."""
        ...

    async def with_composite(self, realm_id: int, composite: str) -> Credential | None:
        """The credential of this composite user name in any case; None when there is none."""
        ...

    async def taken(self, realm_id: int, composites: Sequence[str]) -> set[str]:
        """Which of these composite user names (lower case) the realm already has, in lower case."""
        ...

    async def of_application(self, application_id: str) -> list[Credential]:
        """The credentials whose calls go to an application."""
        ...

    async def add(self, credential: Credential) -> Credential:
        """Write a new credential and return it with the id it got."""
        ...

    async def add_many(self, credentials: Sequence[Credential]) -> list[Credential]:
        """Write many new credentials and return them, in their order, with the ids they got."""
        ...

    async def replace(self, credential: Credential) -> None:
        """Write a credential anew, its secrets included. Its realm and names do not change."""
        ...

    async def remove(self, credential_id: int) -> None:
        """Remove a credential."""
        ...

    async def remove_all(self, realm_id: int) -> None:
        """Remove every credential of a realm."""
        ...


class Applications(Protocol):
    """The voice applications of all accounts."""

    async def of(self, account_id: int) -> list[Application]:
        """The applications of an account, the oldest first."""
        ...

    async def get(self, application_id: str) -> Application | None:
        """The application; None when there is none."""
        ...

    async def add(self, application: Application) -> None:
        """Write a new application under its id."""
        ...

    async def replace(self, application: Application) -> None:
        """Write an application anew."""
        ...

    async def remove(self, application_id: str) -> None:
        """Remove an application that no credential refers to."""
        ...


class Trunks(Protocol):
    """The trunks of all accounts."""

    async def all(self) -> list[Trunk]:
        """Every trunk of every account."""
        ...

    async def of(self, account_id: int) -> list[Trunk]:
        """The trunks of an account, the oldest first."""
        ...

    async def get(self, trunk_id: int) -> Trunk | None:
        """The trunk; None when there is none."""
        ...

    async def add(self, trunk: Trunk) -> Trunk:
        """Write a new trunk and return it with the id it got."""
        ...

    async def replace(self, trunk: Trunk) -> None:
        """Write a trunk anew."""
        ...

    async def remove(self, trunk_id: int) -> None:
        """Remove a trunk."""
        ...


class Numbers(Protocol):
    """The owned numbers of all accounts."""

    async def of(self, account_id: int) -> list[Number]:
        """The numbers of an account in their own order."""
        ...

    async def page(
        self, account_id: int, fragment: str = "", after: str = "", limit: int = 100
    ) -> list[Number]:
        """The numbers of an account that have some digits in them, in their own order, from behind ``after``."""
        ...

    async def count(self, account_id: int, fragment: str = "") -> int:
        """How many numbers of an account have some digits in them."""
        ...

    async def get(self, e164: str) -> Number | None:
        """The number; None when nobody owns it."""
        ...

    async def leading_to(self, account_id: int, destination: Destination) -> list[Number]:
        """The numbers of an account that lead to a destination."""
        ...

    async def add(self, number: Number) -> None:
        """Write a new number."""
        ...

    async def replace(self, number: Number) -> None:
        """Write a number anew."""
        ...

    async def remove(self, e164: str) -> None:
        """Remove a number."""
        ...


class Transaction(Protocol):
    """The rows of every noun as one consistent whole."""

    @property
    def accounts(self) -> Accounts:
        """Accounts."""
        ...

    @property
    def realms(self) -> Realms:
        """Realms."""
        ...

    @property
    def credentials(self) -> Credentials:
        """Credentials."""
        ...

    @property
    def applications(self) -> Applications:
        """Applications."""
        ...

    @property
    def trunks(self) -> Trunks:
        """Trunks."""
        ...

    @property
    def numbers(self) -> Numbers:
        """Numbers."""
        ...

    @property
    def users(self) -> Users:
        """Users."""
        ...

    @property
    def api_keys(self) -> ApiKeys:
        """API keys."""
        ...

    @property
    def sign_ins(self) -> SignInRows:
        """Sign-ins of browsers."""
        ...

    @property
    def audit(self) -> AuditLog:
        """The audit log."""
        ...

    @property
    def server_keys(self) -> ServerKeys:
        """The server's own keys."""
        ...

    @property
    def idempotent_requests(self) -> IdempotentRequests:
        """Requests under idempotency keys."""
        ...

    @property
    def webhooks(self) -> Webhooks:
        """Webhooks."""
        ...

    @property
    def deliveries(self) -> Deliveries:
        """What is, and was, sent to webhooks."""
        ...


class ProvisioningStore(Protocol):
    """Where the nouns are kept. Every write is told to running servers (the change feed) when it is committed."""

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that only reads."""
        ...

    def writing(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that may write: one at a time; committed at the end, undone by an exception."""
        ...
