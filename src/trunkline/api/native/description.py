"""The OpenAPI 3.1 document of this API, made once, when somebody asks for it."""

from __future__ import annotations

import asyncio
import json
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from trunkline.api.native.access_table import ACCESS, Reach
from trunkline.api.native.problems import MEDIA_TYPE, Problem

INTRODUCTION: Final = """\
Everything that Trunkline does, as JSON.

**Who you are.** Send HTTP Basic with a user and password, or with the id and the secret of an API key; or a bearer
token: an API key as `key-….SECRET`, or a token from `POST /api/v1/oauth2/token`. Roles: *viewer* (read), *operator*
(also hashes, provision, operate), *owner* (also administer). An account that is not yours is answered 404, as if it
were not there; what your role does not allow, 403.

**Lists** are `{"items": [...], "next": "…"}`. Give `next` as `after` to go on; it is null behind the last item.

**Changes.** `PATCH` changes what is given and leaves the rest. Resources come with an `ETag`; give it as `If-Match`, and
a change is refused with 412 when somebody else was faster.

**Once only.** A `POST` with an `Idempotency-Key` is done once, however often it is sent within a day. Secrets are not
kept: where the first answer showed a password, a repeated answer has null.

**Refusals** are problem documents (RFC 9457). Decide by `code`; `detail` says what happened and `cure` what to do.

**Rates.** `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (seconds) come with every answer; 429 comes
with `Retry-After`.

Times are RFC 3339 in UTC.
"""

_METHODS: Final = ("get", "post", "put", "patch", "delete")


class Description:
    """The document, and the page that is made of it."""

    def __init__(self, application: FastAPI, prefix: str) -> None:
        self._application = application
        self._prefix = prefix
        self._making = asyncio.Lock()

    @cached_property
    def document(self) -> dict[str, Any]:
        """The document as it is."""
        made = get_openapi(
            title="Trunkline",
            version=_version(),
            openapi_version="3.1.0",
            summary="SIP registrar and network bridge",
            description=INTRODUCTION,
            routes=self._application.routes,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        )
        return _completed(made, self._prefix)

    @cached_property
    def text(self) -> bytes:
        """The document as JSON."""
        return json.dumps(self.document, separators=(",", ":")).encode()

    async def ready(self) -> None:
        """Make the document, in a thread: it takes longer than calls should wait."""
        async with self._making:
            if "text" not in self.__dict__:
                await asyncio.to_thread(lambda: self.text)


def _completed(made: dict[str, Any], prefix: str) -> dict[str, Any]:
    """With full paths, the ways to sign in, the permissions and the refusals."""
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for schema in schemas.values():
        schema.setdefault("description", "A part of a list.")  # only the pages have no text of their own
    made["components"]["securitySchemes"] = {
        "basic": {
            "type": "http",
            "scheme": "basic",
            "description": "User and password, or an API key's id and secret.",
        },
        "bearer": {"type": "http", "scheme": "bearer", "description": "`key-….SECRET`, or a token."},
    }
    made["security"] = [{"basic": []}, {"bearer": []}]
    made["servers"] = [{"url": "/", "description": "This server"}]
    made["paths"] = {prefix + path: item for path, item in made["paths"].items()}
    for item in made["paths"].values():
        for method in _METHODS:
            if method in item:
                _complete_operation(item[method])
    return made


def _complete_operation(operation: dict[str, Any]) -> None:
    reach, permission = ACCESS[operation["operationId"]]
    who = {
        Reach.SELF: "Everybody who is known may ask this.",
        Reach.ACCOUNT: f"Takes the permission to *{permission.value}*.",
        Reach.INSTALLATION: "Only for who owns the installation.",
    }[reach]
    operation["description"] = f"{operation.get('description', '').strip()}\n\n{who}"
    operation["x-permission"] = permission.value
    responses = operation["responses"]
    responses.pop("422", None)
    responses["default"] = {
        "description": "It was refused; see `code`.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _version() -> str:
    try:
        return version("trunkline")
    except PackageNotFoundError:
        return "0"
