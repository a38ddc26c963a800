"""Users and keys, the audit log and settings in a browser; and what is kept from those who may not."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import PASSWORD, address, shoot

pytestmark = pytest.mark.needs("chromium")


def test_a_user_is_added_promoted_switched_off_and_removed(visit):
    page = visit("users", user="owner")
    page.get_by_role("link", name="Add a user").click()
    page.get_by_label("Name", exact=True).fill("dora@example.com")
    page.get_by_label("Role").select_option("viewer")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="dora@example.com can sign in")).to_be_visible()
    password = page.locator(".secret-shown code").inner_text()
    assert len(password) >= 12
    shoot(page, "user-issued")
    page.reload()
    assert password not in page.content()
    page.get_by_label("Role in this account").select_option("operator")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("dora@example.com is operator now.")).to_be_visible()
    shoot(page, "user")
    page.get_by_role("button", name="Reset the password").click()
    expect(page.get_by_role("heading", name="dora@example.com has a new password")).to_be_visible()
    assert page.locator(".secret-shown code").inner_text() != password
    page.get_by_role("link", name="Done").click()
    page.get_by_role("link", name="dora@example.com").click()
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("dora@example.com is switched off.")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("dora@example.com is removed.")).to_be_visible()


def test_a_key_is_shown_once_and_revoked(visit, server):
    page = visit("keys/new", user="owner")
    page.get_by_label("Name", exact=True).fill("billing")
    page.get_by_label("Role").select_option("viewer")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="billing is ready")).to_be_visible()
    shoot(page, "key-issued")
    key, secret = page.locator(".secret-shown code").all_inner_texts()
    page.reload()
    assert secret not in page.content()
    answer = page.request.get(
        f"{server.http_url}/api/accounts/1000001/sipcredentials",
        headers={"authorization": f"Bearer {key}.{secret}"},
    )
    assert answer.status == 200
    shoot(page, "users")
    page.get_by_role("button", name="Revoke billing").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("billing is revoked.")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("billing"))).to_contain_text("revoked")


def test_the_audit_log_tells_before_and_after(visit, server):
    page = visit("realms/1", user="owner")
    page.get_by_label("Description").fill("the front desk")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="saved")).to_be_visible()
    page.get_by_role("link", name="Audit").click()
    row = page.get_by_role("row").nth(1)
    expect(row).to_contain_text("owner")
    expect(row).to_contain_text("the front desk")
    page.get_by_label("Who").fill("owner")
    page.get_by_label("What kind of thing").select_option("realm")
    expect(page.get_by_role("row").nth(1)).to_contain_text("changed")
    shoot(page, "audit")
    page.get_by_label("Who").fill("nobody")
    expect(page.get_by_role("heading", name="Nothing fits")).to_be_visible()


def test_settings_of_the_account_are_changed_and_of_the_installation_seen(visit):
    page = visit("settings", user="root")
    page.get_by_label("Country").fill("Atlantis")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Country")).to_have_accessible_description(re.compile("is no country"))
    page.get_by_label("Country").fill("us")
    page.get_by_label("Hide hashes").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The account was saved.")).to_be_visible()
    expect(page.get_by_label("Hide hashes")).to_be_checked()
    expect(page.get_by_role("cell", name="registrar.max_expires_s")).to_be_visible()
    page.get_by_label("Hide hashes").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Hide hashes")).not_to_be_checked()
    shoot(page, "settings")


@pytest.mark.parametrize("user", ["viewer", "operator"])
def test_administration_is_neither_shown_nor_given_to_others(visit, server, user):
    page = visit("", user=user)
    for name in ("Users and keys", "Audit", "Settings"):
        expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)
    for path in ("users", "keys/new", "audit", "settings"):
        assert page.goto(address(server, path)).status == 403


def test_an_owner_sees_nothing_of_the_installation(visit):
    page = visit("settings", user="owner")
    expect(page.get_by_text("Settings in effect")).to_have_count(0)
    assert PASSWORD not in page.content()
