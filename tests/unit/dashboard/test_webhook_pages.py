"""Webhooks in the browser: the secret is shown once, and what is wrong stands beside its field."""

import pytest

from trunkline.domain.webhook import WebhookEvent, WebhookStanding

from .conftest import Browser, Html

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
    await operator.send(path, FIELDS | {"enabled": "yes"})
    assert (await provisioning.webhooks.of(account.id))[0].webhook.is_served


async def test_one_that_the_server_gave_up_is_told_where_it_is_seen_and_tried_again(
    operator, account, provisioning, store, hook
):
    other = await provisioning.webhooks.add(account.id, "https://works.example/", ["moved"])
    await provisioning.webhooks.pause(hook.id, "It answered 500 for days.")
    store.shelves.standings[hook.id] = WebhookStanding(hook.id, last_tried_at=1_700_000_000.0)
    for path in ("", "webhooks", f"webhooks/{hook.id}"):
        page = Html((await operator.get(f"/{account.id}/{path}")).text)
        assert "1 webhook paused:" in page.text
        assert "billing , since 2023-11-14 22:13 UTC It answered 500 for days." in page.text
        actions = [one.get("action", "") for tag, one in page.tags if tag == "form"]
        assert f"/{account.id}/webhooks/{hook.id}/resume" in actions
        assert f"/{account.id}/webhooks/{other.id}/resume" not in actions
    answer = await operator.send(f"/{account.id}/webhooks/{hook.id}/resume")
    assert answer.status_code == 303
    assert (await provisioning.webhooks.find(account.id, hook.id)).webhook.is_served
    for path in ("", "webhooks", f"webhooks/{hook.id}"):
        assert "paused" not in (await operator.get(f"/{account.id}/{path}")).text


async def test_mending_the_address_of_a_paused_one_ends_the_pause(operator, account, provisioning, hook):
    await provisioning.webhooks.pause(hook.id, "It answered 500 for days.")
    path = f"/{account.id}/webhooks/{hook.id}"
    box = next(one for _, one in Html((await operator.get(path)).text).tags if one.get("name") == "enabled")
    assert "checked" in box
    await operator.send(path, FIELDS | {"enabled": "yes"})
    assert (await provisioning.webhooks.find(account.id, hook.id)).webhook.is_served


async def test_one_that_was_switched_off_needs_no_notice(operator, account, provisioning, hook):
    await provisioning.webhooks.pause(hook.id, "It answered 500 for days.")
    await provisioning.webhooks.change(account.id, hook.id, enabled=False)
    assert "paused" not in (await operator.get(f"/{account.id}/")).text


async def test_a_viewer_sees_the_notice_and_may_not_end_the_pause(
    application, users, account, provisioning, hook
):
    await provisioning.webhooks.pause(hook.id, "It answered 500 for days.")
    viewer = Browser(application)
    await viewer.sign_in("viewer")
    page = (await viewer.get(f"/{account.id}/")).text
    assert "1 webhook paused:" in Html(page).text
    assert "/resume" not in page
    assert (await viewer.send(f"/{account.id}/webhooks/{hook.id}/resume")).status_code == 403
    assert not (await provisioning.webhooks.find(account.id, hook.id)).webhook.is_served


async def test_a_test_is_sent_and_shown(operator, account, provisioning, hook):
    path = f"/{account.id}/webhooks/{hook.id}"
    assert (await operator.send(f"{path}/test")).status_code == 303
    assert "waiting" in Html((await operator.get(path)).text).text
    rotated = await operator.send(f"{path}/rotate")
    assert (await provisioning.webhooks.of(account.id))[0].webhook.secret in rotated.text
    assert (await operator.send(f"{path}/remove")).status_code == 303
    assert await provisioning.webhooks.of(account.id) == []
