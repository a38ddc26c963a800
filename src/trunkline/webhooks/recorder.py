"""Events become deliveries: within bounds, so that a storm of them costs calls and registrations nothing."""

from __future__ import annotations

import logging
from collections import Counter
from functools import partial
from typing import Final

from trunkline.domain.clock import Clock
from trunkline.domain.event_body import event_body
from trunkline.domain.webhook import Delivery, Webhook
from trunkline.operations.events import Event
from trunkline.webhooks.ports import Outbox
from trunkline.webhooks.table import WebhookTable

MOST_WAITING: Final = 10_000
"""Deliveries that may wait for one webhook; further events are dropped for it."""

EVENTS_PER_SECOND: Final = 100.0
"""What one webhook takes for long; so many as may wait can come at once."""

SAID_EVERY_S: Final = 60.0

_log: Final = logging.getLogger(__name__)


class Recorder:
    """Hears events and puts them into the outbox. ``dropped`` counts what was too much, ``recorded`` the rest."""

    def __init__(self, table: WebhookTable, outbox: Outbox, clock: Clock) -> None:
        self._table = table
        self._outbox = outbox
        self._clock = clock
        self._allowances: dict[str, _Allowance] = {}
        self._unsaid: Counter[str] = Counter()
        self._unwritten: Counter[str] = Counter()
        self._said_at: dict[str, float] = {}
        self.recorded = 0
        self.dropped = 0

    def heard(self, event: Event) -> None:
        """Take an event; never waits."""
        if event.account_id is None:
            return
        for webhook in self._table.of(event.account_id):
            if webhook.wants(event.kind):
                self._take(webhook, event)

    def take_dropped(self, webhook_id: str) -> int:
        """How many events a webhook missed since this was asked."""
        return self._unwritten.pop(webhook_id, 0)

    def _take(self, webhook: Webhook, event: Event) -> None:
        now = self._clock.now()
        waiting = self._table.waiting.get(webhook.id, 0)
        allowance = self._allowances.setdefault(webhook.id, _Allowance(now))
        if (
            waiting < MOST_WAITING
            and allowance.admits(now)
            and self._outbox.put(partial(_delivery, webhook.id, event, now))
        ):
            self._table.waiting[webhook.id] = waiting + 1
            self.recorded += 1
        else:
            self._drop(webhook, now)

    def _drop(self, webhook: Webhook, now: float) -> None:
        self.dropped += 1
        self._unwritten[webhook.id] += 1
        self._unsaid[webhook.id] += 1
        if now - self._said_at.get(webhook.id, 0.0) >= SAID_EVERY_S:
            self._said_at[webhook.id] = now
            _log.warning(
                "The webhook %s of account %d gets not all events: there are more than it takes; dropped until now: %d",
                webhook.id, webhook.account_id, self._unsaid.pop(webhook.id),
            )  # fmt: skip


class _Allowance:
    """A bucket that fills with time; each event takes one out."""

    def __init__(self, now: float) -> None:
        self._left = float(MOST_WAITING)
        self._filled_at = now

    def admits(self, now: float) -> bool:
        self._left = min(
            float(MOST_WAITING), self._left + max(0.0, now - self._filled_at) * EVENTS_PER_SECOND
        )
        self._filled_at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


def _delivery(webhook_id: str, event: Event, now: float) -> Delivery:
    body = event_body(event.id, event.kind.value, event.at, event.account_id, event.subject, event.data)
    return Delivery(webhook_id, event.id, event.kind.value, body, now, now)
