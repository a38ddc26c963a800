"""The session description in a message's body, be it the whole body or a part of it."""

from __future__ import annotations

from trunkline.calls.headers import SDP
from trunkline.sdp.description import SessionDescription, parse
from trunkline.sdp.errors import SdpError
from trunkline.sip.errors import ParseError
from trunkline.sip.message import Message
from trunkline.sip.multipart import find_part


def sdp_body(message: Message) -> bytes | None:
    """The bytes of the session description; None when the message has none. Raises ParseError."""
    if not message.body:
        return None
    content_type = message.content_type
    if content_type == SDP:
        return message.body
    if content_type.startswith("multipart/"):
        return find_part(message, SDP)
    return None


def description_of(message: Message) -> SessionDescription | None:
    """The session description of a message; None when it has none, or one that cannot be read."""
    try:
        return read_description(message)
    except (SdpError, ParseError):
        return None


def read_description(message: Message) -> SessionDescription | None:
    """The session description of a message; None when it has none. Raises SdpError or ParseError for a bad one."""
    body = sdp_body(message)
    return parse(body) if body is not None else None
