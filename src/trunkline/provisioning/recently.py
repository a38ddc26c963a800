"""What was looked up a moment ago: a program that asks a hundred times a second need not be looked up each time."""

from __future__ import annotations

from typing import Final, Generic, TypeVar

KEPT_S: Final = 1.0
"""So long a user that was switched off or a key that was revoked may still be believed."""

_MOST: Final = 1000

_Found = TypeVar("_Found")


class Recently(Generic[_Found]):
    """What was found under each key within the last second."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[float, _Found]] = {}

    def get(self, key: str, now: float) -> _Found | None:
        """What was found; None when that is too long ago."""
        entry = self._entries.get(key)
        return entry[1] if entry is not None and now < entry[0] else None

    def put(self, key: str, found: _Found, now: float) -> None:
        """Remember what was found just now."""
        self._entries.pop(key, None)
        if len(self._entries) >= _MOST:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = (now + KEPT_S, found)
