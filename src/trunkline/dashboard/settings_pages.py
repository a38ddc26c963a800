"""Settings: the account's own; the installation's as they are in effect; and, for who owns it, the accounts."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from trunkline.dashboard.forms import Form
from trunkline.dashboard.page import Page
from trunkline.dashboard.visit import Visit
from trunkline.domain.role import Permission
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

_FIELDS: Final = {FaultCode.INVALID_NAME: "name", FaultCode.INVALID_COUNTRY: "country"}


async def show(visit: Visit) -> Response:
    """The settings."""
    account = visit.account
    masks = {"masks_hashes": "yes"} if account.masks_hashes else {}
    return _settings_page(visit, Form({"name": account.name, "country": account.country, **masks}))


async def change(visit: Visit) -> Response:
    """Rename the account, change its country, hide its hashes."""
    form = await visit.form()
    try:
        await visit.provisioning.accounts.change(
            visit.account.id,
            name=form.text("name"),
            country=form.text("country"),
            masks_hashes=form.is_checked("masks_hashes"),
        )
    except ProvisioningFault as fault:
        form.refuse(fault, _FIELDS)
        return _settings_page(visit, form, 422)
    return visit.go("settings", "The account was saved.")


async def ask_new_account(visit: Visit) -> Response:
    """The form of a new account."""
    return visit.page("settings/new_account.html", form=Form({"country": visit.account.country}))


async def add_account(visit: Visit) -> Response:
    """Create an account, and go there."""
    form = await visit.form()
    try:
        account = await visit.provisioning.accounts.add(form.text("name"), form.text("country"))
    except ProvisioningFault as fault:
        form.refuse(fault, _FIELDS)
        return visit.page("settings/new_account.html", 422, form=form)
    return visit.go("settings", f"Account {account.id}, {account.name}, is ready.")


def _settings_page(visit: Visit, form: Form, status: int = 200) -> Response:
    return visit.page(
        "settings/settings.html",
        status,
        form=form,
        example=visit.provisioning.realms.full_name(visit.account, "desk"),
        listeners=visit.desk.reach.listeners(visit.account.id),
        every_listener=visit.desk.reach.every_listener,
        in_effect=visit.desk.reach.in_effect,
    )


PAGES: Final = (
    Page("GET", "settings", Permission.ADMINISTER, show),
    Page("POST", "settings", Permission.ADMINISTER, change),
    Page("GET", "settings/accounts/new", Permission.INSTALL, ask_new_account),
    Page("POST", "settings/accounts", Permission.INSTALL, add_account),
)
