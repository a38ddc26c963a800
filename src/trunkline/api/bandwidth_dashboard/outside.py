"""Refusals that no operation makes: unknown paths, bodies that are too large, faults of the server's own."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from starlette.responses import Response

from trunkline.api.bandwidth_dashboard.dashboard_request import xml_response
from trunkline.api.bandwidth_dashboard.errors import NOT_FOUND, response_status
from trunkline.api.bandwidth_dashboard.routes import Resource, build_bandwidth_dashboard
from trunkline.api.bandwidth_dashboard.xml_writing import element

_OURS: Final = re.compile(r"/+(?:api|iris|v1\.0|accounts)(?:/.*)?", re.IGNORECASE | re.DOTALL)
_OTHERS: Final = re.compile(
    r"/+(?:api(?:/v[12])?/+)?accounts/+[^/]*/+(?:calls|conferences|recordings|statistics|endpoints)(?:/.*)?",
    re.IGNORECASE | re.DOTALL,
)
"""Resources of the voice API, whose clients read JSON."""

_ANY_ENVELOPE: Final = "ErrorResponse"
_CODES: Final = {NOT_FOUND: 1016, 500: 1000}
"""The service's numbers for a resource that does not exist and for its own faults; other statuses have none."""


def speaks_at(path: str) -> bool:
    """Whether the clients of this API ask at a path, be there something or not."""
    return _OURS.fullmatch(path) is not None and _OTHERS.fullmatch(path) is None


def refused_outside(path: str, method: str, status: int, sentence: str) -> Response:
    """A refusal in the envelope of the resource at a path; of no resource in particular where there is none."""
    found = next((one for one in _resources() if one.pattern.fullmatch(path)), None)
    envelope = _ANY_ENVELOPE if found is None else found.envelope(method)
    return xml_response(element(envelope, response_status(_CODES.get(status), sentence)), status)


@cache
def _resources() -> tuple[Resource, ...]:
    return tuple(route.resource for route in build_bandwidth_dashboard(lambda _account_id: ()))
