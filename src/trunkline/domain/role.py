"""Roles: what the members of an account may do in it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """A member's standing in one account; each later one may do all that the earlier may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    OWNER = "owner"


class Permission(StrEnum):
    """A kind of thing to do."""

    READ = "read"
    """See everything but secrets, users, keys and the audit log."""

    HASHES = "hashes"
    """See Hash1 and Hash1b of credentials: they are as good as passwords."""

    PROVISION = "provision"
    """Write realms, credentials, applications, trunks, numbers and webhooks."""

    OPERATE = "operate"
    """Hang up calls, unregister devices, run a dry call."""

    ADMINISTER = "administer"
    """Users, keys, the audit log, and the account's own settings."""

    INSTALL = "install"
    """Accounts, and what holds for the whole installation. No role of an account allows it."""


_OPERATOR: Final = frozenset({Permission.READ, Permission.HASHES, Permission.PROVISION, Permission.OPERATE})
_ALLOWED: Final[dict[Role, frozenset[Permission]]] = {
    Role.VIEWER: frozenset({Permission.READ}),
    Role.OPERATOR: _OPERATOR,
    Role.OWNER: _OPERATOR | {Permission.ADMINISTER},
}


def allows(role: Role, permission: Permission) -> bool:
    """Whether a role in an account allows this there."""
    return permission in _ALLOWED[role]
