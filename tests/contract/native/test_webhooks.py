"""Webhooks by JSON: the secret shown once, what is wrong named, deliveries paged."""

import pytest

from contract.native.conftest import problem
from trunkline.domain.webhook import WebhookStanding
from trunkline.store.webhook_deliveries import SqlOutbox

URL = "https://app.example/events"
NEW = {"url": URL, "events": ["registered", "call-ended"], "description": "billing"}


@pytest.fixture
async def hook(api):
    answer = await api.post("webhooks", NEW)
    assert answer.status_code == 201
    return answer.json()


async def test_the_secret_is_in_the_first_answer_only(api, hook):
    assert hook["secret"].startswith("whsec_")
    shown = await api.get(f"webhooks/{hook['id']}")
    assert "secret" not in shown.json()
    assert hook["secret"] not in (await api.get("webhooks")).text
    listed = (await api.get("webhooks")).json()["items"]
    assert listed == [shown.json()]
    assert shown.json()["events"] == ["call-ended", "registered"]
    assert shown.json()["standing"]["delivered"] == 0


async def test_a_repeated_request_makes_one_webhook_and_does_not_tell_the_secret_again(api):
    answers = [await api.post("webhooks", NEW, headers={"idempotency-key": "k1"}) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert answers[1].json()["secret"] is None


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"url": "ftp://app.example"}, "invalid-webhook-url", "url"),
        ({"url": "https://a:b@app.example/"}, "invalid-webhook-url", "url"),
        ({"events": []}, "invalid-request", "events"),
        ({"events": ["test"]}, "invalid-request", "events.0"),
        ({"secret": "mine"}, "invalid-request", "secret"),
    ],
)
async def test_what_is_wrong_is_named(api, hook, change, code, field):
    answer = await api.post("webhooks", NEW | change)
    assert problem(answer) == (422, code)
    assert field in {one["field"] for one in answer.json()["errors"]}


async def test_who_has_seen_an_older_one_does_not_change_it(api, hook, store):
    path = f"webhooks/{hook['id']}"
    tag = (await api.get(path)).headers["etag"]
    await api.post(f"{path}/test")  # how it fares is no change of it
    changed = await api.patch(path, {"enabled": False}, headers={"if-match": tag})
    assert changed.status_code == 200
    assert problem(await api.patch(path, {"enabled": True}, headers={"if-match": tag})) == (
        412,
        "changed-meanwhile",
    )
    assert problem(await api.delete(path, headers={"if-match": tag})) == (412, "changed-meanwhile")
    assert problem(await api.post(f"{path}/test")) == (409, "webhook-off")


async def test_another_secret_is_shown_once_and_the_old_one_ends(api, hook):
    rotated = (await api.post(f"webhooks/{hook['id']}/secret", {"overlap_s": 60})).json()
    assert rotated["secret"] != hook["secret"]
    assert rotated["previous_secret_until"] is not None
    at_once = (await api.post(f"webhooks/{hook['id']}/secret", {"overlap_s": 0})).json()
    assert at_once["previous_secret_until"] is None
    assert problem(await api.post(f"webhooks/{hook['id']}/secret", {"overlap_s": -1})) == (
        422,
        "invalid-request",
    )


async def test_deliveries_are_paged_the_newest_first(api, hook):
    path = f"webhooks/{hook['id']}"
    sent = [(await api.post(f"{path}/test")) for _ in range(3)]
    assert {one.status_code for one in sent} == {202}
    first = (await api.get(f"{path}/deliveries?limit=2")).json()
    rest = (await api.get(f"{path}/deliveries?limit=2&after={first['next']}")).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == [
        one.json()["id"] for one in reversed(sent)
    ]
    assert rest["next"] is None
    assert first["items"][0]["body"]["kind"] == "test"
    assert (await api.get(f"{path}/deliveries/{first['items'][0]['id']}")).json() == first["items"][0]
    assert problem(await api.get(f"{path}/deliveries/9999")) == (404, "not-known")
    assert problem(await api.get("webhooks/webhook-9")) == (404, "unknown-webhook")


async def test_one_that_the_server_gave_up_says_since_when_and_why(api, hook, provisioning, database):
    path = f"webhooks/{hook['id']}"
    assert ((await api.get(path)).json()["paused_why"], hook["paused_at"]) == (None, None)
    await provisioning.webhooks.pause(hook["id"], "It answered 500 for days.")
    await SqlOutbox(database).record([], WebhookStanding(hook["id"], last_tried_at=1_700_000_000.0))
    for shown in ((await api.get(path)).json(), (await api.get("webhooks")).json()["items"][0]):
        assert shown["paused_why"] == "It answered 500 for days."
        assert shown["paused_at"] == "2023-11-14T22:13:20Z"
    again = (await api.patch(path, {"enabled": True})).json()
    assert (again["paused_why"], again["paused_at"]) == (None, None)


async def test_the_list_of_webhooks_is_paged(api):
    made = {(await api.post("webhooks", NEW)).json()["id"] for _ in range(5)}
    seen, after = set(), ""
    while after is not None:
        page = (await api.get(f"webhooks?limit=2&after={after}")).json()
        seen |= {one["id"] for one in page["items"]}
        after = page["next"]
    assert seen == made


async def test_removed_it_is_unknown(api, hook):
    assert (await api.delete(f"webhooks/{hook['id']}")).status_code == 204
    assert problem(await api.get(f"webhooks/{hook['id']}")) == (404, "unknown-webhook")
