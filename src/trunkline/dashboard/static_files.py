"""Static files: the style, the scripts and the drawing that pages refer to, and nothing else."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trunkline.dashboard.rendering import STATIC, secured, static_path

FILES: Final = {
    "app.css": "text/css",
    "app.js": "text/javascript",
    "mark.svg": "image/svg+xml",
    "vendor/htmx-2.0.11.min.js": "text/javascript",
    "vendor/htmx-LICENSE.txt": "text/plain",
}

_FOR_EVER: Final = "public, max-age=31536000, immutable"


def static_routes() -> list[Route]:
    """A route for each file."""
    return [Route(f"{STATIC}{name}", _File(name, kind).answer) for name, kind in FILES.items()]


class _File:
    def __init__(self, name: str, kind: str) -> None:
        self._kind = kind
        self._data = files("trunkline.dashboard").joinpath("static", name).read_bytes()
        self._version = static_path(name).partition("?")[2]

    async def answer(self, request: Request) -> Response:
        response = Response(self._data, media_type=self._kind)
        if request.url.query == self._version:
            response.headers["cache-control"] = _FOR_EVER
        return secured(response)
