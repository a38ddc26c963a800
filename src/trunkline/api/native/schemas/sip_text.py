"""Texts that strangers sent by SIP: whatever octets they were, they become valid Unicode."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator


def valid(text: object) -> object:
    """A text without halves of characters, which JSON could not carry; anything else as it is."""
    if isinstance(text, str) and not text.isascii():
        return text.encode("utf-8", "replace").decode()
    return text


def valid_deep(value: Any) -> Any:
    """The same for everything within lists and objects."""
    if isinstance(value, dict):
        return {str(valid(name)): valid_deep(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [valid_deep(inner) for inner in value]
    return valid(value)


SipText = Annotated[str, BeforeValidator(valid)]
"""A stranger's text: escape it wherever it is shown."""
