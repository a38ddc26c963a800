"""Principals: who acts, whether a person, a program with a key, or the server itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from trunkline.domain.role import Permission, Role, allows


class PrincipalKind(StrEnum):
    """How a principal came to be known."""

    USER = "user"
    KEY = "key"
    TOKEN = "token"  # noqa: S105 - the name of a kind
    CLI = "cli"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Membership:
    """A role in one account."""

    account_id: int
    role: Role


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who acts.

    ``id`` is a user's number or a key's id (of a token: of whom it was issued to), ``name`` what people call them.
    The installer may do everything in every account.
    """

    kind: PrincipalKind
    id: str
    name: str
    memberships: tuple[Membership, ...] = ()
    is_installer: bool = False

    def may(self, permission: Permission, account_id: int) -> bool:
        """Whether this is allowed in an account; INSTALL only ever to the installer."""
        if self.is_installer:
            return True
        role = self.role_in(account_id)
        return role is not None and allows(role, permission)

    def role_in(self, account_id: int) -> Role | None:
        """The role in an account; None for a stranger. The installer is everybody's owner."""
        if self.is_installer:
            return Role.OWNER
        for membership in self.memberships:
            if membership.account_id == account_id:
                return membership.role
        return None

    def accounts(self) -> tuple[int, ...]:
        """The accounts of the memberships. The installer may enter all others too."""
        return tuple(membership.account_id for membership in self.memberships)


SYSTEM: Final = Principal(PrincipalKind.SYSTEM, "", "system", is_installer=True)
"""The server itself, where nobody asked for what it does."""
