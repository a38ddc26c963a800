"""How an account does now, and did in the last day."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from starlette.responses import Response

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import AskedNow
from trunkline.api.native.documents import Page, answer
from trunkline.api.native.paging import After, Limit, part
from trunkline.api.native.schemas.overview import (
    OverviewDocument,
    SampleDocument,
    overview_document,
    sample_document,
)

router: Final = APIRouter(route_class=NativeRoute, tags=["Overview"], prefix="/accounts/{account}/overview")


@router.get("", response_model=OverviewDocument)
async def show_overview(asked: AskedNow) -> Response:
    """Registrations, calls, refusals by reason, and the state of each trunk."""
    return answer(overview_document(await asked.operations.overview.now(asked.account_id)))


@router.get("/minutes", response_model=Page[SampleDocument])
async def list_minutes(
    asked: AskedNow,
    since: Annotated[AwareDatetime | None, Query(description="Not further back than a day.")] = None,
    after: After = "",
    limit: Limit = 200,
) -> Response:
    """The last day minute by minute, for charts; minutes without anything are left out."""
    samples = await asked.operations.overview.series(
        asked.account_id, since=None if since is None else since.timestamp()
    )
    shown, following = part(samples, lambda sample: int(sample.at), after, limit)
    return answer(Page[SampleDocument](items=[sample_document(one) for one in shown], next=following))
