"""API keys of an account: made, shown once, revoked. They are listed beside the users."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from trunkline.dashboard.forms import Form
from trunkline.dashboard.page import Page
from trunkline.dashboard.user_pages import ROLES, role_of
from trunkline.dashboard.visit import Visit
from trunkline.domain.role import Permission, Role
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

DAY_S: Final = 86_400.0
LIFETIMES: Final = (
    ("90", "In 90 days"),
    ("30", "In 30 days"),
    ("365", "In a year"),
    ("", "Never: until it is revoked"),
)


async def ask_new(visit: Visit) -> Response:
    """The form of a new key."""
    return _new_page(visit, Form({"role": Role.OPERATOR.value, "lifetime": LIFETIMES[0][0]}))


async def add(visit: Visit) -> Response:
    """Create a key, and show its secret once."""
    form = await visit.form()
    role, days = role_of(form), form["lifetime"]
    if days not in {value for value, _ in LIFETIMES}:
        form.errors["lifetime"] = "Choose one of these."
    if role is None or not form.is_right:
        return _new_page(visit, form, 422)
    expires_at = visit.desk.clock.now() + int(days) * DAY_S if days else None
    try:
        issued = await visit.provisioning.api_keys.add(
            visit.account.id, form.text("name"), role, expires_at=expires_at
        )
    except ProvisioningFault as fault:
        form.refuse(fault, {FaultCode.INVALID_NAME: "name"})
        return _new_page(visit, form, 422)
    return visit.page("users/issued_key.html", issued=issued)


async def ask_revoke(visit: Visit) -> Response:
    """Say what revoking means."""
    key = await visit.provisioning.api_keys.find(visit.account.id, visit.part("key"))
    return visit.dialog("users/revoke.html", key=key)


async def revoke(visit: Visit) -> Response:
    """Let a key open nothing any more."""
    key = await visit.provisioning.api_keys.revoke(visit.account.id, visit.part("key"))
    return visit.go("users", f"{key.name} is revoked.")


def _new_page(visit: Visit, form: Form, status: int = 200) -> Response:
    return visit.page("users/new_key.html", status, form=form, roles=ROLES, lifetimes=LIFETIMES)


PAGES: Final = (
    Page("GET", "keys/new", Permission.ADMINISTER, ask_new),
    Page("POST", "keys", Permission.ADMINISTER, add),
    Page("GET", "keys/{key}/revoke", Permission.ADMINISTER, ask_revoke),
    Page("POST", "keys/{key}/revoke", Permission.ADMINISTER, revoke),
)
