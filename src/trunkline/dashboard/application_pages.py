"""Applications: the list, a new one, one of them, and its end."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from trunkline.dashboard.forms import Form
from trunkline.dashboard.page import Page
from trunkline.dashboard.visit import Visit
from trunkline.domain.application import Application
from trunkline.domain.number import Destination, DestinationKind
from trunkline.domain.role import Permission
from trunkline.provisioning.applications import ApplicationCallbacks
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

_NAMES: Final = {FaultCode.INVALID_NAME: "name", FaultCode.APPLICATION_EXISTS: "name"}
_URLS: Final = ("call_initiated_url", "call_status_url", "fallback_url")


async def list_applications(visit: Visit) -> Response:
    """Every application."""
    return visit.page(
        "applications/list.html", applications=await visit.provisioning.applications.of(visit.account.id)
    )


async def ask_new(visit: Visit) -> Response:
    """The form of a new application."""
    return _form_page(visit, Form({"call_initiated_method": "POST", "call_status_method": "POST"}))


async def add(visit: Visit) -> Response:
    """Create an application."""
    form = await visit.form()
    try:
        application = await visit.provisioning.applications.add(
            visit.account.id, form["name"], **_callbacks(form, is_new=True)
        )
    except ProvisioningFault as fault:
        _refuse(form, fault)
        return _form_page(visit, form, 422)
    return visit.go(f"applications/{application.id}", f"{application.name} is ready.")


async def show(visit: Visit) -> Response:
    """One application."""
    application = await _application(visit)
    return await _detail_page(visit, application, _form_of(application))


async def change(visit: Visit) -> Response:
    """Set the name and the callbacks."""
    application = await _application(visit)
    form = await visit.form()
    try:
        await visit.provisioning.applications.change(
            visit.account.id, application.id, name=form["name"], **_callbacks(form, is_new=False)
        )
    except ProvisioningFault as fault:
        _refuse(form, fault)
        return await _detail_page(visit, application, form, 422)
    return visit.go(f"applications/{application.id}", f"{form.text('name')} was saved.")


async def ask_remove(visit: Visit) -> Response:
    """Say what removing breaks."""
    return visit.dialog("applications/remove.html", application=await _application(visit), form=Form())


async def remove(visit: Visit) -> Response:
    """Remove an application that nothing leads to."""
    application = await _application(visit)
    try:
        await visit.provisioning.applications.remove(visit.account.id, application.id)
    except ProvisioningFault as fault:
        form = Form()
        form.fault = fault.sentence
        return visit.dialog("applications/remove.html", 409, application=application, form=form)
    return visit.go("applications", f"{application.name} is removed.")


async def _application(visit: Visit) -> Application:
    return await visit.provisioning.applications.find(visit.account.id, visit.part("application"))


def _callbacks(form: Form, *, is_new: bool) -> ApplicationCallbacks:
    """What the form says; an empty password field of an application that is there keeps what it has."""
    password = form["callback_password"]
    return ApplicationCallbacks(
        call_initiated_url=form.text("call_initiated_url"),
        call_initiated_method=form["call_initiated_method"] or "POST",
        call_status_url=form.text("call_status_url"),
        call_status_method=form["call_status_method"] or "POST",
        fallback_url=form.text("fallback_url"),
        callback_username=form.text("callback_username"),
        callback_password=password if password or is_new else None,
    )


def _form_of(application: Application) -> Form:
    return Form(
        {
            "name": application.name,
            "call_initiated_url": application.call_initiated_url,
            "call_initiated_method": application.call_initiated_method,
            "call_status_url": application.call_status_url,
            "call_status_method": application.call_status_method,
            "fallback_url": application.fallback_url,
            "callback_username": application.callback_username,
        }
    )


def _refuse(form: Form, fault: ProvisioningFault) -> None:
    if fault.code is not FaultCode.INVALID_URL:
        form.refuse(fault, _NAMES)
        return
    # The sentence quotes the URL that is wrong.
    wrong = [name for name in _URLS if form.text(name) and f"'{form.text(name)[:80]}'" in fault.sentence]
    form.errors[wrong[0] if wrong else _URLS[0]] = fault.sentence


def _form_page(visit: Visit, form: Form, status: int = 200) -> Response:
    return visit.page("applications/new.html", status, form=form)


async def _detail_page(visit: Visit, application: Application, form: Form, status: int = 200) -> Response:
    destination = Destination(DestinationKind.APPLICATION, application.id)
    numbers = await visit.provisioning.numbers.leading_to(visit.account.id, destination)
    return visit.page(
        "applications/detail.html",
        status,
        application=application,
        form=form,
        numbers=[number.e164 for number in numbers],
    )


PAGES: Final = (
    Page("GET", "applications", Permission.READ, list_applications),
    Page("GET", "applications/new", Permission.PROVISION, ask_new),
    Page("POST", "applications", Permission.PROVISION, add),
    Page("GET", "applications/{application:uuid}", Permission.READ, show),
    Page("POST", "applications/{application:uuid}", Permission.PROVISION, change),
    Page("GET", "applications/{application:uuid}/remove", Permission.PROVISION, ask_remove),
    Page("POST", "applications/{application:uuid}/remove", Permission.PROVISION, remove),
)
