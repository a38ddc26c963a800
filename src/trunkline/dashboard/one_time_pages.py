"""One-time links: made for a credential, and answered to the one device that comes for it."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trunkline.dashboard.cookies import is_secure
from trunkline.dashboard.desk import Desk
from trunkline.dashboard.handover import handover
from trunkline.dashboard.linphone import MEDIA_TYPE, SCHEME, linphone_settings
from trunkline.dashboard.page import Page, refusal
from trunkline.dashboard.qr import qr_code
from trunkline.dashboard.rendering import secured
from trunkline.dashboard.visit import Visit
from trunkline.domain.role import Permission
from trunkline.provisioning.faults import ProvisioningFault

GONE: Final = "This link was used already, or is too old. Make a new one on the page of the credential."


async def open_link(visit: Visit) -> Response:
    """Make a link for a credential, with its QR code."""
    credential = await visit.provisioning.credentials.get(visit.account.id, visit.number("credential"))
    listeners = visit.desk.reach.listeners(visit.account.id)
    server = handover(credential, listeners).server
    if server is None:
        raise HTTPException(409, "No listener that devices can use serves this account.")
    token = visit.desk.links.open(visit.account.id, credential.id, server.uri)
    host = f"{visit.request.url.scheme}://{visit.request.url.netloc}"
    url = f"{host}/device/{token}"
    return visit.dialog(
        "credentials/link.html",
        qr=qr_code(url, "One-time settings for Linphone"),
        app_link=f"{SCHEME}{url}",
        host=host,
        is_secure=is_secure(visit.request),
    )


PAGES: Final = (Page("POST", "credentials/{credential:int}/link", Permission.HASHES, open_link),)


def device_route(desk: Desk) -> Route:
    """Where a link leads: it needs no sign-in, the link is the proof."""

    async def answer(request: Request) -> Response:
        link = desk.links.take(request.path_params["token"])
        if link is None:
            return secured(refusal(request, 404, GONE))
        try:
            credential = await desk.provisioning.credentials.get(link.account_id, link.credential_id)
        except ProvisioningFault as fault:
            return secured(refusal(request, 404, fault.sentence))
        settings = linphone_settings(credential, handover(credential, ()).user, link.server)
        return secured(Response(settings, media_type=MEDIA_TYPE))

    # Not HEAD: a preview of the link must not use it up.
    route = Route("/device/{token}", answer, methods=["GET"])
    route.methods = {"GET"}
    return route
