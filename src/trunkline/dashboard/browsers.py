"""Browsers by the names that people know them by."""

from __future__ import annotations

from typing import Final

_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"), ("Chromium/", "Chromium"), ("Chrome/", "Chrome"), ("CriOS/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
"""What a User-Agent has, and what it means; those first that also have the marks of others."""

_SYSTEMS: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip

MOST: Final = 60
"""So much is shown of a User-Agent that is not understood."""


def browser_name(user_agent: str) -> str:
    """A browser and its system, such as "Firefox on Linux"; the beginning of what it says where that is neither."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if not browser:
        shown = user_agent if len(user_agent) <= MOST else f"{user_agent[:MOST]}…"
        return shown or "unknown"
    return f"{browser} on {system}" if system else browser
