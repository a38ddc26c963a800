"""Webhooks: who is told of which events by HTTP, and what became of each telling."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

WEBHOOK_PREFIX: Final = "webhook-"
"""What every webhook's id begins with."""

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - no secret
"""What every signing secret begins with; base64 of the key's octets follows (Standard Webhooks)."""

MESSAGE_PREFIX: Final = "msg_"
"""What stands before the number of a delivery where receivers see it."""


class WebhookEvent(StrEnum):
    """What may be told of: each is an event's kind of the same name."""

    REGISTERED = "registered"
    MOVED = "moved"
    EXPIRED = "expired"
    UNREGISTERED = "unregistered"
    REFUSED = "refused"
    CALL_ENDED = "call-ended"
    LIMIT_REACHED = "limit-reached"
    TRUNK_RESTING = "trunk-resting"


TEST_KIND: Final = "test"
"""The kind of what is sent when somebody only wants to see it arrive."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription of an account: its events are posted to ``url``.

    ``secret`` signs what is sent; after a rotation the one before signs too until ``previous_secret_until`` (epoch
    seconds; None: there is none). ``paused_why`` is a sentence when the server gave the receiver up, else empty.
    """

    id: str
    account_id: int
    url: str
    events: frozenset[WebhookEvent]
    secret: str = field(repr=False)
    description: str = ""
    enabled: bool = True
    previous_secret: str = field(default="", repr=False)
    previous_secret_until: float | None = None
    paused_why: str = ""
    created_at: float = 0.0

    @property
    def is_served(self) -> bool:
        """Whether anything is sent to it."""
        return self.enabled and not self.paused_why

    def paused_at(self, standing: WebhookStanding) -> float | None:
        """When the server gave the receiver up (epoch seconds): at its last try. None: it did not."""
        return standing.last_tried_at if self.paused_why else None

    def wants(self, kind: str) -> bool:
        """Whether an event of this kind is for it."""
        return self.is_served and kind in self.events

    def signing_secrets(self, now: float) -> tuple[str, ...]:
        """The secrets that sign now, the newest first."""
        until = self.previous_secret_until
        if self.previous_secret and until is not None and now < until:
            return self.secret, self.previous_secret
        return (self.secret,)


class DeliveryState(StrEnum):
    """How far a delivery has come."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one webhook.

    ``id`` grows in the order of the events; 0 before it is stored. ``body`` is the JSON that is posted. ``next_at``
    is when it is (to be) tried next. ``status`` is the last answer's, None when there was none; ``detail`` says what
    went wrong.
    """

    webhook_id: str
    event_id: int
    kind: str
    body: str
    created_at: float
    next_at: float
    id: int = 0
    state: DeliveryState = DeliveryState.WAITING
    attempts: int = 0
    tried_at: float | None = None
    status: int | None = None
    detail: str = ""

    @property
    def message_id(self) -> str:
        """What receivers know it by: the same for every attempt."""
        return f"{MESSAGE_PREFIX}{self.id}"


@dataclass(frozen=True, slots=True)
class WebhookStanding:
    """How a webhook fares. Times are epoch seconds; None: never, or not now.

    ``failing_since`` is when the first of the attempts failed that nothing got through after; ``failures`` counts
    them. ``delivered``, ``given_up`` and ``dropped`` (more events than could be kept) count deliveries for good.
    """

    webhook_id: str
    failing_since: float | None = None
    failures: int = 0
    last_delivered_at: float | None = None
    last_tried_at: float | None = None
    last_status: int | None = None
    last_detail: str = ""
    delivered: int = 0
    given_up: int = 0
    dropped: int = 0
    waiting: int = 0
