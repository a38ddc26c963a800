"""Strangers' text made fit to be shown: what came by SIP may hold octets that are no text."""

from __future__ import annotations


def shown(text: str) -> str:
    """The text with a question mark for each octet that was no UTF-8: every JSON, page and database takes it."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
