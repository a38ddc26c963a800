"""Who sends a request: HTTP Basic with a user or an API key, or a bearer token; the same for every dialect."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final, cast

from starlette.requests import HTTPConnection

from trunkline.api.rate_limit import RateLimits
from trunkline.domain.api_key import KEY_PREFIX
from trunkline.domain.principal import Principal, PrincipalKind
from trunkline.provisioning.access import AccessControl
from trunkline.provisioning.provisioning import Provisioning

CHALLENGE: Final = 'Basic realm="Trunkline", charset="UTF-8"'
"""What a 401 offers in ``WWW-Authenticate``; browsers get sign-in pages instead."""

_MAX_HEADER: Final = 8192
_UNASKED: Final = Principal(PrincipalKind.SYSTEM, "", "nobody was asked for yet")


@dataclass(frozen=True, slots=True)
class Gate:
    """What authentication stands on. The server puts it into every request's ``state.gate``."""

    access: AccessControl
    provisioning: Provisioning
    limits: RateLimits


async def authenticate(request: HTTPConnection) -> Principal | None:
    """The sender of a request; None when there is nothing to know him by, or it is wrong.

    Raises TooManyTries or TooManyRequests, both with ``retry_after_s``: the answer is 429.
    """
    known: Principal | None = getattr(request.state, "principal", _UNASKED)
    if known is not _UNASKED:
        return known
    gate = gate_of(request)
    principal = await _recognised(request, gate.access)
    request.state.principal = principal
    if principal is not None:
        gate.limits.check_principal(principal)
    return principal


def gate_of(request: HTTPConnection) -> Gate:
    """What the server put into the request."""
    return cast("Gate", request.state.gate)


def acting(request: HTTPConnection, principal: Principal) -> Provisioning:
    """The use cases in the hands of the sender of a request."""
    return gate_of(request).provisioning.acting_as(principal, source_of(request))


def source_of(request: HTTPConnection) -> str:
    """The address that a request comes from: behind trusted proxies, the one that they name."""
    return request.client.host if request.client is not None else ""


def basic_credentials(header: str) -> tuple[str, str] | None:
    """Name and password of an ``Authorization: Basic`` (RFC 7617); None when it is none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    name, colon, password = text.partition(":")
    return (name, password) if colon else None


async def by_name(access: AccessControl, name: str, secret: str, source: str) -> Principal | None:
    """A user by his password, or an API key by its secret, whichever the name is."""
    if name.startswith(KEY_PREFIX):
        return await access.by_key(name, secret)
    return await access.by_password(name, secret, source)


async def _recognised(request: HTTPConnection, access: AccessControl) -> Principal | None:
    header = request.headers.get("authorization", "")
    if not header or len(header) > _MAX_HEADER:
        return None
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer":
        return await access.by_bearer(rest.strip())
    given = basic_credentials(header)
    return None if given is None else await by_name(access, *given, source_of(request))
