"""Signing in and out in a browser."""

import pytest
from playwright.sync_api import expect

from .conftest import PASSWORD, address, shoot

pytestmark = pytest.mark.needs("chromium")


def test_somebody_signs_in_by_keyboard_and_comes_to_the_page_he_wanted(visit):
    page = visit("realms", user="")
    expect(page).to_have_title("Sign in · Trunkline")
    shoot(page, "sign-in")
    page.keyboard.type("viewer")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Realms", level=1)).to_be_visible()


def test_a_wrong_password_is_told_and_nothing_else(visit):
    page = visit("/sign-in", user="")
    page.get_by_label("User name").fill("operator")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("User name or password is wrong.")
    expect(page.get_by_label("User name")).to_have_value("operator")


def test_a_password_can_be_looked_at_before_it_is_sent(visit):
    page = visit("/sign-in", user="")
    field = page.get_by_label("Password", exact=True)
    field.fill("secret")
    page.get_by_role("button", name="Show password").click()
    assert field.get_attribute("type") == "text"


def test_the_cookie_is_for_no_script_and_no_other_site_and_ends_with_signing_out(visit, server):
    page = visit("/sign-in", user="")
    page.get_by_label("User name").fill("owner")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/1000001/")
    cookie = next(one for one in page.context.cookies() if one["name"] == "trunkline_sign_in")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.context.add_cookies([cookie])
    page.goto(address(server))
    expect(page).to_have_title("Sign in · Trunkline")


def test_a_browser_is_signed_out_from_another_one(visit):
    here, there = (visit("/sign-in", user="") for _ in range(2))
    for page in (here, there):
        page.get_by_label("User name").fill("owner")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/1000001/")
    here.get_by_role("link", name="owner").click()
    shoot(here, "you")
    here.get_by_role("button", name="Sign out everywhere").click()
    expect(here.get_by_role("heading", name="Sign in")).to_be_visible()
    there.get_by_role("link", name="Realms", exact=True).click()
    expect(there.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_colours_stay_as_they_were_chosen(visit):
    page = visit()
    with page.expect_response("**/theme"):
        page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("link", name="Realms", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
