"""Bytes to messages: one pass that splits lines and names header fields, then the checks that keep attackers out.

Lax where real peers are lax (compact forms, folding, white space around the colon, several values in a header
field), strict where two servers could read a message differently: NUL bytes, bare line ends, doubled singletons,
conflicting Content-Lengths.
"""

from __future__ import annotations

import re
from typing import Final

from trunkline.sip.errors import ParseError
from trunkline.sip.grammar import TOKEN
from trunkline.sip.message import Message, Request, Response
from trunkline.sip.names import CANONICAL, SINGLETONS, canonical_name
from trunkline.sip.uri import MAX_URI

MAX_HEAD: Final = 65535
MAX_HEADERS: Final = 256
MAX_HEADER_LINE: Final = 16384
MAX_VIAS: Final = 70

_FOLD: Final = re.compile(r"[ \t]*\r\n[ \t]+")
_MANDATORY: Final = ("Via", "From", "To", "Call-ID", "CSeq")


class Rejected(ParseError):
    """A request that cannot be served but that can be answered: ``request`` holds what was read of it."""

    def __init__(self, fault: ParseError, request: Request) -> None:
        super().__init__(fault.reason, fault.status, silent=fault.silent)
        self.request = request


def parse_message(data: bytes) -> Request | Response:
    """Read one whole message: a datagram, or what the stream framer cut out.

    In a datagram the bytes behind Content-Length are passed over (RFC 3261 §18.3). Raises :class:`Rejected` for a
    request that deserves an answer, and silent ParseErrors for everything that does not.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        raise ParseError("No End of Header", silent=True)
    if end > MAX_HEAD:
        raise ParseError("Header Too Large", 513, silent=True)
    head = data[:end].decode("utf-8", "surrogateescape")
    folded = "\r\n " in head or "\r\n\t" in head
    if folded:
        head = _FOLD.sub(" ", head)
    lines = head.split("\r\n")
    message = _start(lines[0])
    fault = _read_headers(message, lines)
    try:
        if fault is None and ("\x00" in head or "\n" in head.replace("\r\n", "") or "\r" in head.replace("\r\n", "")):
            fault = ParseError("Control Character in Header")
        if fault is None:
            fault = _check(message)
        length = _take_content_length(message)
        body = data[end + 4 :]
        if length is not None and length != len(body):
            if length > len(body):
                raise ParseError("Content-Length Too Large")
            body = body[:length]
        message.body = body
    except ParseError as error:
        fault = fault or error
    if fault is not None:
        raise _rejection(message, fault)
    return message


def _start(line: str) -> Request | Response:
    """Read the start line (RFC 3261 §7.1, §7.2)."""
    if line.startswith("SIP/2.0 "):
        status = line[8:11]
        if not (status.isascii() and status.isdigit()) or (len(line) > 11 and line[11] != " "):
            raise ParseError("Bad Status Line", silent=True)
        code = int(status)
        if not 100 <= code <= 699:
            raise ParseError("Bad Status Code", silent=True)
        return Response(code, line[12:], [])
    method, _, rest = line.partition(" ")
    uri, _, version = rest.rpartition(" ")
    if not TOKEN.fullmatch(method) or not version:
        raise ParseError("Bad Request Line", silent=True)
    return Request(method, uri if uri else rest, [])


def _read_headers(message: Message, lines: list[str]) -> ParseError | None:
    """Fill in the header fields; what is wrong is returned, so that enough is read to answer it."""
    fault: ParseError | None = None
    if len(lines) > MAX_HEADERS + 1:
        fault = ParseError("Too Many Headers", 513)
    headers = message.headers
    for index in range(1, min(len(lines), MAX_HEADERS + 1)):
        name, colon, value = lines[index].partition(":")
        known = CANONICAL.get(name)
        if known is None:
            name = name.rstrip(" \t")
            if not colon or not TOKEN.fullmatch(name):
                fault = fault or ParseError("Bad Header Line")
                continue
            known = canonical_name(name)
        if len(value) > MAX_HEADER_LINE:
            fault = fault or ParseError("Header Too Long", 513)
            continue
        headers.append((known, value.strip(" \t")))
    if isinstance(message, Request):
        fault = _check_request_line(message, lines[0]) or fault
    return fault


def _check_request_line(request: Request, line: str) -> ParseError | None:
    version = line[line.rfind(" ") + 1 :]
    if version != "SIP/2.0":
        if version.upper().startswith("SIP/") and version.upper() != "SIP/2.0":
            return ParseError("Version Not Supported", 505)
        if version.upper() != "SIP/2.0":
            return ParseError("Bad Request Line")
    if len(request.uri_text) > MAX_URI:
        return ParseError("Request-URI Too Long", 414)
    if not request.uri_text or " " in request.uri_text or "\t" in request.uri_text:
        return ParseError("Bad Request Line")
    return None


def _check(message: Message) -> ParseError | None:
    """The checks every message goes through, whatever is done with it after."""
    seen: set[str] = set()
    vias = 0
    for name, _value in message.headers:
        if name == "Via":
            vias += 1
        elif name in SINGLETONS:
            if name in seen and name != "Content-Length":
                return ParseError(f"Duplicate {name} Header")
        seen.add(name)
    for name in _MANDATORY:
        if name not in seen:
            return ParseError(f"Missing {name} Header")
    if vias > MAX_VIAS:
        return ParseError("Too Many Via Headers", 483)
    try:
        via = message.top_via
        method = message.cseq_method
        if isinstance(message, Request):
            _check_request(message, method)
        if not via.branch and isinstance(message, Response):
            return ParseError("Missing Branch")
    except ParseError as error:
        return error
    return None


def _check_request(request: Request, cseq_method: str) -> None:
    if cseq_method != request.method:
        raise ParseError("CSeq Method Mismatch")
    call_id = request.call_id
    if not call_id or " " in call_id:
        raise ParseError("Bad Call-ID")
    if request.get("Max-Forwards") is not None:
        _ = request.max_forwards


def _take_content_length(message: Message) -> int | None:
    """Remove Content-Length and return it; None when absent. Two different ones are an error."""
    found: str | None = None
    kept = False
    for name, value in message.headers:
        if name == "Content-Length":
            kept = True
            if found is not None and found != value:
                raise ParseError("Conflicting Content-Length")
            found = value
    if not kept or found is None:
        return None
    message.headers = [pair for pair in message.headers if pair[0] != "Content-Length"]
    if not found.isascii() or not found.isdigit() or len(found) > 9:
        raise ParseError("Bad Content-Length")
    return int(found)


def _rejection(message: Message, fault: ParseError) -> ParseError:
    """Responses and ACKs are never answered; a request needs a Via that tells where to."""
    if not isinstance(message, Request) or message.method == "ACK":
        return ParseError(fault.reason, fault.status, silent=True)
    try:
        _ = message.top_via
    except ParseError:
        return ParseError(fault.reason, fault.status, silent=True)
    return Rejected(fault, message)
