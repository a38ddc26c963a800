"""Ladders on the wire."""

from __future__ import annotations

from pydantic import Field

from trunkline.api.native.documents import Document, Instant, instant, moment
from trunkline.api.native.schemas.sip_text import SipText
from trunkline.operations.ladder import Ladder


class LaneDocument(Document):
    """One party; the lane `trunkline` in the middle is not listed."""

    name: str = Field(examples=["caller"])
    address: SipText = Field(examples=["udp:192.0.2.10:5060"])


class MessageDocument(Document):
    """One SIP message; what could be used to log in is starred out."""

    at: Instant
    sender: str = Field(examples=["caller"])
    receiver: str = Field(examples=["trunkline"])
    transport: str
    local: str = Field(examples=["203.0.113.1:5060"])
    remote: str = Field(examples=["192.0.2.10:5060"])
    first_line: SipText = Field(examples=["INVITE sip:+15550100199@desk.example SIP/2.0"])
    text: SipText


class NoteDocument(Document):
    """What the server decided or measured."""

    at: Instant
    text: SipText


class LadderDocument(Document):
    """Everything that was said about one call, on all its legs, in the order it was said."""

    call_id: str
    started_at: Instant
    ended_at: Instant | None = Field(description="null while the call lasts.")
    is_captured: bool = Field(description="Whether messages are left; else there are only notes.")
    lanes: list[LaneDocument]
    messages: list[MessageDocument]
    notes: list[NoteDocument]


def ladder_document(ladder: Ladder) -> LadderDocument:
    """A ladder as it is shown."""
    return LadderDocument(
        call_id=ladder.call_id,
        started_at=moment(ladder.started_at),
        ended_at=instant(ladder.ended_at),
        is_captured=ladder.is_captured,
        lanes=[LaneDocument(name=lane.name, address=lane.address) for lane in ladder.lanes],
        messages=[
            MessageDocument(
                at=moment(one.at),
                sender=one.sender,
                receiver=one.receiver,
                transport=one.transport,
                local=f"{one.local[0]}:{one.local[1]}",
                remote=f"{one.remote[0]}:{one.remote[1]}",
                first_line=one.first_line,
                text=one.text,
            )
            for one in ladder.messages
        ],
        notes=[NoteDocument(at=moment(note.at), text=note.text) for note in ladder.notes],
    )
