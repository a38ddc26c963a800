"""Users: people who sign in. Their passwords' hashes stay in the store and are no part of them."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.domain.principal import Membership, Principal, PrincipalKind


@dataclass(frozen=True, slots=True)
class User:
    """A person with a password.

    Names are unique without regard to case. The installer owns the installation: every account, and those to
    come. ``last_seen_at`` is epoch seconds, a minute late at most; None: never signed in.
    """

    id: int
    name: str
    memberships: tuple[Membership, ...] = ()
    is_installer: bool = False
    enabled: bool = True
    created_at: float = 0.0
    last_seen_at: float | None = None

    @property
    def principal(self) -> Principal:
        """Who acts when this user does."""
        return Principal(PrincipalKind.USER, str(self.id), self.name, self.memberships, self.is_installer)
