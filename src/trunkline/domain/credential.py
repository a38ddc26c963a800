"""SIP credentials: who may register and call, and the hashes that prove it.

Only hashes are kept. ``hash1`` answers a digest username that equals the composite username, ``hash1b`` one
that carries the realm behind it (``user@realm``); both are made with the realm itself:

    hash1  = H(composite ":" realm ":" password)
    hash1b = H(composite "@" realm ":" realm ":" password)
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import Enum

from trunkline.domain.limits import Limits
from trunkline.domain.media_mode import MediaMode

MAX_USERNAME = 32
MAX_DOMAIN = 253


class CallerIdRule(Enum):
    """Which caller identity the holder of a credential may show."""

    ANY = "any"
    OWNED = "owned"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class HashPair:
    """The two HA1 values of one algorithm, lower-case hexadecimal. They are as good as passwords: never shown.

    ``hash1b`` None: it was not given, and a digest username that carries the realm is answered by nothing.
    """

    hash1: str = field(repr=False)
    hash1b: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Secret:
    """One generation of a credential's secret. SHA hashes exist only when the password was seen at write time.

    ``valid_until`` (epoch seconds) ends an older generation while rotating; None: until replaced.
    """

    md5: HashPair
    sha256: HashPair | None = None
    sha512_256: HashPair | None = None
    created_at: float = 0.0
    valid_until: float | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """A user of a realm.

    ``secrets`` holds the current secret first and, while rotating, the previous one. ``application_id``
    routes every call of this credential into that application.
    """

    id: int
    account_id: int
    realm_id: int
    realm_name: str
    username: str
    domain: str
    secrets: tuple[Secret, ...]
    application_id: str | None = None
    enabled: bool = True
    caller_id_rule: CallerIdRule = CallerIdRule.ANY
    caller_id: str = ""
    limits: Limits = Limits()
    media: MediaMode = MediaMode.ANCHORED
    created_at: float = 0.0

    @property
    def composite(self) -> str:
        """``user`` or ``user@domain``: the name a device gives as digest username."""
        return f"{self.username}@{self.domain}" if self.domain else self.username

    @property
    def aor(self) -> str:
        """The address-of-record its devices register, as the key ``composite@realm``."""
        return f"{self.composite}@{self.realm_name}"


def hash_pair(algorithm: str, composite: str, realm: str, password: str) -> HashPair:
    """Both hashes of a password. ``algorithm`` is a :mod:`hashlib` name: md5, sha256 or sha512_256."""
    return HashPair(
        _hash(algorithm, f"{composite}:{realm}:{password}"),
        _hash(algorithm, f"{composite}@{realm}:{realm}:{password}"),
    )


def secret_of_password(
    composite: str, realm: str, password: str, created_at: float, valid_until: float | None = None
) -> Secret:
    """The hashes of every algorithm for a password; the password itself is not kept."""
    return Secret(
        md5=hash_pair("md5", composite, realm, password),
        sha256=hash_pair("sha256", composite, realm, password),
        sha512_256=hash_pair("sha512_256", composite, realm, password),
        created_at=created_at,
        valid_until=valid_until,
    )


def _hash(algorithm: str, text: str) -> str:
    return hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()
