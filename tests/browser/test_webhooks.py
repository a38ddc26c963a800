"""Webhooks in a browser: added, tested, and why a test does not arrive."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from .conftest import DESK, PHONE, shoot

pytestmark = pytest.mark.needs("chromium")

AXE = (Path(__file__).parent / "axe.min.js").read_text()
RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
    one => `${one.impact}: ${one.id}: ${one.nodes.map(node => node.target.join(" ")).join(", ")}`)"""


def checked(page):
    """See that axe finds nothing wrong, light and dark, and that the page fits on a phone's screen."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate(AXE)
        assert page.evaluate(RUN) == []
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.set_viewport_size(DESK)


def test_a_webhook_that_was_given_up_is_told_of_and_tried_again(visit, server):
    url = "https://paused.example/events"

    async def given_up(provisioning, account):
        made = await provisioning.webhooks.add(account, url, ["call-ended"], description="The wallboard")
        await provisioning.webhooks.pause(made.id, "The receiver answered 410 Gone: it wants nothing more.")

    server.provision(given_up)
    page = visit("")
    notice = page.get_by_text("1 webhook paused: after failures, nothing more is sent there.")
    expect(notice).to_be_visible()
    checked(page)
    shoot(page, "overview-paused")
    page.get_by_role("link", name="Webhooks").click()
    expect(page.get_by_text("paused", exact=True)).to_be_visible()
    checked(page)
    page.get_by_role("button", name="Try again: The wallboard").click()
    expect(page.get_by_text("Events are sent to it again.")).to_be_visible()
    expect(notice).to_have_count(0)
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The webhook is removed.")).to_be_visible()


def test_a_webhook_into_a_private_network_is_added_tested_and_says_why_nothing_arrives(visit):
    page = visit("webhooks")
    checked(page)
    page.get_by_role("link", name="Add a webhook").first.click()
    page.get_by_label("Events are posted to").fill("http://10.20.0.7/events")
    page.get_by_label("A call ended").check()
    page.get_by_label("Description").fill("The billing system")
    shoot(page, "webhook-new")
    checked(page)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("whsec_")).to_be_visible()
    shoot(page, "webhook-issued")
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_text("whsec_")).to_have_count(0)
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("A test is on its way")).to_be_visible()
    wrong = page.get_by_role(
        "cell", name="Nothing is sent to 10.20.0.7: it is in a private or special network."
    )
    for _ in range(100):
        if wrong.count():
            break
        page.wait_for_timeout(200)
        page.reload()
    expect(wrong).to_be_visible()
    shoot(page, "webhook")
    checked(page)
    page.get_by_role("link", name="Webhooks").first.click()
    expect(page.get_by_text("fails", exact=True)).to_be_visible()
    shoot(page, "webhooks")
    checked(page)
    page.get_by_role("link", name="http://10.20.0.7/events").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The webhook is removed.")).to_be_visible()
