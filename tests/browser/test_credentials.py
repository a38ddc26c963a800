"""SIP Credentials in a browser: what an operator does with them all day."""

import re
import urllib.request
from xml.etree import ElementTree as ET

import pytest
from playwright.sync_api import expect

from trunkline.domain.credential import hash_pair

from .conftest import LAB, PHONE, REALM, shoot

pytestmark = pytest.mark.needs("chromium")


def add(page, name, **fields):
    """Add a credential with a generated password."""
    page.get_by_role("link", name="Add a SIP credential").first.click()
    page.get_by_label("Username").fill(name)
    for label, value in fields.items():
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name=f"{name} is ready")).to_be_visible()


def test_a_credential_is_added_by_keyboard_alone_and_handed_over_once(visit, server):
    page = visit("credentials")
    shoot(page, "credentials")
    page.get_by_role("link", name="Add a SIP credential").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Username")).to_be_focused()
    shoot(page, "credential-new")
    page.keyboard.type("kitchen")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="kitchen is ready")).to_be_visible()
    password = page.locator("#password").inner_text()
    assert re.fullmatch(r"[A-Za-z2-9]{20}", password)
    for text in (
        "kitchen",
        REALM,
        f"sip:kitchen@{REALM}",
        f"{server.host}:5060",
        f"sip:+17778889999@{REALM}:5060",
    ):
        expect(page.get_by_text(text, exact=True).first).to_be_visible()
    page.get_by_role("radio", name="Twilio: curl").check()
    command = page.locator("#curl").inner_text()
    assert f"--data-urlencode 'To=sip:+17778889999@{REALM}:5060'" in command
    assert f"--data-urlencode 'SipAuthPassword={password}'" in command
    page.reload()
    expect(page.get_by_role("heading", name="kitchen", exact=True)).to_be_visible()
    assert password not in page.content()


def test_a_one_time_link_gives_a_softphone_its_settings_once(visit, server):
    page = visit("credentials")
    add(page, "garage")
    password = page.locator("#password").inner_text()
    page.get_by_role("button", name="Make a one-time QR code").click()
    expect(
        page.get_by_role("img", name="One-time settings for Linphone").or_(page.locator(".qr svg"))
    ).to_be_visible()
    shoot(page, "credential-issued")
    link = (
        page.get_by_role("link", name="Open in Linphone")
        .get_attribute("href")
        .removeprefix("linphone-config:")
    )
    with urllib.request.urlopen(link, timeout=30) as answer:
        settings = ET.fromstring(answer.read())
    entries = {
        one.get("name"): one.text for one in settings.iter("{http://www.linphone.org/xsds/lpconfig.xsd}entry")
    }
    assert entries["ha1"] == hash_pair("md5", "garage", REALM, password).hash1
    assert entries["reg_identity"] == f"sip:garage@{REALM}"
    assert entries["reg_route"] == f"<sip:{server.host}:5060;transport=udp>"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(link, timeout=30)


def test_settings_are_copied(visit):
    page = visit("credentials/1")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the SIP address").first.click()
    expect(page.locator("#announcements")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"sip:alice@{REALM}"


def test_a_name_that_is_taken_is_told_beside_its_field(visit):
    page = visit("credentials/new")
    page.get_by_label("Username").fill("Alice")
    page.get_by_text("Type one").click()
    page.get_by_label("Password", exact=True).fill("a good password")
    page.get_by_role("button", name="Add", exact=True).click()
    field = page.get_by_label("Username")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile("has a credential 'Alice' already"))
    shoot(page, "credential-error")


def test_hashes_are_taken_and_a_short_one_is_explained(visit):
    page = visit("credentials/new")
    page.get_by_label("Username").fill("hashed")
    page.get_by_text("Give hashes").click()
    pair = hash_pair("md5", "hashed", REALM, "password")
    page.get_by_role("textbox", name="Hash1 (optional)").fill(pair.hash1)
    page.get_by_label("Hash1b").fill(pair.hash1b[:-1])
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Hash1b has 31 hexadecimal digits").first).to_be_visible()
    page.get_by_label("Hash1b").fill(pair.hash1b)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="hashed is ready")).to_be_visible()


def test_names_are_searched_while_they_are_typed(visit):
    page = visit("credentials")
    page.keyboard.press("/")
    expect(page.get_by_label("Search user names")).to_be_focused()
    page.keyboard.type("ware")
    expect(page.get_by_role("status").filter(has_text="2 credentials of")).to_be_visible()
    expect(page.get_by_role("link", name="warehouse-1")).to_be_visible()
    expect(page.get_by_role("link", name="alice")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"[?&]search=ware(&|$)"))
    page.get_by_label("Search user names").fill("nobody")
    expect(page.get_by_role("heading", name="Nothing fits")).to_be_visible()
    page.get_by_label("Search user names").fill("")
    page.get_by_label("Realm").select_option(label=LAB)
    expect(page.get_by_role("link", name="bench")).to_be_visible()
    expect(page.get_by_role("link", name="alice")).to_be_hidden()


def test_a_secret_is_rotated_while_the_old_one_still_works(visit):
    page = visit("credentials")
    add(page, "rotating")
    page.get_by_role("link", name="Done").click()
    page.get_by_role("link", name="Rotate secret").click()
    shoot(page, "credential-rotate")
    page.get_by_role("button", name="Rotate").click()
    expect(page.get_by_role("heading", name="rotating has a new secret")).to_be_visible()
    page.get_by_role("link", name="Done").click()
    secrets = page.get_by_role("table", name="Secrets")
    expect(secrets.get_by_role("row", name="Present")).to_be_visible()
    expect(secrets.get_by_role("row", name="Previous")).to_be_visible()
    shoot(page, "credential")


def test_switching_off_is_confirmed_and_can_be_left(visit):
    page = visit("credentials")
    add(page, "switched")
    page.get_by_role("link", name="Done").click()
    page.get_by_role("button", name="Switch off").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_text("Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Switch off")).to_be_focused()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("switched is switched off").first).to_be_visible()
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("button", name="Switch off")).to_be_visible()


def test_removing_says_what_breaks_and_wants_agreement(visit, server):
    page = visit("credentials")
    add(page, "leaving")
    server.add_number("+15550100177", f"sip:leaving@{REALM}")
    page.get_by_role("link", name="Done").click()
    page.get_by_role("button", name="Remove").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Calls to +15550100177 will reach nobody.")).to_be_visible()
    shoot(page, "credential-remove")
    dialog.get_by_label("Remove this number too").check()
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("leaving is removed.")).to_be_visible()
    page.goto(page.url.replace("credentials", "numbers"))
    expect(page.get_by_text("+15550100177")).to_be_hidden()


def test_limits_are_kept_and_wrong_ones_are_told(visit):
    page = visit("credentials/2")
    page.get_by_label("Calls at a time").fill("0")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Calls at a time")).to_have_accessible_description(
        re.compile("give a number above 0")
    )
    page.get_by_label("Calls at a time").fill("2")
    page.get_by_label("Allowed destinations").fill("+1\n-+1900")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("bob was saved.")).to_be_visible()
    expect(page.get_by_label("Allowed destinations")).to_have_value("+1\n-+1900")


def test_a_viewer_sees_no_way_to_change_anything(visit):
    page = visit("credentials/1", user="viewer")
    expect(page.get_by_role("heading", name="alice", exact=True)).to_be_visible()
    for name in ("Remove", "Switch off", "Rotate secret", "Save", "Make a one-time QR code"):
        expect(page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name))).to_have_count(
            0
        )


def test_everything_goes_without_a_script_too(visit):
    page = visit("credentials/new", java_script_enabled=False)
    page.get_by_label("Username").fill("scriptless")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="scriptless is ready")).to_be_visible()
    page.get_by_role("link", name="Done").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="Remove scriptless?")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("scriptless is removed.")).to_be_visible()


def test_a_phone_shows_the_list_as_cards(visit):
    page = visit("credentials", viewport=PHONE)
    expect(page.get_by_role("link", name="Realms")).to_be_hidden()
    shoot(page, "phone-credentials")
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Realms")).to_be_visible()
