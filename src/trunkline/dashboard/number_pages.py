"""Numbers: the list, a new one, one of them, and its end."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from trunkline.dashboard.forms import Form
from trunkline.dashboard.page import Page
from trunkline.dashboard.visit import Visit
from trunkline.domain.credential_search import CredentialSearch
from trunkline.domain.number import Destination, DestinationKind, Number
from trunkline.domain.role import Permission
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.numbers import APPLICATION_MARK, TRUNK_MARK

PAGE_SIZE: Final = 100
_SUGGESTED: Final = 12

_FIELDS: Final = {
    FaultCode.INVALID_NUMBER: "number",
    FaultCode.NUMBER_EXISTS: "number",
    FaultCode.UNKNOWN_CREDENTIAL: "device",
    FaultCode.INVALID_DESTINATION: "device",
    FaultCode.UNKNOWN_REALM: "device",
    FaultCode.UNKNOWN_APPLICATION: "application",
    FaultCode.UNKNOWN_TRUNK: "trunk",
}


async def list_numbers(visit: Visit) -> Response:
    """The numbers in their own order; a script asks for the rows alone."""
    search, after = visit.query("search")[:40], visit.query("after")[:20]
    wanted = "".join(sign for sign in search if sign.isdecimal())
    use_case = visit.provisioning.numbers
    found = await use_case.page(visit.account.id, fragment=wanted, after=after, limit=PAGE_SIZE + 1)
    total = await use_case.count(visit.account.id)
    shown = found[:PAGE_SIZE]
    names = await _destination_names(visit)
    return visit.page(
        "numbers/rows.html" if visit.is_fragment else "numbers/list.html",
        numbers=[(one, *_shown(one.destination, names)) for one in shown],
        next_after=shown[-1].e164 if len(found) > PAGE_SIZE else "",
        after=after,
        search=search,
        matching=await use_case.count(visit.account.id, fragment=wanted) if wanted else total,
        total=total,
    )


async def ask_new(visit: Visit) -> Response:
    """The form of a new number."""
    return await _new_page(
        visit, Form({"kind": DestinationKind.DEVICE.value, "device": visit.query("device")})
    )


async def add(visit: Visit) -> Response:
    """Own a number."""
    form = await visit.form()
    try:
        number = await visit.provisioning.numbers.add(visit.account.id, form.text("number"), _to(form))
    except ProvisioningFault as fault:
        form.refuse(fault, _FIELDS)
        return await _new_page(visit, form, 422)
    return visit.go("numbers", f"{number.e164} is ready.")


async def show(visit: Visit) -> Response:
    """One number."""
    number = await _number(visit)
    return await _detail_page(visit, number, _form_of(number))


async def change(visit: Visit) -> Response:
    """Let a number lead elsewhere."""
    number = await _number(visit)
    form = await visit.form()
    try:
        await visit.provisioning.numbers.point(visit.account.id, number.e164, _to(form))
    except ProvisioningFault as fault:
        form.refuse(fault, _FIELDS)
        return await _detail_page(visit, number, form, 422)
    return visit.go("numbers", f"{number.e164} was saved.")


async def ask_remove(visit: Visit) -> Response:
    """Say what removing breaks."""
    return visit.dialog("numbers/remove.html", number=await _number(visit))


async def remove(visit: Visit) -> Response:
    """Give a number up."""
    number = await visit.provisioning.numbers.remove(visit.account.id, f"+{visit.number('number')}")
    return visit.go("numbers", f"{number.e164} is removed.")


async def suggest(visit: Visit) -> Response:
    """Devices whose names have some letters in them, for the field that asks for one."""
    wanted = CredentialSearch(composite=visit.query("device").partition("@")[0][:64])
    found = await visit.provisioning.credentials.page(visit.account.id, limit=_SUGGESTED, search=wanted)
    return visit.page("numbers/suggestions.html", devices=[one.aor for one in found])


async def _number(visit: Visit) -> Number:
    return await visit.provisioning.numbers.find(visit.account.id, f"+{visit.number('number')}")


def _to(form: Form) -> str:
    """The destination as the use case takes it."""
    match form["kind"]:
        case DestinationKind.APPLICATION.value:
            return f"{APPLICATION_MARK}{form['application']}"
        case DestinationKind.TRUNK.value:
            return f"{TRUNK_MARK}{form['trunk']}"
    return form.text("device")


def _form_of(number: Number) -> Form:
    destination = number.destination
    return Form({"kind": destination.kind.value, destination.kind.value: destination.value})


async def _destination_names(visit: Visit) -> dict[Destination, str]:
    """The names of what numbers lead to, by destination; devices are named by themselves."""
    applications = await visit.provisioning.applications.of(visit.account.id)
    trunks = await visit.provisioning.trunks.of(visit.account.id)
    names = {Destination(DestinationKind.APPLICATION, one.id): one.name for one in applications}
    return names | {Destination(DestinationKind.TRUNK, str(one.id)): one.name for one in trunks}


def _shown(destination: Destination, names: dict[Destination, str]) -> tuple[str, str]:
    return destination.kind.value, names.get(destination, destination.value)


async def _choices(visit: Visit) -> dict[str, list[tuple[str, str]]]:
    names = await _destination_names(visit)
    return {
        kind.value: [(place.value, name) for place, name in names.items() if place.kind is kind]
        for kind in (DestinationKind.APPLICATION, DestinationKind.TRUNK)
    }


async def _new_page(visit: Visit, form: Form, status: int = 200) -> Response:
    return visit.page("numbers/new.html", status, form=form, choices=await _choices(visit))


async def _detail_page(visit: Visit, number: Number, form: Form, status: int = 200) -> Response:
    kind, name = _shown(number.destination, await _destination_names(visit))
    return visit.page(
        "numbers/detail.html",
        status,
        number=number,
        kind=kind,
        name=name,
        form=form,
        choices=await _choices(visit),
    )


PAGES: Final = (
    Page("GET", "numbers", Permission.READ, list_numbers),
    Page("GET", "numbers/new", Permission.PROVISION, ask_new),
    Page("GET", "numbers/devices", Permission.PROVISION, suggest),
    Page("POST", "numbers", Permission.PROVISION, add),
    Page("GET", "numbers/{number:int}", Permission.READ, show),
    Page("POST", "numbers/{number:int}", Permission.PROVISION, change),
    Page("GET", "numbers/{number:int}/remove", Permission.PROVISION, ask_remove),
    Page("POST", "numbers/{number:int}/remove", Permission.PROVISION, remove),
)
