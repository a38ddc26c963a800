"""Requests and responses: a start line, header fields in their order, a body.

A message keeps each header field as ``(name, value)`` with the name in its canonical spelling and the value as
it came; a value is read further only when it is asked for. ``Content-Length`` is never kept: it is what the
body says when the message is printed.
"""

from __future__ import annotations

from typing import Final

from trunkline.sip.errors import ParseError, UsageError
from trunkline.sip.grammar import decimal, is_token, split_commas
from trunkline.sip.name_address import NameAddress, parse_name_address, tag_of
from trunkline.sip.names import KNOWN, canonical_name
from trunkline.sip.status import reason_phrase
from trunkline.sip.uri import Uri, parse_uri
from trunkline.sip.via import Via, parse_via

SIP_VERSION: Final = "SIP/2.0"
MAX_CSEQ: Final = 2**31 - 1


class Message:
    """What requests and responses share."""

    def __init__(self, headers: list[tuple[str, str]], body: bytes) -> None:
        self.headers = headers
        self.body = body
        self._top_via: Via | None = None
        self._cseq_number = -1
        self._cseq_method = ""
        self._from_tag: str | None = None
        self._to_tag: str | None = None

    def get(self, name: str) -> str | None:
        """The first value of a header field (canonical name, or any name in any case); None when absent."""
        for key, value in self.headers:
            if key == name:
                return value
        if name in KNOWN:
            return None
        wanted = canonical_name(name).lower()
        for key, value in self.headers:
            if key.lower() == wanted:
                return value
        return None

    def get_all(self, name: str) -> list[str]:
        """Every header field of this canonical name, uncut."""
        return [value for key, value in self.headers if key == name]

    def values(self, name: str) -> list[str]:
        """Every value of a header field that may hold several, cut at commas (RFC 3261 §7.3.1)."""
        found: list[str] = []
        for key, value in self.headers:
            if key == name:
                if "," in value:
                    found.extend(split_commas(value))
                elif value:
                    found.append(value)
        return found

    def has_token(self, name: str, token: str) -> bool:
        """Whether an option tag or method stands in a list header field such as Supported or Allow."""
        for key, value in self.headers:
            if key == name:
                for part in value.split(","):
                    if part.strip().lower() == token.lower():
                        return True
        return False

    def add(self, name: str, value: str) -> None:
        """Append a header field (canonical name)."""
        self._forget(name)
        self.headers.append((name, value))

    def set(self, name: str, value: str) -> None:
        """Put this value in the place of the first such header field and drop the others; append when absent."""
        self._forget(name)
        replaced: list[tuple[str, str]] = []
        done = False
        for pair in self.headers:
            if pair[0] != name:
                replaced.append(pair)
            elif not done:
                replaced.append((name, value))
                done = True
        if not done:
            replaced.append((name, value))
        self.headers = replaced

    def remove(self, name: str) -> None:
        """Drop every header field of this canonical name."""
        self._forget(name)
        self.headers = [pair for pair in self.headers if pair[0] != name]

    def push(self, name: str, value: str) -> None:
        """Put a header field before all others: for Via and Route."""
        self._forget(name)
        self.headers.insert(0, (name, value))

    def _forget(self, name: str) -> None:
        if name == "Via":
            self._top_via = None
        elif name == "CSeq":
            self._cseq_number = -1
        elif name == "From":
            self._from_tag = None
        elif name == "To":
            self._to_tag = None

    @property
    def call_id(self) -> str:
        """The Call-ID; "" when absent."""
        return self.get("Call-ID") or ""

    @property
    def top_via(self) -> Via:
        """The first Via value. Raises ParseError."""
        if self._top_via is None:
            value = self.get("Via")
            if value is None:
                raise ParseError("Missing Via Header")
            self._top_via = parse_via((split_commas(value) or [""])[0] if "," in value else value)
        return self._top_via

    def replace_top_via(self, via: Via) -> None:
        """Put another value in the place of the first Via value."""
        for index, (name, value) in enumerate(self.headers):
            if name == "Via":
                text = str(via)
                if "," in value:
                    text = ", ".join([text, *split_commas(value)[1:]])
                self.headers[index] = ("Via", text)
                self._top_via = via
                return

    def pop_via(self) -> None:
        """Drop the first Via value: what a client does before it passes a response on."""
        for index, (name, value) in enumerate(self.headers):
            if name == "Via":
                rest = split_commas(value)[1:] if "," in value else []
                if rest:
                    self.headers[index] = ("Via", ", ".join(rest))
                else:
                    del self.headers[index]
                break
        self._top_via = None

    @property
    def cseq_number(self) -> int:
        """The sequence number. Raises ParseError."""
        if self._cseq_number < 0:
            self._read_cseq()
        return self._cseq_number

    @property
    def cseq_method(self) -> str:
        """The method of the CSeq. Raises ParseError."""
        if self._cseq_number < 0:
            self._read_cseq()
        return self._cseq_method

    def _read_cseq(self) -> None:
        value = self.get("CSeq")
        if value is None:
            raise ParseError("Missing CSeq Header")
        space = value.find(" ")
        method = value[space + 1 :]
        if space < 0 or not is_token(method):
            space, method = _unusual_cseq(value)
        self._cseq_number = decimal(value[:space], "CSeq", MAX_CSEQ)
        self._cseq_method = method

    @property
    def from_tag(self) -> str:
        """The tag of From, "" when there is none."""
        if self._from_tag is None:
            self._from_tag = tag_of(self.get("From") or "")
        return self._from_tag

    @property
    def to_tag(self) -> str:
        """The tag of To, "" when there is none."""
        if self._to_tag is None:
            self._to_tag = tag_of(self.get("To") or "")
        return self._to_tag

    def address(self, name: str) -> NameAddress:
        """The single name-addr of From, To, Refer-To and their like. Raises ParseError."""
        value = self.get(name)
        if value is None:
            raise ParseError(f"Missing {name} Header")
        return parse_name_address(value)

    def addresses(self, name: str) -> list[NameAddress]:
        """Every name-addr of Contact, Route, Record-Route, Path and their like. Raises ParseError."""
        return [parse_name_address(value) for value in self.values(name)]

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters; "" when there is none."""
        return (self.get("Content-Type") or "").partition(";")[0].strip().lower()

    @property
    def start_line(self) -> str:
        """The first line, without its end."""
        raise NotImplementedError

    def to_bytes(self) -> bytes:
        """The message as it goes on the wire. Raises UsageError when a header field holds a line end."""
        start_line = self.start_line
        _check_line_ends(start_line)
        parts = [start_line]
        for name, value in self.headers:
            if "\n" in value or "\r" in value:
                raise UsageError("A header field holds a line end")
            if name not in KNOWN:
                _check_line_ends(name)
            parts.append("\r\n")
            parts.append(name)
            parts.append(": ")
            parts.append(value)
        parts.append(f"\r\nContent-Length: {len(self.body)}\r\n\r\n" if self.body else _NO_BODY)
        text = "".join(parts)
        head = text.encode() if text.isascii() else text.encode("utf-8", "surrogateescape")
        return head + self.body if self.body else head


def _check_line_ends(text: str) -> None:
    if "\n" in text or "\r" in text:
        raise UsageError("A line of the message holds a line end")


_NO_BODY: Final = "\r\nContent-Length: 0\r\n\r\n"


def _unusual_cseq(value: str) -> tuple[int, str]:
    """Where the number ends, and the method: when there is other white space between them than one blank."""
    parts = value.split()
    if len(parts) != 2 or not is_token(parts[1]):
        raise ParseError("Bad CSeq")
    return len(parts[0]), parts[1]


class Request(Message):
    """A request. ``uri_text`` is the Request-URI as it came."""

    def __init__(self, method: str, uri: str, headers: list[tuple[str, str]], body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.method = method
        self.uri_text = uri
        self._uri: Uri | None = None

    @property
    def uri(self) -> Uri:
        """The Request-URI. Raises ParseError."""
        if self._uri is None:
            self._uri = parse_uri(self.uri_text)
        return self._uri

    def set_uri(self, uri: str) -> None:
        """Give the request another Request-URI."""
        self.uri_text = uri
        self._uri = None

    @property
    def start_line(self) -> str:
        """``METHOD uri SIP/2.0``."""
        return f"{self.method} {self.uri_text} SIP/2.0"

    @property
    def max_forwards(self) -> int:
        """Max-Forwards, 70 when absent (RFC 3261 §16.6). Raises ParseError."""
        value = self.get("Max-Forwards")
        return 70 if value is None else decimal(value, "Max-Forwards", 255)

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.uri_text} {self.get('CSeq')}>"


class Response(Message):
    """A response."""

    def __init__(self, status: int, reason: str, headers: list[tuple[str, str]], body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.status = status
        self.reason = reason

    @property
    def is_final(self) -> bool:
        """Whether it ends its transaction (200 and above)."""
        return self.status >= 200

    @property
    def start_line(self) -> str:
        """``SIP/2.0 status reason``."""
        return f"SIP/2.0 {self.status} {self.reason}"

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason} {self.get('CSeq')}>"


_COPIED: Final = frozenset({"Via", "From", "To", "Call-ID", "CSeq"})


def response_to(
    request: Request,
    status: int,
    reason: str = "",
    to_tag: str = "",
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"",
) -> Response:
    """Make a response (RFC 3261 §8.2.6).

    Via, From, To, Call-ID and CSeq are copied, Record-Route too where a dialog may come of it. A To tag is put in
    when the request had none and ``to_tag`` is given. Without a reason the status gets its usual phrase.
    """
    copied: list[tuple[str, str]] = []
    keeps_route = 100 < status < 300
    for pair in request.headers:
        name = pair[0]
        if name in _COPIED:
            if name == "To" and to_tag and not tag_of(pair[1]):
                copied.append(("To", f"{pair[1]};tag={to_tag}"))
            else:
                copied.append(pair)
        elif (keeps_route and name == "Record-Route") or (status == 100 and name == "Timestamp"):
            copied.append(pair)
    if headers:
        copied.extend(headers)
    return Response(status, reason or reason_phrase(status), copied, body)
