"""Writing XML of elements and texts: no attributes, no namespaces, as the clients of this API expect it."""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import escape

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'

_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 §2.2 cannot hold, not even escaped."""

_REPLACEMENT: Final = "\ufffd"


def element(name: str, *children: str) -> str:
    """An element around children that are XML already."""
    return f"<{name}>{''.join(children)}</{name}>" if any(children) else f"<{name}/>"


def leaf(name: str, value: str | int) -> str:
    """An element with a text."""
    if value == "":
        return f"<{name}/>"
    text = escape(_FORBIDDEN.sub(_REPLACEMENT, str(value)))
    return f"<{name}>{text}</{name}>"


def leaf_unless_empty(name: str, value: str | None) -> str:
    """An element with a text; nothing at all without one."""
    return leaf(name, value) if value else ""


def flag(name: str, value: bool) -> str:
    """An element with ``true`` or ``false``."""
    return leaf(name, "true" if value else "false")


def document(root: str) -> bytes:
    """A whole document as bytes."""
    return f"{DECLARATION}{root}".encode()
