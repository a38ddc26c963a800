"""Trunks: peer networks that calls leave through and come in from."""

from __future__ import annotations

from dataclasses import dataclass, field

from trunkline.domain.limits import Limits
from trunkline.domain.media_mode import MediaMode

DEFAULT_FAILOVER_CODES: frozenset[int] = frozenset({408, 500, 502, 503, 504})
NEVER_FAILOVER_CODES: frozenset[int] = frozenset({486, 600, 603})


@dataclass(frozen=True, slots=True)
class TrunkTarget:
    """One address of a trunk: lower ``priority`` first, ``weight`` shares the load within a priority."""

    uri: str
    priority: int = 1
    weight: int = 1


@dataclass(frozen=True, slots=True)
class OutboundDigest:
    """How we answer a trunk's challenge: only for this realm, only with these HA1 values."""

    username: str
    realm: str
    md5: str = field(repr=False)
    sha256: str = field(default="", repr=False)
    sha512_256: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Trunk:
    """A peer network of an account.

    ``prefixes`` are the E.164 prefixes it serves (``""``: every number); ``allowed_ips`` the networks in CIDR
    form whose INVITEs are taken as this trunk's without a digest; ``failover_codes`` the final statuses
    after which the next target or trunk is tried. ``plus``: dialled numbers are sent with their ``+``.
    """

    id: int
    account_id: int
    name: str
    targets: tuple[TrunkTarget, ...]
    prefixes: tuple[str, ...] = ("",)
    allowed_ips: tuple[str, ...] = ()
    digest: OutboundDigest | None = None
    limits: Limits = Limits()
    failover_codes: frozenset[int] = DEFAULT_FAILOVER_CODES
    priority: int = 1
    weight: int = 1
    media: MediaMode = MediaMode.ANCHORED
    plus: bool = True
    ring_timeout_s: int = 60
    enabled: bool = True
    created_at: float = 0.0
