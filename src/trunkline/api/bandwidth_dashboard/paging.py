"""Pages of credential lists: which part is asked for, and the links to the other parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.datastructures import URL

from trunkline.api.bandwidth_dashboard.dashboard_request import DashboardRequest
from trunkline.api.bandwidth_dashboard.errors import DashboardFault
from trunkline.api.bandwidth_dashboard.xml_writing import element, leaf
from trunkline.provisioning.credential_listing import CredentialPart

DEFAULT_SIZE: Final = 500
LARGEST_SIZE: Final = 5000

_WRONG_PAGE: Final = 23012
_MOST_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list. ``start`` is the place of its first element, counted from 1, or that element's user name."""

    start: int | str
    size: int


def read_page(request: DashboardRequest) -> Page:
    """The part that the query asks for. Raises DashboardFault."""
    start: int | str = request.query.get("page", "1").strip()
    assert isinstance(start, str)
    if start.isascii() and start.isdecimal():
        start = _count("page", start)
    elif not start or start.startswith("-"):
        raise DashboardFault(_WRONG_PAGE, "page is the place of the first element, or its user@domain")
    size = _count("size", request.query.get("size", str(DEFAULT_SIZE)).strip())
    return Page(start, min(size, LARGEST_SIZE))


def links(url: URL, part: CredentialPart, size: int) -> str:
    """Where the first, the next and the last part are; nothing for an empty list."""
    if not part.total:
        return ""
    last = part.start + (part.total - part.start) // size * size
    starts = {"first": 1}
    if part.start + size <= part.total:
        starts["next"] = part.start + size
    if part.start <= part.total:
        starts["last"] = last
    return element("Links", *(leaf(name, _link(url, name, start, size)) for name, start in starts.items()))


def _link(url: URL, name: str, start: int, size: int) -> str:
    others = [key for key in dict(_pairs(url)) if key.lower() in {"page", "size"}]
    target = url.remove_query_params(others).include_query_params(page=start, size=size)
    return f'Link=<{target}>;rel="{name}";'


def _pairs(url: URL) -> list[tuple[str, str]]:
    return [(part.partition("=")[0], part) for part in url.query.split("&") if part]


def _count(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > _MOST_DIGITS or int(text) < 1:
        raise DashboardFault(_WRONG_PAGE, f"{name} is a number from 1 on, not '{text[:40]}'")
    return int(text)
