"""Octets below the space: line ends that must come in pairs, and control characters, which hide attacks.

RFC 3261 §25.1 lets a control character stand in one place only: behind a backslash within a quoted string.
"""

from __future__ import annotations

import re
from typing import Final

from trunkline.sip.errors import ParseError

_FAULTY: Final = frozenset([*range(9), 11, 12, *range(14, 32), 127])

REPLACED: Final = bytes([0x3F if octet in _FAULTY else octet for octet in range(256)])
"""A table for ``bytes.translate``: a head that it changes holds a control octet other than TAB, CR and LF."""

_FOLD: Final = re.compile(r"\r\n[ \t]+")


def unfold(head: str) -> str:
    """Join continuation lines to those that they continue (RFC 3261 §7.3.1)."""
    return _FOLD.sub(" ", head)


def control_fault(head: str) -> ParseError | None:
    """What is wrong with a head that holds other control octets than the line ends that cut it, and TABs.

    None when the others are all escaped within quoted strings. An answer would carry a bare line end or a NUL
    back in the header fields that it copies: such a message gets none.
    """
    lines = unfold(head).split("\r\n")
    for line in lines:
        if "\r" in line or "\n" in line:
            return ParseError("Bare Line End in Header", silent=True)
    worst = ""
    for line in lines:
        found = _worst_control(line)
        if found == "\x00":
            return ParseError("NUL in Header", silent=True)
        worst = worst or found
    return ParseError("Control Character in Header") if worst else None


def _worst_control(line: str) -> str:
    """The NUL if one stands where none may, else the first other such control character, else ""."""
    found = ""
    escaped_ones = ""
    quoted = False
    escaped = False
    for character in line:
        is_control = (character < " " and character != "\t") or character == "\x7f"
        if escaped:
            escaped = False
            if is_control:
                escaped_ones += character
        elif is_control:
            if character == "\x00":
                return character
            found = found or character
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
    if quoted and escaped_ones:  # the quotes never close: nothing in them was a quoted string
        return "\x00" if "\x00" in escaped_ones else found or escaped_ones[0]
    return found
