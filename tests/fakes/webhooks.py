"""The ports of sending webhooks, on lists: an outbox that is always on disk, and receivers that answer as told."""

from __future__ import annotations

from dataclasses import replace

from trunkline.domain.webhook import Delivery, DeliveryState, Webhook, WebhookStanding
from trunkline.webhooks.sender import Outcome


class FakeWebhookSource:
    """``WebhookSource`` on a list; call :meth:`put` to write one."""

    def __init__(self, *webhooks: Webhook) -> None:
        self.rows = {one.id: one for one in webhooks}
        self.writes = 0

    def put(self, webhook: Webhook) -> None:
        self.rows[webhook.id] = webhook
        self.writes += 1

    def remove(self, webhook_id: str) -> None:
        del self.rows[webhook_id]
        self.writes += 1

    async def version(self) -> int:
        return self.writes

    async def all(self) -> list[Webhook]:
        return list(self.rows.values())


class FakeOutbox:
    """``Outbox`` on a dictionary."""

    def __init__(self) -> None:
        self.rows: dict[int, Delivery] = {}
        self.kept_standings: dict[str, WebhookStanding] = {}
        self.is_full = False
        self.failure: Exception | None = None
        self.forgotten: list[str] = []
        self.trimmed = 0
        self.pending = 0

    def put(self, make) -> bool:
        if self.is_full:
            return False
        number = len(self.rows) + 1
        self.rows[number] = replace(make(), id=number)
        return True

    def _waiting(self):
        return [one for one in self.rows.values() if one.state is DeliveryState.WAITING]

    async def earliest(self):
        if self.failure is not None:
            raise self.failure
        return min((one.next_at for one in self._waiting()), default=None)

    async def lanes(self):
        ids = dict.fromkeys(one.webhook_id for one in self._waiting())
        found = {key: [one.next_at for one in self._waiting() if one.webhook_id == key] for key in ids}
        return [(key, min(times), len(times)) for key, times in found.items()]

    async def due(self, webhook_id, now, limit):
        return [one for one in self._waiting() if one.webhook_id == webhook_id and one.next_at <= now][:limit]

    async def record(self, tried, standing):
        if self.failure is not None:
            raise self.failure
        self.rows |= {one.id: one for one in tried}
        self.kept_standings[standing.webhook_id] = standing

    async def standings(self):
        return dict(self.kept_standings)

    async def hasten(self, webhook_id, now):
        for one in self._waiting():
            if one.webhook_id == webhook_id and one.next_at > now:
                self.rows[one.id] = replace(one, next_at=now)

    async def expire(self, before, detail):
        for one in self._waiting():
            if one.created_at < before:
                self.rows[one.id] = replace(one, state=DeliveryState.FAILED, detail=detail)

    async def forget(self, webhook_id):
        self.forgotten.append(webhook_id)
        self.rows = {key: one for key, one in self.rows.items() if one.webhook_id != webhook_id}

    async def trim(self, webhook_id):
        self.trimmed += 1


class FakeReceiver:
    """Stands for the sender and all receivers: answers the outcomes it is given, the last one again and again."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes) or [Outcome(200)]
        self.got: list[tuple[str, int]] = []

    async def send(self, webhook, delivery, now):
        self.got.append((webhook.id, delivery.event_id))
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]

    async def close(self) -> None:
        pass
