"""Running and past calls on the wire."""

from __future__ import annotations

from pydantic import Field

from trunkline.api.native.documents import Document, Instant, instant, moment
from trunkline.api.native.schemas.sip_text import SipText
from trunkline.domain.cdr import Cdr, EndCause
from trunkline.domain.media import MediaStatistics, SideStatistics
from trunkline.operations.ports import LiveCall


class SideDocument(Document):
    """RTP that one side sent to us."""

    received: int
    lost: int
    duplicates: int
    jitter_ms: float
    jitter_max_ms: float


class MediaDocument(Document):
    """RTP figures, in packets."""

    relayed: int
    dropped: int
    caller: SideDocument
    callee: SideDocument


class LegDocument(Document):
    """One side of a running call."""

    name: str = Field(examples=["caller"])
    is_caller: bool
    state: str = Field(examples=["answered"])
    sip_call_id: SipText
    address: SipText = Field(examples=["udp:192.0.2.10:5060"])
    party: SipText = Field(examples=["sip:+15550100199@gateway.example"])
    trunk_id: int | None
    credential_id: int | None


class CallDocument(Document):
    """A running call."""

    id: str
    state: str = Field(examples=["answered"], description="trying, ringing or answered.")
    caller: SipText = Field(examples=["alice"])
    callee: SipText = Field(examples=["+15550100199"])
    source: str = Field(examples=["192.0.2.10:5060"])
    user_agent: SipText
    credential_id: int | None
    inbound_trunk_id: int | None
    route: SipText = Field(description="Where it was led to, in words.")
    started_at: Instant
    rang_at: Instant | None
    answered_at: Instant | None
    legs: list[LegDocument]
    media: MediaDocument | None = Field(description="RTP figures, where one call was asked for.")


class AttemptDocument(Document):
    """One try at a callee."""

    trunk_id: int | None = Field(description="null: a device.")
    uri: SipText
    status: int = Field(description="The final SIP status; 0: silence.")


class CdrDocument(Document):
    """What is known of one call attempt."""

    id: str
    sip_call_id: SipText
    caller: SipText
    callee: SipText
    source: str
    user_agent: SipText
    credential_id: int | None
    inbound_trunk_id: int | None
    trunk_id: int | None
    route: SipText
    started_at: Instant
    rang_at: Instant | None
    answered_at: Instant | None
    ended_at: Instant | None
    duration_s: float = Field(description="From answer to end.")
    end_cause: EndCause | None
    status: int = Field(examples=[200], description="The final SIP status that the caller got.")
    rejection: str = Field(examples=[""], description="The code of our refusal; empty when it was none.")
    detail: SipText
    attempts: list[AttemptDocument]
    media: MediaDocument | None


def call_document(call: LiveCall) -> CallDocument:
    """A running call as it is shown."""
    cdr = call.cdr
    return CallDocument(
        id=cdr.call_id,
        state=call.state,
        caller=cdr.caller,
        callee=cdr.callee,
        source=cdr.source,
        user_agent=cdr.user_agent,
        credential_id=cdr.credential_id,
        inbound_trunk_id=cdr.inbound_trunk_id,
        route=cdr.route,
        started_at=moment(cdr.started_at),
        rang_at=instant(cdr.rang_at),
        answered_at=instant(cdr.answered_at),
        legs=[
            LegDocument(
                name=leg.name,
                is_caller=leg.is_caller,
                state=leg.state,
                sip_call_id=leg.sip_call_id,
                address=leg.address,
                party=leg.party,
                trunk_id=leg.trunk_id,
                credential_id=leg.credential_id,
            )
            for leg in call.legs
        ],
        media=media_document(call.media),
    )


def cdr_document(cdr: Cdr) -> CdrDocument:
    """A past call as it is shown."""
    return CdrDocument(
        id=cdr.call_id,
        sip_call_id=cdr.sip_call_id,
        caller=cdr.caller,
        callee=cdr.callee,
        source=cdr.source,
        user_agent=cdr.user_agent,
        credential_id=cdr.credential_id,
        inbound_trunk_id=cdr.inbound_trunk_id,
        trunk_id=cdr.trunk_id,
        route=cdr.route,
        started_at=moment(cdr.started_at),
        rang_at=instant(cdr.rang_at),
        answered_at=instant(cdr.answered_at),
        ended_at=instant(cdr.ended_at),
        duration_s=round(cdr.duration_s, 3),
        end_cause=cdr.end_cause,
        status=cdr.status,
        rejection=cdr.rejection,
        detail=cdr.detail,
        attempts=[
            AttemptDocument(trunk_id=one.trunk_id, uri=one.uri, status=one.status) for one in cdr.attempts
        ],
        media=media_document(cdr.media),
    )


def media_document(media: MediaStatistics | None) -> MediaDocument | None:
    """RTP figures as they are shown."""
    if media is None:
        return None
    return MediaDocument(
        relayed=media.relayed, dropped=media.dropped, caller=_side(media.caller), callee=_side(media.callee)
    )


def _side(side: SideStatistics) -> SideDocument:
    return SideDocument(
        received=side.received,
        lost=side.lost,
        duplicates=side.duplicates,
        jitter_ms=side.jitter_ms,
        jitter_max_ms=side.jitter_max_ms,
    )
