"""Cut a byte stream into SIP messages, whatever the chunks it arrives in (RFC 3261 §18.3, RFC 5626 §4.4.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MISSING_CONTENT_LENGTH: Final = "Missing Content-Length"
BAD_CONTENT_LENGTH: Final = "Malformed Content-Length"
CONFLICTING_CONTENT_LENGTHS: Final = "Conflicting Content-Lengths"
BARE_LINE_END: Final = "Bare CR or LF in the head"
HEAD_TOO_LARGE: Final = "Head too large"
BODY_TOO_LARGE: Final = "Body too large"
NOT_SIP: Final = "Not SIP"

_END_OF_HEAD: Final = b"\r\n\r\n"
_CR: Final = 13
_LF: Final = 10

# Every character of RFC 3261's token, which both a method and "SIP/2.0" start with.
_TOKEN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~")

# A field value with its folded lines; the alternatives exclude each other, so matching is linear.
_CONTENT_LENGTH: Final = re.compile(
    rb"\r\n(?:content-length|l)[ \t]*:([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)",
    re.IGNORECASE,
)
_BARE_LINE_END: Final = re.compile(rb"\r(?!\n)|(?<!\r)\n")


@dataclass(frozen=True, slots=True)
class FramingFault:
    """Why the stream cannot be cut into messages any further: where the next one starts is unknown.

    ``reason`` is one of this module's constants and fits a reason phrase. ``head`` is what had arrived of the
    faulty message, its head if that was complete; ``head_is_whole`` tells whether it can be answered.
    """

    reason: str
    head: bytes
    head_is_whole: bool


class StreamFramer:
    """What has arrived on one connection and is not a whole message yet.

    Give it bytes with ``receive``. ``fault`` is set once the stream is beyond reading; whatever arrives after
    that is ignored. ``pings`` counts the keepalives (double CRLF between messages) seen and not answered yet:
    the caller sets it back to 0 when it has sent a CRLF for each.
    """

    def __init__(self, max_head: int = 65_536, max_body: int = 262_144) -> None:
        self.pings: int = 0
        self.fault: FramingFault | None = None
        self._max_head: Final = max_head
        self._max_body: Final = max_body
        self._buffer: Final = bytearray()
        self._searched = 0  # up to here there is no end of the head
        self._head_size = 0  # 0 until the end of the head was found
        self._message_size = 0
        self._half_ping = False  # one CRLF came; a second one makes it a ping

    @property
    def is_partial(self) -> bool:
        """Whether a message has begun and is not whole."""
        return len(self._buffer) > 0

    def receive(self, data: bytes) -> list[bytes]:
        """Take the next bytes of the stream; return the messages that became whole, oldest first."""
        messages: list[bytes] = []
        if self.fault is not None:
            return messages
        self._buffer.extend(data)
        while len(self._buffer) > 0:
            message = self._next_message()
            if message is None:
                break
            messages.append(message)
        return messages

    def _next_message(self) -> bytes | None:
        if self._head_size == 0 and not self._find_head():
            return None
        if len(self._buffer) < self._message_size:
            return None
        message = bytes(self._buffer[: self._message_size])
        del self._buffer[: self._message_size]
        self._searched = 0
        self._head_size = 0
        return message

    def _find_head(self) -> bool:
        """Find the end of the head and the size of the message; return whether both are known now."""
        if self._searched == 0 and not self._skip_line_ends():
            return False
        end = self._buffer.find(_END_OF_HEAD, max(0, self._searched - 3))
        size = end + 4 if end >= 0 else len(self._buffer)
        if size > self._max_head:
            self._fail(HEAD_TOO_LARGE, bytes(self._buffer[: self._max_head]), head_is_whole=False)
            return False
        if end < 0:
            self._searched = size
            return False
        head = bytes(self._buffer[:size])
        body_size = self._body_size(head)
        if body_size < 0:
            return False
        self._head_size = size
        self._message_size = size + body_size
        return True

    def _skip_line_ends(self) -> bool:
        """Drop the line ends before a start line, counting pings; return whether a message has begun."""
        buffer = self._buffer
        position = 0
        while position + 1 < len(buffer) and buffer[position] == _CR and buffer[position + 1] == _LF:
            position += 2
            if self._half_ping:
                self.pings += 1
            self._half_ping = not self._half_ping
        del buffer[:position]
        if len(buffer) == 0 or (len(buffer) == 1 and buffer[0] == _CR):
            return False
        self._half_ping = False
        if buffer[0] not in _TOKEN:
            self._fail(NOT_SIP, bytes(buffer[:64]), head_is_whole=False)
            return False
        return True

    def _body_size(self, head: bytes) -> int:
        """Return the body's size as the head states it, or -1 after setting ``fault``."""
        # What another parser might take for a line end must not hide a second Content-Length.
        if _BARE_LINE_END.search(head) is not None:
            return self._fail(BARE_LINE_END, head)
        stated = -1
        for value in _CONTENT_LENGTH.findall(head):
            digits: bytes = value.strip(b" \t\r\n")
            if not digits.isdigit() or len(digits) > 10:
                return self._fail(BAD_CONTENT_LENGTH, head)
            size = int(digits)
            if stated >= 0 and size != stated:
                return self._fail(CONFLICTING_CONTENT_LENGTHS, head)
            stated = size
        if stated < 0:
            return self._fail(MISSING_CONTENT_LENGTH, head)
        if stated > self._max_body:
            return self._fail(BODY_TOO_LARGE, head)
        return stated

    def _fail(self, reason: str, head: bytes, head_is_whole: bool = True) -> int:
        self.fault = FramingFault(reason, head, head_is_whole)
        self._buffer.clear()
        return -1
