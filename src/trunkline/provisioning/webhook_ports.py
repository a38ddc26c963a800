"""What webhooks ask of a store: their own rows, how each fares, and the deliveries."""

from __future__ import annotations

from typing import Protocol

from trunkline.domain.webhook import Delivery, Webhook, WebhookStanding


class Webhooks(Protocol):
    """The webhooks of all accounts."""

    async def all(self) -> list[Webhook]:
        """Every webhook, the oldest first."""
        ...

    async def of(self, account_id: int) -> list[Webhook]:
        """The webhooks of an account, the oldest first."""
        ...

    async def get(self, webhook_id: str) -> Webhook | None:
        """The webhook; None when there is none."""
        ...

    async def add(self, webhook: Webhook) -> None:
        """Write a new webhook under its id."""
        ...

    async def replace(self, webhook: Webhook) -> None:
        """Write a webhook anew."""
        ...

    async def remove(self, webhook_id: str) -> None:
        """Remove a webhook with its deliveries."""
        ...


class Deliveries(Protocol):
    """What is, and was, sent to webhooks."""

    async def queue(self, delivery: Delivery) -> Delivery:
        """Write a new delivery, and return it with the id it got."""
        ...

    async def page(self, webhook_id: str, before: int = 0, limit: int = 50) -> list[Delivery]:
        """The deliveries of a webhook, the newest first; ``before`` an id gives those that are older."""
        ...

    async def get(self, delivery_id: int) -> Delivery | None:
        """The delivery; None when it is gone."""
        ...

    async def standing(self, webhook_id: str) -> WebhookStanding:
        """How a webhook fares."""
        ...
