"""The hash doctor: what hashes a password has, what a hash was made of, and why an attempt failed."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from trunkline.dashboard.forms import Form
from trunkline.dashboard.page import Page
from trunkline.dashboard.visit import Visit
from trunkline.domain.realm import Realm
from trunkline.domain.role import Permission
from trunkline.operations.diagnosis import REJECTIONS, Diagnosis
from trunkline.operations.events import REFUSALS, Event
from trunkline.provisioning.hashes import hash_forms, recognise

RECENT: Final = 20
MAX_LENGTH: Final = 256
_KINDS: Final = frozenset(kind.value for kind in REFUSALS)


async def ask(visit: Visit) -> Response:
    """The form, and what was refused lately."""
    default = next((realm.name for realm, _ in await _realms(visit) if realm.is_default), "")
    return await _doctor_page(visit, Form({"realm": default}))


async def examine(visit: Visit) -> Response:
    """Hash what was typed, and recognise the hash where one was given. Nothing of it is kept."""
    form = await visit.form()
    user, realm, domain = form.text("username"), form.text("realm").lower(), form.text("domain")
    password, given = form["password"], form.text("hash")
    for name in ("username", "realm", "password"):
        if not form[name]:
            form.errors[name] = "Every hash is made of it: write it here."
    for name in ("username", "realm", "domain", "password", "hash"):
        if len(form[name]) > MAX_LENGTH:
            form.errors[name] = f"It has more than {MAX_LENGTH} characters."
    if not form.is_right:
        return await _doctor_page(visit, form, 422)
    reveal = form.is_checked("reveal")
    return await _doctor_page(
        visit,
        form,
        forms=hash_forms(user, realm, domain, password, reveal=reveal),
        recognition=recognise(given, user, realm, domain, password, reveal=reveal) if given else None,
    )


async def show_attempt(visit: Visit) -> Response:
    """Why an attempt of the log failed."""
    return await _attempt_page(visit, Form({name: visit.query(name) for name in ("timeline", "event")}))


async def examine_attempt(visit: Visit) -> Response:
    """The same, and what the device hashed instead of the password that it should have."""
    return await _attempt_page(visit, await visit.form())


async def _attempt_page(visit: Visit, form: Form) -> Response:
    password = form["password"][:MAX_LENGTH]
    found = await _diagnosis(visit, form, password)
    if found is None:
        return visit.go("doctor", "This attempt is not remembered any more; let the device try again.")
    return visit.page("doctor/attempt.html", form=form, found=found, has_asked=bool(password))


async def _diagnosis(visit: Visit, form: Form, password: str) -> Diagnosis | None:
    diagnosis, account = visit.operations.diagnosis, visit.account.id
    if timeline := _number(form["timeline"]):
        return await diagnosis.of_registration(account, timeline, password=password)
    return await diagnosis.of_event(account, _number(form["event"]), password=password)


async def _doctor_page(visit: Visit, form: Form, status: int = 200, **found: object) -> Response:
    values: dict[str, object] = {"forms": (), "recognition": None, **found}
    return visit.page(
        "doctor/doctor.html",
        status,
        form=form,
        realms=[realm.name for realm, _ in await _realms(visit)],
        refusals=recent_refusals(visit, RECENT),
        rejections=REJECTIONS,
        **values,
    )


def recent_refusals(visit: Visit, limit: int) -> tuple[Event, ...]:
    """What was refused lately in the account, the newest first."""
    return visit.operations.events.recent(visit.account.id, kinds=_KINDS, limit=limit)


async def _realms(visit: Visit) -> list[tuple[Realm, int]]:
    return await visit.provisioning.realms.of(visit.account.id)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0


PAGES: Final = (
    Page("GET", "doctor", Permission.HASHES, ask),
    Page("POST", "doctor", Permission.HASHES, examine),
    Page("GET", "doctor/attempt", Permission.HASHES, show_attempt),
    Page("POST", "doctor/attempt", Permission.HASHES, examine_attempt),
)
