"""Refusals as problem documents (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from trunkline.api.allowed_methods import allowed_methods
from trunkline.api.authentication import CHALLENGE
from trunkline.api.native import problem_kinds as kinds
from trunkline.api.native.documents import Document
from trunkline.api.native.problem_kinds import FAULT_KINDS, ProblemKind
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

MEDIA_TYPE: Final = "application/problem+json"
TYPES: Final = "/docs#problem-"
"""What stands before a code in a problem's type: the place of its description."""

_OUTSIDE: Final = {
    401: kinds.UNAUTHENTICATED,
    404: kinds.NOT_FOUND,
    405: kinds.METHOD_NOT_ALLOWED,
    413: kinds.TOO_LARGE,
    415: kinds.UNSUPPORTED_TYPE,
    429: FAULT_KINDS[FaultCode.TOO_MANY_REQUESTS],
    500: kinds.INTERNAL,
    503: kinds.UNAVAILABLE,
}
_MOST_ERRORS: Final = 20


class FieldError(Document):
    """What is wrong with one field."""

    field: str = Field(examples=["username"], description="Where it is, steps separated by dots.")
    sentence: str = Field(examples=["Field required"])


class Problem(Document):
    """Why a request was refused (RFC 9457)."""

    type: str = Field(examples=["/docs#problem-unknown-realm"])
    title: str = Field(examples=["There is no such realm"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no realm 'desk'."], description="What happened this time.")
    code: str = Field(examples=["unknown-realm"], description="Stable: programs decide by it.")
    cure: str = Field(examples=["List the account's realms to see which there are."])
    errors: list[FieldError] = Field(default_factory=list, description="The fields that are wrong.")


class Refusal(Exception):  # noqa: N818 - theirs, not an error of ours
    """A request is refused by this API itself."""

    def __init__(self, kind: ProblemKind, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = headers


def unauthenticated() -> Refusal:
    """Nobody is known by what the request says of itself."""
    return Refusal(
        kinds.UNAUTHENTICATED,
        "Say who you are: HTTP Basic with a user or an API key, or a bearer token.",
        {"WWW-Authenticate": CHALLENGE},
    )


def not_known(what: str) -> Refusal:
    """What runs, or ran, is not there, or it is another account's."""
    return Refusal(kinds.GONE, f"There is no such {what} in this account.")


def problem(
    kind: ProblemKind,
    detail: str,
    *,
    status: int = 0,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as a response."""
    document = {
        "type": TYPES + kind.code,
        "title": kind.title,
        "status": status or kind.status,
        "detail": detail,
        "code": kind.code,
        "cure": kind.cure,
        "errors": [error.model_dump() for error in errors],
    }
    body = json.dumps(document, ensure_ascii=True).encode()
    return Response(body, status or kind.status, dict(headers or {}), MEDIA_TYPE)


def problem_outside(status: int, detail: str) -> Response:
    """A refusal that no operation makes: an unknown path, a body that is too large, a fault of ours."""
    return problem(_OUTSIDE.get(status, kinds.MALFORMED_BODY), detail, status=status)


def of_fault(request: Request, fault: ProvisioningFault) -> Response:
    """A fault of the use cases as a problem."""
    kind = FAULT_KINDS[fault.code]
    status = kind.status
    if status == 404 and kind.field not in request.path_params and kind.field != "account":
        status = 422
    in_body = status == 422 or (status == 409 and kind.field)
    errors = (
        (FieldError(field=_field(kind, fault), sentence=fault.sentence),) if in_body and kind.field else ()
    )
    headers = {}
    if status == 429:
        headers["Retry-After"] = str(getattr(fault, "retry_after_s", 1))
    return problem(kind, fault.sentence, status=status, errors=errors, headers=headers)


def _field(kind: ProblemKind, fault: ProvisioningFault) -> str:
    return "hash1b" if kind.field == "hash1" and fault.sentence.startswith("Hash1b") else kind.field


def add_handlers(application: FastAPI) -> None:
    """Let an application answer all refusals in this form."""
    application.add_exception_handler(ProvisioningFault, _on_fault)
    application.add_exception_handler(Refusal, _on_refusal)
    application.add_exception_handler(RequestValidationError, _on_invalid)
    application.add_exception_handler(HTTPException, _on_http)
    application.add_exception_handler(Exception, _pass_on)


async def _on_fault(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, ProvisioningFault)
    return of_fault(request, fault)


async def _on_refusal(_request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    return problem(refusal.kind, refusal.detail, headers=refusal.headers)


async def _on_invalid(_request: Request, invalid: Exception) -> Response:
    assert isinstance(invalid, RequestValidationError)
    found = invalid.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return problem(kinds.MALFORMED_BODY, f"The body is no JSON: {_reason(found[0])}.")
    errors = [_field_error(one) for one in found[:_MOST_ERRORS]]
    detail = f"{errors[0].field}: {errors[0].sentence}" if errors else kinds.INVALID_REQUEST.title
    return problem(kinds.INVALID_REQUEST, detail, errors=errors)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(allowed_methods(request.app.routes, request.scope, head_is_get=True))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
    known = _OUTSIDE.get(error.status_code)
    response = problem_outside(error.status_code, str(error.detail) if known is None else known.title)
    for name, value in headers.items():
        response.headers[name] = value
    return response


async def _pass_on(_request: Request, error: Exception) -> Response:
    """What nobody expected is answered where all surfaces meet."""
    raise error


def _field_error(error: Mapping[str, Any]) -> FieldError:
    place = [str(step) for step in error["loc"] if step not in ("body", "query", "path", "header")]
    text = ".".join(place).encode("ascii", "backslashreplace").decode()
    return FieldError(field=text[:200] or "body", sentence=str(error["msg"])[:300])


def _reason(error: Mapping[str, Any]) -> str:
    return str(error.get("ctx", {}).get("error", "it cannot be read"))[:120]
