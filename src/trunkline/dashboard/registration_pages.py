"""Registrations: the devices that are registered now, what happened to one, and making the server forget it."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from trunkline.dashboard.page import Page
from trunkline.dashboard.search_words import address
from trunkline.dashboard.visit import Visit
from trunkline.domain.role import Permission
from trunkline.operations.diagnosis import REJECTIONS, Diagnosis
from trunkline.operations.registrations import Timeline

PAGE_SIZE: Final = 50
TIMELINE_SIZE: Final = 50
MAX_TEXT: Final = 400


async def list_registrations(visit: Visit) -> Response:
    """The registered devices; a script asks for the rows alone, and again whenever something happened."""
    search, after = visit.query("search")[:100], visit.query("after")[:MAX_TEXT]
    path = visit.path("registrations")
    found = await visit.operations.registrations.page(
        visit.account.id, search=search, after=after, limit=PAGE_SIZE
    )
    return await visit.long_page(
        "registrations/rows.html" if visit.is_fragment else "registrations/list.html",
        found=found,
        search=search,
        after=after,
        here=address(path, {"search": search, "after": after}),
        first=address(path, {"search": search}),
        following=address(path, {"search": search, "after": found.after}) if found.after else "",
    )


async def show(visit: Visit) -> Response:
    """One address-of-record: its devices, and what happened to them."""
    aor, path = _aor(visit), visit.path("registrations/device")
    if not aor:
        return visit.go("registrations")
    registrations = visit.operations.registrations
    timeline = await registrations.timeline(
        visit.account.id, aor, before=visit.query_number("before"), limit=TIMELINE_SIZE
    )
    return await visit.long_page(
        "registrations/timeline.html" if visit.is_fragment else "registrations/detail.html",
        aor=aor,
        registrations=registrations.of(visit.account.id, aor),
        timeline=timeline,
        rejections=REJECTIONS,
        refused=await _newest_refusal(visit, timeline),
        here=address(path, {"aor": aor, "before": visit.query("before")}),
        older=address(path, {"aor": aor, "before": str(timeline.before)}) if timeline.before else "",
    )


async def ask_unregister(visit: Visit) -> Response:
    """Say what forgetting a device means."""
    aor = _aor(visit)
    if not aor:
        return visit.go("registrations")
    return visit.dialog("registrations/unregister.html", aor=aor, contact=visit.query("contact"))


async def unregister(visit: Visit) -> Response:
    """Forget a device, or all of an address-of-record."""
    form = await visit.form()
    aor, contact = form.text("aor"), form["contact"]
    count = await visit.operations.registrations.unregister(visit.account.id, aor, contact=contact)
    notice = {0: "No such device is registered any more.", 1: "The device is forgotten."}
    where = f"registrations/device?{urlencode({'aor': aor})}" if aor else "registrations"
    return visit.go(where, notice.get(count, f"{count} devices are forgotten."))


async def _newest_refusal(visit: Visit, timeline: Timeline) -> Diagnosis | None:
    """Why it was refused, where a refusal is the last that happened; older ones are explained on demand."""
    newest = timeline.entries[0] if timeline.entries else None
    if newest is None or not newest.code:
        return None
    return await visit.operations.diagnosis.of_registration(visit.account.id, newest.id)


def _aor(visit: Visit) -> str:
    """The address-of-record that was asked for; empty when it was left out."""
    return visit.query("aor")[:MAX_TEXT]


PAGES: Final = (
    Page("GET", "registrations", Permission.READ, list_registrations),
    Page("GET", "registrations/device", Permission.READ, show),
    Page("GET", "registrations/unregister", Permission.OPERATE, ask_unregister),
    Page("POST", "registrations/unregister", Permission.OPERATE, unregister),
)
