"""The hash doctor: what hashes a password has, and what a hash was made of. Failed attempts are the diagnosis'."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import AskedNow
from trunkline.api.native.documents import answer
from trunkline.api.native.schemas.hashes import (
    HashFormsDocument,
    HashWish,
    RecognitionDocument,
    RecognitionWish,
    hash_form_document,
    recognition_document,
)
from trunkline.provisioning.hashes import hash_forms, recognise

router: Final = APIRouter(route_class=NativeRoute, tags=["Hash doctor"], prefix="/accounts/{account}/hashes")


@router.post("", response_model=HashFormsDocument)
async def hash_password(asked: AskedNow, wish: HashWish) -> Response:  # noqa: ARG001 - admitted
    """Every hash of a password, with the string that it hashes."""
    forms = hash_forms(wish.username, wish.realm, wish.domain, wish.password, reveal=wish.reveal)
    return answer(HashFormsDocument(forms=[hash_form_document(form) for form in forms]))


@router.post("/recognition", response_model=RecognitionDocument)
async def recognise_hash(asked: AskedNow, wish: RecognitionWish) -> Response:  # noqa: ARG001 - admitted
    """Say which form a hash is, and whether a device can use it: older guides print some that none can."""
    found = recognise(wish.hash, wish.username, wish.realm, wish.domain, wish.password, reveal=wish.reveal)
    return answer(recognition_document(found))
