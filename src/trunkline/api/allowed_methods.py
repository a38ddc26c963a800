"""Which methods are spoken at a path: several routes may have a part of them each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starlette.routing import BaseRoute, Match
from starlette.types import Scope

_ORDER: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def allowed_methods(
    routes: Iterable[BaseRoute], scope: Scope, *, head_is_get: bool = False
) -> tuple[str, ...]:
    """The methods that some route has at the path of a request, and OPTIONS; empty when there is nothing.

    ``head_is_get``: whoever answers GET answers HEAD.
    """
    found = {
        method
        for method in _ORDER
        for route in routes
        if route.matches({**scope, "method": method})[0] is Match.FULL
    }
    if head_is_get and "GET" in found:
        found.add("HEAD")
    return (*(method for method in _ORDER if method in found), "OPTIONS") if found else ()
