"""Access: who somebody is, by password, by API key or by token."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from typing import Any, Final

import jwt

from trunkline.domain.api_key import KEY_PREFIX, ApiKey
from trunkline.domain.clock import Clock
from trunkline.domain.principal import Principal, PrincipalKind
from trunkline.domain.user import User
from trunkline.provisioning.api_keys import secret_digest
from trunkline.provisioning.passwords import MAX_PASSWORD, PasswordHashes
from trunkline.provisioning.ports import ProvisioningStore
from trunkline.provisioning.recently import Recently
from trunkline.provisioning.server_secrets import ServerSecrets
from trunkline.provisioning.sign_ins import SignIns
from trunkline.provisioning.tokens import RandomTokens, Tokens
from trunkline.provisioning.wrong_tries import WrongTries

TOKEN_LIFETIME_S: Final = 3600
SEEN_EVERY_S: Final = 60.0
PROVED_S: Final = 300.0
"""So long a password that was right is not hashed again for the same address."""

TOKEN_SECRET: Final = "tokens"  # noqa: S105 - the name of the secret, not the secret
_ALGORITHM: Final = "HS256"
_ISSUER: Final = "trunkline"
_MOST_PROVED: Final = 1000
_MAX_KEY: Final = 200
_MAX_TOKEN: Final = 4096


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A bearer token and the seconds that it works."""

    text: str = field(repr=False)
    expires_in_s: int = TOKEN_LIFETIME_S


@dataclass(frozen=True, slots=True)
class _Proof:
    """A password that was right: for whom, against which hash, and until when that is remembered."""

    user_id: int
    password_hash: str = field(repr=False)
    until: float


class AccessControl:
    """Tells who somebody is. ``sign_ins`` are browsers' cookies, ``secrets`` the server's own keys.

    Sources are addresses; "" is somebody at this machine's own command line.
    """

    def __init__(
        self,
        store: ProvisioningStore,
        clock: Clock,
        tokens: Tokens | None = None,
        hashes: PasswordHashes | None = None,
    ) -> None:
        source = tokens or RandomTokens()
        self._store = store
        self._clock = clock
        self._hashes = hashes or PasswordHashes()
        self._tries = WrongTries()
        self._proofs: dict[bytes, _Proof] = {}
        self._proof_key = source.key_secret().encode()
        self._users: Recently[tuple[User, str]] = Recently()
        self._keys: Recently[tuple[ApiKey, str]] = Recently()
        self._subjects: Recently[tuple[Principal, str]] = Recently()
        self.secrets: Final = ServerSecrets(store, clock, source)
        self.sign_ins: Final = SignIns(store, clock, source)

    async def by_password(self, name: str, password: str, source: str = "") -> Principal | None:
        """The user with this name and password; None when either is wrong or the user is switched off.

        Raises TooManyTries before anything is looked at when this name or source was wrong too often.
        """
        now = self._clock.now()
        self._tries.check_source(source, now)
        digest = self._digest(name, password, source)
        found = self._users.get(name.lower(), now)
        if found is not None and self._is_proved(digest, *found, now):
            return found[0].principal
        async with self._store.reading() as rows:
            user = await rows.users.named(name)
            password_hash = "" if user is None else await rows.users.password_hash(user.id)
        if user is None or not self._is_proved(digest, user, password_hash, now):
            self._tries.check(name, source, now)
            # The try counts before it is computed: many at once would else all be let through.
            self._tries.wrong(name, source, now)
            text = password if len(password) <= MAX_PASSWORD else ""
            if not await self._hashes.fits(text, password_hash) or user is None or not user.enabled:
                return None
            self._tries.right(name, source)
            self._remember(digest, _Proof(user.id, password_hash, now + PROVED_S))
        if not user.enabled:
            return None
        self._users.put(name.lower(), (user, password_hash), now)
        await self._user_seen(user, now)
        return user.principal

    async def by_key(self, key_id: str, secret: str) -> Principal | None:
        """The API key with this id and secret; None when either is wrong, or it is revoked or expired.

        Tries are not counted: nobody guesses 256 bits, and a program with a key that was revoked must not keep its
        neighbours out.
        """
        now = self._clock.now()
        if len(key_id) > _MAX_KEY or len(secret) > _MAX_KEY:
            return None
        given = secret_digest(secret)
        found = self._keys.get(key_id, now)
        if found is not None and hmac.compare_digest(given, found[1]) and found[0].works(now):
            return found[0].principal
        async with self._store.reading() as rows:
            key = await rows.api_keys.get(key_id)
            stored = await rows.api_keys.secret_digest(key_id)
        if not hmac.compare_digest(given, stored) or key is None or not key.works(now):
            return None
        self._keys.put(key_id, (key, stored), now)
        await self._key_used(key, now)
        return key.principal

    async def by_bearer(self, text: str) -> Principal | None:
        """Who a bearer token stands for: one that was issued here, or an API key as ``key-ID.SECRET``."""
        key_id, dot, secret = text.partition(".")
        if dot and key_id.startswith(KEY_PREFIX):
            return await self.by_key(key_id, secret)
        return await self.by_token(text)

    async def issue_token(self, principal: Principal) -> IssuedToken:
        """A JWT for a user or key: what it stands for is looked up anew whenever it is shown."""
        now = int(self._clock.now())
        accounts = principal.accounts()
        secret = await self.secrets.get(TOKEN_SECRET)
        generation = ""
        async with self._store.reading() as rows:
            if principal.is_installer:
                accounts = tuple(account.id for account in await rows.accounts.all())
            if principal.kind is PrincipalKind.USER:
                generation = _generation(secret, await rows.users.password_hash(int(principal.id)))
        roles = {role.value for account in accounts if (role := principal.role_in(account)) is not None}
        claims: dict[str, Any] = {
            "iss": _ISSUER,
            "sub": f"{principal.kind.value}:{principal.id}",
            "name": principal.name,
            "accounts": [str(account) for account in accounts],
            "roles": sorted(roles),
            "express": False,
            "iat": now,
            "exp": now + TOKEN_LIFETIME_S,
            "gen": generation,
        }
        return IssuedToken(jwt.encode(claims, secret, algorithm=_ALGORITHM))

    async def by_token(self, text: str) -> Principal | None:
        """Who a token was issued to, with the roles of today; None when it is forged, expired, or outlived."""
        claims = await self._claims(text)
        now = self._clock.now()
        if claims is None or claims["exp"] <= now:
            return None
        subject, generation = str(claims["sub"]), claims.get("gen")
        found = self._subjects.get(subject, now)
        if found is None or found[1] != generation:
            found = await self._subject(subject)
            if found is None or found[1] != generation:
                return None
            # Only what was looked up: one that is asked for without pause must not be remembered without end.
            self._subjects.put(subject, found, now)
        return replace(found[0], kind=PrincipalKind.TOKEN)

    async def _claims(self, text: str) -> dict[str, Any] | None:
        if len(text) > _MAX_TOKEN:
            return None
        secret = await self.secrets.get(TOKEN_SECRET)
        try:
            # Its times are judged by our own clock.
            claims: dict[str, Any] = jwt.decode(
                text,
                secret,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                options={"require": ["exp", "iat", "sub"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return None
        return claims

    async def _subject(self, subject: str) -> tuple[Principal, str] | None:
        """Whom a token stands for, and the generation that it must be of; None when he is gone or switched off."""
        now = self._clock.now()
        kind, _, identity = subject.partition(":")
        secret = await self.secrets.get(TOKEN_SECRET)
        async with self._store.reading() as rows:
            if kind == PrincipalKind.USER:
                user = await rows.users.get(int(identity))
                if user is None or not user.enabled:
                    return None
                return user.principal, _generation(secret, await rows.users.password_hash(user.id))
            key = await rows.api_keys.get(identity)
            return (key.principal, "") if key is not None and key.works(now) else None

    def _digest(self, name: str, password: str, source: str) -> bytes:
        text = f"{source}\0{name.lower()}\0{password}".encode("utf-8", "surrogatepass")
        return hmac.new(self._proof_key, text, hashlib.sha256).digest()

    def _is_proved(self, digest: bytes, user: User, password_hash: str, now: float) -> bool:
        proof = self._proofs.get(digest)
        return (
            proof is not None
            and now < proof.until
            and proof.user_id == user.id
            and proof.password_hash == password_hash
        )

    def _remember(self, digest: bytes, proof: _Proof) -> None:
        if len(self._proofs) >= _MOST_PROVED:
            del self._proofs[next(iter(self._proofs))]
        self._proofs[digest] = proof

    async def _user_seen(self, user: User, now: float) -> None:
        if user.last_seen_at is None or now - user.last_seen_at >= SEEN_EVERY_S:
            async with self._store.writing() as rows:
                await rows.users.seen(user.id, now)

    async def _key_used(self, key: ApiKey, now: float) -> None:
        if key.last_used_at is None or now - key.last_used_at >= SEEN_EVERY_S:
            async with self._store.writing() as rows:
                await rows.api_keys.used(key.id, now)


def _generation(secret: bytes, password_hash: str) -> str:
    """Changes with a user's password, so that his tokens end with it."""
    return hmac.new(secret, password_hash.encode(), hashlib.sha256).hexdigest()[:16]
