"""Operations on numbers."""

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
from trunkline.api.native.schemas.numbers import NewNumber, NumberChange, NumberDocument, number_document

router: Final = APIRouter(route_class=NativeRoute, tags=["Numbers"], prefix="/accounts/{account}/numbers")


@router.get("", response_model=Page[NumberDocument])
async def list_numbers(asked: AskedNow, after: After = "", limit: Limit = 100) -> Response:
    """The numbers of an account in their own order."""
    numbers = await asked.provisioning.numbers.of(asked.account_id)
    shown, following = part(numbers, lambda one: one.e164, after, limit)
    return answer(Page[NumberDocument](items=[number_document(one) for one in shown], next=following))


@router.post("", response_model=NumberDocument, status_code=201)
async def add_number(asked: AskedNow, wish: NewNumber) -> Response:
    """Own a number, and say where calls to it go."""
    number = await asked.provisioning.numbers.add(asked.account_id, wish.number, wish.destination)
    location = asked.location("numbers", number.e164)
    return answer(number_document(number), 201, location=location, request=asked.request)


@router.get("/{number}", response_model=NumberDocument)
async def show_number(asked: AskedNow, number: Reference) -> Response:
    """A number, as people write it."""
    found = await asked.provisioning.numbers.find(asked.account_id, number)
    return answer(number_document(found), request=asked.request)


@router.patch("/{number}", response_model=NumberDocument)
async def change_number(asked: AskedNow, number: Reference, change: NumberChange) -> Response:
    """Let a number lead elsewhere."""

    async def attempt() -> Response:
        seen = await asked.provisioning.numbers.find(asked.account_id, number)
        after = await asked.changing(seen, number_document(seen)).numbers.point(
            asked.account_id, seen.e164, change.destination
        )
        return answer(number_document(after), request=asked.request)

    return await changed(asked, attempt)


@router.delete("/{number}", status_code=204)
async def remove_number(asked: AskedNow, number: Reference) -> Response:
    """Give a number up."""
    seen = await asked.provisioning.numbers.find(asked.account_id, number)
    await asked.changing(seen, number_document(seen)).numbers.remove(asked.account_id, seen.e164)
    return nothing()
