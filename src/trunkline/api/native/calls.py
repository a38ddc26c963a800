"""Operations on running calls."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import AskedNow
from trunkline.api.native.documents import Page, answer, nothing, page_answer
from trunkline.api.native.paging import After, Limit, Search, cursor, position
from trunkline.api.native.parameters import Reference
from trunkline.api.native.problems import not_known
from trunkline.api.native.schemas.calls import CallDocument, call_document

router: Final = APIRouter(route_class=NativeRoute, tags=["Running calls"], prefix="/accounts/{account}/calls")


@router.get("", response_model=Page[CallDocument])
async def list_calls(
    asked: AskedNow,
    search: Annotated[
        Search, Query(description="A piece of caller, callee, address or User-Agent, or a whole Call-ID.")
    ] = "",
    after: After = "",
    limit: Limit = 100,
) -> Response:
    """The calls that run now, the newest first."""
    page = await asked.operations.calls.page(
        asked.account_id, search=search, after=position(after), limit=limit
    )
    return await page_answer(call_document, page.calls, cursor(page.after) if page.after else None)


@router.get("/{call}", response_model=CallDocument)
async def show_call(asked: AskedNow, call: Reference) -> Response:
    """A running call with its RTP figures."""
    found = await asked.operations.calls.get(asked.account_id, call)
    if found is None:
        raise not_known("running call")
    return answer(call_document(found))


@router.delete("/{call}", status_code=204)
async def hang_up_call(asked: AskedNow, call: Reference) -> Response:
    """Hang a call up on both sides; its record says *operator*."""
    if not asked.operations.calls.hang_up(asked.account_id, call):
        raise not_known("running call")
    return nothing()
