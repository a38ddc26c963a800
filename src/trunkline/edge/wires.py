"""How SIP messages lie in the bytes of a connection: bare (TCP, TLS) or in WebSocket frames (RFC 7118)."""

from __future__ import annotations

import logging
from typing import Final, Protocol

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from trunkline.edge.limits import EdgeLimits
from trunkline.sip.framing import NOT_SIP, FramingFault, StreamFramer

_log: Final = logging.getLogger(__name__)

_LINE_END: Final = b"\r\n"
_PING: Final = b"\r\n\r\n"
_PADDING: Final = b"\r\n \t\x00"
_SIP: Final = Subprotocol("sip")
_GOING_AWAY: Final = 1001
_PROTOCOL_ERROR: Final = 1002


class Wire(Protocol):
    """Bytes of one connection to messages and back. It does no I/O of its own."""

    @property
    def is_partial(self) -> bool:
        """Whether the peer has begun something and not finished it."""
        ...

    @property
    def fault(self) -> FramingFault | None:
        """Why nothing more can be read, once that is so."""
        ...

    @property
    def is_ended(self) -> bool:
        """Whether the peer has ended the conversation by the rules of the wire."""
        ...

    def receive(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the messages that became whole."""
        ...

    def replies(self) -> bytes:
        """Return, once, what the wire itself has to answer: keepalives, handshakes."""
        ...

    def encode(self, message: bytes) -> bytes:
        """Return the bytes that carry a message."""
        ...

    def ending(self) -> bytes:
        """Return the bytes that say good-bye."""
        ...


class StreamWire:
    """SIP as it is in TCP and TLS, cut by Content-Length."""

    def __init__(self, limits: EdgeLimits) -> None:
        self._framer: Final = StreamFramer(limits.max_head, limits.max_body)

    @property
    def is_partial(self) -> bool:
        """Whether a message has begun and is not whole."""
        return self._framer.is_partial

    @property
    def fault(self) -> FramingFault | None:
        """Why nothing more can be read, once that is so."""
        return self._framer.fault

    @property
    def is_ended(self) -> bool:
        """Never: the stream itself ends."""
        return False

    def receive(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the messages that became whole."""
        return self._framer.receive(data)

    def replies(self) -> bytes:
        """Return a CRLF for each ping (RFC 5626 §4.4.1)."""
        pings = self._framer.pings
        self._framer.pings = 0
        return _LINE_END * pings

    def encode(self, message: bytes) -> bytes:
        """Return the message as it is."""
        return message

    def ending(self) -> bytes:
        """Return nothing: closing the stream says it."""
        return b""


class WebSocketWire:
    """SIP in WebSocket messages, one in each, text or binary; we are the server."""

    def __init__(self, limits: EdgeLimits) -> None:
        self._protocol: Final = ServerProtocol(
            subprotocols=[_SIP],
            max_size=limits.max_head + limits.max_body,
            logger=_log,
        )
        self._parts: Final[list[bytes]] = []
        self._is_partial = False
        self._fault: FramingFault | None = None

    @property
    def is_partial(self) -> bool:
        """Whether the handshake, a frame or a fragmented message has begun and is not whole."""
        return self._is_partial

    @property
    def fault(self) -> FramingFault | None:
        """Why nothing more can be read: a handshake that is none, or a breach of RFC 6455."""
        return self._fault

    @property
    def is_ended(self) -> bool:
        """Whether the closing handshake took place."""
        return self._fault is None and self._protocol.state in (State.CLOSING, State.CLOSED)

    def receive(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the messages that became whole."""
        self._protocol.receive_data(data)
        events = self._protocol.events_received()
        messages: list[bytes] = []
        for event in events:
            if isinstance(event, Request):
                self._protocol.send_response(self._protocol.accept(event))
            elif isinstance(event, Frame):
                self._take_frame(event, messages)
        problem = self._protocol.handshake_exc or self._protocol.parser_exc
        if problem is not None:
            self._fault = FramingFault(f"{NOT_SIP} over WebSocket: {problem}", b"", head_is_whole=False)
        self._is_partial = bool(self._parts) or not events or self._protocol.state is State.CONNECTING
        return messages

    def _take_frame(self, frame: Frame, messages: list[bytes]) -> None:
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return
        if frame.data:
            self._parts.append(bytes(frame.data))
        if not frame.fin:
            return
        message = b"".join(self._parts)
        self._parts.clear()
        content = message.lstrip(_PADDING)
        if content:
            messages.append(content)
        elif message.startswith(_PING) and self._protocol.state is State.OPEN:
            self._protocol.send_text(_LINE_END)

    def replies(self) -> bytes:
        """Return handshake answers, pongs and closing frames."""
        return b"".join(self._protocol.data_to_send())

    def encode(self, message: bytes) -> bytes:
        """Return the message in a frame: of text when it is UTF-8, as RFC 7118 §5 wants, else binary."""
        if self._protocol.state is not State.OPEN:
            return b""
        try:
            message.decode()
        except UnicodeDecodeError:
            self._protocol.send_binary(message)
        else:
            self._protocol.send_text(message)
        return self.replies()

    def ending(self) -> bytes:
        """Return a closing frame, if the peer is still to get one."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(_PROTOCOL_ERROR if self._fault else _GOING_AWAY)
        return self.replies()
