"""Fragments of names in queries: how long they must be and what they may hold."""

from __future__ import annotations

import re
from typing import Final

from trunkline.api.bandwidth_dashboard.dashboard_request import DashboardRequest
from trunkline.api.bandwidth_dashboard.errors import DashboardFault

SHORTEST: Final = 3
LONGEST: Final = 64

_EMPTY_CODE: Final = 13111
_SHORT_CODE: Final = 13112
_LONG_CODE: Final = 13115
_LONG_CODES: Final = {"usernamefragment": 13113, "domainfragment": 13114}
_CHARACTERS_CODE: Final = 13116
_REALM_CHARACTERS: Final = re.compile(r"[.a-z0-9-]*")


def checked_fragment(request: DashboardRequest, name: str, *, too_short: int = _SHORT_CODE) -> str:
    """The fragment of this name in the query, in lower case; empty when there is none. Raises DashboardFault."""
    given = request.query.get(name.lower())
    if given is None:
        return ""
    fragment = given.strip().lower()
    if not fragment:
        raise DashboardFault(_EMPTY_CODE, f"{name} is empty; give {SHORTEST} to {LONGEST} characters")
    if len(fragment) < SHORTEST:
        raise DashboardFault(too_short, f"{name} must have at least {SHORTEST} characters")
    if len(fragment) > LONGEST:
        code = _LONG_CODES.get(name.lower(), _LONG_CODE)
        raise DashboardFault(code, f"{name} must have at most {LONGEST} characters")
    if name.lower() == "realmfragment" and not _REALM_CHARACTERS.fullmatch(fragment):
        raise DashboardFault(_CHARACTERS_CODE, f"{name} may have letters, digits, dots and hyphens only")
    return fragment
