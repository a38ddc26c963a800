"""The dashboard as a whole: every page, the sign-in, the static files, and the links of devices."""

from __future__ import annotations

from typing import Final

from starlette.routing import Route

from trunkline.dashboard import (
    application_pages,
    audit_pages,
    call_pages,
    credential_pages,
    doctor_pages,
    dry_run_pages,
    event_stream,
    key_pages,
    number_pages,
    one_time_pages,
    overview_pages,
    realm_pages,
    registration_pages,
    settings_pages,
    trunk_pages,
    user_pages,
    webhook_pages,
)
from trunkline.dashboard.desk import Desk, Reach
from trunkline.dashboard.one_time_links import OneTimeLinks
from trunkline.dashboard.one_time_pages import device_route
from trunkline.dashboard.page import Page, route
from trunkline.dashboard.rendering import prepare
from trunkline.dashboard.setup_token import SetupToken
from trunkline.dashboard.sign_in_pages import SignInPages
from trunkline.dashboard.static_files import static_routes
from trunkline.domain.clock import Clock
from trunkline.operations.operations import Operations
from trunkline.provisioning.access import AccessControl
from trunkline.provisioning.provisioning import Provisioning

PAGES: Final[tuple[Page, ...]] = (
    *overview_pages.PAGES,
    *credential_pages.PAGES,
    *one_time_pages.PAGES,
    *realm_pages.PAGES,
    *number_pages.PAGES,
    *application_pages.PAGES,
    *trunk_pages.PAGES,
    *webhook_pages.PAGES,
    *registration_pages.PAGES,
    *call_pages.PAGES,
    *doctor_pages.PAGES,
    *dry_run_pages.PAGES,
    *user_pages.PAGES,
    *key_pages.PAGES,
    *audit_pages.PAGES,
    *settings_pages.PAGES,
    *event_stream.PAGES,
)
"""Every page below an account, in the order in which addresses are tried."""


def build_dashboard(
    provisioning: Provisioning,
    access: AccessControl,
    operations: Operations | None,
    reach: Reach,
    clock: Clock,
    setup: SetupToken,
) -> list[Route]:
    """The dashboard over the use cases, as routes to mount at the root.

    ``operations`` None leaves out what only a running server knows; ``setup`` opens the page of the first user.
    """
    prepare()
    desk = Desk(provisioning, access, operations, reach, clock, OneTimeLinks(clock), setup)
    pages = [route(desk, page) for page in PAGES]
    return [*static_routes(), *SignInPages(desk).routes(), device_route(desk), *pages]
