"""Voice applications: list, create, show, replace, change and remove them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from trunkline.api.bandwidth_dashboard.dashboard_request import DashboardRequest, xml_response
from trunkline.api.bandwidth_dashboard.errors import DashboardFault, required
from trunkline.api.bandwidth_dashboard.xml_reading import Fields
from trunkline.api.bandwidth_dashboard.xml_writing import element, leaf, leaf_unless_empty
from trunkline.domain.application import Application
from trunkline.provisioning.applications import ApplicationCallbacks

SERVICE_TYPE: Final = "Voice-V2"
REMOVE: Final = "remove"
"""What a partial change writes for a text that shall be gone."""

_VOICE: Final = frozenset({"voice-v2", "voice"})
_MESSAGING: Final = frozenset({"messaging-v2", "messaging"})
_TEXTS: Final[Mapping[str, str]] = {
    "CallInitiatedCallbackUrl": "call_initiated_url",
    "CallInitiatedMethod": "call_initiated_method",
    "CallStatusCallbackUrl": "call_status_url",
    "CallStatusMethod": "call_status_method",
    "CallInitiatedFallbackUrl": "fallback_url",
    "CallInitiatedFallbackMethod": "fallback_method",
}
_LOGINS: Final[Mapping[str, str]] = {
    "CallbackCreds": "callback",
    "CallInitiatedFallbackCreds": "fallback",
}
_SECONDS: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")
_NO_SUCH: Final = 13629


async def list_applications(request: DashboardRequest) -> Response:
    """Every application."""
    found = await request.provisioning.applications.of(request.account_id)
    listed = element("ApplicationList", *(_application(one) for one in found))
    return xml_response(element("ApplicationProvisioningResponse", listed))


async def add_application(request: DashboardRequest) -> Response:
    """Create an application."""
    wanted = await request.read("Application")
    _require_service(wanted)
    name, callbacks = _whole(wanted, None)
    added = await request.provisioning.applications.add(request.account_id, name, **callbacks)
    return _answer(added, 201, request.location(added.id))


async def show_application(request: DashboardRequest) -> Response:
    """One application."""
    return _answer(await _of_path(request))


async def replace_application(request: DashboardRequest) -> Response:
    """Write everything anew: what is left out is gone."""
    wanted = await request.read("Application")
    old = await _of_path(request)
    _require_same_service(wanted)
    name, callbacks = _whole(wanted, old)
    changed = await request.provisioning.applications.change(
        request.account_id, old.id, name=name, **callbacks
    )
    return _answer(changed)


async def change_application(request: DashboardRequest) -> Response:
    """Write what is given."""
    wanted = await request.read("Application")
    old = await _of_path(request)
    _require_same_service(wanted)
    changed = await request.provisioning.applications.change(
        request.account_id, old.id, name=wanted.text("AppName"), **_given(wanted, old)
    )
    return _answer(changed)


async def remove_application(request: DashboardRequest) -> Response:
    """Remove an application that nothing leads to."""
    application = await _of_path(request)
    await request.provisioning.applications.remove(request.account_id, application.id)
    return Response()


async def list_sip_peers(request: DashboardRequest) -> Response:
    """The locations of an application. There are none here: credentials and numbers lead to applications."""
    await _of_path(request)
    return xml_response(element("AssociatedSipPeersResponse", element("AssociatedSipPeers")))


async def _of_path(request: DashboardRequest) -> Application:
    wanted = request.names["application"]
    for application in await request.provisioning.applications.of(request.account_id):
        if application.id == wanted.lower():
            return application
    raise DashboardFault(_NO_SUCH, f"There is no application '{wanted[:64]}'", 404)


def _whole(wanted: Fields, old: Application | None) -> tuple[str, ApplicationCallbacks]:
    """Name and callbacks of a document that says everything. Raises DashboardFault."""
    name = wanted.text("AppName")
    if not name:
        raise DashboardFault(12806, "AppName is required")
    if not wanted.text("CallInitiatedCallbackUrl"):
        raise required("CallInitiatedCallbackUrl")
    nothing: ApplicationCallbacks = {
        "call_initiated_url": "",
        "call_initiated_method": "",
        "call_status_url": "",
        "call_status_method": "",
        "callback_username": "",
        "fallback_url": "",
        "fallback_method": "",
        "fallback_username": "",
        "callback_timeout_s": 0,
    }
    return name, nothing | _given(wanted, old)


def _given(wanted: Fields, old: Application | None) -> ApplicationCallbacks:
    """What the document says about callbacks. Raises DashboardFault."""
    given: ApplicationCallbacks = {}
    for name, field in _TEXTS.items():
        text = wanted.text(name)
        if text is not None:
            given[field] = "" if text == REMOVE else text  # type: ignore[literal-required]
    for name, kind in _LOGINS.items():
        if wanted.text_or_none(name) == REMOVE:
            given[f"{kind}_username"] = ""  # type: ignore[literal-required]
        elif (login := wanted.child(name)) is not None:
            before = getattr(old, f"{kind}_username", "")
            username, password = _login(name, login, before, is_new=old is None)
            given[f"{kind}_username"] = username  # type: ignore[literal-required]
            if password is not None:
                given[f"{kind}_password"] = password  # type: ignore[literal-required]
    seconds = wanted.text("CallbackTimeout")
    if seconds is not None:
        given["callback_timeout_s"] = _timeout(seconds)
    return given


def _login(name: str, login: Fields, before: str, *, is_new: bool) -> tuple[str, str | None]:
    """User name and password; None for a password that stays. Raises DashboardFault."""
    username = login.text("UserId") or ""
    password = login.text("Password")
    if username and username != before and not password:
        if is_new:
            raise DashboardFault(12977, f"{name}: a UserId needs its Password")
        raise DashboardFault(12976, f"{name}: another UserId needs its Password")
    if password and not username:
        raise DashboardFault(12800, f"{name}: a Password needs its UserId")
    return username, password or None


def _timeout(text: str) -> float:
    if text in {"", REMOVE}:
        return 0.0
    if not _SECONDS.fullmatch(text):
        raise DashboardFault(None, f"CallbackTimeout is a number of seconds, not '{text[:40]}'")
    return float(text)


def _require_service(wanted: Fields) -> None:
    """Raise DashboardFault for a new application of another service."""
    given = _other_service(wanted)
    if given.lower() in _MESSAGING:
        raise DashboardFault(13648, f"ServiceType '{given}' is not allowed here; {SERVICE_TYPE} is")
    if given:
        raise DashboardFault(12801, f"ServiceType '{given[:40]}' is not valid; {SERVICE_TYPE} is")


def _require_same_service(wanted: Fields) -> None:
    """Raise DashboardFault for a change to another service."""
    if given := _other_service(wanted):
        raise DashboardFault(12964, f"ServiceType is {SERVICE_TYPE} and cannot be changed to '{given[:40]}'")


def _other_service(wanted: Fields) -> str:
    """The service that is named; empty where it is this one, or none is named."""
    given = wanted.text("ServiceType") or ""
    return "" if given.lower() in _VOICE else given


def _answer(application: Application, status: int = 200, location: str = "") -> Response:
    root = element("ApplicationProvisioningResponse", _application(application))
    return xml_response(root, status, location)


def _application(application: Application) -> str:
    """Passwords are never shown."""
    timeout = application.callback_timeout_s
    return element(
        "Application",
        leaf("ApplicationId", application.id),
        leaf("ServiceType", SERVICE_TYPE),
        leaf("AppName", application.name),
        leaf_unless_empty("CallInitiatedCallbackUrl", application.call_initiated_url),
        leaf("CallInitiatedMethod", application.call_initiated_method),
        leaf_unless_empty("CallStatusCallbackUrl", application.call_status_url),
        leaf("CallStatusMethod", application.call_status_method),
        _shown_login("CallbackCreds", application.callback_username),
        leaf_unless_empty("CallInitiatedFallbackUrl", application.fallback_url),
        leaf("CallInitiatedFallbackMethod", application.fallback_method) if application.fallback_url else "",
        _shown_login("CallInitiatedFallbackCreds", application.fallback_username),
        "" if timeout is None else leaf("CallbackTimeout", f"{timeout:g}"),
    )


def _shown_login(name: str, username: str) -> str:
    return element(name, leaf("UserId", username)) if username else ""
