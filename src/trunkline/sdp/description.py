"""Session descriptions: parse, look into, print (RFC 8866, and RFC 4566 before it).

A description is its lines in the order they came, so that whatever is not understood is printed back. The
grammar is held where laxness hurts (the first line, ``m=``, ``c=``, sizes) and not where real phones break it
without harm: bare LF, a missing ``s=`` or ``t=``, lines out of order, odd ``o=`` fields, trailing blank lines.
"""

from __future__ import annotations

from typing import Final

from trunkline.sdp.errors import SdpError
from trunkline.sdp.lines import (
    Attribute,
    Connection,
    DescriptionLine,
    Line,
    Origin,
    Written,
    decimal,
    parse_connection,
    parse_origin,
)

MAX_BYTES: Final = 65536
MAX_LINES: Final = 1000
MAX_LINE: Final = 8192
MAX_MEDIA: Final = 32


class MediaDescription(Written):
    """An ``m=`` line and the lines below it (RFC 8866 §5.14).

    ``port`` 0 means the stream is refused or ended. ``port_count`` above 1 is the form ``49170/2``.
    ``formats`` are payload types for RTP, whatever else for other protocols.
    """

    def __init__(
        self,
        kind: str,
        port: int,
        protocol: str,
        formats: tuple[str, ...],
        lines: tuple[DescriptionLine, ...] = (),
        port_count: int = 1,
    ) -> None:
        self.kind: Final = kind
        self.port: Final = port
        self.protocol: Final = protocol
        self.formats: Final = formats
        self.lines: Final = lines
        self.port_count: Final = port_count

    @property
    def connection(self) -> Connection | None:
        """The first ``c=`` line of its own; None when the session's counts."""
        return first_connection(self.lines)

    def attribute(self, name: str) -> str | None:
        """The value of the first attribute of this name; ``""`` for a flag, None when absent."""
        return first_attribute(self.lines, name)

    def attributes(self, name: str) -> list[str]:
        """The values of every attribute of this name, in order; ``""`` for a flag."""
        return [line.value or "" for line in self.lines if isinstance(line, Attribute) and line.name == name]

    def heading(self) -> str:
        """The ``m=`` line itself."""
        port = str(self.port) if self.port_count == 1 else f"{self.port}/{self.port_count}"
        return " ".join([f"m={self.kind}", port, self.protocol, *self.formats])

    def __str__(self) -> str:
        rows = [self.heading()]
        for line in self.lines:
            rows.append(str(line))  # noqa: PERF401  a loop is what mypyc makes fast
        return "\r\n".join(rows)


class SessionDescription(Written):
    """A whole description. ``lines`` are those between ``v=0`` and the first ``m=``."""

    def __init__(self, lines: tuple[DescriptionLine, ...], media: tuple[MediaDescription, ...] = ()) -> None:
        self.lines: Final = lines
        self.media: Final = media

    @property
    def origin(self) -> Origin | None:
        """The ``o=`` line; None only in descriptions made by hand."""
        for line in self.lines:
            if isinstance(line, Origin):
                return line
        return None

    @property
    def connection(self) -> Connection | None:
        """The session's ``c=`` line; None when every stream has its own."""
        return first_connection(self.lines)

    def attribute(self, name: str) -> str | None:
        """The value of the first session attribute of this name; ``""`` for a flag, None when absent."""
        return first_attribute(self.lines, name)

    def __str__(self) -> str:
        rows = ["v=0"]
        for line in self.lines:
            rows.append(str(line))  # noqa: PERF401  a loop is what mypyc makes fast
        for media in self.media:
            rows.append(str(media))  # noqa: PERF401
        rows.append("")
        return "\r\n".join(rows)

    def to_bytes(self) -> bytes:
        """The body for the wire. Bytes that were no UTF-8 come out as they came in."""
        return str(self).encode("utf-8", "surrogateescape")


def first_connection(lines: tuple[DescriptionLine, ...]) -> Connection | None:
    """The first ``c=`` among lines; None when there is none."""
    for line in lines:
        if isinstance(line, Connection):
            return line
    return None


def first_attribute(lines: tuple[DescriptionLine, ...], name: str) -> str | None:
    """The first value of an attribute among lines; ``""`` for a flag, None when absent."""
    for line in lines:
        if isinstance(line, Attribute) and line.name == name:
            return line.value or ""
    return None


def parse(body: bytes | str) -> SessionDescription:
    """Read a session description; :class:`SdpError` says what is wrong with one that cannot be read."""
    rows = _rows(body)
    if rows[0] != "v=0":
        raise SdpError(f"the session description begins with '{rows[0][:20]}' instead of 'v=0'")
    starts = [index for index, row in enumerate(rows) if row.startswith("m=")]
    if len(starts) > MAX_MEDIA:
        raise SdpError(f"the session description has more than {MAX_MEDIA} media lines")
    starts.append(len(rows))
    session = _section(rows, 1, starts[0])
    _check(session)
    media = [_media(rows, starts[index], starts[index + 1]) for index in range(len(starts) - 1)]
    return SessionDescription(session, tuple(media))


def _rows(body: bytes | str) -> list[str]:
    text = _text(body).replace("\r\n", "\n").rstrip("\n")
    if "\0" in text:
        raise SdpError("the session description contains a NUL byte")
    if "\r" in text:
        raise SdpError("the session description contains a carriage return inside a line")
    rows = text.split("\n")
    if len(rows) > MAX_LINES:
        raise SdpError(f"the session description has more than {MAX_LINES} lines")
    if len(text) > MAX_LINE and max(len(row) for row in rows) > MAX_LINE:
        raise SdpError(f"the session description has a line of more than {MAX_LINE} characters")
    return rows


def _text(body: bytes | str) -> str:
    # Cheap bound first: nothing is decoded of a body that is too large.
    if len(body) > MAX_BYTES:
        raise SdpError(f"the session description has more than {MAX_BYTES} bytes")
    if isinstance(body, bytes):
        return body.decode("utf-8", "surrogateescape")
    try:
        body.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise SdpError("the session description contains characters that have no bytes") from error
    return body


def _section(rows: list[str], start: int, end: int) -> tuple[DescriptionLine, ...]:
    lines: list[DescriptionLine] = []
    for index in range(start, end):
        row = rows[index]
        letter = row[:2]
        if letter == "a=":
            name, colon, value = row[2:].partition(":")
            lines.append(Attribute(name, value if colon else None))
        elif letter == "c=":
            lines.append(parse_connection(row[2:]))
        elif letter == "o=":
            lines.append(parse_origin(row[2:]))
        elif letter[1:] == "=":
            lines.append(Line(row[0], row[2:]))
        else:
            raise SdpError(
                f"line {index + 1} of the session description, '{row[:40]}', is not of the form x=value"
            )
    return tuple(lines)


def _media(rows: list[str], start: int, end: int) -> MediaDescription:
    heading = rows[start]
    parts = heading[2:].split()
    if len(parts) < 3:
        raise SdpError(f"the media line '{heading[:60]}' lacks kind, port or protocol")
    port_text, slash, count_text = parts[1].partition("/")
    port = decimal(port_text, 65535)
    count = decimal(count_text, 65535) if slash else 1
    if port < 0 or count < 1:
        raise SdpError(f"the media line '{heading[:60]}' has no port between 0 and 65535")
    lines = _section(rows, start + 1, end)
    for line in lines:
        if isinstance(line, Origin) or (isinstance(line, Line) and line.letter == "v"):
            raise SdpError(f"a second description begins below '{heading[:60]}'")
    return MediaDescription(parts[0], port, parts[2], tuple(parts[3:]), lines, count)


def _check(session: tuple[DescriptionLine, ...]) -> None:
    """One origin, at most one session connection and name: a second would let two readers see two sessions."""
    letters: list[str] = []
    for line in session:
        if isinstance(line, Origin):
            letters.append("o")
        elif isinstance(line, Connection):
            letters.append("c")
        elif isinstance(line, Line):
            letters.append(line.letter)
    if "o" not in letters:
        raise SdpError("the session description has no o= line")
    if "v" in letters:
        raise SdpError("the session description has two v= lines")
    for letter in "ocs":
        if letters.count(letter) > 1:
            raise SdpError(f"the session description has two {letter}= lines before its first media line")
