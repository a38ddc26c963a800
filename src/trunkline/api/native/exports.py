"""The export of credentials, sent while it is read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import Asked, AskedNow
from trunkline.api.native.credentials import RealmName
from trunkline.domain.credential import Credential
from trunkline.domain.role import Permission
from trunkline.operations.cdrs import csv_line
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

router: Final = APIRouter(
    route_class=NativeRoute, tags=["Import and export"], prefix="/accounts/{account}/credential-export"
)
PIECE: Final = 100
"""Credentials that are read and written in one go, before calls have their turn."""

COLUMNS: Final = ("username", "realm", "domain", "enabled", "application_id", "caller_id_rule", "caller_id")
COLUMNS_WITH_HASHES: Final = ("username", "realm", "domain", "hash1", "hash1b")
"""What an import takes as it is."""

_TYPES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "array"}},
        },
        "description": "All credentials",
    }
}


class ExportForm(StrEnum):
    """How to write an export."""

    CSV = "csv"
    JSON = "json"


@router.get("", response_class=Response, responses=_TYPES)
async def export_credentials(
    asked: AskedNow,
    form: Annotated[ExportForm, Query(alias="format")] = ExportForm.CSV,
    realm: RealmName = "",
    hashes: Annotated[
        bool, Query(description="With the MD5 hashes, which takes the permission to see them.")
    ] = False,
) -> Response:
    """All credentials of the account or of a realm, as CSV or JSON. Passwords are not known, so none are in it.

    With `hashes`, it is what an import takes: that is how credentials move to another installation.
    """
    if hashes:
        await _check_hashes(asked)
    if realm:
        await asked.provisioning.realms.find(asked.account_id, realm)
    columns = COLUMNS_WITH_HASHES if hashes else COLUMNS
    rows = _rows(asked, realm, columns)
    stream, kind = (
        (_csv(rows, columns), "text/csv") if form is ExportForm.CSV else (_json(rows), "application/json")
    )
    headers = {"Content-Disposition": f'attachment; filename="credentials.{form.value}"'}
    return StreamingResponse(stream, 200, headers, kind)


async def _check_hashes(asked: Asked) -> None:
    account = await asked.provisioning.accounts.get(asked.account_id)
    if account.masks_hashes or not asked.may(Permission.HASHES):
        raise ProvisioningFault(FaultCode.FORBIDDEN, "You may not see the hashes of this account.")


async def _rows(asked: Asked, realm: str, columns: tuple[str, ...]) -> AsyncIterator[list[dict[str, object]]]:
    after = 0
    while True:
        found = await asked.provisioning.credentials.page(asked.account_id, realm, after=after, limit=PIECE)
        yield [_row(credential, columns) for credential in found]
        if len(found) < PIECE:
            return
        after = found[-1].id


def _row(credential: Credential, columns: tuple[str, ...]) -> dict[str, object]:
    md5 = credential.secrets[0].md5
    values: dict[str, object] = {
        "username": credential.username,
        "realm": credential.realm_name,
        "domain": credential.domain,
        "enabled": credential.enabled,
        "application_id": credential.application_id or "",
        "caller_id_rule": credential.caller_id_rule.value,
        "caller_id": credential.caller_id,
        "hash1": md5.hash1,
        "hash1b": md5.hash1b or "",
    }
    return {name: values[name] for name in columns}


async def _csv(rows: AsyncIterator[list[dict[str, object]]], columns: tuple[str, ...]) -> AsyncIterator[str]:
    yield csv_line(columns)
    async for piece in rows:
        yield "".join(csv_line(tuple(row.values())) for row in piece)


async def _json(rows: AsyncIterator[list[dict[str, object]]]) -> AsyncIterator[str]:
    before = "["
    async for piece in rows:
        for row in piece:
            yield f"{before}\n{json.dumps(row)}"
            before = ","
    yield "]\n" if before == "," else "[]\n"
