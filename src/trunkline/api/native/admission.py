"""What stands before every operation: who is it, may he, how large is the body, and was it answered before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from trunkline.api.authentication import authenticate, gate_of
from trunkline.api.native import problem_kinds as kinds
from trunkline.api.native.access_table import ACCESS, Reach
from trunkline.api.native.asked import Asked
from trunkline.api.native.documents import LARGEST_ID
from trunkline.api.native.problems import Refusal, unauthenticated
from trunkline.domain.principal import Principal
from trunkline.domain.role import Permission
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.idempotency import IdempotencyKeys

MAX_JSON: Final = 65_536
"""Octets of a JSON body; bodies of imports are read by the import itself."""

RAW_BODIES: Final = frozenset({"start_import"})
IDEMPOTENCY_KEY: Final = "idempotency-key"
REPLAYED: Final = "Idempotent-Replayed"
SECRETS: Final = frozenset({"password", "secret", "bearer"})
"""Fields that are shown once: a replay has null for them, so that no secret is kept."""

_KEPT_HEADERS: Final = ("location", "etag")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class NativeRoute(APIRoute):
    """An operation behind its entry of the access table."""

    def get_route_handler(self) -> Handler:
        """The handler of the framework behind the admission."""
        inner = super().get_route_handler()
        name = self.name
        reach, permission = ACCESS[name]

        async def handle(request: Request) -> Response:
            principal = await authenticate(request)
            if principal is None:
                raise unauthenticated()
            request.state.asked = await _admit(request, principal, reach, permission)
            if request.method in {"POST", "PATCH", "PUT"} and name not in RAW_BODIES:
                await _read_body(request)
            key = request.headers.get(IDEMPOTENCY_KEY)
            if key is None or request.method != "POST" or name in RAW_BODIES:
                response = await inner(request)
            else:
                response = await _once(request, request.state.asked.provisioning.idempotency, key, inner)
            _tell_rate(request, principal, response)
            return response

        return handle


async def _admit(request: Request, principal: Principal, reach: Reach, permission: Permission) -> Asked:
    """Raise ProvisioningFault for who may not: a foreign account is as unknown as one that is not there."""
    if reach is Reach.SELF:
        return Asked(request, principal, 0)
    if reach is Reach.INSTALLATION:
        if not principal.is_installer:
            raise _forbidden(principal, permission)
        return Asked(request, principal, 0)
    text = request.path_params["account"]
    account_id = int(text) if text.isascii() and text.isdecimal() and len(text) <= 16 else 0
    if not 0 < account_id <= LARGEST_ID or principal.role_in(account_id) is None:
        raise ProvisioningFault(FaultCode.UNKNOWN_ACCOUNT, f"There is no account '{text[:64]}'.")
    if not principal.may(permission, account_id):
        raise _forbidden(principal, permission)
    if principal.is_installer:
        await gate_of(request).provisioning.accounts.get(account_id)
    return Asked(request, principal, account_id)


def _forbidden(principal: Principal, permission: Permission) -> ProvisioningFault:
    return ProvisioningFault(
        FaultCode.FORBIDDEN,
        f"{principal.name} may not do this: it takes the permission to {permission.value}.",
    )


async def _read_body(request: Request) -> None:
    """Read a JSON body within its bounds, before anything is made of it. Raises Refusal."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_JSON:
            raise Refusal(kinds.TOO_LARGE, f"A JSON body has at most {MAX_JSON} octets.")
    request._body = bytes(body)  # noqa: SLF001 - where the framework looks for a body that was read already
    if not body:
        return
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Refusal(kinds.UNSUPPORTED_TYPE, "Send the body as Content-Type: application/json.")


async def _once(request: Request, keys: IdempotencyKeys, key: str, inner: Handler) -> Response:
    """Answer a request under an idempotency key: as the first time, when it was answered then."""
    digest = _digest(request, await request.body())
    known = await keys.begin(key, digest)
    if known is not None:
        kept = json.loads(known.body)
        headers = {**kept["headers"], REPLAYED: "true"}
        return Response(kept["text"], known.status or 200, headers, known.content_type or None)
    try:
        response = await inner(request)
    except BaseException:
        await keys.forget(key)
        raise
    if response.status_code >= 300:
        await keys.forget(key)
        return response
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    kept = {"headers": headers, "text": _without_secrets(bytes(response.body))}
    await keys.finish(key, response.status_code, response.headers.get("content-type", ""), json.dumps(kept))
    return response


def _digest(request: Request, body: bytes) -> str:
    """Tells one request from another. Secrets do not count: a fast hash must not be kept of any."""
    try:
        document = json.dumps(_blank(json.loads(body)), sort_keys=True)
    except (ValueError, RecursionError):
        document = ""  # it is refused, and its key freed
    text = f"{request.method} {request.scope['path']}?{request.url.query}\n{document}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _blank(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: None if _is_secret(name) else _blank(inner) for name, inner in value.items()}
    return [_blank(inner) for inner in value] if isinstance(value, list) else value


def _is_secret(name: str) -> bool:
    return name in SECRETS or name.endswith("_password") or name.startswith("hash")


def _without_secrets(body: bytes) -> str:
    if not body:
        return ""
    document = json.loads(body)
    if isinstance(document, dict):
        document = {name: None if name in SECRETS else value for name, value in document.items()}
    return json.dumps(document)


def _tell_rate(request: Request, principal: Principal, response: Response) -> None:
    standing = gate_of(request).limits.standing(principal)
    if standing is not None:
        response.headers["RateLimit-Limit"] = str(standing.limit)
        response.headers["RateLimit-Remaining"] = str(standing.remaining)
        response.headers["RateLimit-Reset"] = str(standing.reset_s)
