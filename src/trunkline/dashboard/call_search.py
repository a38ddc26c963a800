"""The search of calls: what stands in its form, and the filter that it means."""

from __future__ import annotations

from typing import Final

from trunkline.dashboard.call_words import cause_words
from trunkline.dashboard.forms import Form
from trunkline.dashboard.search_words import instant
from trunkline.dashboard.visit import Visit
from trunkline.domain.cdr import EndCause
from trunkline.domain.cdr_search import CdrFilter
from trunkline.operations.diagnosis import REJECTIONS
from trunkline.provisioning.faults import ProvisioningFault

WORDS: Final = ("party", "credential", "trunk", "cause", "refusal", "within", "from", "until")

HOUR_S: Final = 3600.0
WINDOWS: Final = {
    "": ("At any time", None),
    "hour": ("In the last hour", HOUR_S),
    "day": ("In the last day", 24 * HOUR_S),
    "week": ("In the last week", 7 * 24 * HOUR_S),
}

CAUSES: Final = tuple((cause.value, cause_words(cause)) for cause in EndCause)
REFUSALS: Final = tuple(sorted((code, known.sentence) for code, known in REJECTIONS.items()))

_MAX: Final = 200
_NOBODY: Final = -1
"""The id of no credential: a search for one that is not there finds nothing."""


def words_of(visit: Visit) -> dict[str, str]:
    """What was asked for, by the name of its field."""
    return {name: visit.query(name)[:_MAX] for name in WORDS}


async def filter_of(visit: Visit, form: Form) -> CdrFilter:
    """The filter that the words of a form mean; what cannot be understood is told beside its field, and left out."""
    trunk = form["trunk"]
    causes = {cause.value: cause for cause in EndCause}
    window = WINDOWS.get(form["within"], ("", None))[1]
    return CdrFilter(
        party=form["party"],
        credential_id=await _credential(visit, form),
        trunk_id=int(trunk) if trunk.isascii() and trunk.isdecimal() and len(trunk) < 18 else None,
        end_cause=causes.get(form["cause"]),
        rejection=form["refusal"],
        since=visit.desk.clock.now() - window if window else _instant(form, "from"),
        until=_instant(form, "until"),
    )


async def _credential(visit: Visit, form: Form) -> int | None:
    text = form["credential"]
    if not text:
        return None
    try:
        return (await visit.provisioning.credentials.find(visit.account.id, text.removeprefix("sip:"))).id
    except ProvisioningFault as fault:
        form.errors["credential"] = fault.sentence
        return _NOBODY


def _instant(form: Form, name: str) -> float | None:
    text = form[name]
    at = instant(text) if text else None
    if text and at is None:
        form.errors[name] = "Write a date and time, such as 2026-11-21T14:00."
    return at
