"""Webhooks in the browser: the secret is shown once, and what is wrong stands beside its field."""

import pytest

from trunkline.domain.webhook import WebhookEvent

from .conftest import Html

URL = "https://app.example/events"
FIELDS = {"url": URL, "event-registered": "yes", "event-call-ended": "yes", "description": "billing"}


@pytest.fixture
async def operator(browser, users):
    await browser.sign_in("operator")
    return browser


@pytest.fixture
async def hook(provisioning, account):
    return await provisioning.webhooks.add(account.id, URL, ["moved"], description="billing")


async def test_a_webhook_is_added_and_its_secret_shown_once(operator, account, provisioning):
    made = await operator.send(f"/{account.id}/webhooks", FIELDS)
    assert made.status_code == 200
    webhook = (await provisioning.webhooks.of(account.id))[0].webhook
    assert webhook.events == {WebhookEvent.REGISTERED, WebhookEvent.CALL_ENDED}
    assert webhook.secret in made.text
    for path in ("webhooks", f"webhooks/{webhook.id}"):
        shown = (await operator.get(f"/{account.id}/{path}")).text
        assert webhook.secret not in shown
        assert URL in shown


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"url": "app.example"}, "is no URL that events can be posted to"),
        ({"event-registered": "", "event-call-ended": ""}, "Say which events are wanted"),
        ({"description": "x" * 201}, "at most 200"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_kept(operator, account, provisioning, fields, sentence):
    answer = await operator.send(f"/{account.id}/webhooks", FIELDS | fields)
    assert answer.status_code == 422
    assert sentence in Html(answer.text).text
    assert await provisioning.webhooks.of(account.id) == []


async def test_it_is_changed_switched_off_and_on_again(operator, account, provisioning, hook):
    path = f"/{account.id}/webhooks/{hook.id}"
    assert (await operator.send(path, {"url": URL + "/2", "event-refused": "yes"})).status_code == 303
    after = (await provisioning.webhooks.of(account.id))[0].webhook
    assert (after.url, after.events, after.enabled) == (URL + "/2", {WebhookEvent.REFUSED}, False)
    await provisioning.webhooks.pause(hook.id, "It answered 500 for days.")
    assert "It answered 500 for days." in Html((await operator.get(path)).text).text
    await operator.send(path, FIELDS | {"enabled": "yes"})
    assert (await provisioning.webhooks.of(account.id))[0].webhook.is_served


async def test_a_test_is_sent_and_shown(operator, account, provisioning, hook):
    path = f"/{account.id}/webhooks/{hook.id}"
    assert (await operator.send(f"{path}/test")).status_code == 303
    assert "waiting" in Html((await operator.get(path)).text).text
    rotated = await operator.send(f"{path}/rotate")
    assert (await provisioning.webhooks.of(account.id))[0].webhook.secret in rotated.text
    assert (await operator.send(f"{path}/remove")).status_code == 303
    assert await provisioning.webhooks.of(account.id) == []
