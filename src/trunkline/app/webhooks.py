"""Webhooks of a running server: its events go into the outbox, and from there to whoever wants them."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from trunkline.domain.clock import Clock
from trunkline.domain.principal import SYSTEM
from trunkline.domain.webhook import WebhookEvent
from trunkline.operations.events import EventHub
from trunkline.provisioning.audited_store import AuditedStore
from trunkline.provisioning.tokens import RandomTokens
from trunkline.provisioning.webhooks import WebhookProvisioning
from trunkline.store.database import Database
from trunkline.store.provisioning_store import SqlProvisioningStore
from trunkline.store.webhook_deliveries import SqlOutbox
from trunkline.store.webhooks import SqlWebhookSource
from trunkline.webhooks.address_guard import AddressGuard
from trunkline.webhooks.backoff import RetryPolicy
from trunkline.webhooks.courier import Courier
from trunkline.webhooks.recorder import Recorder
from trunkline.webhooks.sender import Sender
from trunkline.webhooks.table import WebhookTable

_KINDS: Final = frozenset(one.value for one in WebhookEvent)


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Where outgoing requests may go beside the public networks, and how long is tried. Times in seconds."""

    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    timeout_s: float = 10.0
    retries: RetryPolicy = RetryPolicy()  # noqa: RUF009 - a constant


class LiveWebhooks:
    """The parts of sending, put together. ``own_ports`` are the TCP ports of this server: nothing is sent there."""

    def __init__(
        self, settings: WebhookSettings, database: Database, hub: EventHub, clock: Clock, node: str
    ) -> None:
        self.own_ports: Final[set[int]] = set()
        self.guard: Final = AddressGuard(settings.allowed_networks, lambda: self.own_ports)
        self.outbox: Final = SqlOutbox(database, node)
        self.table: Final = WebhookTable(SqlWebhookSource(database))
        self.recorder: Final = Recorder(self.table, self.outbox, clock)
        store = AuditedStore(SqlProvisioningStore(database), SYSTEM, "", clock)
        self._sender = Sender(self.guard, timeout_s=settings.timeout_s)
        self.courier: Final = Courier(
            table=self.table,
            outbox=self.outbox,
            recorder=self.recorder,
            sender=self._sender,
            clock=clock,
            pause=WebhookProvisioning(store, clock, RandomTokens()).pause,
            chance=random.random,
            policy=settings.retries,
        )
        self.outbox.flushed = self.courier.wake
        self._hub = hub
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Hear events from now on, and send what is left from before."""
        await self._sender.prepare()
        await self.table.refresh()
        self.outbox.start()
        self._hub.subscribe(self.recorder.heard, kinds=_KINDS)
        self._task = asyncio.get_running_loop().create_task(self.courier.run(), name="webhooks")

    async def catch_up(self) -> None:
        """Know what was committed until now, and look at once for what is due."""
        await self.table.refresh()
        self.courier.wake()

    async def stop(self) -> None:
        """Stop sending, and write what was heard."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.courier.close()
        await self.outbox.close()

    @property
    def waiting(self) -> int:
        """How many deliveries wait."""
        return sum(self.table.waiting.values())
