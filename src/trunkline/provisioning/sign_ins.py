"""Browsers' sign-ins: begun with a password, known again by a cookie, ended by either side."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from trunkline.domain.clock import Clock
from trunkline.domain.principal import Principal
from trunkline.domain.sign_in import SignIn
from trunkline.domain.user import User
from trunkline.provisioning.api_keys import secret_digest
from trunkline.provisioning.ports import ProvisioningStore
from trunkline.provisioning.tokens import Tokens

IDLE_S: Final = 12 * 3600.0
"""A browser that asks for nothing so long is signed out."""

LONGEST_S: Final = 14 * 86_400.0
SEEN_EVERY_S: Final = 60.0

_MAX_TEXT: Final = 200


@dataclass(frozen=True, slots=True)
class BegunSignIn:
    """A new sign-in with what its cookie shall hold."""

    sign_in: SignIn
    cookie: str = field(repr=False)


class SignIns:
    """Begins sign-ins and knows them again."""

    def __init__(self, store: ProvisioningStore, clock: Clock, tokens: Tokens) -> None:
        self._store = store
        self._clock = clock
        self._tokens = tokens

    async def begin(self, user_id: int, source: str, user_agent: str) -> BegunSignIn:
        """Let a browser act for a user who has just proved himself."""
        cookie = self._tokens.key_secret()
        now = self._clock.now()
        sign_in = SignIn(
            secret_digest(cookie), user_id, now, now, now + IDLE_S, source, user_agent[:_MAX_TEXT]
        )
        async with self._store.writing() as rows:
            await rows.sign_ins.remove_expired(now)
            await rows.sign_ins.add(sign_in)
        return BegunSignIn(sign_in, cookie)

    async def by_cookie(self, cookie: str) -> tuple[Principal, SignIn] | None:
        """Who a cookie stands for; None when it is unknown, expired, or its user is switched off."""
        digest = secret_digest(cookie)
        now = self._clock.now()
        async with self._store.reading() as rows:
            sign_in = await rows.sign_ins.get(digest)
            user = None if sign_in is None else await rows.users.get(sign_in.user_id)
        if sign_in is None or user is None or not user.enabled or sign_in.expires_at <= now:
            return None
        if now - sign_in.seen_at >= SEEN_EVERY_S:
            await self._seen(sign_in, user, now)
        return user.principal, sign_in

    async def of(self, user_id: int) -> list[SignIn]:
        """The sign-ins of a user that have not expired, the oldest first."""
        now = self._clock.now()
        async with self._store.reading() as rows:
            return [one for one in await rows.sign_ins.of(user_id) if one.expires_at > now]

    async def end(self, cookie: str) -> None:
        """Sign a browser out."""
        await self.end_of(secret_digest(cookie))

    async def end_of(self, digest: str) -> None:
        """End the sign-in of this digest."""
        async with self._store.writing() as rows:
            await rows.sign_ins.remove(digest)

    async def _seen(self, sign_in: SignIn, user: User, now: float) -> None:
        expires_at = min(now + IDLE_S, sign_in.created_at + LONGEST_S)
        async with self._store.writing() as rows:
            await rows.sign_ins.seen(sign_in.digest, now, expires_at)
            await rows.users.seen(user.id, now)
