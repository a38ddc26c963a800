"""Users: who may sign in, with which role in which account."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final

from trunkline.domain.api_key import KEY_PREFIX
from trunkline.domain.clock import Clock
from trunkline.domain.principal import Membership
from trunkline.domain.role import Role
from trunkline.domain.user import User
from trunkline.provisioning.accounts import known_account
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.passwords import PasswordHashes, check_user_password
from trunkline.provisioning.ports import ProvisioningStore, Transaction
from trunkline.provisioning.tokens import Tokens

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._@+-]{0,62}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class IssuedUser:
    """A user with a new password. ``password`` is the generated one, to be shown once; None otherwise."""

    user: User
    password: str | None = field(repr=False)


class UserProvisioning:
    """Creates, changes and removes users.

    Nobody takes rights from himself, and whoever would be the last owner of an account or of the installation to go
    stays: :mod:`trunkline.provisioning.owners` has the rules.
    """

    def __init__(
        self, store: ProvisioningStore, clock: Clock, tokens: Tokens, hashes: PasswordHashes
    ) -> None:
        self._store = store
        self._clock = clock
        self._tokens = tokens
        self._hashes = hashes

    async def all(self) -> list[User]:
        """Every user of the installation, the oldest first."""
        async with self._store.reading() as rows:
            return await rows.users.all()

    async def of(self, account_id: int) -> list[User]:
        """The users with a role in an account, the oldest first."""
        async with self._store.reading() as rows:
            await known_account(rows, account_id)
            return await rows.users.of(account_id)

    async def find(self, name: str) -> User:
        """The user of this name. Raises ProvisioningFault when there is none."""
        async with self._store.reading() as rows:
            return await known_user(rows, name)

    async def add(
        self,
        name: str,
        password: str | None,
        memberships: tuple[Membership, ...] = (),
        *,
        is_installer: bool = False,
    ) -> IssuedUser:
        """Create a user; without a password one is generated. The first user of all becomes the installer."""
        _check_name(name)
        given = self._tokens.password() if password is None else password
        check_user_password(given, name)
        password_hash = await self._hashes.make(given)
        async with self._store.writing() as rows:
            if await rows.users.named(name) is not None:
                raise ProvisioningFault(
                    FaultCode.USER_EXISTS,
                    f"User {name} exists already (case does not count); choose another name.",
                )
            await _check_memberships(rows, memberships)
            installer = is_installer or not await rows.users.all()
            if not memberships and not installer:
                raise ProvisioningFault(
                    FaultCode.UNKNOWN_ACCOUNT, f"User {name} would have no account; give a role in one."
                )
            user = User(0, name, memberships, installer, created_at=self._clock.now())
            stored = await rows.users.add(user, password_hash)
        return IssuedUser(stored, given if password is None else None)

    async def enable(self, name: str, *, enabled: bool) -> User:
        """Switch a user on or off; off, his browsers are signed out."""
        async with self._store.writing() as rows:
            user = await known_user(rows, name)
            if not enabled:
                await rows.sign_ins.remove_of(user.id)
            changed = replace(user, enabled=enabled)
            await rows.users.replace(changed)
            return changed

    async def set_role(self, name: str, account_id: int, role: Role | None) -> User:
        """Give a user a role in an account, or take him out of it (None)."""
        async with self._store.writing() as rows:
            user = await known_user(rows, name)
            await known_account(rows, account_id)
            kept = [one for one in user.memberships if one.account_id != account_id]
            if role is not None:
                kept.append(Membership(account_id, role))
            if not kept and not user.is_installer:
                raise ProvisioningFault(
                    FaultCode.UNKNOWN_ACCOUNT,
                    f"User {user.name} would have no account left; remove the user instead.",
                )
            changed = replace(
                user, memberships=tuple(sorted(kept, key=lambda membership: membership.account_id))
            )
            await rows.users.replace(changed)
            return changed

    async def set_installer(self, name: str, *, is_installer: bool) -> User:
        """Let a user own the whole installation, or no longer."""
        async with self._store.writing() as rows:
            user = await known_user(rows, name)
            changed = replace(user, is_installer=is_installer)
            await rows.users.replace(changed)
            return changed

    async def set_password(self, name: str, password: str | None) -> IssuedUser:
        """Give a user another password (None: a generated one). His browsers are signed out."""
        given = self._tokens.password() if password is None else password
        check_user_password(given, name)
        password_hash = await self._hashes.make(given)
        async with self._store.writing() as rows:
            user = await known_user(rows, name)
            await rows.users.set_password(user.id, password_hash)
            await rows.sign_ins.remove_of(user.id)
        return IssuedUser(user, given if password is None else None)

    async def remove(self, name: str) -> User:
        """Remove a user."""
        async with self._store.writing() as rows:
            user = await known_user(rows, name)
            await rows.users.remove(user.id)
            return user


async def known_user(rows: Transaction, name: str) -> User:
    """The user of this name in any case. Raises ProvisioningFault when there is none."""
    user = await rows.users.named(name)
    if user is None:
        raise ProvisioningFault(FaultCode.UNKNOWN_USER, f"There is no user '{name[:64]}'.")
    return user


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name.lower().startswith(KEY_PREFIX):
        raise ProvisioningFault(
            FaultCode.INVALID_NAME,
            f"'{name[:80]}' is no user name: use up to 64 letters, digits and inner . _ @ + -, and begin with "
            f"another word than '{KEY_PREFIX}'.",
        )


async def _check_memberships(rows: Transaction, memberships: tuple[Membership, ...]) -> None:
    for membership in memberships:
        await known_account(rows, membership.account_id)
