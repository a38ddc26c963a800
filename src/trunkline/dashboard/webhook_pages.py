"""Webhooks: the list, a new one with its secret, one of them with what was sent, a test, and its end."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from trunkline.dashboard.forms import Form
from trunkline.dashboard.page import Page
from trunkline.dashboard.visit import Visit
from trunkline.domain.role import Permission
from trunkline.domain.webhook import Webhook, WebhookEvent
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.webhooks import WebhookFaring

SHOWN: Final = 50
"""Deliveries on the page of a webhook."""

EVENTS: Final = (
    (WebhookEvent.REGISTERED, "A device registered"),
    (WebhookEvent.MOVED, "A device moved to another network address"),
    (WebhookEvent.EXPIRED, "A registration ran out"),
    (WebhookEvent.UNREGISTERED, "A device unregistered"),
    (WebhookEvent.REFUSED, "A registration or call was refused"),
    (WebhookEvent.CALL_ENDED, "A call ended"),
    (WebhookEvent.LIMIT_REACHED, "A limit is reached"),
    (WebhookEvent.TRUNK_RESTING, "An address of a trunk stopped answering"),
)
"""What may be told, in words."""

_FIELDS: Final = {
    FaultCode.INVALID_WEBHOOK_URL: "url",
    FaultCode.DESCRIPTION_TOO_LONG: "description",
}


async def list_webhooks(visit: Visit) -> Response:
    """Every webhook and how it fares, those first that the server gave up."""
    return visit.page(
        "webhooks/list.html",
        webhooks=await visit.provisioning.webhooks.of(visit.account.id),
        paused=await visit.provisioning.webhooks.paused(visit.account.id),
    )


async def ask_new(visit: Visit) -> Response:
    """The form of a new webhook."""
    return _new_page(visit, Form({_box(WebhookEvent.REGISTERED): "yes"}))


async def add(visit: Visit) -> Response:
    """Create a webhook, and show its secret once."""
    form = await visit.form()
    try:
        made = await visit.provisioning.webhooks.add(
            visit.account.id, form.text("url"), _events(form), description=form.text("description")
        )
    except ProvisioningFault as fault:
        form.refuse(fault, _FIELDS)
        return _new_page(visit, form, 422)
    return visit.page("webhooks/issued.html", webhook=made, is_new=True)


async def show(visit: Visit) -> Response:
    """One webhook, and what was sent to it."""
    found = await _webhook(visit)
    return await _detail_page(visit, found, _form_of(found.webhook))


async def change(visit: Visit) -> Response:
    """Set where events go, which they are, and whether they do."""
    found = await _webhook(visit)
    form = await visit.form()
    try:
        await visit.provisioning.webhooks.change(
            visit.account.id,
            found.webhook.id,
            url=form.text("url"),
            events=_events(form),
            description=form.text("description"),
            enabled=form.is_checked("enabled"),
        )
    except ProvisioningFault as fault:
        form.refuse(fault, _FIELDS)
        return await _detail_page(visit, found, form, 422)
    return visit.go(f"webhooks/{found.webhook.id}", "The webhook was saved.")


async def send_test(visit: Visit) -> Response:
    """Let a test event be sent."""
    found = await _webhook(visit)
    await visit.provisioning.webhooks.test(visit.account.id, found.webhook.id)
    return visit.go(
        f"webhooks/{found.webhook.id}", "A test is on its way; load this page again to see what became of it."
    )


async def resume(visit: Visit) -> Response:
    """Let one that the server gave up begin anew, with what still waits."""
    found = await _webhook(visit)
    await visit.provisioning.webhooks.change(visit.account.id, found.webhook.id, enabled=True)
    return visit.go(f"webhooks/{found.webhook.id}", "Events are sent to it again.")


async def ask_rotate(visit: Visit) -> Response:
    """Say what another secret means."""
    return visit.dialog("webhooks/rotate.html", webhook=(await _webhook(visit)).webhook)


async def rotate(visit: Visit) -> Response:
    """Give it another secret, and show that once."""
    found = await _webhook(visit)
    rotated = await visit.provisioning.webhooks.rotate(visit.account.id, found.webhook.id)
    return visit.page("webhooks/issued.html", webhook=rotated, is_new=False)


async def ask_remove(visit: Visit) -> Response:
    """Say what removing means."""
    return visit.dialog("webhooks/remove.html", found=await _webhook(visit))


async def remove(visit: Visit) -> Response:
    """Remove a webhook."""
    found = await _webhook(visit)
    await visit.provisioning.webhooks.remove(visit.account.id, found.webhook.id)
    return visit.go("webhooks", "The webhook is removed.")


async def _webhook(visit: Visit) -> WebhookFaring:
    return await visit.provisioning.webhooks.find(visit.account.id, visit.part("webhook"))


def _box(event: WebhookEvent) -> str:
    return f"event-{event.value}"


def _events(form: Form) -> list[str]:
    return [event.value for event in WebhookEvent if form.is_checked(_box(event))]


def _form_of(webhook: Webhook) -> Form:
    values = {"url": webhook.url, "description": webhook.description}
    values |= {_box(event): "yes" for event in webhook.events}
    if webhook.enabled:
        values["enabled"] = "yes"
    return Form(values)


def _new_page(visit: Visit, form: Form, status: int = 200) -> Response:
    return visit.page("webhooks/new.html", status, form=form, events=EVENTS)


async def _detail_page(visit: Visit, found: WebhookFaring, form: Form, status: int = 200) -> Response:
    sent = await visit.provisioning.webhooks.deliveries(visit.account.id, found.webhook.id, limit=SHOWN)
    return visit.page(
        "webhooks/detail.html",
        status,
        webhook=found.webhook,
        standing=found.standing,
        paused=[found] if found.webhook.enabled and found.webhook.paused_why else [],
        form=form,
        events=EVENTS,
        deliveries=sent,
    )


PAGES: Final = (
    Page("GET", "webhooks", Permission.READ, list_webhooks),
    Page("GET", "webhooks/new", Permission.PROVISION, ask_new),
    Page("POST", "webhooks", Permission.PROVISION, add),
    Page("GET", "webhooks/{webhook}", Permission.READ, show),
    Page("POST", "webhooks/{webhook}", Permission.PROVISION, change),
    Page("POST", "webhooks/{webhook}/test", Permission.PROVISION, send_test),
    Page("POST", "webhooks/{webhook}/resume", Permission.PROVISION, resume),
    Page("GET", "webhooks/{webhook}/rotate", Permission.PROVISION, ask_rotate),
    Page("POST", "webhooks/{webhook}/rotate", Permission.PROVISION, rotate),
    Page("GET", "webhooks/{webhook}/remove", Permission.PROVISION, ask_remove),
    Page("POST", "webhooks/{webhook}/remove", Permission.PROVISION, remove),
)
