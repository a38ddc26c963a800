"""Words of a search in an address: read, checked, and written back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode


def instant(text: str) -> float | None:
    """Epoch seconds of a date and time in UTC as a browser's field writes it; None where it is none."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def address(path: str, words: Mapping[str, str]) -> str:
    """A path with those words of a search that are not empty."""
    query = urlencode({name: text for name, text in words.items() if text})
    return f"{path}?{query}" if query else path
