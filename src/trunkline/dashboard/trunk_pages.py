"""Trunks: the list, a new one, one of them, and its end."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from trunkline.dashboard.forms import Form
from trunkline.dashboard.page import Page
from trunkline.dashboard.trunk_form import FIELDS, form_of, new_form, plan_of, target_rows
from trunkline.dashboard.visit import Visit
from trunkline.domain.number import Destination, DestinationKind
from trunkline.domain.role import Permission
from trunkline.domain.trunk import Trunk
from trunkline.operations.overview import TrunkHealth
from trunkline.provisioning.faults import FaultCode, ProvisioningFault


async def list_trunks(visit: Visit) -> Response:
    """Every trunk."""
    trunks = await visit.provisioning.trunks.of(visit.account.id)
    return visit.page("trunks/list.html", trunks=trunks, health=_health(visit))


async def ask_new(visit: Visit) -> Response:
    """The form of a new trunk."""
    return _new_page(visit, new_form())


async def add(visit: Visit) -> Response:
    """Create a trunk."""
    form = await visit.form()
    plan = plan_of(form, enabled=True)
    if form.is_right:
        try:
            trunk = await visit.provisioning.trunks.add(visit.account.id, form.text("name"), plan)
        except ProvisioningFault as fault:
            form.refuse(fault, FIELDS)
        else:
            return visit.go(f"trunks/{trunk.id}", f"{trunk.name} is ready.")
    return _new_page(visit, form, 422)


async def show(visit: Visit) -> Response:
    """One trunk."""
    trunk = await _trunk(visit)
    return await _detail_page(visit, trunk, form_of(trunk))


async def change(visit: Visit) -> Response:
    """Set everything but the name."""
    trunk = await _trunk(visit)
    form = await visit.form()
    plan = plan_of(form, enabled=trunk.enabled, digest_before=trunk.digest.username if trunk.digest else "")
    if form.is_right:
        try:
            await visit.provisioning.trunks.change(visit.account.id, trunk.name, plan)
        except ProvisioningFault as fault:
            form.refuse(fault, FIELDS)
        else:
            return visit.go(f"trunks/{trunk.id}", f"{trunk.name} was saved.")
    return await _detail_page(visit, trunk, form, 422)


async def enable(visit: Visit) -> Response:
    """Switch a trunk on or off."""
    enabled = (await visit.form())["enabled"] == "yes"
    trunk = await _trunk(visit)
    await visit.provisioning.trunks.enable(visit.account.id, trunk.name, enabled=enabled)
    return visit.go(f"trunks/{trunk.id}", f"{trunk.name} is switched {'on' if enabled else 'off'}.")


async def ask_disable(visit: Visit) -> Response:
    """Say what switching off breaks."""
    trunk = await _trunk(visit)
    return visit.dialog("trunks/disable.html", trunk=trunk, others=await _others(visit, trunk))


async def ask_remove(visit: Visit) -> Response:
    """Say what removing breaks."""
    trunk = await _trunk(visit)
    return visit.dialog(
        "trunks/remove.html",
        trunk=trunk,
        numbers=await _numbers(visit, trunk),
        others=await _others(visit, trunk),
    )


async def remove(visit: Visit) -> Response:
    """Remove a trunk, and the numbers that lead to it where that was agreed to."""
    force = (await visit.form())["force"] == "yes"
    trunk = await _trunk(visit)
    await visit.provisioning.trunks.remove(visit.account.id, trunk.name, force=force)
    return visit.go("trunks", f"{trunk.name} is removed.")


async def _trunk(visit: Visit) -> Trunk:
    wanted = visit.number("trunk")
    for trunk in await visit.provisioning.trunks.of(visit.account.id):
        if trunk.id == wanted:
            return trunk
    raise ProvisioningFault(FaultCode.UNKNOWN_TRUNK, f"There is no trunk {wanted} in this account.")


async def _others(visit: Visit, trunk: Trunk) -> list[str]:
    """The other trunks that calls may still leave by."""
    trunks = await visit.provisioning.trunks.of(visit.account.id)
    return [one.name for one in trunks if one.id != trunk.id and one.enabled]


async def _numbers(visit: Visit, trunk: Trunk) -> list[str]:
    destination = Destination(DestinationKind.TRUNK, str(trunk.id))
    return [one.e164 for one in await visit.provisioning.numbers.leading_to(visit.account.id, destination)]


def _new_page(visit: Visit, form: Form, status: int = 200) -> Response:
    return visit.page("trunks/new.html", status, form=form, targets=target_rows(form))


async def _detail_page(visit: Visit, trunk: Trunk, form: Form, status: int = 200) -> Response:
    return visit.page(
        "trunks/detail.html",
        status,
        trunk=trunk,
        form=form,
        targets=target_rows(form),
        numbers=await _numbers(visit, trunk),
        health=_health(visit).get(trunk.id),
    )


def _health(visit: Visit) -> dict[int, TrunkHealth]:
    """How the trunks do, by id; empty where the running server is not asked."""
    operations = visit.desk.operations
    return (
        {}
        if operations is None
        else {one.trunk_id: one for one in operations.overview.trunks(visit.account.id)}
    )


PAGES: Final = (
    Page("GET", "trunks", Permission.READ, list_trunks),
    Page("GET", "trunks/new", Permission.PROVISION, ask_new),
    Page("POST", "trunks", Permission.PROVISION, add),
    Page("GET", "trunks/{trunk:int}", Permission.READ, show),
    Page("POST", "trunks/{trunk:int}", Permission.PROVISION, change),
    Page("POST", "trunks/{trunk:int}/enabled", Permission.PROVISION, enable),
    Page("GET", "trunks/{trunk:int}/disable", Permission.PROVISION, ask_disable),
    Page("GET", "trunks/{trunk:int}/remove", Permission.PROVISION, ask_remove),
    Page("POST", "trunks/{trunk:int}/remove", Permission.PROVISION, remove),
)
