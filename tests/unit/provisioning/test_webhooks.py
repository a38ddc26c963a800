"""Webhooks: URLs, events, secrets that are shown once, and who may."""

import json

import pytest

from trunkline.domain.principal import Membership, Principal, PrincipalKind
from trunkline.domain.role import Role
from trunkline.domain.webhook import DeliveryState, WebhookEvent
from trunkline.provisioning.access_ports import AuditQuery
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.tokens import RandomTokens
from trunkline.provisioning.webhooks import MOST_WEBHOOKS, checked_url

URL = "https://app.example/events?token=1"


@pytest.fixture
async def hook(provisioning, account):
    return await provisioning.webhooks.add(
        account.id, URL, ["registered", "call-ended"], description=" billing "
    )


async def fault(work):
    with pytest.raises(ProvisioningFault) as raised:
        await work
    return raised.value.code


async def test_a_webhook_is_found_by_its_id_and_its_url(provisioning, account, hook, clock):
    assert hook.events == {WebhookEvent.REGISTERED, WebhookEvent.CALL_ENDED}
    assert (hook.url, hook.description, hook.created_at) == (URL, "billing", clock.now())
    for reference in (hook.id, URL):
        assert (await provisioning.webhooks.find(account.id, reference)).webhook == hook
    assert await fault(provisioning.webhooks.find(account.id, "webhook-9")) is FaultCode.UNKNOWN_WEBHOOK
    await provisioning.webhooks.add(account.id, URL, ["moved"])
    assert await fault(provisioning.webhooks.find(account.id, URL)) is FaultCode.UNKNOWN_WEBHOOK
    assert len(await provisioning.webhooks.of(account.id)) == 2


@pytest.mark.parametrize(
    "url",
    [
        "", "app.example", "ftp://app.example/", "file:///etc/passwd", "gopher://app.example", "javascript:alert(1)",
        "https://", "https:///x", "https://user:pw@app.example/", "https://user@app.example/", "https://a@127.0.0.1/",
        "https://app.example/#x", "https://app.example:0/", "https://app.example:99999/", "https://app.example/a b",
        "https://app.example\\@evil.example/", "https://app.example/\r\nHost: x", "https://äpp.example/",
        "https://[::1/", "https://app.example/" + "a" * 2048, "http://app.example/<x>",
    ],
)  # fmt: skip
def test_what_nothing_can_be_posted_to_is_refused(url):
    with pytest.raises(ProvisioningFault) as raised:
        checked_url(url)
    assert raised.value.code is FaultCode.INVALID_WEBHOOK_URL


@pytest.mark.parametrize(
    "url", [URL, "http://192.0.2.1:8080/x", "https://[2001:db8::1]/", " https://app.example "]
)
def test_other_urls_are_taken(url):
    assert checked_url(url) == url.strip()


@pytest.mark.parametrize("events", [[], ["test"], ["registered", "provisioned"], ["REGISTERED"]])
async def test_only_events_that_there_are_can_be_wanted(provisioning, account, events):
    assert await fault(provisioning.webhooks.add(account.id, URL, events)) is FaultCode.INVALID_WEBHOOK_EVENT


async def test_an_account_has_only_so_many(provisioning, account):
    for _ in range(MOST_WEBHOOKS):
        await provisioning.webhooks.add(account.id, URL, ["moved"])
    assert await fault(provisioning.webhooks.add(account.id, URL, ["moved"])) is FaultCode.TOO_MANY_WEBHOOKS


async def test_what_is_given_is_changed_and_the_secret_stays(provisioning, account, hook):
    changed = await provisioning.webhooks.change(
        account.id, hook.id, url="https://b.example/", events=["moved"], description="", enabled=False
    )
    assert (changed.url, changed.events, changed.enabled) == (
        "https://b.example/",
        {WebhookEvent.MOVED},
        False,
    )
    assert changed.secret == hook.secret
    assert (await provisioning.webhooks.change(account.id, hook.id)) == changed


async def test_after_a_rotation_both_secrets_sign_for_a_day(provisioning, account, hook, clock):
    rotated = await provisioning.webhooks.rotate(account.id, hook.id)
    assert rotated.secret != hook.secret
    assert rotated.signing_secrets(clock.now() + 86_399) == (rotated.secret, hook.secret)
    assert rotated.signing_secrets(clock.now() + 86_400) == (rotated.secret,)
    hurried = await provisioning.webhooks.rotate(account.id, hook.id, overlap_s=0)
    assert hurried.signing_secrets(clock.now()) == (hurried.secret,)
    for overlap_s in (-1, 31 * 86_400):
        code = await fault(provisioning.webhooks.rotate(account.id, hook.id, overlap_s=overlap_s))
        assert code is FaultCode.INVALID_OVERLAP


async def test_a_test_event_waits_to_be_sent_at_once(provisioning, account, hook, clock):
    queued = await provisioning.webhooks.test(account.id, hook.id)
    assert (queued.kind, queued.state, queued.next_at) == ("test", DeliveryState.WAITING, clock.now())
    assert json.loads(queued.body)["subject"] == hook.id
    assert await provisioning.webhooks.deliveries(account.id, hook.id) == [queued]
    assert await provisioning.webhooks.delivery(account.id, hook.id, queued.id) == queued
    assert (await provisioning.webhooks.find(account.id, hook.id)).standing.waiting == 1
    other = await provisioning.webhooks.add(account.id, URL, ["moved"])
    assert await provisioning.webhooks.delivery(account.id, other.id, queued.id) is None


async def test_nothing_is_sent_to_one_that_is_off_or_paused_until_it_is_enabled(provisioning, account, hook):
    await provisioning.webhooks.change(account.id, hook.id, enabled=False)
    assert await fault(provisioning.webhooks.test(account.id, hook.id)) is FaultCode.WEBHOOK_OFF
    await provisioning.webhooks.change(account.id, hook.id, enabled=True)
    paused = await provisioning.webhooks.pause(hook.id, "It answered 500 for days.")
    assert not paused.wants("registered")
    assert await fault(provisioning.webhooks.test(account.id, hook.id)) is FaultCode.WEBHOOK_OFF
    again = await provisioning.webhooks.change(account.id, hook.id, enabled=True)
    assert again.wants("registered")
    assert not again.wants("moved")
    assert await provisioning.webhooks.pause("webhook-9", "x") is None


async def test_removing_takes_what_waits_with_it(provisioning, account, hook, store):
    await provisioning.webhooks.test(account.id, hook.id)
    await provisioning.webhooks.remove(account.id, hook.id)
    assert await provisioning.webhooks.of(account.id) == []
    assert store.shelves.deliveries == {}


async def test_a_viewer_may_neither_write_nor_let_anything_be_sent(provisioning, account, hook):
    viewer = Principal(PrincipalKind.USER, "1", "eve", (Membership(account.id, Role.VIEWER),))
    webhooks = provisioning.acting_as(viewer, "192.0.2.1").webhooks
    for work in (
        webhooks.add(account.id, URL, ["moved"]), webhooks.change(account.id, hook.id, url=URL),
        webhooks.rotate(account.id, hook.id), webhooks.remove(account.id, hook.id), webhooks.test(account.id, hook.id),
    ):  # fmt: skip
        assert await fault(work) is FaultCode.FORBIDDEN
    assert [one.webhook for one in await webhooks.of(account.id)] == [hook]


async def test_another_account_sees_nothing_of_it(provisioning, account, hook):
    other = await provisioning.accounts.add("Biloxi")
    assert await provisioning.webhooks.of(other.id) == []
    for reference in (hook.id, hook.url):
        assert await fault(provisioning.webhooks.find(other.id, reference)) is FaultCode.UNKNOWN_WEBHOOK
        assert await fault(provisioning.webhooks.test(other.id, reference)) is FaultCode.UNKNOWN_WEBHOOK


async def test_the_log_tells_who_did_what_and_no_secret(provisioning, account, hook, store):
    rotated = await provisioning.webhooks.rotate(account.id, hook.id)
    await provisioning.webhooks.pause(hook.id, "It answered 500 for days.")
    async with store.reading() as rows:
        entries = await rows.audit.page(AuditQuery(noun="webhook"))
    assert [one.action.value for one in entries] == ["changed", "changed", "added"]
    assert entries[0].changes[0].name == "paused_why"
    told = repr(entries) + repr(rotated)
    assert rotated.secret not in told
    assert hook.secret not in told


def test_random_secrets_are_of_the_specifications_form():
    secret = RandomTokens().webhook_secret()
    assert secret.startswith("whsec_")
    assert len(secret) == len("whsec_") + 44
    assert RandomTokens().webhook_id().startswith("webhook-")
