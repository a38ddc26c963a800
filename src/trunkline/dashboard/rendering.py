"""Rendering: templates to pages, with the headers that let nothing foreign run in them."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from time import perf_counter
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from trunkline.dashboard.browsers import browser_name
from trunkline.dashboard.call_words import cause_words
from trunkline.dashboard.navigation import navigation

STATIC: Final = "/static/"

TURN_S: Final = 0.001
"""So long a page is rendered before everything else gets its turn."""

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_HEADERS: Final = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
"""What pages need besides the header fields that everything this server answers has."""


def html(template: str, status_code: int = 200, **values: Any) -> HTMLResponse:
    """A rendered page."""
    return HTMLResponse(_environment().get_template(template).render(**values), status_code)


async def html_in_turns(template: str, status_code: int = 200, **values: Any) -> HTMLResponse:
    """A long page, rendered a millisecond at a time: calls go on in between.

    What a macro or a ``call`` block makes is made in one go: rows of long tables stand outside of them.
    """
    pieces: list[str] = []
    began = perf_counter()
    for piece in _environment().get_template(template).generate(**values):
        pieces.append(piece)
        if perf_counter() - began > TURN_S:
            await asyncio.sleep(0)
            began = perf_counter()
    return HTMLResponse("".join(pieces), status_code)


@cache
def prepare() -> None:
    """Compile all templates beside everything else: each takes longer than a server of calls may stand still."""
    threading.Thread(target=_compile_all, name="templates", daemon=True).start()


def _compile_all() -> None:
    environment = _environment()
    for name in environment.list_templates():
        environment.get_template(name)


def secured(response: Response) -> Response:
    """The answer with what every answer of the dashboard says; pages are kept in no cache."""
    for name, value in _HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("cache-control", "no-store")
    return response


@cache
def static_path(name: str) -> str:
    """The address of a file of ours. It changes with the file, so that browsers may keep what they have."""
    data = files("trunkline.dashboard").joinpath("static", name).read_bytes()
    return f"{STATIC}{name}?{hashlib.sha256(data).hexdigest()[:12]}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("trunkline.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(static=static_path, navigation=navigation)
    environment.filters.update(iso=_iso, utc=_utc, grouped=_grouped, plural=_plural)
    environment.filters.update(duration=_duration, signed=_signed, apart=_apart)
    environment.filters.update(browser=browser_name, cause=cause_words)
    return environment


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _grouped(number: int) -> str:
    """A number with thin spaces between its thousands."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _plural(number: int, one: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{_grouped(number)} {one if number == 1 else many or f'{one}s'}"


def _duration(seconds: float) -> str:
    """How long something took: 7 s, 3:05, 1:02:03."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _signed(number: int) -> str:
    """A number with its sign and thin spaces between its thousands."""
    return f"{number:+,}".replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", "\N{MINUS SIGN}")


def _apart(text: str) -> str:
    """A stranger's text between isolates: whatever directions it asks for, what stands beside it keeps its own."""
    return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"
