"""Every webhook in memory, as the database is, and what waits for each."""

from __future__ import annotations

from collections.abc import Sequence

from trunkline.domain.webhook import Webhook
from trunkline.webhooks.ports import WebhookSource


class WebhookTable:
    """Found by account when events come, and by id when deliveries go. ``waiting`` counts what is not delivered.

    ``version`` is the source's when they were read, -1 before.
    """

    def __init__(self, source: WebhookSource) -> None:
        self._source = source
        self.version = -1
        self._by_id: dict[str, Webhook] = {}
        self._of: dict[int, tuple[Webhook, ...]] = {}
        self.waiting: dict[str, int] = {}

    async def refresh(self) -> bool:
        """Read them anew when any was written since the last time; whether that was so."""
        version = await self._source.version()
        if version == self.version:
            return False
        found = await self._source.all()
        self.version = version
        self._by_id = {one.id: one for one in found}
        accounts = {one.account_id for one in found}
        self._of = {account: tuple(one for one in found if one.account_id == account) for account in accounts}
        for webhook_id in self.waiting.keys() - self._by_id.keys():
            del self.waiting[webhook_id]
        return True

    def get(self, webhook_id: str) -> Webhook | None:
        """The webhook; None when there is none."""
        return self._by_id.get(webhook_id)

    def of(self, account_id: int) -> Sequence[Webhook]:
        """The webhooks of an account."""
        return self._of.get(account_id, ())
