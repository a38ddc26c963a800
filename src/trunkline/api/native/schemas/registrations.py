"""Registrations and their timelines on the wire."""

from __future__ import annotations

from pydantic import Field

from trunkline.api.native.documents import Document, Instant, moment
from trunkline.api.native.schemas.sip_text import SipText
from trunkline.domain.registration_event import RegistrationEventKind
from trunkline.operations.registrations import Registration, Timeline, TimelineEntry


class RegistrationDocument(Document):
    """A device that is registered now."""

    aor: SipText = Field(examples=["alice@desk.0a1b2c.auth.example.net"])
    contact: SipText = Field(examples=["sip:alice@192.0.2.10:5060"])
    transport: str = Field(examples=["udp"])
    host: str = Field(examples=["192.0.2.10"], description="Where its requests come from.")
    port: int = Field(examples=[5060])
    user_agent: SipText = Field(examples=["Phone/1.0"], description="Its own word.")
    registered_at: Instant
    expires_at: Instant
    q: float = Field(examples=[1.0])
    instance: SipText = Field(description="The device's lasting name (RFC 5626), where it has one.")
    reg_id: int
    path: list[SipText]
    sip_call_id: SipText


class RegistrationsDocument(Document):
    """The devices of one address-of-record."""

    aor: SipText
    registrations: list[RegistrationDocument]


class UnregisteredDocument(Document):
    """What was forgotten."""

    removed: int = Field(examples=[1], description="How many devices.")


class TimelineEntryDocument(Document):
    """One event of a registration."""

    id: int = Field(description="Give it to the diagnosis as `timeline_id`.")
    at: Instant
    kind: RegistrationEventKind
    aor: SipText
    contact: SipText
    flow: SipText = Field(examples=["udp:192.0.2.10:5060"])
    user_agent: SipText
    code: str = Field(examples=["wrong-password"], description="The rejection's, where it was refused.")
    detail: SipText


class TimelineDocument(Document):
    """What happened to an address-of-record, the newest first."""

    aor: SipText
    flaps: int = Field(
        description="How often a device came back within ten minutes, or moved, during the last day."
    )
    refusals: int = Field(description="During the last day.")
    items: list[TimelineEntryDocument]
    next: str | None


def registration_document(one: Registration) -> RegistrationDocument:
    """A registration as it is shown."""
    return RegistrationDocument(
        aor=one.aor,
        contact=one.contact,
        transport=one.transport,
        host=one.host,
        port=one.port,
        user_agent=one.user_agent,
        registered_at=moment(one.registered_at),
        expires_at=moment(one.expires_at),
        q=one.q,
        instance=one.instance,
        reg_id=one.reg_id,
        path=list(one.path),
        sip_call_id=one.sip_call_id,
    )


def timeline_entry_document(entry: TimelineEntry) -> TimelineEntryDocument:
    """An event as it is shown."""
    event = entry.event
    return TimelineEntryDocument(
        id=entry.id,
        at=moment(event.at),
        kind=event.kind,
        aor=event.aor,
        contact=event.contact,
        flow=event.flow,
        user_agent=event.user_agent,
        code=entry.code,
        detail=event.detail,
    )


def timeline_document(timeline: Timeline, following: str | None) -> TimelineDocument:
    """A timeline as it is shown."""
    return TimelineDocument(
        aor=timeline.aor,
        flaps=timeline.flaps,
        refusals=timeline.refusals,
        items=[timeline_entry_document(entry) for entry in timeline.entries],
        next=following,
    )
