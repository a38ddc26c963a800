"""Writing users, checked and noted: who owns an account may not reach into others through the users they share."""

from __future__ import annotations

from typing import Any

from trunkline.domain.audit import Action, FieldChange
from trunkline.domain.principal import Membership, PrincipalKind
from trunkline.domain.role import Permission, Role
from trunkline.domain.user import User
from trunkline.provisioning.access_ports import Users
from trunkline.provisioning.change_description import MASK, noun_name
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.journal import Journal
from trunkline.provisioning.owners import check_owners_stay


class AuditedUsers:
    """``Users`` whose writes are checked and noted; what only reads is passed on."""

    def __init__(self, rows: Users, journal: Journal) -> None:
        self._rows = rows
        self._journal = journal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)

    async def add(self, user: User, password_hash: str) -> User:
        """Write a new user and return him with the id he got."""
        self._check_whole(user)
        self._note(Action.ADDED, None, user)
        return await self._rows.add(user, password_hash)

    async def replace(self, user: User) -> None:
        """Write a user anew. Who only changes roles needs to own the accounts of those roles alone."""
        old = await self._rows.get(user.id)
        assert old is not None
        self._journal.expect(old)
        if old.is_installer != user.is_installer or old.enabled != user.enabled:
            self._check_whole(old)
            self._check_whole(user)
        for account_id in _differing(old, user):
            self._journal.check(Permission.ADMINISTER, account_id)
        await check_owners_stay(self._rows, self._journal.principal, old, user)
        self._note(Action.CHANGED, old, user)
        await self._rows.replace(user)

    async def set_password(self, user_id: int, password_hash: str) -> None:
        """Write another hash; everybody may for himself."""
        user = await self._rows.get(user_id)
        assert user is not None
        actor = self._journal.principal
        if actor.kind is not PrincipalKind.USER or actor.id != str(user_id):
            self._check_whole(user)
        changes = (FieldChange("password", MASK, MASK),)
        for account_id in _accounts(user):
            self._journal.write(Action.CHANGED, noun_name(User), user.name, account_id, changes)
        await self._rows.set_password(user_id, password_hash)

    async def remove(self, user_id: int) -> None:
        """Remove a user with his memberships and sign-ins."""
        user = await self._rows.get(user_id)
        if user is None:
            return
        self._journal.expect(user)
        self._check_whole(user)
        await check_owners_stay(self._rows, self._journal.principal, user, None)
        self._note(Action.REMOVED, user, None)
        await self._rows.remove(user_id)

    def _check_whole(self, user: User) -> None:
        """Somebody who acts on all of a user owns every account of his."""
        if self._journal.principal.is_installer:
            return
        if user.is_installer or not user.memberships:
            raise ProvisioningFault(
                FaultCode.FORBIDDEN,
                f"{user.name} owns the installation; only somebody who owns it too may do this.",
            )
        for membership in user.memberships:
            self._journal.check(Permission.ADMINISTER, membership.account_id)

    def _note(self, action: Action, old: User | None, new: User | None) -> None:
        """An entry for each account that it concerns, which tells nothing of the others."""
        user = new or old
        assert user is not None
        common = tuple(
            FieldChange(name, before, after)
            for name in ("enabled", "is_installer")
            if (before := None if old is None else getattr(old, name))
            != (after := None if new is None else getattr(new, name))
        )
        concerned = _accounts(user) if common else tuple(_differing(old, new))
        for account_id in concerned:
            before = _role(old, account_id)
            after = _role(new, account_id)
            roles = () if before == after else (FieldChange("role", before, after),)
            self._journal.write(action, noun_name(User), user.name, account_id, common + roles)


def _accounts(user: User) -> tuple[int | None, ...]:
    """The accounts that a user's entries belong to; the installation (None) for who owns it."""
    accounts: tuple[int | None, ...] = tuple(one.account_id for one in user.memberships)
    return (None, *accounts) if user.is_installer or not accounts else accounts


def _differing(old: User | None, new: User | None) -> list[int]:
    before: set[Membership] = set() if old is None else set(old.memberships)
    after: set[Membership] = set() if new is None else set(new.memberships)
    return sorted({membership.account_id for membership in before ^ after})


def _role(user: User | None, account_id: int | None) -> str | None:
    found: Role | None = None
    for membership in () if user is None else user.memberships:
        if membership.account_id == account_id:
            found = membership.role
    return None if found is None else found.value
