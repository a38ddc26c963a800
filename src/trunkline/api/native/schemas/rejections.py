"""Refusals of registrations and calls, and their diagnosis, on the wire."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from trunkline.api.native.documents import LARGEST_ID, Document, Instant, Line, Wish, example, moment
from trunkline.api.native.schemas.sip_text import SipText, valid_deep
from trunkline.domain.rejection import Rejection
from trunkline.operations.diagnosis import Cause, Diagnosis
from trunkline.operations.events import Event, EventKind

_Id = Annotated[int, Field(strict=True, ge=1, le=LARGEST_ID)]


class RejectionCodeDocument(Document):
    """A reason for which registrations or calls are refused."""

    code: str = Field(examples=["wrong-password"])
    status: int = Field(examples=[403], description="What goes over SIP.")
    reason: str = Field(examples=["Forbidden"])
    sentence: str = Field(examples=["The digest does not match the stored hash."])
    cure: str


class EventDocument(Document):
    """Something that happened."""

    id: int
    at: Instant
    kind: EventKind
    subject: SipText = Field(examples=["alice@desk.0a1b2c.auth.example.net"])
    data: dict[str, object] = Field(
        description="The particulars. What came by SIP in it is a stranger's text."
    )


class DiagnosisWish(Wish):
    """What to find the cause of: give one of the three."""

    model_config = example(timeline_id=42)

    timeline_id: _Id | None = Field(None, description="A refused registration of a timeline.", examples=[42])
    event_id: _Id | None = Field(None, description="A refusal among the recent ones.")
    call_id: Line | None = Field(None, description="A refused call of the records.")
    password: Line = Field(
        "", description="What the device should have: it is compared with what it sent, and not kept."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> DiagnosisWish:
        if sum(one is not None for one in (self.timeline_id, self.event_id, self.call_id)) != 1:
            raise ValueError("give one of timeline_id, event_id and call_id")
        return self


class DiagnosisDocument(Document):
    """Why somebody was refused."""

    cause: Cause
    code: str = Field(examples=["wrong-password"])
    aor: SipText
    sentence: SipText
    cure: SipText
    facts: list[SipText] = Field(description="What else is known of the credential.")
    form: SipText = Field(description="What the device seems to have hashed, where the password was given.")


def rejection_code_document(one: Rejection) -> RejectionCodeDocument:
    """A kind of refusal as it is shown."""
    return RejectionCodeDocument(
        code=one.code, status=one.status, reason=one.reason, sentence=one.sentence, cure=one.cure
    )


def event_document(event: Event) -> EventDocument:
    """An event as it is shown."""
    return EventDocument(
        id=event.id, at=moment(event.at), kind=event.kind, subject=event.subject, data=valid_deep(event.data)
    )


def diagnosis_document(diagnosis: Diagnosis) -> DiagnosisDocument:
    """A diagnosis as it is shown."""
    return DiagnosisDocument(
        cause=diagnosis.cause,
        code=diagnosis.code,
        aor=diagnosis.aor,
        sentence=diagnosis.sentence,
        cure=diagnosis.cure,
        facts=list(diagnosis.facts),
        form=diagnosis.form,
    )
