"""Operations on webhooks, and on what is sent to them."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from trunkline.api.native.admission import NativeRoute
from trunkline.api.native.asked import AskedNow
from trunkline.api.native.changing import changed
from trunkline.api.native.documents import Page, answer, nothing
from trunkline.api.native.paging import After, Limit, cursor, number, part
from trunkline.api.native.parameters import Id, Reference
from trunkline.api.native.problems import not_known
from trunkline.api.native.schemas.webhooks import (
    DeliveryDocument,
    IssuedWebhookDocument,
    NewWebhook,
    SecretRotation,
    WebhookChange,
    WebhookDocument,
    delivery_document,
    issued_webhook_document,
    webhook_document,
)
from trunkline.domain.webhook import WebhookStanding
from trunkline.provisioning.webhooks import OVERLAP_S

router: Final = APIRouter(route_class=NativeRoute, tags=["Webhooks"], prefix="/accounts/{account}/webhooks")


@router.get("", response_model=Page[WebhookDocument])
async def list_webhooks(asked: AskedNow, after: After = "", limit: Limit = 100) -> Response:
    """The webhooks of the account, each with how it fares."""
    found = await asked.provisioning.webhooks.of(asked.account_id)
    shown, following = part(found, lambda one: one.webhook.id, after, limit)
    items = [webhook_document(one.webhook, one.standing) for one in shown]
    return answer(Page[WebhookDocument](items=items, next=following))


@router.post("", response_model=IssuedWebhookDocument, status_code=201)
async def add_webhook(asked: AskedNow, wish: NewWebhook) -> Response:
    """Create a webhook. The secret that signs what it gets is shown in this answer only.

    Where the URL's host leads is judged at each delivery: nothing is sent to private networks, or to the server
    itself, unless the operator allows it. Let a test be sent to see whether it arrives.
    """
    made = await asked.provisioning.webhooks.add(
        asked.account_id, wish.url, wish.events, description=wish.description, enabled=wish.enabled
    )
    document = issued_webhook_document(made, WebhookStanding(made.id))
    return answer(document, 201, location=asked.location("webhooks", made.id))


@router.get("/{webhook}", response_model=WebhookDocument)
async def show_webhook(asked: AskedNow, webhook: Reference) -> Response:
    """A webhook and how it fares."""
    found = await asked.provisioning.webhooks.find(asked.account_id, webhook)
    return answer(webhook_document(found.webhook, found.standing), request=asked.request)


@router.patch("/{webhook}", response_model=WebhookDocument)
async def change_webhook(asked: AskedNow, webhook: Reference, change: WebhookChange) -> Response:
    """Change where events go or which they are, or switch it off or on."""

    async def attempt() -> Response:
        seen = await asked.provisioning.webhooks.find(asked.account_id, webhook)
        webhooks = asked.changing(seen.webhook, webhook_document(seen.webhook, seen.standing)).webhooks
        after = await webhooks.change(
            asked.account_id,
            seen.webhook.id,
            url=change.url,
            events=change.events,
            description=change.description,
            enabled=change.enabled,
        )
        return answer(webhook_document(after, seen.standing), request=asked.request)

    return await changed(asked, attempt)


@router.post("/{webhook}/secret", response_model=IssuedWebhookDocument)
async def rotate_webhook_secret(
    asked: AskedNow, webhook: Reference, rotation: SecretRotation | None = None
) -> Response:
    """Give a webhook another secret, shown in this answer only. For the overlap, both sign."""
    found = await asked.provisioning.webhooks.find(asked.account_id, webhook)
    rotated = await asked.provisioning.webhooks.rotate(
        asked.account_id, found.webhook.id, overlap_s=OVERLAP_S if rotation is None else rotation.overlap_s
    )
    return answer(issued_webhook_document(rotated, found.standing))


@router.post("/{webhook}/test", response_model=DeliveryDocument, status_code=202)
async def test_webhook(asked: AskedNow, webhook: Reference) -> Response:
    """Let an event of the kind `test` be sent at once. The Location tells what became of it."""
    queued = await asked.provisioning.webhooks.test(asked.account_id, webhook)
    return answer(
        delivery_document(queued),
        202,
        location=asked.location("webhooks", queued.webhook_id, "deliveries", queued.id),
    )


@router.get("/{webhook}/deliveries", response_model=Page[DeliveryDocument])
async def list_deliveries(
    asked: AskedNow, webhook: Reference, after: After = "", limit: Limit = 50
) -> Response:
    """What waits to be sent, and what became of the last 500; the newest first."""
    found = await asked.provisioning.webhooks.deliveries(
        asked.account_id, webhook, before=number(after), limit=limit + 1
    )
    following = cursor(found[limit - 1].id) if len(found) > limit else None
    items = [delivery_document(one) for one in found[:limit]]
    return answer(Page[DeliveryDocument](items=items, next=following))


@router.get("/{webhook}/deliveries/{delivery}", response_model=DeliveryDocument)
async def show_delivery(asked: AskedNow, webhook: Reference, delivery: Id) -> Response:
    """One delivery."""
    found = await asked.provisioning.webhooks.delivery(asked.account_id, webhook, delivery)
    if found is None:
        raise not_known("delivery")
    return answer(delivery_document(found))


@router.delete("/{webhook}", status_code=204)
async def remove_webhook(asked: AskedNow, webhook: Reference) -> Response:
    """Remove a webhook, with what waits to be sent to it."""
    seen = await asked.provisioning.webhooks.find(asked.account_id, webhook)
    webhooks = asked.changing(seen.webhook, webhook_document(seen.webhook, seen.standing)).webhooks
    await webhooks.remove(asked.account_id, seen.webhook.id)
    return nothing()
