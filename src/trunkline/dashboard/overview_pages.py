"""The overview: what there is in an account, what runs now, how the last day was, and what to do first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from trunkline.dashboard.charts import Chart, bar_chart, day_of, line_chart, share
from trunkline.dashboard.checklist import Holdings, checklist, holdings
from trunkline.dashboard.doctor_pages import recent_refusals
from trunkline.dashboard.page import Page
from trunkline.dashboard.visit import Visit
from trunkline.domain.role import Permission
from trunkline.operations.diagnosis import REJECTIONS
from trunkline.operations.operations import Operations
from trunkline.operations.overview import TrunkHealth
from trunkline.operations.trunk_history import TrunkSlot

REFUSALS: Final = 5
REASONS: Final = 8


@dataclass(frozen=True, slots=True)
class Figure:
    """A count, what it counts, and the page that shows it (empty: none)."""

    value: int
    what: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why so many were refused in the last day; ``share`` is the length of its bar in percent."""

    code: str
    count: int
    share: float
    sentence: str
    cure: str


@dataclass(frozen=True, slots=True)
class TrunkDay:
    """How a trunk does now, and did in each half hour of the last day."""

    health: TrunkHealth
    slots: tuple[TrunkSlot, ...]

    @property
    def is_tried(self) -> bool:
        """Whether any call went there, or was to."""
        return any(one.good or one.failed for one in self.slots)

    @property
    def summary(self) -> str:
        """The day in words."""
        good, failed = sum(one.good for one in self.slots), sum(one.failed for one in self.slots)
        if not good and not failed:
            return "not tried"
        return f"{good + failed} tries, {failed} of them failed" if failed else f"{good} tries, all answered"


@dataclass(frozen=True, slots=True)
class LastDay:
    """What happened in the last day."""

    charts: tuple[Chart, ...]
    reasons: tuple[Reason, ...]
    trunks: tuple[TrunkDay, ...]


async def show(visit: Visit) -> Response:
    """The overview; a script asks for all below its title whenever something happened."""
    held = await holdings(visit)
    operations = visit.desk.operations
    return visit.page(
        "overview/now.html" if visit.is_fragment else "overview/overview.html",
        checklist=await checklist(visit, held),
        paused=await visit.provisioning.webhooks.paused(visit.account.id),
        figures=figures(held),
        is_live=operations is not None,
        day=None if operations is None else await _last_day(visit, operations, held),
        refusals=() if operations is None else recent_refusals(visit, REFUSALS),
        rejections=REJECTIONS,
    )


def figures(held: Holdings) -> list[Figure]:
    """How much of everything there is; what runs now comes first where the server can be asked."""
    live = (
        (held.devices, "registered devices", "registrations"),
        (held.calls, "calls now", "calls"),
    )
    return [
        *(Figure(value, what, path) for value, what, path in live if value is not None),
        Figure(held.credentials, "SIP credentials", "credentials"),
        Figure(held.realms, "realms", "realms"),
        Figure(held.numbers, "numbers", "numbers"),
        Figure(held.trunks, "trunks", "trunks"),
    ]


async def _last_day(visit: Visit, operations: Operations, held: Holdings) -> LastDay:
    account, overview = visit.account.id, operations.overview
    now = await overview.now(account)
    day = await day_of(await overview.series(account), now.at)
    days = overview.trunk_days(account)
    return LastDay(
        charts=(
            line_chart("registrations", "Registered devices", day.registrations, held.devices or 0),
            line_chart("calls", "Calls", day.calls, held.calls or 0),
            bar_chart("refusals", "Refusals", "refusals", day.refusals),
        ),
        reasons=reasons_of(now.refusals),
        trunks=tuple(TrunkDay(health, days.get(health.trunk_id, ())) for health in now.trunks),
    )


def reasons_of(refusals: dict[str, int]) -> tuple[Reason, ...]:
    """The reasons of refusals, the most frequent first."""
    ordered = sorted(refusals.items(), key=lambda one: -one[1])[:REASONS]
    most = ordered[0][1] if ordered else 0
    return tuple(
        Reason(
            code, count, share(count, most), known.sentence if known else code, known.cure if known else ""
        )
        for code, count in ordered
        for known in (REJECTIONS.get(code),)
    )


PAGES: Final = (Page("GET", "", Permission.READ, show),)
