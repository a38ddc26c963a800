"""How the command line tells how a webhook fares."""

from dataclasses import replace

import pytest

from trunkline.cli.documents import webhook_document
from trunkline.cli.output import clock
from trunkline.cli.webhook import state_of
from trunkline.domain.webhook import Webhook, WebhookEvent, WebhookStanding
from trunkline.provisioning.webhooks import WebhookFaring

HOOK = Webhook("webhook-1", 1_000_001, "https://app.example/", frozenset({WebhookEvent.MOVED}), "whsec_x")
TRIED = WebhookStanding("webhook-1", last_tried_at=1_700_000_000.0)


@pytest.mark.parametrize(
    ("change", "standing", "said"),
    [
        ({}, WebhookStanding("webhook-1"), "new"),
        ({}, replace(TRIED, delivered=3), "works"),
        ({"enabled": False, "paused_why": "Gone."}, TRIED, "disabled"),
        ({"paused_why": "Gone."}, TRIED, f"paused since {clock(1_700_000_000.0)}: Gone."),
        ({"paused_why": "Gone."}, WebhookStanding("webhook-1"), "paused: Gone."),
        (
            {},
            replace(TRIED, failures=2, failing_since=1_600_000_000.0, last_detail="It answered 500."),
            f"fails since {clock(1_600_000_000.0)}: It answered 500.",
        ),
    ],
)
def test_the_listing_says_how_it_fares(change, standing, said):
    assert state_of(WebhookFaring(replace(HOOK, **change), standing)) == said


def test_the_document_says_since_when_it_is_paused():
    paused = replace(HOOK, paused_why="Gone.")
    assert webhook_document(paused, TRIED)["paused_at"] == "2023-11-14T22:13:20.000Z"
    assert webhook_document(HOOK, TRIED)["paused_at"] is None
    assert webhook_document(paused)["paused_at"] is None
