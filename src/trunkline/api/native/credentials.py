"""Operations on SIP credentials."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import AskedNow
from trunkline.api.native.changing import changed
from trunkline.api.native.documents import NO_CONTROLS, Page, answer, nothing, page_answer
from trunkline.api.native.paging import After, Limit, Search, cursor, number
from trunkline.api.native.parameters import Force, Reference
from trunkline.api.native.schemas.credentials import (
    CredentialChange,
    CredentialDocument,
    CredentialHashesDocument,
    IssuedCredentialDocument,
    NewCredential,
    Rotation,
    changed_privileges,
    credential_document,
    credential_hashes_document,
    issued_credential_document,
    wanted_privileges,
)
from trunkline.domain.credential_search import CredentialSearch
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

router: Final = APIRouter(
    route_class=NativeRoute, tags=["SIP credentials"], prefix="/accounts/{account}/credentials"
)
RealmName = Annotated[
    str, Query(max_length=320, pattern=NO_CONTROLS, description="Id, whole or short name of a realm.")
]


@router.get("", response_model=Page[CredentialDocument])
async def list_credentials(
    asked: AskedNow,
    realm: RealmName = "",
    search: Annotated[
        Search, Query(description="A piece of the user name or `user@domain`, in any case.")
    ] = "",
    newest_first: bool = False,
    after: After = "",
    limit: Limit = 100,
) -> Response:
    """The credentials of an account or of one of its realms, the oldest first."""
    found = await asked.provisioning.credentials.page(
        asked.account_id,
        realm,
        after=number(after),
        limit=limit + 1,
        search=CredentialSearch(composite=search),
        newest_first=newest_first,
    )
    following = cursor(found[limit - 1].id) if len(found) > limit else None
    used = asked.operations.secret_uses.last_used
    return await page_answer(lambda one: credential_document(one, used(one)), found[:limit], following)


@router.post("", response_model=IssuedCredentialDocument, status_code=201)
async def add_credential(asked: AskedNow, wish: NewCredential) -> Response:
    """Create a credential with a password, with hashes, or with a generated password, which is shown this once."""
    issued = await asked.provisioning.credentials.add(
        asked.account_id,
        wish.username,
        wish.secret(),
        realm=wish.realm,
        domain=wish.domain,
        privileges=wanted_privileges(wish),
    )
    return answer(
        issued_credential_document(issued),
        201,
        location=asked.location("credentials", issued.credential.id),
    )


@router.get("/{credential}", response_model=CredentialDocument)
async def show_credential(asked: AskedNow, credential: Reference) -> Response:
    """A credential by its id, its user name in the default realm, or `user@realm`."""
    found = await asked.provisioning.credentials.find(asked.account_id, credential)
    used = asked.operations.secret_uses.last_used(found)
    return answer(credential_document(found, used), request=asked.request)


@router.get("/{credential}/hashes", response_model=CredentialHashesDocument)
async def show_credential_hashes(asked: AskedNow, credential: Reference) -> Response:
    """The hashes of a credential: they are as good as passwords. An account may hide them from everybody."""
    provisioning = asked.provisioning
    found = await provisioning.credentials.find(asked.account_id, credential)
    if (await provisioning.accounts.get(asked.account_id)).masks_hashes:
        raise ProvisioningFault(FaultCode.FORBIDDEN, "The account shows its hashes to nobody.")
    return answer(credential_hashes_document(found))


@router.patch("/{credential}", response_model=CredentialDocument)
async def change_credential(asked: AskedNow, credential: Reference, change: CredentialChange) -> Response:
    """Switch it on or off, give it limits, a rule for the shown number, an application."""

    async def attempt() -> Response:
        seen = await asked.provisioning.credentials.find(asked.account_id, credential)
        after = await asked.changing(seen, credential_document(seen)).credentials.change(
            asked.account_id, seen.id, changed_privileges(seen, change)
        )
        used = asked.operations.secret_uses.last_used(after)
        return answer(credential_document(after, used), request=asked.request)

    return await changed(asked, attempt)


@router.post("/{credential}/rotation", response_model=IssuedCredentialDocument)
async def rotate_credential(asked: AskedNow, credential: Reference, rotation: Rotation) -> Response:
    """Give it a new secret. With `overlap_s`, the present one stays valid for so long beside it."""
    seen = await asked.provisioning.credentials.find(asked.account_id, credential)
    credentials = asked.changing(seen, credential_document(seen)).credentials
    issued = await credentials.rotate(
        asked.account_id, seen.id, rotation.secret(), overlap_s=rotation.overlap_s
    )
    return answer(issued_credential_document(issued))


@router.delete("/{credential}", status_code=204)
async def remove_credential(asked: AskedNow, credential: Reference, force: Force = False) -> Response:
    """Remove a credential. With `force`, the numbers that lead to it go too."""
    seen = await asked.provisioning.credentials.find(asked.account_id, credential)
    credentials = asked.changing(seen, credential_document(seen)).credentials
    await credentials.remove(asked.account_id, seen.id, force=force)
    return nothing()
