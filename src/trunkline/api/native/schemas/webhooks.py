"""Webhooks and their deliveries on the wire."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import Field

from trunkline.api.native.documents import Document, Flag, Instant, Line, Wish, instant, moment
from trunkline.domain.webhook import Delivery, DeliveryState, Webhook, WebhookEvent, WebhookStanding
from trunkline.provisioning.webhooks import MAX_OVERLAP_S, OVERLAP_S

_URL = "https://app.example/events"
_EVENTS = ["registered", "call-ended"]
_Events = Annotated[list[WebhookEvent], Field(min_length=1, max_length=20, examples=[_EVENTS])]


class StandingDocument(Document):
    """How a webhook fares."""

    waiting: int = Field(description="Deliveries that wait to be sent.")
    delivered: int = Field(description="Deliveries that arrived, ever.")
    given_up: int = Field(description="Deliveries that were tried for too long.")
    dropped: int = Field(description="Events that were not even kept, as too many waited.")
    failures: int = Field(description="Attempts on end that failed; 0 when the last one got through.")
    failing_since: Instant | None
    last_tried_at: Instant | None
    last_delivered_at: Instant | None
    last_status: int | None = Field(description="The receiver's last answer; null: none came.")
    last_detail: str = Field(description="What was wrong the last time; empty when nothing was.")


class WebhookDocument(Document):
    """Who is told of which events."""

    id: str = Field(examples=["webhook-0123456789abcdef"])
    url: str = Field(examples=[_URL])
    events: list[WebhookEvent] = Field(examples=[_EVENTS])
    description: str = Field(examples=["The billing system"])
    enabled: bool
    paused_why: str | None = Field(
        description="Why the server sends nothing any more; `enabled: true` lets it begin anew. null: it sends."
    )
    paused_at: Instant | None = Field(description="When the server gave the receiver up. null: it did not.")
    previous_secret_until: Instant | None = Field(description="So long the secret before signs too.")
    created_at: Instant
    standing: StandingDocument


class IssuedWebhookDocument(WebhookDocument):
    """A webhook with a new secret."""

    secret: str | None = Field(description="What signs the messages, shown this once.")


class NewWebhook(Wish):
    """A webhook to create."""

    url: Line = Field(examples=[_URL], description="Where events are posted to.")
    events: _Events
    description: Line = Field("", examples=["The billing system"])
    enabled: Flag = True


class WebhookChange(Wish):
    """What to change; what is left out stays."""

    url: Line | None = Field(None, examples=[_URL])
    events: _Events | None = None
    description: Line | None = None
    enabled: Flag | None = Field(None, description="`true` also lets a paused one begin anew.")


class SecretRotation(Wish):
    """Another secret."""

    overlap_s: float = Field(
        OVERLAP_S,
        ge=0,
        le=MAX_OVERLAP_S,
        description="Seconds for which the old secret signs too; 0: it ends now.",
    )


class DeliveryDocument(Document):
    """One event on its way to a webhook, or what became of it."""

    id: int
    message_id: str = Field(examples=["msg_42"], description="The `webhook-id` that the receiver sees.")
    event_id: int
    kind: str = Field(examples=["registered"], description="The event's kind, or `test`.")
    state: DeliveryState
    attempts: int
    created_at: Instant
    tried_at: Instant | None
    next_at: Instant | None = Field(description="When it is tried next; null when it is over.")
    status: int | None = Field(description="The last answer; null: none came.")
    detail: str = Field(description="What was wrong the last time.")
    body: dict[str, object] = Field(description="What is posted.")


def webhook_document(webhook: Webhook, standing: WebhookStanding) -> WebhookDocument:
    """A webhook as it is shown."""
    return WebhookDocument(
        id=webhook.id,
        url=webhook.url,
        events=sorted(webhook.events),
        description=webhook.description,
        enabled=webhook.enabled,
        paused_why=webhook.paused_why or None,
        paused_at=instant(webhook.paused_at(standing)),
        previous_secret_until=instant(webhook.previous_secret_until),
        created_at=moment(webhook.created_at),
        standing=_standing_document(standing),
    )


def issued_webhook_document(webhook: Webhook, standing: WebhookStanding) -> IssuedWebhookDocument:
    """A webhook with its secret."""
    return IssuedWebhookDocument(**webhook_document(webhook, standing).model_dump(), secret=webhook.secret)


def _standing_document(standing: WebhookStanding) -> StandingDocument:
    return StandingDocument(
        waiting=standing.waiting,
        delivered=standing.delivered,
        given_up=standing.given_up,
        dropped=standing.dropped,
        failures=standing.failures,
        failing_since=instant(standing.failing_since),
        last_tried_at=instant(standing.last_tried_at),
        last_delivered_at=instant(standing.last_delivered_at),
        last_status=standing.last_status,
        last_detail=standing.last_detail,
    )


def delivery_document(delivery: Delivery) -> DeliveryDocument:
    """A delivery as it is shown."""
    return DeliveryDocument(
        id=delivery.id,
        message_id=delivery.message_id,
        event_id=delivery.event_id,
        kind=delivery.kind,
        state=delivery.state,
        attempts=delivery.attempts,
        created_at=moment(delivery.created_at),
        tried_at=instant(delivery.tried_at),
        next_at=instant(delivery.next_at) if delivery.state is DeliveryState.WAITING else None,
        status=delivery.status,
        detail=delivery.detail,
        body=json.loads(delivery.body),
    )
