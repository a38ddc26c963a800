"""Webhooks: made, changed, tested and removed; their secrets are shown once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from trunkline.domain.clock import Clock
from trunkline.domain.event_body import event_body
from trunkline.domain.webhook import TEST_KIND, Delivery, Webhook, WebhookEvent, WebhookStanding
from trunkline.provisioning.accounts import known_account
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.ports import ProvisioningStore, Transaction
from trunkline.provisioning.tokens import Tokens

MAX_URL: Final = 2048
MAX_DESCRIPTION: Final = 200
MOST_WEBHOOKS: Final = 20
"""Of one account: each event is stored once for each of them."""

OVERLAP_S: Final = 24 * 3600.0
"""For so long the secret before a rotation signs too."""

MAX_OVERLAP_S: Final = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class WebhookFaring:
    """A webhook and how it fares."""

    webhook: Webhook
    standing: WebhookStanding

    @property
    def paused_at(self) -> float | None:
        """When the server gave the receiver up (epoch seconds); None: it did not."""
        return self.webhook.paused_at(self.standing)


class WebhookProvisioning:
    """Creates, changes, tests and removes webhooks."""

    def __init__(self, store: ProvisioningStore, clock: Clock, tokens: Tokens) -> None:
        self._store = store
        self._clock = clock
        self._tokens = tokens

    async def of(self, account_id: int) -> list[WebhookFaring]:
        """The webhooks of an account, the oldest first."""
        async with self._store.reading() as rows:
            await known_account(rows, account_id)
            return [
                WebhookFaring(one, await rows.deliveries.standing(one.id))
                for one in await rows.webhooks.of(account_id)
            ]

    async def paused(self, account_id: int) -> list[WebhookFaring]:
        """The webhooks of an account whose receivers the server gave up, the oldest first."""
        async with self._store.reading() as rows:
            return [
                WebhookFaring(one, await rows.deliveries.standing(one.id))
                for one in await rows.webhooks.of(account_id)
                if one.enabled and one.paused_why
            ]

    async def find(self, account_id: int, reference: str) -> WebhookFaring:
        """The webhook with this id, or the only one with this URL. Raises ProvisioningFault when there is none."""
        async with self._store.reading() as rows:
            found = await known_webhook(rows, account_id, reference)
            return WebhookFaring(found, await rows.deliveries.standing(found.id))

    async def add(
        self, account_id: int, url: str, events: Iterable[str], *, description: str = "", enabled: bool = True
    ) -> Webhook:
        """Create a webhook. Its secret is in what is returned, to be shown this once."""
        webhook = Webhook(
            id=self._tokens.webhook_id(),
            account_id=account_id,
            url=checked_url(url),
            events=checked_events(events),
            secret=self._tokens.webhook_secret(),
            description=_checked_description(description),
            enabled=enabled,
            created_at=self._clock.now(),
        )
        async with self._store.writing() as rows:
            await known_account(rows, account_id)
            if len(await rows.webhooks.of(account_id)) >= MOST_WEBHOOKS:
                raise ProvisioningFault(
                    FaultCode.TOO_MANY_WEBHOOKS,
                    f"An account has at most {MOST_WEBHOOKS} webhooks; remove one, or let one take more events.",
                )
            await rows.webhooks.add(webhook)
            return webhook

    async def change(
        self,
        account_id: int,
        reference: str,
        *,
        url: str | None = None,
        events: Iterable[str] | None = None,
        description: str | None = None,
        enabled: bool | None = None,
    ) -> Webhook:
        """Change what is given. Enabling one that the server has paused lets it begin anew."""
        async with self._store.writing() as rows:
            old = await known_webhook(rows, account_id, reference)
            changed = replace(
                old,
                url=old.url if url is None else checked_url(url),
                events=old.events if events is None else checked_events(events),
                description=old.description if description is None else _checked_description(description),
                enabled=old.enabled if enabled is None else enabled,
                paused_why="" if enabled else old.paused_why,
            )
            await rows.webhooks.replace(changed)
            return changed

    async def rotate(self, account_id: int, reference: str, *, overlap_s: float = OVERLAP_S) -> Webhook:
        """Give a webhook another secret; the old one signs too for so long. The new one is shown this once."""
        if not 0 <= overlap_s <= MAX_OVERLAP_S:
            raise ProvisioningFault(
                FaultCode.INVALID_OVERLAP,
                f"Two secrets sign for at most {MAX_OVERLAP_S / 86_400:.0f} days; give 0 to end the old one now.",
            )
        async with self._store.writing() as rows:
            old = await known_webhook(rows, account_id, reference)
            changed = replace(
                old,
                secret=self._tokens.webhook_secret(),
                previous_secret=old.secret if overlap_s else "",
                previous_secret_until=self._clock.now() + overlap_s if overlap_s else None,
            )
            await rows.webhooks.replace(changed)
            return changed

    async def remove(self, account_id: int, reference: str) -> Webhook:
        """Remove a webhook, with what waits to be sent to it."""
        async with self._store.writing() as rows:
            webhook = await known_webhook(rows, account_id, reference)
            await rows.webhooks.remove(webhook.id)
            return webhook

    async def pause(self, webhook_id: str, why: str) -> Webhook | None:
        """Send nothing more to a webhook until somebody enables it again; None when it is gone."""
        async with self._store.writing() as rows:
            old = await rows.webhooks.get(webhook_id)
            if old is None:
                return None
            paused = replace(old, paused_why=why)
            await rows.webhooks.replace(paused)
            return paused

    async def test(self, account_id: int, reference: str) -> Delivery:
        """Let the running server send a test event. Raises ProvisioningFault when the webhook is off or paused."""
        now = self._clock.now()
        async with self._store.writing() as rows:
            webhook = await known_webhook(rows, account_id, reference)
            if not webhook.is_served:
                raise ProvisioningFault(
                    FaultCode.WEBHOOK_OFF,
                    f"Nothing is sent to {webhook.id}: it is {'paused' if webhook.paused_why else 'disabled'}; "
                    "enable it first.",
                )
            body = event_body(
                0,
                TEST_KIND,
                now,
                account_id,
                webhook.id,
                {"sentence": "This is a test; nothing has happened."},
            )
            return await rows.deliveries.queue(Delivery(webhook.id, 0, TEST_KIND, body, now, now))

    async def deliveries(
        self, account_id: int, reference: str, *, before: int = 0, limit: int = 50
    ) -> list[Delivery]:
        """What is on its way to a webhook, and what became of the last ones; the newest first."""
        async with self._store.reading() as rows:
            webhook = await known_webhook(rows, account_id, reference)
            return await rows.deliveries.page(webhook.id, before, limit)

    async def delivery(self, account_id: int, reference: str, delivery_id: int) -> Delivery | None:
        """One delivery of a webhook; None when it is gone, or another's."""
        async with self._store.reading() as rows:
            webhook = await known_webhook(rows, account_id, reference)
            found = await rows.deliveries.get(delivery_id)
            return found if found is not None and found.webhook_id == webhook.id else None


async def known_webhook(rows: Transaction, account_id: int, reference: str) -> Webhook:
    """The webhook of an account with this id, or the only one with this URL. Raises ProvisioningFault."""
    webhooks = await rows.webhooks.of(account_id)
    found = [one for one in webhooks if one.id == reference] or [
        one for one in webhooks if one.url == reference
    ]
    if len(found) == 1:
        return found[0]
    shown = reference[:80]
    what = (
        f"There are several webhooks to '{shown}'; give an id" if found else f"There is no webhook '{shown}'"
    )
    raise ProvisioningFault(FaultCode.UNKNOWN_WEBHOOK, f"{what}.")


def checked_url(url: str) -> str:
    """A URL that something can be posted to. Raises ProvisioningFault.

    Where its host leads is judged when something is sent, each time anew: names may lead elsewhere by then.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    # What two readers of URLs might take for different hosts is refused.
    if not usable or not text.isascii() or not text.isprintable() or set(text) & set(' \\<>"{}|^`'):
        raise ProvisioningFault(
            FaultCode.INVALID_WEBHOOK_URL,
            f"'{text[:80]}' is no URL that events can be posted to; write it like https://app.example/events.",
        )
    if len(text) > MAX_URL:
        raise ProvisioningFault(
            FaultCode.INVALID_WEBHOOK_URL, f"A webhook's URL has at most {MAX_URL} characters."
        )
    if "@" in parts.netloc or parts.fragment:
        raise ProvisioningFault(
            FaultCode.INVALID_WEBHOOK_URL,
            "A webhook's URL holds no user name, password or fragment; the signature tells who sends.",
        )
    return text


def checked_events(events: Iterable[str]) -> frozenset[WebhookEvent]:
    """Kinds of events, at least one. Raises ProvisioningFault."""
    known = {one.value for one in WebhookEvent}
    wanted = list(events)
    for name in wanted:
        if name not in known:
            raise ProvisioningFault(
                FaultCode.INVALID_WEBHOOK_EVENT,
                f"'{name[:40]}' is no event to be told of; there are {', '.join(sorted(known))}.",
            )
    if not wanted:
        raise ProvisioningFault(
            FaultCode.INVALID_WEBHOOK_EVENT,
            f"Say which events are wanted; there are {', '.join(sorted(known))}.",
        )
    return frozenset(WebhookEvent(name) for name in wanted)


def _checked_description(text: str) -> str:
    stripped = text.strip()
    if len(stripped) > MAX_DESCRIPTION or not stripped.isprintable():
        raise ProvisioningFault(
            FaultCode.DESCRIPTION_TOO_LONG,
            f"A webhook's description has at most {MAX_DESCRIPTION} printable characters.",
        )
    return stripped
