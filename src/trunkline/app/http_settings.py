"""What the HTTP server is built from."""

from __future__ import annotations

from dataclasses import dataclass, field

from trunkline.provisioning.realms import RealmNaming


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Requests a second of one principal and of one address (0: no limit), and the octets of a body."""

    of_principal: float = 50.0
    of_source: float = 100.0
    max_body: int = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where HTTP is spoken and how.

    ``certificate`` and ``key`` are PEM files; empty: no TLS. ``trusted_proxies`` are addresses and networks whose
    X-Forwarded-For and X-Forwarded-Proto are believed.
    """

    host: str
    port: int
    naming: RealmNaming
    certificate: str = ""
    key: str = ""
    trusted_proxies: tuple[str, ...] = ()
    limits: HttpLimits = field(default_factory=HttpLimits)
