"""What sending asks of the store, and of provisioning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from trunkline.domain.webhook import Delivery, Webhook, WebhookStanding


class WebhookSource(Protocol):
    """Where webhooks are kept."""

    async def version(self) -> int:
        """Another number after any of them was written."""
        ...

    async def all(self) -> list[Webhook]:
        """Every webhook of every account."""
        ...


class Outbox(Protocol):
    """Deliveries on disk."""

    @property
    def pending(self) -> int:
        """How many were put and are not on disk yet."""
        ...

    def put(self, make: Callable[[], Delivery]) -> bool:
        """Take a new delivery, made when it is written; False when too many wait for the disk. Never waits."""
        ...

    async def earliest(self) -> float | None:
        """When the first of all that wait is due; None when none waits."""
        ...

    async def lanes(self) -> list[tuple[str, float, int]]:
        """Each webhook that something waits for: its id, when the first is due, and how many there are."""
        ...

    async def due(self, webhook_id: str, now: float, limit: int) -> list[Delivery]:
        """What is due for a webhook, in the order of the events."""
        ...

    async def record(self, tried: Sequence[Delivery], standing: WebhookStanding) -> None:
        """Write what became of deliveries, and how their webhook fares now."""
        ...

    async def standings(self) -> dict[str, WebhookStanding]:
        """How each webhook fares, by id. What waits is not counted."""
        ...

    async def hasten(self, webhook_id: str, now: float) -> None:
        """Let everything that waits for a webhook be due."""
        ...

    async def expire(self, before: float, detail: str) -> None:
        """Give up what waits of events before this time."""
        ...

    async def forget(self, webhook_id: str) -> None:
        """Drop what is there for a webhook that is gone."""
        ...

    async def trim(self, webhook_id: str) -> None:
        """Drop the oldest of what is over."""
        ...


class Pausing(Protocol):
    """Pauses a webhook; the use case is one."""

    async def __call__(self, webhook_id: str, why: str) -> object:
        """Send nothing more to it until somebody enables it again."""
        ...
