"""Owners stay: what would leave an account or the installation without one, or takes rights from who asks, is refused."""

from __future__ import annotations

from trunkline.domain.principal import Principal, PrincipalKind
from trunkline.domain.role import Role
from trunkline.domain.user import User
from trunkline.provisioning.access_ports import Users
from trunkline.provisioning.faults import FaultCode, ProvisioningFault


async def check_owners_stay(users: Users, principal: Principal, old: User, new: User | None) -> None:
    """Look at a change of a user before it is written (``new`` None: he is removed). Raises ProvisioningFault.

    Whoever can sign in for an account keeps somebody beside him who manages its users, and nobody shuts himself out
    by a slip: another owner has to do it. An account's last user may be removed; then nobody is left without an owner.
    """
    if _is_himself(principal, old) and _loses(old, new):
        raise ProvisioningFault(
            FaultCode.OWN_RIGHTS,
            "Nobody lowers his own role, switches himself off or removes himself; another owner has to do it.",
        )
    if _is_installer(old) and not _is_installer(new):
        await _refuse_last_installer(users, old)
    for membership in old.memberships:
        if _owns(old, membership.account_id) and not _owns(new, membership.account_id):
            await _refuse_last_owner(users, old, new, membership.account_id)


def _is_himself(principal: Principal, user: User) -> bool:
    """Whether it is a user himself who acts, signed in or by a token of his."""
    return principal.kind in {PrincipalKind.USER, PrincipalKind.TOKEN} and principal.id == str(user.id)


async def _refuse_last_installer(users: Users, user: User) -> None:
    if not any(_is_installer(one) for one in await users.all() if one.id != user.id):
        raise ProvisioningFault(
            FaultCode.LAST_INSTALLER,
            f"User {user.name} is the only one who owns the installation; let another own it first.",
        )


async def _refuse_last_owner(users: Users, user: User, new: User | None, account_id: int) -> None:
    others = [one for one in await users.of(account_id) if one.id != user.id]
    is_left = bool(others) or _role(new, account_id) is not None
    if is_left and not any(_owns(one, account_id) for one in others):
        raise ProvisioningFault(
            FaultCode.LAST_OWNER,
            f"User {user.name} is the only owner of account {account_id}; make another user its owner first.",
        )


def _loses(old: User, new: User | None) -> bool:
    """Whether a change takes something away that the user may do."""
    if new is None or (old.enabled and not new.enabled) or (old.is_installer and not new.is_installer):
        return True
    return any(_rank(_role(new, one.account_id)) < _rank(one.role) for one in old.memberships)


def _rank(role: Role | None) -> int:
    return -1 if role is None else list(Role).index(role)


def _is_installer(user: User | None) -> bool:
    return user is not None and user.enabled and user.is_installer


def _owns(user: User | None, account_id: int) -> bool:
    return user is not None and user.enabled and _role(user, account_id) is Role.OWNER


def _role(user: User | None, account_id: int) -> Role | None:
    memberships = () if user is None else user.memberships
    return next((one.role for one in memberships if one.account_id == account_id), None)
