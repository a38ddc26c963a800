"""``/openapi.json`` and ``/docs``: the description for programs and for people, without anything from outside."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trunkline.api.native.description import Description
from trunkline.api.native.page import render_page

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_KEPT: Final = "public, max-age=300"


def page_routes(description: Description) -> list[Route]:
    """Their routes. Nobody needs to sign in: they tell nothing of what is in the server."""
    pages = HumanPages(description)
    return [
        Route("/openapi.json", pages.show_document, name="openapi"),
        Route("/docs", pages.show_page, name="docs"),
        Route("/docs/style.css", pages.show_style, name="docs-style"),
    ]


class HumanPages:
    """The pages, each made once."""

    def __init__(self, description: Description) -> None:
        self._description = description
        self._page = b""
        self._style = b""

    async def show_document(self, _request: Request) -> Response:
        """The OpenAPI document."""
        await self._description.ready()
        return Response(self._description.text, 200, {"Cache-Control": _KEPT}, "application/json")

    async def show_page(self, _request: Request) -> Response:
        """The page for people."""
        if not self._page:
            await self._description.ready()
            self._page = await render_page(self._description.document)
        headers = {"Cache-Control": _KEPT, "Content-Security-Policy": _POLICY}
        return Response(self._page, 200, headers, "text/html")

    async def show_style(self, _request: Request) -> Response:
        """What it looks like."""
        if not self._style:
            self._style = (files("trunkline.api.native") / "templates" / "docs.css").read_bytes()
        return Response(self._style, 200, {"Cache-Control": _KEPT}, "text/css")
