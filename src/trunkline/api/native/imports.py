"""Operations on imports of credentials."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from trunkline.api.native import problem_kinds as kinds
from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import Asked, AskedNow
from trunkline.api.native.documents import Page, answer
from trunkline.api.native.import_forms import read_import
from trunkline.api.native.paging import After, Limit, cursor, number, part
from trunkline.api.native.parameters import Id
from trunkline.api.native.problems import Refusal
from trunkline.api.native.schemas.imports import (
    ImportDocument,
    ImportLineDocument,
    import_document,
    import_line_document,
)
from trunkline.provisioning.import_table import ImportTable

router: Final = APIRouter(
    route_class=NativeRoute, tags=["Import and export"], prefix="/accounts/{account}/credential-imports"
)
MAX_IMPORT: Final = 8 * 1024 * 1024
TYPES: Final = ("text/csv", "application/json", "application/xml", "text/xml")
_EXAMPLES: Final = {
    "text/csv": "username,realm,password\nalice,desk,correct-horse-battery\n",
    "application/json": [{"username": "alice", "realm": "desk", "password": "correct-horse-battery"}],
    "application/xml": "<SipCredentials><SipCredential><UserName>alice</UserName><Realm>desk</Realm>"
    "<Password>correct-horse-battery</Password></SipCredential></SipCredentials>",
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "The fields username, realm, domain, and password or hash1 and hash1b of each credential.",
        "content": {kind: {"schema": {"type": "string"}, "example": text} for kind, text in _EXAMPLES.items() if isinstance(text, str)}
        | {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}, "example": _EXAMPLES["application/json"]}},
    }
}  # fmt: skip


@router.post("", response_model=ImportDocument, status_code=202, openapi_extra=_BODY)
async def start_import(
    asked: AskedNow, dry: Annotated[bool, Query(description="Only check the lines.")] = False
) -> Response:
    """Begin an import of credentials as CSV, JSON or XML: each line is taken or refused by itself.

    The answer comes at once; look at its `Location` for the progress, and below that at `lines` for what was refused.
    """
    kind = asked.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in TYPES:
        raise Refusal(kinds.UNSUPPORTED_TYPE, f"Send the credentials as one of {', '.join(TYPES)}.")
    read = await asyncio.to_thread(read_import, kind, await _body(asked.request))
    progress = _table(asked).start(
        asked.provisioning.credential_import,
        asked.account_id,
        read.lines,
        unreadable=read.unreadable,
        dry=dry,
    )
    return answer(import_document(progress), 202, location=asked.location("credential-imports", progress.id))


@router.get("", response_model=Page[ImportDocument])
async def list_imports(asked: AskedNow, after: After = "", limit: Limit = 100) -> Response:
    """The imports since the server started, the oldest first."""
    shown, following = part(_table(asked).of(asked.account_id), lambda one: one.id, after, limit)
    return answer(Page[ImportDocument](items=[import_document(one) for one in shown], next=following))


@router.get("/{import}", response_model=ImportDocument)
async def show_import(asked: AskedNow, import_id: Annotated[Id, Path(alias="import")]) -> Response:
    """How an import goes."""
    return answer(import_document(_table(asked).get(asked.account_id, import_id)))


@router.get("/{import}/lines", response_model=Page[ImportLineDocument])
async def list_import_lines(
    asked: AskedNow, import_id: Annotated[Id, Path(alias="import")], after: After = "", limit: Limit = 100
) -> Response:
    """The lines that were not taken, and why; every other line was."""
    refused = _table(asked).get(asked.account_id, import_id).refused
    start = number(after)
    shown = refused[start : start + limit]
    following = cursor(start + limit) if len(refused) > start + limit else None
    return answer(
        Page[ImportLineDocument](items=[import_line_document(one) for one in shown], next=following)
    )


def _table(asked: Asked) -> ImportTable:
    return cast("ImportTable", asked.request.app.state.imports)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_IMPORT:
            raise Refusal(kinds.TOO_LARGE, f"An import has at most {MAX_IMPORT} octets; send it in parts.")
    return bytes(body)
