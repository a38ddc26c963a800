"""What people write to each other, and the digits they dial during a call (a card's number, a PIN), starred out.

A star stands for each octet, so that lengths stay as they were: where a body begins and ends is often what is looked for.
"""

from __future__ import annotations

import re
from typing import Final

from trunkline.sip.errors import ParseError
from trunkline.sip.multipart import boundary_of, media_type

_MOST_DEPTH: Final = 4
"""Parts within parts; what is deeper is starred out whole."""

_GAP: Final = re.compile(rb"\n\r?\n")
_SDP: Final = [b" application/sdp"]
_TYPE: Final = re.compile(rb"(?im)^(?:content-type|c)[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)")
_MESSAGE: Final = re.compile(rb"(?im)\AMESSAGE |^cseq[ \t]*:\s*\d+\s+MESSAGE\s*$")
_OCTET: Final = re.compile(rb"[^\r\n]")
_SIGNAL: Final = re.compile(rb"(?im)^([ \t]*(?:signal|duration)[ \t]*=[ \t]*)?([^\r\n]*)")
_DURATION: Final = re.compile(rb"(?i)[ \t]*duration")
_DIGITS: Final = re.compile(rb"""(?i)(\bdigits\s*=\s*)("[^"]*"?|'[^']*'?)""")

_PACKED: Final = frozenset({"message/sip", "message/sipfrag"})
_WORDS_OF_DIGITS: Final = ("dtmf", "digit", "telephone-event")
"""In media types such as application/dtmf-relay and application/vnd.nortelnetworks.digits."""


def without_text(data: bytes, depth: int = 0) -> bytes:
    """A SIP message without the text of its body, where it has any."""
    start = len(data) - len(data.lstrip(b"\r\n"))
    gap = _GAP.search(data, start)
    if gap is None or gap.end() == len(data):
        return data
    head, body = data[start : gap.start()], data[gap.end() :]
    is_message = b"message" in head.lower() and _MESSAGE.search(head) is not None
    if not is_message and depth == 0 and _TYPE.findall(head) == _SDP:
        return data  # nearly all that have a body
    shown = _stars(body) if is_message or depth > _MOST_DEPTH else _shown(head, body, depth)
    return data[: gap.end()] + shown


def _shown(head: bytes, body: bytes, depth: int) -> bytes:
    """What may be seen of a body, by the types that its head names: where it names several, each hides its own."""
    types = [found.decode("latin-1") for found in _TYPE.findall(head)]
    if not types:
        return body if body.startswith(b"v=0") else _stars(body)
    for content_type in types:
        body = _shown_as(content_type, body, depth)
    return body


def _shown_as(content_type: str, body: bytes, depth: int) -> bytes:
    kind = media_type(content_type)
    if kind.startswith("multipart/"):
        return _shown_parts(content_type, body, depth)
    if kind in _PACKED:
        return without_text(body, depth + 1)
    if kind.startswith("text/") or kind == "message/cpim":
        return _stars(body)
    if any(word in kind for word in _WORDS_OF_DIGITS):
        return _SIGNAL.sub(_without_signal, body)
    if "kpml" in kind:
        return _DIGITS.sub(rb'\1"***"', body)
    return body


def _shown_parts(content_type: str, body: bytes, depth: int) -> bytes:
    try:
        delimiter = b"--" + boundary_of(content_type).encode()
    except ParseError:
        return _stars(body)
    if depth >= _MOST_DEPTH:
        return _stars(body)
    before, *parts = re.split(rb"(?m)(^" + re.escape(delimiter) + rb"(?:--)?[ \t]*\r?$)", body)
    shown = [_stars(before)]
    is_over = False
    for line, part in zip(parts[::2], parts[1::2], strict=True):
        is_over = is_over or line.rstrip() == delimiter + b"--"
        shown += [line, _stars(part) if is_over else _shown_part(part, depth + 1)]
    return b"".join(shown)


def _shown_part(part: bytes, depth: int) -> bytes:
    """A part with its head, as they stand behind the boundary's line. One without a head is text (RFC 2046 §5.1)."""
    gap = _GAP.search(part)
    if gap is None or not _TYPE.search(part[: gap.start()]):
        return _stars(part)
    return part[: gap.end()] + _shown(part[: gap.start()], part[gap.end() :], depth)


def _without_signal(line: re.Match[bytes]) -> bytes:
    name, value = line[1] or b"", line[2]
    return line[0] if _DURATION.match(name) and value.strip().isdigit() else name + _stars(value)


def _stars(text: bytes) -> bytes:
    return _OCTET.sub(b"*", text)
