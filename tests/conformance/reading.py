"""What the parser makes of a message, in the words of the tables beside this file."""

from __future__ import annotations

from pathlib import Path

from trunkline.sip.errors import ParseError
from trunkline.sip.message import Request, Response
from trunkline.sip.parser import Rejected, parse_message

OWN = Path(__file__).parent / "messages"
TORTURE = Path(__file__).parents[2].parent / "shared" / "acceptance-data"
"""The RFCs' own messages, where they lie beside the repository."""


def outcome(data: bytes) -> str:
    """``request METHOD``, ``response STATUS``, ``STATUS reason`` of a refusal, or ``dropped: reason``."""
    try:
        message = parse_message(data)
    except Rejected as rejection:
        return f"{rejection.status} {rejection.reason}"
    except ParseError as error:
        assert error.silent
        return f"dropped: {error.reason}"
    return f"request {message.method}" if isinstance(message, Request) else f"response {message.status}"


def read(path: Path) -> Request | Response:
    """Read a message that is well formed, and see that it comes back from its own printed form."""
    message = parse_message(path.read_bytes())
    again = parse_message(message.to_bytes())
    assert again.start_line == message.start_line
    assert again.headers == message.headers
    assert again.body == message.body
    return message
