"""Realms: the list, a new one, one of them, and its end."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from trunkline.dashboard.forms import Form
from trunkline.dashboard.page import Page
from trunkline.dashboard.visit import Visit
from trunkline.domain.realm import Realm
from trunkline.domain.role import Permission
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

_FIELDS: Final = {
    FaultCode.INVALID_REALM_NAME: "name",
    FaultCode.REALM_NAME_TOO_LONG: "name",
    FaultCode.REALM_EXISTS: "name",
    FaultCode.DESCRIPTION_TOO_LONG: "description",
}


async def list_realms(visit: Visit) -> Response:
    """Every realm with the number of its credentials."""
    return visit.page("realms/list.html", realms=await visit.provisioning.realms.of(visit.account.id))


async def ask_new(visit: Visit) -> Response:
    """The form of a new realm."""
    return await _new_page(visit, Form())


async def add(visit: Visit) -> Response:
    """Create a realm: a name with a dot is a whole one."""
    form = await visit.form()
    name = form.text("name")
    is_whole = "." in name
    try:
        realm = await visit.provisioning.realms.add(
            visit.account.id,
            label="" if is_whole else name,
            fqdn=name if is_whole else "",
            default=form.is_checked("default"),
            description=form.text("description"),
        )
    except ProvisioningFault as fault:
        form.refuse(fault, _FIELDS)
        return await _new_page(visit, form, 422)
    return visit.go(f"realms/{realm.id}", f"{realm.name} is ready.")


async def show(visit: Visit) -> Response:
    """One realm."""
    realm, count = await _realm(visit)
    return _detail_page(visit, realm, count, Form({"description": realm.description}))


async def change(visit: Visit) -> Response:
    """Set the description, or make it the default."""
    realm, count = await _realm(visit)
    form = await visit.form()
    try:
        await visit.provisioning.realms.change(
            visit.account.id,
            str(realm.id),
            default=form.is_checked("default"),
            description=form.text("description"),
        )
    except ProvisioningFault as fault:
        form.refuse(fault, _FIELDS)
        return _detail_page(visit, realm, count, form, 422)
    return visit.go(f"realms/{realm.id}", f"{realm.name} was saved.")


async def ask_remove(visit: Visit) -> Response:
    """Say what removing breaks."""
    realm, count = await _realm(visit)
    return _remove_page(
        visit, realm, count, Form(), len(await visit.provisioning.realms.of(visit.account.id))
    )


async def remove(visit: Visit) -> Response:
    """Remove a realm; with credentials in it only when its name was typed."""
    realm, count = await _realm(visit)
    form = await visit.form()
    total = len(await visit.provisioning.realms.of(visit.account.id))
    if count and form.text("confirmed").lower() not in {realm.name, realm.label or realm.name}:
        form.errors["confirmed"] = (
            f"Type {realm.label or realm.name} to remove its {count} credentials with it."
        )
        return _remove_page(visit, realm, count, form, total, 422)
    try:
        await visit.provisioning.realms.remove(visit.account.id, str(realm.id), force=count > 0)
    except ProvisioningFault as fault:
        form.fault = fault.sentence
        return _remove_page(visit, realm, count, form, total, 409)
    return visit.go("realms", f"{realm.name} is removed.")


async def _realm(visit: Visit) -> tuple[Realm, int]:
    wanted = visit.number("realm")
    for realm, count in await visit.provisioning.realms.of(visit.account.id):
        if realm.id == wanted:
            return realm, count
    raise ProvisioningFault(FaultCode.UNKNOWN_REALM, f"There is no realm {wanted} in this account.")


async def _new_page(visit: Visit, form: Form, status: int = 200) -> Response:
    example = visit.provisioning.realms.full_name(visit.account, "desk")
    return visit.page("realms/new.html", status, form=form, example=example)


def _detail_page(visit: Visit, realm: Realm, count: int, form: Form, status: int = 200) -> Response:
    return visit.page("realms/detail.html", status, realm=realm, count=count, form=form)


def _remove_page(
    visit: Visit, realm: Realm, count: int, form: Form, total: int, status: int = 200
) -> Response:
    blocked = realm.is_default and total > 1
    return visit.dialog("realms/remove.html", status, realm=realm, count=count, form=form, blocked=blocked)


PAGES: Final = (
    Page("GET", "realms", Permission.READ, list_realms),
    Page("GET", "realms/new", Permission.PROVISION, ask_new),
    Page("POST", "realms", Permission.PROVISION, add),
    Page("GET", "realms/{realm:int}", Permission.READ, show),
    Page("POST", "realms/{realm:int}", Permission.PROVISION, change),
    Page("GET", "realms/{realm:int}/remove", Permission.PROVISION, ask_remove),
    Page("POST", "realms/{realm:int}/remove", Permission.PROVISION, remove),
)
