"""The overview: what there is in an account, what runs now, and what to do first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from trunkline.dashboard.checklist import Holdings, checklist, holdings
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
    held = await holdings(visit)
    return visit.page(
        "overview/overview.html",
        checklist=await checklist(visit, held),
        figures=figures(held),
        is_live=visit.desk.operations is not None,
    )


def figures(held: Holdings) -> list[Figure]:
    """How much of everything there is; what runs now comes first where the server can be asked."""
    live = ((held.devices, "registered devices"), (held.calls, "calls now"))
    return [
        *(Figure(value, what) for value, what in live if value is not None),
        Figure(held.credentials, "SIP credentials", "credentials"),
        Figure(held.realms, "realms", "realms"),
        Figure(held.numbers, "numbers", "numbers"),
        Figure(held.trunks, "trunks", "trunks"),
    ]


PAGES: Final = (Page("GET", "", Permission.READ, show),)
