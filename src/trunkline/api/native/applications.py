"""Operations on voice applications."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import AskedNow
from trunkline.api.native.changing import changed
from trunkline.api.native.documents import Page, answer, nothing
from trunkline.api.native.paging import After, Limit, part
from trunkline.api.native.parameters import Reference
from trunkline.api.native.schemas.applications import (
    ApplicationChange,
    ApplicationDocument,
    NewApplication,
    application_document,
    wanted_callbacks,
)

router: Final = APIRouter(
    route_class=NativeRoute, tags=["Applications"], prefix="/accounts/{account}/applications"
)


@router.get("", response_model=Page[ApplicationDocument])
async def list_applications(asked: AskedNow, after: After = "", limit: Limit = 100) -> Response:
    """The applications of an account, in the order of their ids."""
    applications = await asked.provisioning.applications.of(asked.account_id)
    shown, following = part(applications, lambda one: one.id, after, limit)
    return answer(
        Page[ApplicationDocument](items=[application_document(one) for one in shown], next=following)
    )


@router.post("", response_model=ApplicationDocument, status_code=201)
async def add_application(asked: AskedNow, wish: NewApplication) -> Response:
    """Create an application."""
    made = await asked.provisioning.applications.add(asked.account_id, wish.name, **wanted_callbacks(wish))
    location = asked.location("applications", made.id)
    return answer(application_document(made), 201, location=location, request=asked.request)


@router.get("/{application}", response_model=ApplicationDocument)
async def show_application(asked: AskedNow, application: Reference) -> Response:
    """An application by its id or name."""
    found = await asked.provisioning.applications.find(asked.account_id, application)
    return answer(application_document(found), request=asked.request)


@router.patch("/{application}", response_model=ApplicationDocument)
async def change_application(asked: AskedNow, application: Reference, change: ApplicationChange) -> Response:
    """Change its name, or how it is called back."""

    async def attempt() -> Response:
        seen = await asked.provisioning.applications.find(asked.account_id, application)
        after = await asked.changing(seen, application_document(seen)).applications.change(
            asked.account_id, seen.id, name=change.name, **wanted_callbacks(change)
        )
        return answer(application_document(after), request=asked.request)

    return await changed(asked, attempt)


@router.delete("/{application}", status_code=204)
async def remove_application(asked: AskedNow, application: Reference) -> Response:
    """Remove an application that nothing leads to."""
    seen = await asked.provisioning.applications.find(asked.account_id, application)
    await asked.changing(seen, application_document(seen)).applications.remove(asked.account_id, seen.id)
    return nothing()
