"""Operations on registrations."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import AskedNow
from trunkline.api.native.documents import NO_CONTROLS, Page, answer, page_answer
from trunkline.api.native.paging import After, Limit, Search, cursor, number, position
from trunkline.api.native.parameters import Reference
from trunkline.api.native.problems import not_known
from trunkline.api.native.schemas.registrations import (
    RegistrationDocument,
    RegistrationsDocument,
    TimelineDocument,
    TimelineEntryDocument,
    UnregisteredDocument,
    registration_document,
    timeline_document,
    timeline_entry_document,
)
from trunkline.domain.registration_event import RegistrationEventKind

router: Final = APIRouter(route_class=NativeRoute, tags=["Registrations"], prefix="/accounts/{account}")
_ALL: Final = "/registrations"
_ONE: Final = "/registrations/{aor}"


@router.get(_ALL, response_model=Page[RegistrationDocument])
async def list_registrations(
    asked: AskedNow,
    search: Annotated[
        Search, Query(description="A piece of the address, the contact or the User-Agent.")
    ] = "",
    after: After = "",
    limit: Limit = 100,
) -> Response:
    """The devices that are registered now, by address-of-record; those of one address stand on one page."""
    page = await asked.operations.registrations.page(
        asked.account_id, search=search, after=position(after), limit=limit
    )
    following = cursor(page.after) if page.after else None
    return await page_answer(registration_document, page.registrations, following)


@router.get(_ONE, response_model=RegistrationsDocument)
async def show_registration(asked: AskedNow, aor: Reference) -> Response:
    """The devices of one address-of-record (`user@realm`); an empty list where none is registered."""
    found = asked.operations.registrations.of(asked.account_id, aor)
    return answer(RegistrationsDocument(aor=aor, registrations=[registration_document(one) for one in found]))


@router.get(_ONE + "/timeline", response_model=TimelineDocument)
async def show_timeline(asked: AskedNow, aor: Reference, after: After = "", limit: Limit = 100) -> Response:
    """What happened to an address-of-record: registered, moved, expired, refused and why; the newest first."""
    timeline = await asked.operations.registrations.timeline(
        asked.account_id, aor, before=number(after), limit=limit
    )
    return answer(timeline_document(timeline, cursor(timeline.before) if timeline.before else None))


@router.delete(_ONE, response_model=UnregisteredDocument)
async def unregister(
    asked: AskedNow,
    aor: Reference,
    contact: Annotated[
        str,
        Query(max_length=2048, pattern=NO_CONTROLS, description="Only the device with this contact URI."),
    ] = "",
) -> Response:
    """Forget the devices of an address-of-record: they get no calls, and their connections are closed.

    A device may register anew; disable its credential to prevent that.
    """
    removed = await asked.operations.registrations.unregister(asked.account_id, aor, contact=contact)
    if not removed:
        raise not_known("registration")
    return answer(UnregisteredDocument(removed=removed))


@router.get("/registration-events", response_model=Page[TimelineEntryDocument])
async def list_registration_events(
    asked: AskedNow, kind: RegistrationEventKind | None = None, after: After = "", limit: Limit = 100
) -> Response:
    """What happened to all registrations of the account, the newest first; refused ones outlive a restart here."""
    found = await asked.operations.registrations.events(
        asked.account_id, kind=kind, before=number(after), limit=limit + 1
    )
    following = cursor(found[limit - 1].id) if len(found) > limit else None
    return await page_answer(timeline_entry_document, found[:limit], following)
