"""The overview: what there is in an account, what runs now, and what to do first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from trunkline.dashboard.checklist import checklist
from trunkline.dashboard.page import Page
from trunkline.dashboard.visit import Visit
from trunkline.domain.role import Permission


@dataclass(frozen=True, slots=True)
class Figure:
    """A count, what it counts, and the page that shows it (empty: none)."""

    value: int
    what: str
    path: str = ""


async def show(visit: Visit) -> Response:
    """The overview."""
    return visit.page(
        "overview/overview.html", checklist=await checklist(visit), figures=await figures(visit)
    )


async def figures(visit: Visit) -> list[Figure]:
    """How much of everything there is; what runs now comes first where the server can be asked."""
    account, provisioning, operations = visit.account.id, visit.provisioning, visit.desk.operations
    realms = await provisioning.realms.of(account)
    live: list[Figure] = []
    if operations is not None:
        live = [
            Figure(await operations.registrations.count(account), "registered devices"),
            Figure(operations.calls.count(account), "calls now"),
        ]
    return [
        *live,
        Figure(sum(count for _, count in realms), "SIP credentials", "credentials"),
        Figure(len(realms), "realms", "realms"),
        Figure(len(await provisioning.numbers.of(account)), "numbers", "numbers"),
        Figure(len(await provisioning.trunks.of(account)), "trunks", "trunks"),
    ]


PAGES: Final = (Page("GET", "", Permission.READ, show),)
