"""Creating many credentials with one document: those that are right are written, the others are told why not."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
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
from trunkline.provisioning.credential_batch import NewCredential, Outcome
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

MOST_AT_ONCE: Final = 10_000

_TWICE: Final = 23000
_WRONG_BESIDE_DOMAIN: Final = 23014
"""A user name that is wrong where its domain stands apart; 23016 where it might hold the domain itself."""


Reading = NewCredential | DashboardFault
"""What could be read of one credential of the document."""


async def add_credentials(request: DashboardRequest) -> Response:
    """Create credentials in the realms they name, or in the account's default one."""
    return await _add(request, None)


async def add_credentials_to_realm(request: DashboardRequest) -> Response:
    """Create credentials in the realm of the path."""
    return await _add(request, await realm_of_path(request))


async def _add(request: DashboardRequest, realm: Realm | None) -> Response:
    sent = _Sent(await request.read("SipCredentials", "SipCredential"))
    readings = await _read(sent, realm)
    wanted = [reading for reading in readings if isinstance(reading, NewCredential)]
    outcomes = iter(
        await request.provisioning.credential_batch.add(request.account_id, wanted) if wanted else ()
    )
    created: list[Credential] = []
    errors: list[str] = []
    valid: list[str] = []
    results = _results(readings, outcomes, nested=realm is not None)
    for place, outcome in enumerate(results):
        if isinstance(outcome, Credential):
            created.append(outcome)
            valid.append(show(outcome, shows_hashes=request.shows_hashes))
        else:
            errors.append(error_item(outcome, echo(sent.at(place), shows_hashes=request.shows_hashes)))
        if place % PIECE == 0:
            await asyncio.sleep(0)
    return _answer(request, created, errors, valid, nested=realm is not None)


class _Sent:
    """The credentials of a document: a list of them, or a single one that stands alone. Raises DashboardFault."""

    def __init__(self, document: Fields) -> None:
        self._document = document
        self._is_single = document.name.lower() == "sipcredential"
        self.count: Final = 1 if self._is_single else document.count("SipCredential")
        if not self.count:
            raise DashboardFault(23006, "The list of SIP credentials is empty")
        if self.count > MOST_AT_ONCE:
            raise DashboardFault(
                23003, f"The list has {self.count} SIP credentials; at most {MOST_AT_ONCE} are taken at once"
            )

    def at(self, place: int) -> Fields:
        """The credential at a place, counted from 0."""
        return self._document if self._is_single else self._document.nth("SipCredential", place)


async def _read(sent: _Sent, realm: Realm | None) -> list[Reading]:
    """Only what was read is kept: to free ten thousand elements at once takes a while."""
    readings: list[Reading] = []
    for place in range(sent.count):
        readings.append(_reading(sent.at(place), realm))
        if place % PIECE == 0:
            await asyncio.sleep(0)
    return readings


def _reading(fields: Fields, realm: Realm | None) -> Reading:
    try:
        return read_new(fields, realm)
    except DashboardFault as fault:
        return fault
    except MalformedXml as malformed:
        return DashboardFault(None, malformed.sentence)


def _results(
    readings: Sequence[Reading], outcomes: Iterator[Outcome], *, nested: bool
) -> Iterator[Credential | DashboardFault]:
    """What became of each that was sent, in order."""
    names: set[tuple[str, str]] = set()
    for reading in readings:
        if isinstance(reading, DashboardFault):
            yield reading
            continue
        outcome = next(outcomes)
        if isinstance(outcome, Credential):
            names.add(_name(reading))
            yield outcome
        else:
            yield _numbered(outcome, reading, names, nested=nested)


def _numbered(
    fault: ProvisioningFault, wanted: NewCredential, names: Collection[tuple[str, str]], *, nested: bool
) -> DashboardFault:
    """A fault of the use case with its number, which depends on what else was sent. ``names`` were written before it."""
    numbered = credential_fault(fault, nested=nested)
    if fault.code is FaultCode.CREDENTIAL_EXISTS and _name(wanted) in names:
        return DashboardFault(_TWICE, f"Duplicated SIP credential: '{wanted.username[:64]}' is sent twice")
    if fault.code is FaultCode.INVALID_USERNAME and wanted.domain:
        return DashboardFault(_WRONG_BESIDE_DOMAIN, numbered.text)
    return numbered


def _name(wanted: NewCredential) -> tuple[str, str]:
    """What makes two credentials of a document the same: the composite name and the realm, in any case."""
    composite = f"{wanted.username}@{wanted.domain}" if wanted.domain else wanted.username
    return composite.lower(), wanted.realm.lower()


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
