"""The OAuth2 token endpoint: client credentials for a bearer token (RFC 6749 §4.4)."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from trunkline.api.authentication import CHALLENGE, basic_credentials, by_name, gate_of, source_of
from trunkline.api.rate_limit import TooManyRequests
from trunkline.provisioning.wrong_tries import TooManyTries

PREFIXES: Final = ("/api/v1", "/api/v2", "/api", "/v1.0")

_PATHS: Final = frozenset(f"{prefix}/oauth2/token{slash}" for prefix in PREFIXES for slash in ("", "/"))
_FORM: Final = "application/x-www-form-urlencoded"
_MAX_FIELDS: Final = 20
_NOT_STORED: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def token_routes() -> list[Route]:
    """``POST …/oauth2/token`` below every prefix that clients know."""
    return [Route(path, issue_token, methods=["POST"]) for path in sorted(_PATHS)]


def is_token_path(path: str) -> bool:
    """Whether tokens are asked for at a path."""
    return path in _PATHS


def token_refused_outside(status: int, sentence: str) -> Response:
    """A refusal that is not made by the endpoint itself (RFC 6749 §5.2)."""
    if status in {429, 503}:
        return _refused("temporarily_unavailable", sentence, status)
    return _refused("server_error" if status >= 500 else "invalid_request", sentence, status)


async def issue_token(request: Request) -> Response:
    """A token for a user or an API key that names itself by Basic, or in the form."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return _refused("invalid_request", f"Send the parameters as {_FORM}.")
    async with request.form(max_files=0, max_fields=_MAX_FIELDS) as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
    grant = fields.get("grant_type")
    if not grant:
        return _refused("invalid_request", "The parameter grant_type is missing.")
    if grant != "client_credentials":
        return _refused("unsupported_grant_type", "Only client_credentials are granted tokens here.")
    given = basic_credentials(request.headers.get("authorization", "")) or (
        fields.get("client_id", ""),
        fields.get("client_secret", ""),
    )
    gate = gate_of(request)
    try:
        principal = await by_name(gate.access, *given, source_of(request))
        if principal is None:
            return _refused("invalid_client", "The client's id or secret is wrong.", 401)
        request.state.principal = principal
        gate.limits.check_principal(principal)
    except (TooManyTries, TooManyRequests) as fault:
        response = _refused("temporarily_unavailable", fault.sentence, 429)
        response.headers["Retry-After"] = str(fault.retry_after_s)
        return response
    token = await gate.access.issue_token(principal)
    return JSONResponse(
        {"access_token": token.text, "token_type": "Bearer", "expires_in": token.expires_in_s},
        headers=_NOT_STORED,
    )


def _refused(error: str, sentence: str, status: int = 400) -> Response:
    response = JSONResponse(
        {"error": error, "error_description": sentence}, status_code=status, headers=_NOT_STORED
    )
    if status == 401:
        response.headers["WWW-Authenticate"] = CHALLENGE
    return response
