"""Bodies of several parts (RFC 2046 §5.1, RFC 5621): cut them, print them, find the part that is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from trunkline.sip.errors import ParseError
from trunkline.sip.grammar import parameter, parse_parameters, unquote
from trunkline.sip.message import Message
from trunkline.sip.names import canonical_name

MAX_PARTS: Final = 32
MAX_DEPTH: Final = 3
"""Parts within parts: one signed body around one mixed body is what is seen."""

_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_FOLD: Final = re.compile(r"\r\n[ \t]+")


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its header fields, known ones in their canonical spelling, and its body."""

    headers: tuple[tuple[str, str], ...]
    body: bytes

    def get(self, name: str) -> str | None:
        """The value of a header field (canonical name); None when absent."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    @property
    def content_type(self) -> str:
        """Content-Type with its parameters; ``text/plain`` when there is none (RFC 2046 §5.1)."""
        return self.get("Content-Type") or "text/plain"

    @property
    def media_type(self) -> str:
        """The media type in lower case, without parameters."""
        return media_type(self.content_type)


def media_type(content_type: str) -> str:
    """The media type of a Content-Type value: in lower case, without parameters."""
    return content_type.partition(";")[0].strip().lower()


def boundary_of(content_type: str) -> str:
    """The boundary that a multipart Content-Type names. Raises ParseError when it names none that can be one."""
    boundary = unquote(parameter(parse_parameters(content_type.partition(";")[2]), "boundary") or "")
    if not _BOUNDARY.fullmatch(boundary):
        raise ParseError("Bad Multipart Boundary")
    return boundary


def parse_multipart(content_type: str, body: bytes) -> tuple[Part, ...]:
    """Cut a body into its parts; what stands before the first and behind the last is passed over.

    Raises ParseError when a boundary is missing, when there is no part, or when there are more than MAX_PARTS.
    """
    delimiter = b"--" + boundary_of(content_type).encode()
    begin = _next_delimiter(body, delimiter, 0)
    parts: list[Part] = []
    while True:
        line_end = body.find(b"\r\n", begin + len(delimiter))
        if body.startswith(b"--", begin + len(delimiter)):
            break
        if line_end < 0:
            raise ParseError("Unfinished Multipart Body")
        if len(parts) == MAX_PARTS:
            raise ParseError("Too Many Body Parts", 513)
        # The line end before a delimiter belongs to the delimiter; an empty part shares it with its own line.
        begin = _next_delimiter(body, delimiter, line_end)
        parts.append(_parse_part(body[line_end + 2 : max(begin - 2, line_end + 2)]))
    if not parts:
        raise ParseError("Empty Multipart Body")
    return tuple(parts)


def _next_delimiter(body: bytes, delimiter: bytes, position: int) -> int:
    """Where the next delimiter line begins, at or behind this position. Raises ParseError when there is none."""
    if position == 0 and _is_delimiter_at(body, delimiter, 0):
        return 0
    while True:
        found = body.find(b"\r\n" + delimiter, position)
        if found < 0:
            raise ParseError("Unfinished Multipart Body")
        if _is_delimiter_at(body, delimiter, found + 2):
            return found + 2
        position = found + 2


def _is_delimiter_at(body: bytes, delimiter: bytes, position: int) -> bool:
    """Whether this is the delimiter itself and not a longer word that begins like it."""
    if not body.startswith(delimiter, position):
        return False
    rest = body[position + len(delimiter) : position + len(delimiter) + 2]
    return rest in {b"--", b"\r\n"} or rest[:1] in {b" ", b"\t"}


def _parse_part(data: bytes) -> Part:
    if data.startswith(b"\r\n"):
        return Part((), data[2:])
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator:
        head = data.removesuffix(b"\r\n")
    headers: list[tuple[str, str]] = []
    for line in _FOLD.sub(" ", head.decode("utf-8", "surrogateescape")).split("\r\n"):
        name, colon, value = line.partition(":")
        if line and not colon:
            raise ParseError("Bad Header Line in Body Part")
        if colon:
            headers.append((canonical_name(name.strip(" \t")), value.strip(" \t")))
    return Part(tuple(headers), body)


def print_multipart(parts: tuple[Part, ...], boundary: str) -> bytes:
    """The body that these parts make. The boundary must not occur in them; it is the caller's choice."""
    printed: list[bytes] = []
    for part in parts:
        head = "".join([f"{name}: {value}\r\n" for name, value in part.headers])
        printed.append(f"--{boundary}\r\n{head}\r\n".encode("utf-8", "surrogateescape") + part.body + b"\r\n")
    return b"".join(printed) + f"--{boundary}--\r\n".encode()


def find_part(message: Message, wanted: str) -> bytes | None:
    """The body of a media type, be it the whole body or the first such part of it; None when there is none.

    Raises ParseError for a multipart body that cannot be cut.
    """
    return _find(message.get("Content-Type") or "", message.body, wanted, MAX_DEPTH)


def _find(content_type: str, body: bytes, wanted: str, depth: int) -> bytes | None:
    kind = media_type(content_type)
    if kind == wanted:
        return body
    if not kind.startswith("multipart/"):
        return None
    if depth == 0:
        raise ParseError("Body Parts Too Deep", 513)
    for part in parse_multipart(content_type, body):
        found = _find(part.content_type, part.body, wanted, depth - 1)
        if found is not None:
            return found
    return None
