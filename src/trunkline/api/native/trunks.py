"""Operations on trunks."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import AskedNow
from trunkline.api.native.changing import changed
from trunkline.api.native.documents import Page, answer, nothing
from trunkline.api.native.paging import After, Limit, part
from trunkline.api.native.parameters import Force, Reference
from trunkline.api.native.schemas.trunks import (
    NewTrunk,
    TrunkChange,
    TrunkDocument,
    changed_plan,
    trunk_document,
    wanted_plan,
)

router: Final = APIRouter(route_class=NativeRoute, tags=["Trunks"], prefix="/accounts/{account}/trunks")


@router.get("", response_model=Page[TrunkDocument])
async def list_trunks(asked: AskedNow, after: After = "", limit: Limit = 100) -> Response:
    """The trunks of an account, the oldest first."""
    trunks = await asked.provisioning.trunks.of(asked.account_id)
    shown, following = part(trunks, lambda trunk: trunk.id, after, limit)
    return answer(Page[TrunkDocument](items=[trunk_document(one) for one in shown], next=following))


@router.post("", response_model=TrunkDocument, status_code=201)
async def add_trunk(asked: AskedNow, wish: NewTrunk) -> Response:
    """Create a trunk."""
    trunk = await asked.provisioning.trunks.add(asked.account_id, wish.name, wanted_plan(wish))
    location = asked.location("trunks", trunk.id)
    return answer(trunk_document(trunk), 201, location=location, request=asked.request)


@router.get("/{trunk}", response_model=TrunkDocument)
async def show_trunk(asked: AskedNow, trunk: Reference) -> Response:
    """A trunk by its name or id."""
    found = await asked.provisioning.trunks.find(asked.account_id, trunk)
    return answer(trunk_document(found), request=asked.request)


@router.patch("/{trunk}", response_model=TrunkDocument)
async def change_trunk(asked: AskedNow, trunk: Reference, change: TrunkChange) -> Response:
    """Change what is given."""

    async def attempt() -> Response:
        seen = await asked.provisioning.trunks.find(asked.account_id, trunk)
        after = await asked.changing(seen, trunk_document(seen)).trunks.change(
            asked.account_id, seen.name, changed_plan(seen, change)
        )
        return answer(trunk_document(after), request=asked.request)

    return await changed(asked, attempt)


@router.delete("/{trunk}", status_code=204)
async def remove_trunk(asked: AskedNow, trunk: Reference, force: Force = False) -> Response:
    """Remove a trunk. With `force`, the numbers that lead to it go too."""
    seen = await asked.provisioning.trunks.find(asked.account_id, trunk)
    trunks = asked.changing(seen, trunk_document(seen)).trunks
    await trunks.remove(asked.account_id, seen.name, force=force)
    return nothing()
