"""Operations on realms."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import AskedNow
from trunkline.api.native.changing import changed
from trunkline.api.native.documents import Page, answer, nothing
from trunkline.api.native.paging import After, Limit, part
from trunkline.api.native.parameters import Force, Reference
from trunkline.api.native.schemas.realms import NewRealm, RealmChange, RealmDocument, realm_document
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

router: Final = APIRouter(route_class=NativeRoute, tags=["Realms"], prefix="/accounts/{account}/realms")


@router.get("", response_model=Page[RealmDocument])
async def list_realms(asked: AskedNow, after: After = "", limit: Limit = 100) -> Response:
    """The realms of an account, the oldest first, each with the number of its credentials."""
    realms = await asked.provisioning.realms.of(asked.account_id)
    shown, following = part(realms, lambda pair: pair[0].id, after, limit)
    return answer(Page[RealmDocument](items=[realm_document(*pair) for pair in shown], next=following))


@router.post("", response_model=RealmDocument, status_code=201)
async def add_realm(asked: AskedNow, wish: NewRealm) -> Response:
    """Create a realm from a short name or a whole one. The first of an account becomes its default."""
    realm = await asked.provisioning.realms.add(
        asked.account_id,
        label=wish.label,
        fqdn=wish.name,
        default=wish.is_default,
        description=wish.description,
    )
    return answer(
        realm_document(realm), 201, location=asked.location("realms", realm.id), request=asked.request
    )


@router.get("/{realm}", response_model=RealmDocument)
async def show_realm(asked: AskedNow, realm: Reference, request: Request) -> Response:
    """A realm by its id, whole name or short name, with the number of its credentials."""
    found, count = await asked.provisioning.realms.counted(asked.account_id, realm)
    return answer(realm_document(found, count), request=request)


@router.patch("/{realm}", response_model=RealmDocument)
async def change_realm(asked: AskedNow, realm: Reference, change: RealmChange) -> Response:
    """Change the description, or make the realm the account's default."""
    if change.is_default is False:
        raise ProvisioningFault(
            FaultCode.DEFAULT_REALM, "A realm ceases to be the default when another one becomes it."
        )

    async def attempt() -> Response:
        seen = await asked.provisioning.realms.find(asked.account_id, realm)
        after = await asked.changing(seen, realm_document(seen)).realms.change(
            asked.account_id, str(seen.id), default=bool(change.is_default), description=change.description
        )
        return answer(realm_document(after), request=asked.request)

    return await changed(asked, attempt)


@router.delete("/{realm}", status_code=204)
async def remove_realm(asked: AskedNow, realm: Reference, force: Force = False) -> Response:
    """Remove a realm. With `force`, its credentials and the numbers that lead to them go too."""
    seen = await asked.provisioning.realms.find(asked.account_id, realm)
    await asked.changing(seen, realm_document(seen)).realms.remove(asked.account_id, seen.name, force=force)
    return nothing()
