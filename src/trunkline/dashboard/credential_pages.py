"""SIP Credentials: the list, one of them, and what may be done to it."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from trunkline.dashboard.credential_form import NEW, form_of, privileges_of, refuse, secret_of
from trunkline.dashboard.forms import Form
from trunkline.dashboard.handover import Handover, handover
from trunkline.dashboard.page import Page
from trunkline.dashboard.visit import Visit
from trunkline.domain.credential import Credential, Secret
from trunkline.domain.credential_search import CredentialSearch
from trunkline.domain.number import Destination, DestinationKind
from trunkline.domain.role import Permission
from trunkline.operations.registrations import Registration
from trunkline.provisioning.faults import ProvisioningFault
from trunkline.provisioning.secret_input import Password

PAGE_SIZE: Final = 50
DAY_S: Final = 86_400.0

OVERLAPS: Final = (
    ("0", "Not at all: it stops working now"),
    ("3600", "For an hour"),
    ("86400", "For a day"),
    ("604800", "For a week"),
    ("2592000", "For 30 days"),
)


async def list_credentials(visit: Visit) -> Response:
    """The list, the newest first; a script asks for its rows alone."""
    search, realm, after = visit.query("search")[:100], visit.query("realm"), visit.query_number("after")
    use_case = visit.provisioning.credentials
    wanted = CredentialSearch(composite=search)
    realms = await visit.provisioning.realms.of(visit.account.id)
    if realm not in {str(one.id) for one, _ in realms}:
        realm = ""
    found = await use_case.page(
        visit.account.id, realm, after=after, limit=PAGE_SIZE + 1, search=wanted, newest_first=True
    )
    shown = found[:PAGE_SIZE]
    total = sum(count for _, count in realms)
    matching = await use_case.count(visit.account.id, realm, search=wanted) if search or realm else total
    return visit.page(
        "credentials/rows.html" if visit.is_fragment else "credentials/list.html",
        credentials=shown,
        next_after=shown[-1].id if len(found) > PAGE_SIZE else 0,
        total=total,
        matching=matching,
        search=search,
        realm=realm,
        after=after,
        realms=[one for one, _ in realms],
        applications=await _application_names(visit),
        registered={one.id: registrations_of(visit, one) for one in shown},
        is_live=visit.desk.operations is not None,
    )


async def ask_new(visit: Visit) -> Response:
    """The form of a new credential."""
    realms = await visit.provisioning.realms.of(visit.account.id)
    default = next((str(realm.id) for realm, _ in realms if realm.is_default), "")
    return await _new_page(visit, Form({**NEW, "realm": visit.query("realm") or default}))


async def add(visit: Visit) -> Response:
    """Create a credential, and hand it over."""
    form = await visit.form()
    secret = secret_of(form)
    privileges = privileges_of(form, enabled=True)
    if not form.is_right:
        return await _new_page(visit, form, 422)
    try:
        issued = await visit.provisioning.credentials.add(
            visit.account.id,
            form.text("username"),
            secret,
            realm=form["realm"],
            domain=form.text("domain"),
            privileges=privileges,
        )
    except ProvisioningFault as fault:
        refuse(form, fault)
        return await _new_page(visit, form, 422)
    password = issued.password or (secret.text if isinstance(secret, Password) else "")
    return await hand_over_page(
        visit, issued.credential, password, is_new=True, generated=bool(issued.password)
    )


async def show(visit: Visit) -> Response:
    """One credential."""
    return await _detail_page(visit, await _credential(visit))


async def change(visit: Visit) -> Response:
    """Set the privileges of a credential."""
    credential = await _credential(visit)
    form = await visit.form()
    privileges = privileges_of(form, enabled=credential.enabled)
    if form.is_right:
        try:
            await visit.provisioning.credentials.change(visit.account.id, credential.id, privileges)
        except ProvisioningFault as fault:
            refuse(form, fault)
    if not form.is_right:
        return await _detail_page(visit, credential, form, 422)
    return visit.go(f"credentials/{credential.id}", f"{credential.composite} was saved.")


async def enable(visit: Visit) -> Response:
    """Switch a credential on or off."""
    enabled = (await visit.form())["enabled"] == "yes"
    credential = await visit.provisioning.credentials.enable(
        visit.account.id, visit.number("credential"), enabled=enabled
    )
    said = "may register and call again" if enabled else "is switched off, and its devices are unregistered"
    return visit.go(f"credentials/{credential.id}", f"{credential.composite} {said}.")


async def ask_disable(visit: Visit) -> Response:
    """Say what switching off breaks."""
    return visit.dialog("credentials/disable.html", **await _consequences(visit, await _credential(visit)))


async def ask_rotate(visit: Visit) -> Response:
    """The form of a new secret."""
    form = Form({"secret": "generate", "overlap": "86400"})
    return _rotate_page(visit, await _credential(visit), form)


async def rotate(visit: Visit) -> Response:
    """Give a credential a new secret, and hand it over."""
    credential = await _credential(visit)
    form = await visit.form()
    secret = secret_of(form)
    overlap_s = form.decimal("overlap") or 0.0
    if not form.is_right:
        return _rotate_page(visit, credential, form, 422)
    try:
        issued = await visit.provisioning.credentials.rotate(
            visit.account.id, credential.id, secret, overlap_s=overlap_s
        )
    except ProvisioningFault as fault:
        refuse(form, fault)
        return _rotate_page(visit, credential, form, 422)
    password = issued.password or (secret.text if isinstance(secret, Password) else "")
    return await hand_over_page(
        visit, issued.credential, password, is_new=False, generated=bool(issued.password)
    )


async def ask_remove(visit: Visit) -> Response:
    """Say what removing breaks."""
    return visit.dialog("credentials/remove.html", **await _consequences(visit, await _credential(visit)))


async def remove(visit: Visit) -> Response:
    """Remove a credential, and the numbers that lead to it where that was agreed to."""
    force = (await visit.form())["force"] == "yes"
    credential = await visit.provisioning.credentials.remove(
        visit.account.id, visit.number("credential"), force=force
    )
    return visit.go("credentials", f"{credential.composite} is removed.")


async def hand_over_page(
    visit: Visit, credential: Credential, password: str, *, is_new: bool, generated: bool
) -> Response:
    """What a device needs, with the password while it is known."""
    return visit.page(
        "credentials/issued.html",
        201 if is_new else 200,
        credential=credential,
        handover=_handover(visit, credential, password),
        is_new=is_new,
        generated=generated,
    )


def registrations_of(visit: Visit, credential: Credential) -> tuple[Registration, ...]:
    """The devices of a credential that are registered now."""
    operations = visit.desk.operations
    return () if operations is None else operations.registrations.of(visit.account.id, credential.aor)


async def _credential(visit: Visit) -> Credential:
    return await visit.provisioning.credentials.get(visit.account.id, visit.number("credential"))


def _handover(visit: Visit, credential: Credential, password: str = "") -> Handover:
    return handover(credential, visit.desk.reach.listeners(visit.account.id), password)


async def _new_page(visit: Visit, form: Form, status: int = 200) -> Response:
    realms = await visit.provisioning.realms.of(visit.account.id)
    return visit.page(
        "credentials/new.html",
        status,
        form=form,
        realms=[(str(realm.id), realm.name) for realm, _ in realms],
        applications=await _application_choices(visit),
    )


async def _detail_page(
    visit: Visit, credential: Credential, form: Form | None = None, status: int = 200
) -> Response:
    names = await _application_names(visit)
    return visit.page(
        "credentials/detail.html",
        status,
        credential=credential,
        form=form or form_of(credential),
        handover=_handover(visit, credential),
        applications=await _application_choices(visit),
        application=names.get(credential.application_id or "", ""),
        numbers=await _numbers(visit, credential),
        registrations=registrations_of(visit, credential),
        secrets=_secrets(visit, credential),
        is_live=visit.desk.operations is not None,
        now=visit.desk.clock.now(),
    )


def _secrets(visit: Visit, credential: Credential) -> list[tuple[Secret, float | None]]:
    """The secrets, each with its last use: known only while there are two, and the server runs."""
    operations = visit.desk.operations
    if operations is None:
        return [(secret, None) for secret in credential.secrets]
    return list(zip(credential.secrets, operations.secret_uses.last_used(credential), strict=True))


def _rotate_page(visit: Visit, credential: Credential, form: Form, status: int = 200) -> Response:
    return visit.page("credentials/rotate.html", status, credential=credential, form=form, overlaps=OVERLAPS)


async def _consequences(visit: Visit, credential: Credential) -> dict[str, Any]:
    return {
        "credential": credential,
        "numbers": await _numbers(visit, credential),
        "registrations": registrations_of(visit, credential),
    }


async def _numbers(visit: Visit, credential: Credential) -> list[str]:
    destination = Destination(DestinationKind.DEVICE, credential.aor)
    return [one.e164 for one in await visit.provisioning.numbers.leading_to(visit.account.id, destination)]


async def _application_names(visit: Visit) -> dict[str, str]:
    return {one.id: one.name for one in await visit.provisioning.applications.of(visit.account.id)}


async def _application_choices(visit: Visit) -> list[tuple[str, str]]:
    none = ("", "Registered devices and trunks (the bridge)")
    return [none, *(await _application_names(visit)).items()]


PAGES: Final = (
    Page("GET", "credentials", Permission.READ, list_credentials),
    Page("GET", "credentials/new", Permission.PROVISION, ask_new),
    Page("POST", "credentials", Permission.PROVISION, add),
    Page("GET", "credentials/{credential:int}", Permission.READ, show),
    Page("POST", "credentials/{credential:int}", Permission.PROVISION, change),
    Page("POST", "credentials/{credential:int}/enabled", Permission.PROVISION, enable),
    Page("GET", "credentials/{credential:int}/disable", Permission.PROVISION, ask_disable),
    Page("GET", "credentials/{credential:int}/rotate", Permission.PROVISION, ask_rotate),
    Page("POST", "credentials/{credential:int}/rotate", Permission.PROVISION, rotate),
    Page("GET", "credentials/{credential:int}/remove", Permission.PROVISION, ask_remove),
    Page("POST", "credentials/{credential:int}/remove", Permission.PROVISION, remove),
)
