"""Why registrations and calls were refused: the codes, the recent refusals, and the diagnosis of one."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import AskedNow
from trunkline.api.native.documents import Page, answer
from trunkline.api.native.paging import After, Limit, cursor, number, part
from trunkline.api.native.problems import not_known
from trunkline.api.native.schemas.rejections import (
    DiagnosisDocument,
    DiagnosisWish,
    EventDocument,
    RejectionCodeDocument,
    diagnosis_document,
    event_document,
    rejection_code_document,
)
from trunkline.operations.diagnosis import REJECTIONS
from trunkline.operations.events import BACKLOG, REFUSALS

router: Final = APIRouter(route_class=NativeRoute, tags=["Rejections"], prefix="/accounts/{account}")


@router.get("/rejection-codes", response_model=Page[RejectionCodeDocument])
async def list_rejection_codes(asked: AskedNow, after: After = "", limit: Limit = 200) -> Response:  # noqa: ARG001 - admitted
    """Every reason for which the server refuses registrations and calls, with its cure."""
    shown, following = part(list(REJECTIONS.values()), lambda one: one.code, after, limit)
    return answer(
        Page[RejectionCodeDocument](items=[rejection_code_document(one) for one in shown], next=following)
    )


@router.get("/rejections", response_model=Page[EventDocument])
async def list_rejections(asked: AskedNow, after: After = "", limit: Limit = 100) -> Response:
    """The refusals that the server remembers since its start, the newest first; `data.code` says why."""
    before = number(after)
    known = asked.operations.events.recent(asked.account_id, kinds=REFUSALS, limit=BACKLOG)
    found = [event for event in known if not before or event.id < before][: limit + 1]
    following = cursor(found[limit - 1].id) if len(found) > limit else None
    return answer(Page[EventDocument](items=[event_document(one) for one in found[:limit]], next=following))


@router.post("/diagnosis", response_model=DiagnosisDocument)
async def diagnose(asked: AskedNow, wish: DiagnosisWish) -> Response:
    """Name the cause of one refused registration or call, and what to do about it."""
    doctor = asked.operations.diagnosis
    if wish.timeline_id is not None:
        found = await doctor.of_registration(asked.account_id, wish.timeline_id, password=wish.password)
    elif wish.event_id is not None:
        found = await doctor.of_event(asked.account_id, wish.event_id, password=wish.password)
    else:
        found = await doctor.of_call(asked.account_id, wish.call_id or "")
    if found is None:
        raise not_known("refusal")
    return answer(diagnosis_document(found))
