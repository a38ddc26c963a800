"""Realms, applications, trunks and numbers in a browser."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import REALM, shoot

pytestmark = pytest.mark.needs("chromium")


def test_a_realm_is_added_and_leaves_only_when_its_name_is_typed(visit):
    page = visit("realms")
    page.get_by_role("link", name="Add a realm").click()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    shoot(page, "realm-new")
    page.keyboard.type("guests")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        re.compile(r"^guests\.[0-9a-f]{6}\.auth\.trunkline\.internal$")
    )
    page.get_by_role("link", name="Add a credential").click()
    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type("guest")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="guest is ready")).to_be_visible()
    page.get_by_role("link", name="Realms").click()
    shoot(page, "realms")
    page.get_by_role("link", name=re.compile("^guests")).click()
    page.get_by_role("button", name="Remove").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Its 1 credential is removed with it")).to_be_visible()
    shoot(page, "realm-remove")
    dialog.get_by_label("Type guests to confirm").fill("guest")
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Type guests to remove its 1 credentials with it.").first).to_be_visible()
    page.get_by_label("Type guests to confirm").fill("guests")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("is removed.")).to_be_visible()


def test_the_default_realm_is_not_removed_while_there_are_others(visit):
    page = visit("realms/1")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("dialog").get_by_text("Make another realm the default first.")).to_be_visible()


def test_a_hostile_description_is_text(visit):
    page = visit("realms/2")
    page.get_by_label("Description").fill("<script>document.title='taken'</script>\"'\u202eback")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("<script>document.title='taken'</script>").first).to_be_visible()
    assert "taken" not in page.title()


def test_an_application_is_added_changed_and_removed(visit):
    page = visit("applications")
    page.get_by_role("link", name="Add an application").first.click()
    page.get_by_label("Name", exact=True).fill("reception")
    page.get_by_label("Asked when a call begins").fill("http://")
    page.get_by_label("Told when a call changes").fill("https://app.example/status")
    page.locator("form.form").evaluate("form => form.noValidate = true")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_label("Asked when a call begins")).to_have_accessible_description(
        re.compile("is no callback URL")
    )
    page.get_by_label("Asked when a call begins").fill("https://app.example/calls")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="reception", exact=True)).to_be_visible()
    shoot(page, "application")
    page.get_by_role("link", name="Applications").first.click()
    shoot(page, "applications")
    page.get_by_role("link", name="reception").click()
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("reception is removed.")).to_be_visible()
    expect(page.get_by_role("heading", name="No application yet")).to_be_visible()


def test_a_trunk_is_added_with_two_targets_switched_off_and_removed(visit):
    page = visit("trunks/new")
    page.get_by_label("Name", exact=True).fill("chicago")
    page.get_by_label("Address").fill("http://wrong.example")
    page.get_by_label("Prefixes that it serves").fill("+1")
    page.get_by_label("Inbound from").fill("192.0.2.0/24")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_label("Address").first).to_have_accessible_description(
        re.compile("is no target of a trunk")
    )
    page.get_by_label("Address").first.fill("sip:192.0.2.10")
    page.get_by_role("button", name="Another target").click()
    page.keyboard.type("sip:192.0.2.11;transport=tcp")
    page.get_by_label("Priority", exact=True).nth(1).fill("2")
    shoot(page, "trunk-new")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="chicago", exact=True)).to_be_visible()
    rows = page.get_by_role("table", name="Targets").get_by_role("row")
    expect(rows).to_have_count(3)
    shoot(page, "trunk")
    page.get_by_role("link", name="Trunks").first.click()
    shoot(page, "trunks")
    page.get_by_role("link", name="chicago").click()
    page.get_by_role("button", name="Switch off").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("It is the only trunk that is on")).to_be_visible()
    dialog.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("chicago is switched off.")).to_be_visible()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("chicago is removed.")).to_be_visible()


def test_a_number_is_added_with_a_suggested_device_and_moved(visit, server):
    server.add_trunk("denver", "sip:192.0.2.30")
    page = visit("numbers/new")
    page.get_by_label("Number", exact=True).fill("555")
    page.get_by_label("User name and realm").fill("ali")
    expect(page.locator("#devices option")).to_have_count(1)
    assert page.locator("#devices option").get_attribute("value") == f"alice@{REALM}"
    page.get_by_label("User name and realm").fill(f"alice@{REALM}")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_label("Number", exact=True)).to_have_accessible_description(
        re.compile("it is too short")
    )
    page.get_by_label("Number", exact=True).fill("(202) 555-0100")
    shoot(page, "number-new")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("+12025550100 is ready.")).to_be_visible()
    shoot(page, "numbers")
    page.get_by_role("link", name="+12025550100").click()
    page.get_by_label("Calls go to").select_option("trunk")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name=re.compile("12025550100 denver"))).to_be_visible()
    page.get_by_role("link", name="+12025550100").click()
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("+12025550100 is removed.")).to_be_visible()


def test_the_overview_leads_to_the_next_step(visit):
    page = visit()
    shoot(page, "overview")
    steps = page.get_by_role("list").filter(has_text="Register a phone").get_by_role("listitem")
    expect(steps.nth(0)).to_contain_text("(done)")
    steps.nth(2).get_by_role("link", name="Show the settings").click()
    expect(page.get_by_role("heading", name="Softphones")).to_be_visible()
