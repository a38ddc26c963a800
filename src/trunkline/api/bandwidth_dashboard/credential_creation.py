"""Creating many credentials with one document: those that are right are written, the others are told why not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from trunkline.api.bandwidth_dashboard.credential_documents import echo, read_new, show
from trunkline.api.bandwidth_dashboard.credentials import PIECE, realm_of_path
from trunkline.api.bandwidth_dashboard.dashboard_request import DashboardRequest, xml_response
from trunkline.api.bandwidth_dashboard.errors import (
    BAD_REQUEST,
    DashboardFault,
    credential_fault,
    error_item,
    response_status,
)
from trunkline.api.bandwidth_dashboard.xml_reading import Fields, MalformedXml
from trunkline.api.bandwidth_dashboard.xml_writing import element
from trunkline.domain.credential import Credential
from trunkline.domain.realm import Realm
from trunkline.provisioning.credential_batch import NewCredential

MOST_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Entry:
    """One credential of the document, and what could be read of it."""

    fields: Fields
    reading: NewCredential | DashboardFault


async def add_credentials(request: DashboardRequest) -> Response:
    """Create credentials in the realms they name, or in the account's default one."""
    return await _add(request, None)


async def add_credentials_to_realm(request: DashboardRequest) -> Response:
    """Create credentials in the realm of the path."""
    return await _add(request, await realm_of_path(request))


async def _add(request: DashboardRequest, realm: Realm | None) -> Response:
    document = await request.read("SipCredentials", "SipCredential")
    entries = await _read(_credentials(document), realm)
    wanted = [entry.reading for entry in entries if isinstance(entry.reading, NewCredential)]
    outcomes = iter(
        await request.provisioning.credential_batch.add(request.account_id, wanted) if wanted else ()
    )
    created: list[Credential] = []
    errors: list[str] = []
    valid: list[str] = []
    for place, entry in enumerate(entries, 1):
        outcome = entry.reading if isinstance(entry.reading, DashboardFault) else next(outcomes)
        if isinstance(outcome, Credential):
            created.append(outcome)
            valid.append(show(outcome, shows_hashes=request.shows_hashes))
        else:
            fault = (
                outcome
                if isinstance(outcome, DashboardFault)
                else credential_fault(outcome, nested=realm is not None)
            )
            errors.append(error_item(fault, echo(entry.fields, shows_hashes=request.shows_hashes)))
        if place % PIECE == 0:
            await asyncio.sleep(0)
    return _answer(request, created, errors, valid, nested=realm is not None)


def _credentials(document: Fields) -> Iterator[Fields]:
    """The credentials of the document: a single one may stand alone. Raises DashboardFault."""
    if document.name.lower() == "sipcredential":
        return iter((document,))
    count = document.count("SipCredential")
    if not count:
        raise DashboardFault(23006, "The list of SIP credentials is empty")
    if count > MOST_AT_ONCE:
        raise DashboardFault(
            23003, f"The list has {count} SIP credentials; at most {MOST_AT_ONCE} are taken at once"
        )
    return document.children("SipCredential")


async def _read(credentials: Iterator[Fields], realm: Realm | None) -> list[_Entry]:
    entries: list[_Entry] = []
    while piece := [_Entry(fields, _reading(fields, realm)) for fields in islice(credentials, PIECE)]:
        entries += piece
        await asyncio.sleep(0)
    return entries


def _reading(fields: Fields, realm: Realm | None) -> NewCredential | DashboardFault:
    try:
        return read_new(fields, realm)
    except DashboardFault as fault:
        return fault
    except MalformedXml as malformed:
        return DashboardFault(None, malformed.sentence)


def _answer(
    request: DashboardRequest,
    created: Sequence[Credential],
    errors: Sequence[str],
    valid: Sequence[str],
    *,
    nested: bool,
) -> Response:
    listed = element("Errors", *errors) if errors else ""
    if not created:
        status = response_status(None, "Please check your input parameters.")
        return xml_response(element("SipCredentialsResponse", status, listed), BAD_REQUEST)
    location = ""
    if len(created) == 1:
        location = request.location(created[0].id if nested else quote(created[0].composite))
    return xml_response(
        element("SipCredentialsResponse", listed, element("ValidSipCredentials", *valid)), 201, location
    )
