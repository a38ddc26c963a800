"""One-time links: addresses that give a device its settings once, and then nothing."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

from trunkline.domain.clock import Clock

LIFETIME_S: Final = 900.0
"""Time enough to take a phone out of a pocket and scan."""

MOST: Final = 1_000
_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class LinkedCredential:
    """What a link leads to. ``server`` is the SIP URI that the device shall send everything to."""

    account_id: int
    credential_id: int
    server: str
    expires_at: float


class OneTimeLinks:
    """The links that are open, in memory: a restart closes them all, the oldest give way to new ones."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[bytes, LinkedCredential] = {}

    def open(self, account_id: int, credential_id: int, server: str) -> str:
        """A new token for a credential. Earlier ones of the same credential are closed."""
        now = self._clock.now()
        self._open = {
            digest: link
            for digest, link in self._open.items()
            if link.expires_at > now and link.credential_id != credential_id
        }
        while len(self._open) >= MOST:
            del self._open[next(iter(self._open))]
        token = secrets.token_urlsafe(_BYTES)
        self._open[_digest(token)] = LinkedCredential(account_id, credential_id, server, now + LIFETIME_S)
        return token

    def take(self, token: str) -> LinkedCredential | None:
        """What a token leads to, for the first who asks; None when it is unknown, used or expired."""
        link = self._open.pop(_digest(token), None)
        return link if link is not None and link.expires_at > self._clock.now() else None


def _digest(token: str) -> bytes:
    """Looked up by digest, a token cannot be found out by the time a comparison takes."""
    return hashlib.sha256(token.encode()).digest()
