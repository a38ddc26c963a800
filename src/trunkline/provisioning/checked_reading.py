"""Reading in somebody's hands: users, keys and the audit log are shown to owners only, each those of his own accounts.

It stands between the use cases and the store, as writing does: no use case and no surface can forget to ask.
"""

from __future__ import annotations

from typing import Final, cast

from trunkline.domain.api_key import ApiKey
from trunkline.domain.audit import AuditEntry
from trunkline.domain.principal import Principal, PrincipalKind
from trunkline.domain.role import Permission
from trunkline.domain.user import User
from trunkline.provisioning.access_ports import ApiKeys, AuditLog, AuditQuery, Users
from trunkline.provisioning.permission import check_installer, check_permission
from trunkline.provisioning.ports import Transaction


class CheckedTransaction:
    """The rows of every noun, to be read by one principal. Hashes of passwords and secrets cannot be read at all."""

    def __init__(self, rows: Transaction, principal: Principal) -> None:
        self.accounts: Final = rows.accounts
        self.realms: Final = rows.realms
        self.credentials: Final = rows.credentials
        self.applications: Final = rows.applications
        self.trunks: Final = rows.trunks
        self.numbers: Final = rows.numbers
        self.users: Final = cast("Users", _CheckedUsers(rows.users, principal))
        self.api_keys: Final = cast("ApiKeys", _CheckedApiKeys(rows.api_keys, principal))
        self.audit: Final = cast("AuditLog", _CheckedAuditLog(rows.audit, principal))
        self.webhooks: Final = rows.webhooks
        self.deliveries: Final = rows.deliveries
        self.sign_ins: Final = rows.sign_ins
        self.server_keys: Final = rows.server_keys
        self.idempotent_requests: Final = rows.idempotent_requests


class _CheckedUsers:
    """A user is shown to himself, and to who owns one of his accounts; to all others there is none of this name."""

    def __init__(self, rows: Users, principal: Principal) -> None:
        self._rows = rows
        self._principal = principal

    async def all(self) -> list[User]:
        check_installer(self._principal)
        return await self._rows.all()

    async def of(self, account_id: int) -> list[User]:
        check_permission(self._principal, Permission.ADMINISTER, account_id)
        return await self._rows.of(account_id)

    async def get(self, user_id: int) -> User | None:
        return self._shown(await self._rows.get(user_id))

    async def named(self, name: str) -> User | None:
        return self._shown(await self._rows.named(name))

    def _shown(self, user: User | None) -> User | None:
        return user if user is not None and self._may_see(user) else None

    def _may_see(self, user: User) -> bool:
        principal = self._principal
        is_himself = principal.kind is not PrincipalKind.KEY and principal.id == str(user.id)
        return (
            principal.is_installer
            or is_himself
            or any(principal.may(Permission.ADMINISTER, one.account_id) for one in user.memberships)
        )


class _CheckedApiKeys:
    """Keys are shown to owners of their account."""

    def __init__(self, rows: ApiKeys, principal: Principal) -> None:
        self._rows = rows
        self._principal = principal

    async def of(self, account_id: int) -> list[ApiKey]:
        check_permission(self._principal, Permission.ADMINISTER, account_id)
        return await self._rows.of(account_id)

    async def get(self, key_id: str) -> ApiKey | None:
        key = await self._rows.get(key_id)
        if key is None or not self._principal.may(Permission.ADMINISTER, key.account_id):
            return None
        return key


class _CheckedAuditLog:
    """Each account's entries are shown to its owners, all of them to who owns the installation."""

    def __init__(self, rows: AuditLog, principal: Principal) -> None:
        self._rows = rows
        self._principal = principal

    async def page(self, query: AuditQuery) -> list[AuditEntry]:
        if query.account_id is None:
            check_installer(self._principal)
        else:
            check_permission(self._principal, Permission.ADMINISTER, query.account_id)
        return await self._rows.page(query)
