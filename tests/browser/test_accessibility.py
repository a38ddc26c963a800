"""Every page by the rules of axe-core, on a desk and on a phone, light and dark."""

from pathlib import Path

import pytest

from .conftest import DESK, PHONE

pytestmark = pytest.mark.needs("chromium")

AXE = (Path(__file__).parent / "axe.min.js").read_text()
PAGES = (
    "", "credentials", "credentials/new", "credentials/1", "credentials/1/rotate", "credentials/1/remove", "realms",
    "realms/new", "realms/1", "realms/2/remove", "applications", "applications/new", "trunks", "trunks/new", "numbers",
    "numbers/new", "/me", "/1/",
)  # fmt: skip
RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
    one => `${one.impact}: ${one.id}: ${one.nodes.map(node => node.target.join(" ")).join(", ")}`)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(visit, server, scheme):
    page = visit(color_scheme=scheme)
    base = page.url
    found = {}
    for path in PAGES:
        page.goto(server.http_url + path if path.startswith("/") else base + path)
        page.evaluate(AXE)
        if violations := page.evaluate(RUN):
            found[path] = violations
    assert found == {}


def test_axe_finds_nothing_wrong_before_signing_in(visit):
    page = visit("/sign-in", user="")
    page.evaluate(AXE)
    assert page.evaluate(RUN) == []


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_no_page_is_wider_than_the_screen(visit, server, viewport):
    page = visit(viewport=viewport)
    base = page.url
    wide = {}
    for path in PAGES:
        page.goto(server.http_url + path if path.startswith("/") else base + path)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > viewport["width"]:
            wide[path] = width
    assert wide == {}


def test_the_first_stop_of_the_keyboard_leads_past_the_navigation(visit):
    page = visit("realms")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
