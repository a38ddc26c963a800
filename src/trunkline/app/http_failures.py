"""What becomes of a request that failed through no fault of its sender: an answer, one line in the log, and a count."""

from __future__ import annotations

from typing import Final

import structlog
from starlette.responses import Response
from starlette.types import Scope

from trunkline.app.counts import Counts
from trunkline.app.http_refusals import refused
from trunkline.app.line_budget import LineBudget
from trunkline.store.outage import is_database_outage

RETRY_AFTER_S: Final = 10
"""When a client may try again whose request found no database."""

_LONGEST_PATH: Final = 300
_log: Final = structlog.get_logger("trunkline.http")


class HttpFailures:
    """Tells outages of the database from faults of ours."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        # An outage fails every request alike: the first says it, the others are a number.
        self._outage_lines = LineBudget(per_second=1 / 30, burst=1.0)
        self._fault_lines = LineBudget(per_second=1.0, burst=50.0)

    def answer(self, scope: Scope, error: Exception) -> Response:
        """Log and count an exception; the response, unless there was one already."""
        method, path = scope["method"], scope["path"][:_LONGEST_PATH]
        if is_database_outage(error):
            self._counts.http_outages += 1
            if self._outage_lines.admits():
                _log.error(
                    "the database cannot be asked: requests are answered 503",
                    method=method,
                    path=path,
                    reason=_reason(error),
                    **self._outage_lines.note(),
                )
            sentence = "The server's database cannot be asked now. Try again in a while."
            return refused(scope, 503, sentence, {"Retry-After": str(RETRY_AFTER_S)})
        self._counts.faults += 1
        if self._fault_lines.admits():
            _log.error(
                "a fault of the server's own: the request is answered 500",
                method=method,
                path=path,
                exc_info=error,
                **self._fault_lines.note(),
            )
        return refused(scope, 500, "The server has a fault of its own; its log tells more.")


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
