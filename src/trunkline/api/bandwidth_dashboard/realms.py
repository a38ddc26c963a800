"""Realms: list, create, show, replace and remove them."""

from __future__ import annotations

import re
from typing import Final

from starlette.responses import Response

from trunkline.api.bandwidth_dashboard.dashboard_request import DashboardRequest, xml_response
from trunkline.api.bandwidth_dashboard.errors import DashboardFault, required
from trunkline.api.bandwidth_dashboard.fragments import checked_fragment
from trunkline.api.bandwidth_dashboard.xml_reading import Fields
from trunkline.api.bandwidth_dashboard.xml_writing import element, flag, leaf, leaf_unless_empty
from trunkline.domain.realm import Realm

_PENDING: Final = "CREATE_PENDING"
_ACTIVE: Final = "ACTIVE"
_TRUE: Final = re.compile(r"true|1", re.IGNORECASE)
_FALSE: Final = re.compile(r"false|0", re.IGNORECASE)


async def list_realms(request: DashboardRequest) -> Response:
    """Every realm, or those whose names hold a fragment."""
    fragment = checked_fragment(request, "realmfragment", too_short=33011)
    found = await request.provisioning.realms.of(request.account_id)
    realms = [
        _realm(realm, count, _ACTIVE, default_first=True) for realm, count in found if fragment in realm.name
    ]
    return xml_response(element("RealmsResponse", element("Realms", *realms)))


async def add_realm(request: DashboardRequest) -> Response:
    """Create a realm. It can be used at once, yet says first that it is being made, as clients expect."""
    wanted = await request.read("Realm")
    name = wanted.text("Realm")
    if not name:
        raise required("Realm")
    default = _default(wanted)
    if default is None:
        raise required("Default")
    realm = await request.provisioning.realms.add(
        request.account_id, label=name, default=default, description=wanted.text("Description") or ""
    )
    return _answer(_realm(realm, 0, _PENDING), 201, request.location(realm.id))


async def show_realm(request: DashboardRequest) -> Response:
    """One realm."""
    realm, count = await request.provisioning.realms.counted(request.account_id, request.names["realm"])
    return _answer(_realm(realm, count, _ACTIVE))


async def replace_realm(request: DashboardRequest) -> Response:
    """Write description and default anew. A description that is left out is gone; the name may be repeated."""
    wanted = await request.read("Realm")
    default = _default(wanted)
    name = wanted.text("Realm") or ""
    realms = request.provisioning.realms
    known = await realms.find(request.account_id, request.names["realm"])
    if default is False and known.is_default:
        raise DashboardFault(
            33006, "The default realm stays the default until another one is made the default"
        )
    realm = await realms.change(
        request.account_id,
        known.name,
        name=None if name.lower() in {"", _short_name(known.name)} else name,
        default=bool(default),
        description=wanted.text("Description") or "",
    )
    _, count = await realms.counted(request.account_id, realm.name)
    return _answer(_realm(realm, count, _ACTIVE, default_first=True))


async def remove_realm(request: DashboardRequest) -> Response:
    """Remove a realm that is empty and not the default."""
    await request.provisioning.realms.remove(request.account_id, request.names["realm"], keep_default=True)
    return Response(status_code=202)


def _short_name(fqdn: str) -> str:
    """What clients take for the short name that a realm was made with, and send again with a change."""
    first, _, _ = fqdn.partition(".")
    return first.rpartition("-")[0] or first


def _default(wanted: Fields) -> bool | None:
    text = wanted.text("Default")
    if not text:
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    raise DashboardFault(None, f"Default is true or false, not '{text[:40]}'")


def _answer(realm: str, status: int = 200, location: str = "") -> Response:
    return xml_response(element("RealmResponse", realm), status, location)


def _realm(realm: Realm, count: int, status: str, *, default_first: bool = False) -> str:
    """The order of description and default differs between a list or a PUT and the rest."""
    default = flag("Default", realm.is_default)
    description = leaf_unless_empty("Description", realm.description)
    return element(
        "Realm",
        leaf("Id", realm.id),
        leaf("Realm", realm.name),
        *((default, description) if default_first else (description, default)),
        leaf("SipCredentialCount", count),
        leaf("Status", status),
    )
