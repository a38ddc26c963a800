"""Refusals that no surface makes itself, in the form of the surface that was asked: XML, problem, OAuth or page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Scope

from trunkline.api.allowed_methods import allowed_methods
from trunkline.api.bandwidth_dashboard.outside import refused_outside, speaks_at
from trunkline.api.native.problems import problem_outside
from trunkline.api.oauth import is_token_path, token_refused_outside
from trunkline.api.rate_limit import TooManyRequests
from trunkline.dashboard.page import refusal
from trunkline.dashboard.rendering import secured
from trunkline.provisioning.faults import ProvisioningFault
from trunkline.provisioning.wrong_tries import TooManyTries

_PROGRAMS: Final = re.compile(
    r"/+(?:native|openapi\.json|health|metrics|api|iris|v[0-9.]+|accounts|oauth2)(?:/.*)?",
    re.IGNORECASE | re.DOTALL,
)
"""Where programs ask. Everything else is the dashboard's, whose visitors are people."""

_SENTENCES: Final = {
    404: "There is nothing at this address.",
    405: "This method is not spoken here.",
}


def refused(scope: Scope, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    """A response that refuses a request, as its sender will understand it."""
    response = _in_form(scope, status, sentence)
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def asks_who(path: str) -> bool:
    """Whether clients at a path sign in by the request itself, be it after a 401."""
    return not is_token_path(path) and (speaks_at(path) or path.startswith("/native/"))


def too_many(scope: Scope, fault: ProvisioningFault) -> Response:
    """429 for TooManyTries and TooManyRequests."""
    retry_after_s = getattr(fault, "retry_after_s", 1)
    return refused(scope, 429, fault.sentence, {"Retry-After": str(retry_after_s)})


def routed(routes: Sequence[BaseRoute]) -> Starlette:
    """The routes as one application that refuses in the form of each surface, and passes every other exception on."""
    return Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: _on_http,
            TooManyTries: _on_too_many,
            TooManyRequests: _on_too_many,
            Exception: _pass_on,
        },
    )


def _in_form(scope: Scope, status: int, sentence: str) -> Response:
    path, method = scope["path"], scope["method"]
    if is_token_path(path):
        return token_refused_outside(status, sentence)
    if speaks_at(path):
        return refused_outside(path, method, status, sentence)
    if _PROGRAMS.fullmatch(path):
        return problem_outside(status, sentence)
    return secured(refusal(Request(scope), status, sentence))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(allowed_methods(request.app.routes, request.scope))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
    is_bare = error.detail == HTTPStatus(error.status_code).phrase
    sentence = _SENTENCES.get(error.status_code, error.detail) if is_bare else error.detail
    return refused(request.scope, error.status_code, sentence, headers)


async def _on_too_many(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, ProvisioningFault)
    return too_many(request.scope, fault)


async def _pass_on(_request: Request, error: Exception) -> Response:
    raise error
