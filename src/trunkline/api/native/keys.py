"""Operations on API keys."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import AskedNow
from trunkline.api.native.documents import Page, answer
from trunkline.api.native.paging import After, Limit, cursor, invalid_cursor, position
from trunkline.api.native.parameters import Reference
from trunkline.api.native.schemas.keys import (
    IssuedKeyDocument,
    KeyDocument,
    NewKey,
    epoch,
    issued_key_document,
    key_document,
)

router: Final = APIRouter(route_class=NativeRoute, tags=["API keys"], prefix="/accounts/{account}/keys")


@router.get("", response_model=Page[KeyDocument])
async def list_keys(asked: AskedNow, after: After = "", limit: Limit = 100) -> Response:
    """The keys of the account with the revoked ones, the oldest first."""
    keys = await asked.provisioning.api_keys.of(asked.account_id)
    start = 0
    if after:
        wanted = position(after)
        start = next((place for place, key in enumerate(keys, 1) if key.id == wanted), 0)
        if not start:
            raise invalid_cursor()
    shown = keys[start : start + limit]
    following = cursor(shown[-1].id) if len(keys) > start + limit else None
    return answer(Page[KeyDocument](items=[key_document(key) for key in shown], next=following))


@router.post("", response_model=IssuedKeyDocument, status_code=201)
async def add_key(asked: AskedNow, wish: NewKey) -> Response:
    """Create a key. Its secret is shown in this answer only."""
    issued = await asked.provisioning.api_keys.add(
        asked.account_id, wish.name, wish.role, expires_at=epoch(wish.expires_at)
    )
    return answer(issued_key_document(issued), 201, location=asked.location("keys", issued.key.id))


@router.get("/{key}", response_model=KeyDocument)
async def show_key(asked: AskedNow, key: Reference) -> Response:
    """A key by its id, or by the name of one that works."""
    found = await asked.provisioning.api_keys.find(asked.account_id, key)
    return answer(key_document(found), request=asked.request)


@router.delete("/{key}", response_model=KeyDocument)
async def revoke_key(asked: AskedNow, key: Reference) -> Response:
    """Let a key open nothing any more. It stays in the list, for the sake of the audit log."""
    seen = await asked.provisioning.api_keys.find(asked.account_id, key)
    keys = asked.changing(seen, key_document(seen)).api_keys
    return answer(key_document(await keys.revoke(asked.account_id, seen.id)))
