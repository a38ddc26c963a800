"""``trunkline webhook``: add, list, test, rotate, switch and remove webhooks, and see what became of deliveries."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from trunkline.cli.documents import delivery_document, webhook_document
from trunkline.cli.installation import Installation, with_installation
from trunkline.cli.output import Json, clock, say, show_json, show_table
from trunkline.domain.webhook import Delivery, DeliveryState, Webhook, WebhookEvent
from trunkline.provisioning.webhooks import OVERLAP_S, WebhookFaring

app = typer.Typer(help="Webhooks: who is told of events by HTTP.", no_args_is_help=True, add_completion=False)

WAIT_S = 15.0
_LOOK_EVERY_S = 0.2

Reference = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its id, or its URL.")]
Events = Annotated[
    list[WebhookEvent] | None, typer.Option("--event", help="An event to tell; may be given again.")
]


@app.command("add")
def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where events are posted to.")],
    events: Events = None,
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="For people.")] = "",
    json: Json = False,
) -> None:
    """Add a webhook."""
    made = with_installation(
        context,
        lambda here: here.provisioning.webhooks.add(
            here.account.id, url, events or (), description=description
        ),
    )
    _tell_secret(made, f"Webhook {made.id} added: {' '.join(sorted(made.events))}.", json=json)


@app.command("list")
def list_webhooks(context: typer.Context, json: Json = False) -> None:
    """List the webhooks and how they fare."""
    found = with_installation(context, lambda here: here.provisioning.webhooks.of(here.account.id))
    if json:
        show_json([webhook_document(one.webhook, one.standing) for one in found])
        return
    show_table(
        ("ID", "URL", "EVENTS", "STATE", "WAITING", "DELIVERED", "LAST DELIVERED"),
        [
            (
                one.webhook.id,
                one.webhook.url,
                " ".join(sorted(one.webhook.events)),
                state_of(one),
                one.standing.waiting,
                one.standing.delivered,
                clock(one.standing.last_delivered_at),
            )
            for one in found
        ],
        empty="There is no webhook yet; add one with: trunkline webhook add URL --event registered",
    )


@app.command("deliveries")
def deliveries(
    context: typer.Context,
    webhook: Reference,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=500, help="At most so many.")] = 20,
    json: Json = False,
) -> None:
    """Show what waits to be sent, and what became of the last events."""
    found = with_installation(
        context,
        lambda here: here.provisioning.webhooks.deliveries(here.account.id, webhook, limit=limit),
    )
    if json:
        show_json([delivery_document(one) for one in found])
        return
    show_table(
        ("ID", "EVENT", "AT", "STATE", "TRIES", "STATUS", "NEXT TRY", "WHAT WAS WRONG"),
        [
            (
                one.message_id,
                one.kind,
                clock(one.created_at),
                one.state.value,
                one.attempts,
                one.status,
                clock(one.next_at) if one.state is DeliveryState.WAITING else "",
                one.detail,
            )
            for one in found
        ],
        empty="Nothing was sent to it yet; try it with: trunkline webhook test WEBHOOK",
    )


@app.command("test")
def send_test(context: typer.Context, webhook: Reference, json: Json = False) -> None:
    """Let the running server send a test event, and tell what becomes of it."""

    async def work(here: Installation) -> Delivery:
        queued = await here.provisioning.webhooks.test(here.account.id, webhook)
        for _ in range(int(WAIT_S / _LOOK_EVERY_S)):
            found = await here.provisioning.webhooks.delivery(here.account.id, webhook, queued.id)
            if found is None or found.attempts:
                return found or queued
            await asyncio.sleep(_LOOK_EVERY_S)
        return queued

    tried = with_installation(context, work)
    if json:
        show_json(delivery_document(tried))
    elif tried.state is DeliveryState.DELIVERED:
        say(f"It arrived: the receiver answered {tried.status}.")
    elif tried.attempts:
        say(f"It did not arrive: {tried.detail} It is tried again at {clock(tried.next_at)}.")
    else:
        say("It was not sent yet: is the server running? It is sent when it is.")
    if tried.state is not DeliveryState.DELIVERED:
        raise typer.Exit(1)


@app.command("rotate")
def rotate(
    context: typer.Context,
    webhook: Reference,
    overlap_h: Annotated[
        float,
        typer.Option("--overlap-hours", metavar="N", min=0, help="So long the old secret signs too."),
    ] = OVERLAP_S / 3600,
    json: Json = False,
) -> None:
    """Give a webhook another secret."""
    rotated = with_installation(
        context,
        lambda here: here.provisioning.webhooks.rotate(here.account.id, webhook, overlap_s=overlap_h * 3600),
    )
    _tell_secret(rotated, f"Webhook {rotated.id} has another secret.", json=json)


@app.command("change")
def change(
    context: typer.Context,
    webhook: Reference,
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="Post events there.")] = None,
    events: Events = None,
    description: Annotated[
        str | None, typer.Option("--description", metavar="TEXT", help="For people.")
    ] = None,
    enabled: Annotated[
        bool | None,
        typer.Option(
            "--enable/--disable", help="Send or do not; enabling also lets a paused one begin anew."
        ),
    ] = None,
) -> None:
    """Change a webhook; what is not given stays."""
    after = with_installation(
        context,
        lambda here: here.provisioning.webhooks.change(
            here.account.id, webhook, url=url, events=events, description=description, enabled=enabled
        ),
    )
    say(f"Webhook {after.id} changed.")


@app.command("remove")
def remove(context: typer.Context, webhook: Reference) -> None:
    """Remove a webhook, with what waits to be sent to it."""
    removed = with_installation(
        context, lambda here: here.provisioning.webhooks.remove(here.account.id, webhook)
    )
    say(f"Webhook {removed.id} removed.")


def _tell_secret(webhook: Webhook, line: str, *, json: bool) -> None:
    if json:
        show_json(webhook_document(webhook) | {"secret": webhook.secret})
        return
    say(line)
    say(f"Secret: {webhook.secret}")
    say("It is shown only this once, and signs every message (docs/api/webhooks.md).")


def state_of(one: WebhookFaring) -> str:
    """How a webhook fares, in words: why, and since when, nothing gets through where nothing does."""
    if not one.webhook.enabled:
        return "disabled"
    if one.webhook.paused_why:
        since = "" if one.paused_at is None else f" since {clock(one.paused_at)}"
        return f"paused{since}: {one.webhook.paused_why}"
    if one.standing.failures:
        return f"fails since {clock(one.standing.failing_since)}: {one.standing.last_detail}"
    return "works" if one.standing.delivered else "new"
