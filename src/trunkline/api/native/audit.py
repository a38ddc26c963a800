"""Reading the audit log."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from starlette.responses import Response

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import AskedNow
from trunkline.api.native.documents import NO_CONTROLS, Page, page_answer
from trunkline.api.native.paging import After, Limit, cursor, number
from trunkline.api.native.schemas.audit import AuditDocument, audit_document
from trunkline.provisioning.access_ports import AuditQuery

router: Final = APIRouter(route_class=NativeRoute, tags=["Audit log"], prefix="/accounts/{account}/audit")
_Word = Annotated[str, Query(max_length=320, pattern=NO_CONTROLS)]


@router.get("", response_model=Page[AuditDocument])
async def list_audit(
    asked: AskedNow,
    noun: Annotated[_Word, Query(examples=["credential"])] = "",
    key: Annotated[_Word, Query(examples=["alice@desk.0a1b2c.auth.example.net"])] = "",
    actor: _Word = "",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    after: After = "",
    limit: Limit = 100,
) -> Response:
    """Who changed what, when and from where: the newest first."""
    query = AuditQuery(
        account_id=asked.account_id,
        noun=noun,
        key=key,
        actor_name=actor,
        since=0.0 if since is None else since.timestamp(),
        until=None if until is None else until.timestamp(),
        before=number(after),
        limit=limit + 1,
    )
    found = await asked.provisioning.audit.page(query)
    following = cursor(found[limit - 1].id) if len(found) > limit else None
    return await page_answer(audit_document, found[:limit], following)
