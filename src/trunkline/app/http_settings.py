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
class HttpBounds:
    """How long clients may take, in seconds, and how many may be connected, in all and from one address.

    ``head_s`` is for the head of a request; ``body_s`` for its body, and a second more for each 16 KiB that came;
    ``response_s`` is how long a client may take nothing of a response.
    """

    head_s: float = 20.0
    body_s: float = 30.0
    response_s: float = 60.0
    most_connections: int = 1000
    most_connections_of_address: int = 200


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
    bounds: HttpBounds = field(default_factory=HttpBounds)
