"""API keys: what programs sign in with. Their secrets' hashes stay in the store and are no part of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trunkline.domain.principal import Membership, Principal, PrincipalKind
from trunkline.domain.role import Role

KEY_PREFIX: Final = "key-"
"""What every key's id begins with, and no user's name may."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A program's way in, with one role in one account.

    ``expires_at`` and ``last_used_at`` are epoch seconds; None: never. The last use is written a minute late at most.
    """

    id: str
    account_id: int
    name: str
    role: Role
    created_at: float = 0.0
    expires_at: float | None = None
    last_used_at: float | None = None
    revoked: bool = False

    def works(self, now: float) -> bool:
        """Whether the key opens anything now."""
        return not self.revoked and (self.expires_at is None or now < self.expires_at)

    @property
    def principal(self) -> Principal:
        """Who acts when a program shows this key."""
        return Principal(PrincipalKind.KEY, self.id, self.name, (Membership(self.account_id, self.role),))
