"""SIP credentials of an account, and of one of its realms: list, show, replace and remove them."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.responses import Response

from trunkline.api.bandwidth_dashboard.credential_documents import (
    read_application,
    read_hashes,
    require_realm,
    show,
    text_of,
)
from trunkline.api.bandwidth_dashboard.dashboard_request import DashboardRequest, xml_response
from trunkline.api.bandwidth_dashboard.errors import NOT_FOUND, DashboardFault, credential_fault
from trunkline.api.bandwidth_dashboard.fragments import checked_fragment
from trunkline.api.bandwidth_dashboard.paging import links, read_page
from trunkline.api.bandwidth_dashboard.xml_reading import Fields
from trunkline.api.bandwidth_dashboard.xml_writing import element
from trunkline.domain.credential import Credential
from trunkline.domain.credential_search import CredentialSearch
from trunkline.domain.realm import Realm
from trunkline.provisioning.credential_listing import CredentialPart
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

PIECE: Final = 100
"""Credentials that are printed in one go: the event loop carries calls, too."""


async def list_credentials(request: DashboardRequest) -> Response:
    """A part of the account's credentials; 404 when there is none."""
    return await _list(request, None)


async def list_credentials_of_realm(request: DashboardRequest) -> Response:
    """A part of a realm's credentials; an empty list when there is none."""
    return await _list(request, await realm_of_path(request))


async def show_credential(request: DashboardRequest) -> Response:
    """The credential of a composite user name."""
    return _answer(request, await _named(request))


async def show_credential_of_realm(request: DashboardRequest) -> Response:
    """The credential of an id, in a realm."""
    return _answer(request, await _of_realm(request, await realm_of_path(request)))


async def replace_credential(request: DashboardRequest) -> Response:
    """Write hashes anew, and the application where one is named."""
    wanted = await request.read("SipCredential")
    credential = await _named(request)
    _require_names(wanted, credential)
    require_realm(wanted, await request.provisioning.realms.find(request.account_id, credential.realm_name))
    return await _replace(request, wanted, credential, nested=False)


async def replace_credential_of_realm(request: DashboardRequest) -> Response:
    """The same below a realm, where the names must be left out and the realm's id must be given."""
    wanted = await request.read("SipCredential")
    realm = await realm_of_path(request)
    credential = await _of_realm(request, realm)
    if text_of(wanted, "UserName") is not None:
        raise DashboardFault(23030, "UserName cannot be changed and must be left out")
    if not text_of(wanted, "RealmId"):
        raise DashboardFault(23031, "RealmId is required")
    _require_names(wanted, credential)
    require_realm(wanted, realm)
    return await _replace(request, wanted, credential, nested=True)


async def remove_credential(request: DashboardRequest) -> Response:
    """Remove the credential of a composite user name."""
    credential = await _named(request)
    await request.provisioning.credentials.remove(request.account_id, credential.id)
    return Response()


async def remove_credential_of_realm(request: DashboardRequest) -> Response:
    """Remove the credential of an id, in a realm."""
    credential = await _of_realm(request, await realm_of_path(request))
    await request.provisioning.credentials.remove(request.account_id, credential.id)
    return Response()


async def realm_of_path(request: DashboardRequest) -> Realm:
    """The realm whose credentials are meant. Raises DashboardFault."""
    reference = _of_path(request, "realm")
    try:
        return await request.provisioning.realms.find(request.account_id, reference)
    except ProvisioningFault as fault:
        raise DashboardFault(23017, credential_fault(fault).text, NOT_FOUND) from None


async def _list(request: DashboardRequest, realm: Realm | None) -> Response:
    page = read_page(request)
    search = CredentialSearch(
        username=checked_fragment(request, "userNamefragment"),
        domain=checked_fragment(request, "domainfragment"),
        realm=checked_fragment(request, "realmFragment"),
        application=checked_fragment(request, "applicationNameFragment"),
    )
    try:
        part = await request.provisioning.credential_listing.part(
            request.account_id, realm.name if realm else "", start=page.start, size=page.size, search=search
        )
    except ProvisioningFault as fault:
        if fault.code is FaultCode.UNKNOWN_CREDENTIAL:
            raise DashboardFault(23012, f"page '{page.start}' is no credential of this list") from None
        raise
    if not part.total and realm is None:
        if search != CredentialSearch():
            raise DashboardFault(23011, "No SIP credentials were found with these fragments", NOT_FOUND)
        raise DashboardFault(23008, "There are no SIP credentials on the account", NOT_FOUND)
    listed = element("SipCredentials", *await _shown(request, part))
    return xml_response(element("SipCredentialsResponse", links(request.url, part, page.size), listed))


async def _shown(request: DashboardRequest, part: CredentialPart) -> list[str]:
    shown: list[str] = []
    for start in range(0, len(part.credentials), PIECE):
        piece = part.credentials[start : start + PIECE]
        shown += [show(credential, shows_hashes=request.shows_hashes) for credential in piece]
        await asyncio.sleep(0)
    return shown


async def _named(request: DashboardRequest) -> Credential:
    return await request.provisioning.credentials.named(request.account_id, _of_path(request, "credential"))


async def _of_realm(request: DashboardRequest, realm: Realm) -> Credential:
    reference = _of_path(request, "credential")
    fault = DashboardFault(
        23025, f"There is no credential '{reference[:64]}' on the realm and account", NOT_FOUND
    )
    if not (reference.isascii() and reference.isdecimal()):
        raise fault
    try:
        credential = await request.provisioning.credentials.find(request.account_id, reference)
    except ProvisioningFault:
        raise fault from None
    if credential.id != int(reference) or credential.realm_id != realm.id:
        raise fault
    return credential


def _of_path(request: DashboardRequest, name: str) -> str:
    """A name or id in the path. Raises DashboardFault where there is only white space for it."""
    reference = request.names[name]
    if not reference.strip():
        raise DashboardFault(23005, f"Path param '{name}' should be specified")
    return reference


def _require_names(wanted: Fields, credential: Credential) -> None:
    """Raise DashboardFault when the document gives other names than the credential has."""
    username = text_of(wanted, "UserName") or credential.username
    domain = text_of(wanted, "Domain") or credential.domain
    own = {credential.username.lower(), credential.composite.lower()}
    if username.lower() not in own or domain.lower() != credential.domain.lower():
        raise DashboardFault(23004, "UserName and Domain cannot be changed; add another credential instead")


async def _replace(
    request: DashboardRequest, wanted: Fields, credential: Credential, *, nested: bool
) -> Response:
    hashes = read_hashes(wanted)
    application = read_application(wanted)
    try:
        issued = await request.provisioning.credentials.rotate(
            request.account_id, credential.id, hashes, application=application
        )
    except ProvisioningFault as fault:
        raise credential_fault(fault, nested=nested) from None
    return _answer(request, issued.credential)


def _answer(request: DashboardRequest, credential: Credential) -> Response:
    return xml_response(element("SipCredentialResponse", show(credential, shows_hashes=request.shows_hashes)))
