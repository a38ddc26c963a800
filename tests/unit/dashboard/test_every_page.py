"""What holds for each page: it renders, it asks who is there, it refuses who may not, and nothing in it runs."""

import re

import pytest

from fakes.running_desk import EndedHub, RunningDesk
from trunkline.dashboard.application import PAGES
from trunkline.domain.application import Application
from trunkline.domain.role import Permission, Role, allows
from trunkline.domain.trunk import TrunkTarget
from trunkline.domain.webhook import Delivery, Webhook, WebhookEvent
from trunkline.provisioning.secret_input import Generated
from trunkline.provisioning.trunks import TrunkPlan

from .conftest import Browser, Html

APPLICATION = "11111111-2222-4333-8444-555555555555"
HOSTILE = "<script>alert(1)</script>\"'\u202eback"


@pytest.fixture
async def furnished(provisioning, account, realm, store):
    """One of each noun, under the ids that the pages are asked for; texts that people may choose are hostile."""
    await provisioning.credentials.add(account.id, "alice", Generated())
    await provisioning.realms.change(account.id, "desk", description=HOSTILE)
    await provisioning.trunks.add(account.id, "chicago", TrunkPlan((TrunkTarget("sip:192.0.2.9"),)))
    await provisioning.numbers.add(account.id, "+15550100199", "alice")
    await provisioning.api_keys.add(account.id, "billing", Role.VIEWER)
    async with store.writing() as rows:
        await rows.applications.add(Application(APPLICATION, account.id, HOSTILE))
        await rows.webhooks.add(
            Webhook("webhook-1", account.id, HOSTILE, frozenset(WebhookEvent), "", HOSTILE)
        )
        await rows.deliveries.queue(
            Delivery("webhook-1", 1, "moved", "{}", 1.0, 1.0, attempts=1, detail=HOSTILE)
        )


@pytest.fixture
def operations(clock):
    """A running server with a device, calls and refusals; its streams end at once."""
    return RunningDesk(clock, hub=EndedHub(clock)).operations


@pytest.fixture
async def installer(browser, users):
    """Somebody who may see every page."""
    assert (await browser.sign_in("root")).status_code == 303
    return browser


ASKED = {
    "registrations/device": "?aor=alice@atlanta.example",
    "registrations/unregister": "?aor=alice@atlanta.example",
    "doctor/attempt": "?timeline=3",
    "dry-run": "?credential=alice@atlanta.example&to=%2B13125550199",
}
"""What some pages are asked about."""


def address(account_id, page):
    """The address of a page, its parameters filled."""
    filled = re.sub(r"\{application:uuid\}", APPLICATION, page.path)
    filled = filled.replace("{number:int}", "15550100199").replace("{user:int}", "2")
    filled = filled.replace("{call}", "one").replace("{key}", "billing").replace("{webhook}", "webhook-1")
    asked = ASKED.get(page.path, "") if page.method == "GET" else ""
    return f"/{account_id}/" + re.sub(r"\{[a-z_]+:int\}", "1", filled) + asked


def named(page):
    return f"{page.method} {page.path or 'overview'}"


NO_HTML = {"events", "calls.csv", "calls/{call}/ladder.txt", "calls/{call}/ladder.pcap"}
READING = [page for page in PAGES if page.method == "GET" and page.path not in NO_HTML]
OF_VIEWERS = [page for page in READING if page.permission is Permission.READ]


@pytest.mark.parametrize("page", READING, ids=named)
async def test_it_renders_and_hostile_names_are_text(page, installer, account, furnished):
    answer = await installer.get(address(account.id, page))
    assert answer.status_code == 200, answer.text
    html = Html(answer.text)
    scripts = [one for tag, one in html.tags if tag == "script"]
    assert all(one.get("src", "").startswith("/static/") for one in scripts)
    assert "<script>alert" not in answer.text
    assert not [one for _, one in html.tags if any(name.startswith("on") or name == "style" for name in one)]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("page", READING, ids=named)
async def test_every_link_of_it_leads_to_a_page(page, installer, account, furnished):
    html = Html((await installer.get(address(account.id, page))).text)
    own = {link.partition("?")[0].partition("#")[0] for link in html.links() if link.startswith("/")}
    for link in sorted(own):
        assert (await installer.get(link)).status_code in {200, 303}, link


@pytest.mark.parametrize("page", READING, ids=named)
async def test_every_field_of_it_has_a_label(page, installer, account, furnished):
    html = Html((await installer.get(address(account.id, page))).text)
    labelled = {one.get("for") for tag, one in html.tags if tag == "label"}
    fields = [
        one
        for tag, one in html.tags
        if tag in {"input", "select", "textarea"} and one.get("type") not in {"hidden", "radio"}
    ]
    assert [one for one in fields if one.get("id") not in labelled] == []
    ids = [one["id"] for _, one in html.tags if "id" in one]
    assert len(ids) == len(set(ids)), sorted(one for one in set(ids) if ids.count(one) > 1)


@pytest.mark.parametrize("page", PAGES, ids=named)
async def test_a_stranger_is_asked_to_sign_in(page, browser, users, account, furnished):
    answer = await browser.client.request(page.method, address(account.id, page))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize(
    "role", [*Role, None], ids=lambda role: role.value if role else "another account's owner"
)
@pytest.mark.parametrize("page", PAGES, ids=named)
async def test_only_whoever_may_gets_in(page, role, application, users, account, furnished):
    browser = Browser(application)
    await browser.sign_in(role.value if role else "stranger")
    path = address(account.id, page)
    answer = await (browser.get(path) if page.method == "GET" else browser.send(path))
    if role is None:
        assert answer.status_code == 404
    elif allows(role, page.permission):
        assert answer.status_code not in {401, 403, 404, 500}
    else:
        assert answer.status_code == 403
        assert "Your role here" in answer.text


@pytest.mark.parametrize("page", OF_VIEWERS, ids=named)
async def test_what_a_viewer_may_not_do_is_not_offered(page, browser, users, account, furnished):
    await browser.sign_in("viewer")
    html = Html((await browser.get(address(account.id, page))).text)
    for link in html.links():
        if link.startswith(f"/{account.id}/"):
            assert (await browser.get(link)).status_code == 200, link
    actions = {one["action"] for tag, one in html.tags if tag == "form" and one.get("method") == "post"}
    assert actions == {"/theme", "/sign-out"}


@pytest.mark.parametrize("page", [page for page in PAGES if page.method == "POST"], ids=named)
@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({}, {}),
        ({"csrf_token": "wrong"}, {}),
        ({"csrf_token": "0" * 64}, {}),
        (None, {"origin": "http://evil.example"}),
        (None, {"origin": "null"}),
        (None, {"sec-fetch-site": "cross-site", "origin": ""}),
    ],
    ids=["no token", "wrong token", "made-up token", "another origin", "hidden origin", "another site"],
)
async def test_a_forged_request_changes_nothing(page, fields, headers, operator, account, furnished, store):
    before = store.shelves
    path = address(account.id, page)
    if fields is None:
        answer = await operator.send(path, **headers)
    else:
        answer = await operator.client.post(path, data=fields, headers={"origin": operator.base, **headers})
    assert answer.status_code == 403
    assert (store.shelves.credentials, store.shelves.realms) == (before.credentials, before.realms)
