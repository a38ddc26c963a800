"""Times as people type them: spans such as 30m, 2h and 7d, and instants."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from trunkline.cli.invocation import CommandFault

_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")
_UNITS: Final = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def span_s(text: str) -> float:
    """The seconds of a span. Raises CommandFault."""
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        raise CommandFault(f"'{text}' is no span of time; write it like 90s, 30m, 2h or 7d.")
    return float(match[1]) * _UNITS[match[2]]


def past_instant(text: str, now: float) -> float:
    """The epoch seconds of an instant, or of a span before now. Raises CommandFault."""
    if _SPAN.fullmatch(text.strip().lower()):
        return now - span_s(text)
    try:
        return datetime.fromisoformat(text.strip()).astimezone().timestamp()
    except (ValueError, OverflowError):
        raise CommandFault(
            f"'{text}' is no time; write it like 2026-01-31, 2026-01-31T18:00 or, for a time ago, 2h."
        ) from None
