"""Bytes to messages: one pass that cuts lines and names header fields, with the checks that keep attackers out.

Lax where real peers are lax (compact forms, folding, white space around the colon, several values in a header
field), strict where two servers could read a message differently: control characters, bare line ends, doubled
singletons, conflicting Content-Lengths.
"""

from __future__ import annotations

from typing import Final

from trunkline.sip.control_characters import REPLACED, control_fault, unfold
from trunkline.sip.errors import ParseError
from trunkline.sip.grammar import is_token
from trunkline.sip.message import Message, Request, Response
from trunkline.sip.name_address import check_brackets
from trunkline.sip.names import (
    CONTACT,
    CONTENT_LENGTH,
    FIELDS,
    MANDATORY,
    MAY_REPEAT,
    VIA,
    Field,
    canonical_name,
)
from trunkline.sip.uri import MAX_URI, SipUri
from trunkline.sip.via import MAGIC_COOKIE, parse_via

MAX_HEAD: Final = 65535
MAX_HEADERS: Final = 256
MAX_HEADER_LINE: Final = 16384
MAX_VIAS: Final = 70

_MOST_LINES_KEPT: Final = 4096
_LONGEST_LINE_KEPT: Final = 256

_METHODS: Final = frozenset(
    {
        "INVITE",
        "ACK",
        "CANCEL",
        "BYE",
        "REGISTER",
        "OPTIONS",
        "PRACK",
        "UPDATE",
        "REFER",
        "INFO",
        "MESSAGE",
        "NOTIFY",
        "SUBSCRIBE",
        "PUBLISH",
    }
)
_OTHER_SCHEMES: Final = frozenset({"tel", "urn"})
"""Schemes besides SIP's that a Request-URI may have; ``urn`` names emergency services (RFC 5031)."""


class Rejected(ParseError):  # noqa: N818 - what became of the request, not an error of ours
    """A request that cannot be served but that can be answered: ``request`` holds what was read of it."""

    def __init__(self, fault: ParseError, request: Request) -> None:
        super().__init__(fault.reason, fault.status, silent=fault.silent)
        self.request = request


def parse_message(data: bytes) -> Request | Response:
    """Read one whole message: a datagram, or what the stream framer cut out.

    In a datagram the bytes behind Content-Length are passed over (RFC 3261 §18.3). Raises :class:`Rejected` for a
    request that deserves an answer, and silent ParseErrors for everything that does not.
    """
    end = data.find(b"\r\n\r\n") + 2
    if end < 2:
        raise ParseError("No End of Header", silent=True)
    if end > MAX_HEAD:
        raise ParseError("Header Too Large", 513, silent=True)
    raw = data[:end]
    head = _Head(raw.decode("utf-8", "surrogateescape"))
    message = head.read()
    if head.has_bare_line_end or raw.translate(REPLACED) != raw:
        head.blame(control_fault(head.text))
    try:
        message.body = _cut_body(data, end + 2, head.content_length)
        if head.fault is None:
            head.check(message)
    except ParseError as error:
        head.blame(error)
    if head.fault is not None:
        raise _rejection(message, head.fault)
    return message


class _Line:
    """A header line that was read before: the bit of its field, and what is kept of it."""

    def __init__(self, bit: int, pair: tuple[str, str]) -> None:
        self.bit: Final = bit
        self.pair: Final = pair


_lines: Final[dict[str, _Line]] = {}
"""Lines of :data:`COMMON` fields that were read before, as they came: devices of one kind send the same ones with
every message. When there are too many they are forgotten."""


class _Head:
    """What the pass over a head finds. The first fault stays; reading goes on, so that it can be answered."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.headers: list[tuple[str, str]] = []
        self.seen = 0
        self.vias = 0
        self.has_via_list = False
        self.is_unfolded = False
        self.has_bare_line_end = False
        self.content_length = -1
        self.fault: ParseError | None = None

    def blame(self, fault: ParseError | None) -> None:
        """Keep the first fault, unless a later one forbids to answer at all."""
        if self.fault is None or (fault is not None and fault.silent):
            self.fault = fault

    def read(self) -> Request | Response:
        """Read the start line, then the header lines."""
        lines = self.text.split("\n")
        start_line = lines[0]
        if start_line.find("\r") != len(start_line) - 1:
            raise ParseError("Bare Line End in Header", silent=True)
        message = self._start_line(start_line[:-1])
        if lines[1][:1] in {" ", "\t"}:
            raise ParseError("Folded Start Line", silent=True)
        self._header_lines(lines)
        if len(self.headers) > MAX_HEADERS:
            self.blame(ParseError("Too Many Headers", 513))
            del self.headers[MAX_HEADERS:]
        message.headers = self.headers
        return message

    def _start_line(self, line: str) -> Request | Response:
        """Read the start line (RFC 3261 §7.1, §7.2)."""
        if line.startswith("SIP/2.0 "):
            return _status_line(line)
        space = line.find(" ")
        method = line[:space]
        if space < 0 or (method not in _METHODS and not is_token(method)):
            raise ParseError("Bad Request Line", silent=True)
        last = line.rfind(" ")
        version = line[last + 1 :] if last > space else ""
        if version != "SIP/2.0":
            self.blame(_version_fault(version))
        return Request(method, line[space + 1 : last] if last > space else line[space + 1 :], [])

    def _header_lines(self, lines: list[str]) -> None:
        """Name the header fields. The lines are those between LFs: each ends with the CR, but for the last, empty one."""
        headers = self.headers
        for index in range(1, len(lines) - 1):
            line = lines[index]
            known = _lines.get(line)
            if known is not None:
                if known.bit == 0 or self._watch(known.bit, known.pair):
                    headers.append(known.pair)
                continue
            colon = line.find(":")
            field = FIELDS.get(line[:colon]) if colon > 0 else None
            if not line or line.find("\r") != len(line) - 1:
                # Nothing mends it: it does not matter what else is read of such a line.
                self.has_bare_line_end = True
            elif field is not None and len(line) <= MAX_HEADER_LINE:
                self._keep(field, line, line[colon + 1 : -1].strip(" \t"))
            elif line[0] in " \t" and not self.is_unfolded:
                self._read_unfolded()
                return
            else:
                self._unusual_line(line[:-1])

    def _keep(self, field: Field, line: str, value: str) -> None:
        """Keep a known header field."""
        pair = (field.name, value)
        if field.is_common and len(line) <= _LONGEST_LINE_KEPT and line.isascii() and line[:-1].isprintable():
            if len(_lines) >= _MOST_LINES_KEPT:
                _lines.clear()
            _lines[line] = _Line(field.bit, pair)
        if field.bit == 0 or self._watch(field.bit, pair):
            self.headers.append(pair)

    def _watch(self, bit: int, pair: tuple[str, str]) -> bool:
        """See to fields that may stand only once, or that say something at once; return whether to keep this one."""
        if bit & self.seen and not bit & MAY_REPEAT:
            self.blame(ParseError(f"Duplicate {pair[0]} Header"))
        self.seen |= bit
        if bit == VIA:
            self.vias += 1
            self.has_via_list |= "," in pair[1]
        elif bit == CONTENT_LENGTH:
            self._take_content_length(pair[1])
            return False
        elif bit == CONTACT and "?" in pair[1] and "<" not in pair[1]:  # RFC 3261 §20.10
            self.blame(ParseError("URI Needs Angle Brackets"))
        return True

    def _unusual_line(self, line: str) -> None:
        """A name that is unknown, oddly written, or none; or a line over the limit."""
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t")
        if len(line) > MAX_HEADER_LINE:
            self.blame(ParseError("Header Too Long", 513))
        elif not colon or not is_token(name):
            self.blame(ParseError("Bad Header Line"))
        else:
            name = canonical_name(name)
            field = FIELDS.get(name)
            if field is None:
                self.headers.append((name, value.strip(" \t")))
            else:
                self._keep(field, line + "\r", value.strip(" \t"))

    def _read_unfolded(self) -> None:
        """There is a continuation line: join such lines and begin again (RFC 3261 §7.3.1)."""
        self.text = unfold(self.text)
        self.is_unfolded = True
        self.headers = []
        self.seen = self.vias = 0
        self.content_length = -1
        self._header_lines(self.text.split("\n"))

    def _take_content_length(self, value: str) -> None:
        length = 0
        if value != "0":
            if not value.isascii() or not value.isdigit() or len(value) > 9:
                self.blame(ParseError("Bad Content-Length"))
                return
            length = int(value)
        if self.content_length >= 0 and length != self.content_length:
            self.blame(ParseError("Conflicting Content-Length"))
        self.content_length = length

    def check(self, message: Request | Response) -> None:
        """The checks every message goes through, whatever is done with it after. Raises ParseError."""
        if self.seen & MANDATORY != MANDATORY:
            raise ParseError(f"Missing {_first_missing(self.headers)} Header")
        if self.vias > MAX_VIAS:
            raise ParseError("Too Many Via Headers", 483)
        via = message.top_via
        if self.has_via_list:
            for value in message.values("Via"):
                parse_via(value)
        if isinstance(message, Request):
            _check_request(message)
            if via.branch == MAGIC_COOKIE:
                raise ParseError("Bad Branch")
        elif not via.branch:
            raise ParseError("Missing Branch")
        _check_identity(message)


def _status_line(line: str) -> Response:
    status = line[8:11]
    if (
        len(status) != 3
        or not status.isascii()
        or not status.isdigit()
        or (len(line) > 11 and line[11] != " ")
    ):
        raise ParseError("Bad Status Line", silent=True)
    code = int(status)
    if not 100 <= code <= 699:
        raise ParseError("Bad Status Code", silent=True)
    return Response(code, line[12:], [])


def _version_fault(version: str) -> ParseError | None:
    """Another version is answered 505; the letters' case does not matter (RFC 3261 §7.1)."""
    version = version.upper()
    if version == "SIP/2.0":
        return None
    if version.startswith("SIP/"):
        return ParseError("Version Not Supported", 505)
    return ParseError("Bad Request Line")


def _first_missing(headers: list[tuple[str, str]]) -> str:
    names = {name for name, _ in headers}
    return next(name for name in ("Via", "From", "To", "Call-ID", "CSeq") if name not in names)


def _check_request(request: Request) -> None:
    if request.cseq_method != request.method:
        raise ParseError("CSeq Method Mismatch")
    if len(request.uri_text) > MAX_URI:
        raise ParseError("Request-URI Too Long", 414)
    uri = request.uri
    if isinstance(uri, SipUri):
        if uri.headers:
            raise ParseError("Headers in Request-URI")
    elif uri.scheme not in _OTHER_SCHEMES:
        raise ParseError("Unsupported URI Scheme", 416)
    _ = request.max_forwards


def _check_identity(message: Message) -> None:
    """What every dialog is told apart by must be whole: Call-ID, and the addresses of From and To."""
    call_id = message.call_id
    if not call_id or " " in call_id or "\t" in call_id:
        raise ParseError("Bad Call-ID")
    check_brackets(message.get("From") or "")
    check_brackets(message.get("To") or "")
    _ = message.cseq_number


def _cut_body(data: bytes, start: int, content_length: int) -> bytes:
    """The body that Content-Length counts out, or what there is without one. Raises ParseError."""
    body = data[start:]
    if content_length < 0 or content_length == len(body):
        return body
    if content_length > len(body):
        raise ParseError("Content-Length Too Large")
    return body[:content_length]


def _rejection(message: Message, fault: ParseError) -> ParseError:
    """Responses and ACKs are never answered; a request needs a Via that tells where to."""
    if not fault.silent and isinstance(message, Request) and message.method != "ACK":
        try:
            _ = message.top_via
        except ParseError:
            pass
        else:
            return Rejected(fault, message)
    return ParseError(fault.reason, fault.status, silent=True)
