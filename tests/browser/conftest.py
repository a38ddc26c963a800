"""A real server and Debian's Chromium in front of it, signed in as somebody.

With ``SCREENSHOTS=1`` the pages that tests show are kept in ``docs/screenshots``, light and dark.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from live_server import LiveServer, attach_log
from trunkline.domain.principal import Membership
from trunkline.domain.role import Role

REALM = "desk.atlanta.example"
LAB = "lab.atlanta.example"
PASSWORD = "correct horse battery"
SCREENSHOTS = Path(__file__).parents[2] / "docs" / "screenshots"
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
DESK = {"width": 1200, "height": 780}
PHONE = {"width": 375, "height": 720}
PATIENCE_MS = 30_000

expect.set_options(timeout=PATIENCE_MS)

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless browser with a profile of its own.

    Not for the whole run: while it is there, an event loop runs, beside which asynchronous tests cannot.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(OPTIONS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with two realms, some credentials, and a user of each role."""
    server = LiveServer(tmp_path_factory.mktemp("dashboard"))
    server.add_realm(REALM)
    server.add_realm(LAB)
    for name in ("alice", "bob", "carol", "reception", "warehouse-1", "warehouse-2"):
        server.add_credential(name, REALM)
    server.add_credential("bench", LAB)
    server.provision(_add_users)
    server.start()
    yield server
    server.check_log()
    server.close()


async def _add_users(provisioning: Any, account: int) -> None:
    await provisioning.users.add("root", PASSWORD, is_installer=True)
    for role in Role:
        await provisioning.users.add(role.value, PASSWORD, (Membership(account, role),))


@pytest.fixture(autouse=True)
def _click_on_whole_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a click wait for the scripts of a page, before and after it.

    Without them a button that opens a dialog leads to a page of its own, as it should: which of both a busy machine
    would show is not what the tests are about.
    """
    click = Locator.click

    def patient(self: Locator, **options: Any) -> None:
        self.page.wait_for_load_state()
        click(self, **options)
        self.page.wait_for_load_state()

    monkeypatch.setattr(Locator, "click", patient)


@pytest.fixture
def visit(chromium: Browser, server: LiveServer) -> Iterator[Open]:
    """Open a page as a user (``""``: nobody). Whatever a page complains about fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(
        path: str = "", user: str = "operator", *, viewport: dict[str, int] = DESK, **options: Any
    ) -> Page:
        context = chromium.new_context(
            viewport=viewport, reduced_motion="reduce", locale="en-GB", timezone_id="UTC", **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        watch(page, server, complaints)
        if user:
            sign_in(page, server, user)
        page.goto(address(server, path))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def watch(page: Page, server: LiveServer, complaints: list[str]) -> None:
    """Note errors of scripts, violations of the content policy, failures of the server, and requests elsewhere."""
    own = urlsplit(server.http_url).netloc

    def requested(url: str) -> None:
        if urlsplit(url).netloc != own and not url.startswith("data:"):
            complaints.append(f"asked {url}")

    def said(kind: str, text: str) -> None:
        # Browsers write down that a refused form was answered 422, htmx that going on ends what is being asked.
        if kind == "error" and not text.startswith(
            ("Failed to load resource", "htmx:afterRequest", "htmx:sendAbort")
        ):
            complaints.append(text)

    page.on("request", lambda request: requested(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: said(message.type, message.text))
    page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 500 else None)


def address(server: LiveServer, path: str = "") -> str:
    """The address of a page: below the first account, or from the root when it begins with a slash."""
    return server.http_url + (path if path.startswith("/") else f"/1000001/{path}")


_cookies: dict[tuple[str, str], list[Any]] = {}


def sign_in(page: Page, server: LiveServer, user: str) -> None:
    """Sign in once per user; later browsers get the same cookie."""
    key = (server.http_url, user)
    if key in _cookies:
        page.context.add_cookies(_cookies[key])
        return
    page.goto(address(server, "/sign-in"))
    page.get_by_label("User name").fill(user)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/1000001/")
    _cookies[key] = page.context.cookies()


def shoot(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep what a page shows, light and dark, when that was asked for; ``whole``: with what is below the fold."""
    if os.environ.get("SCREENSHOTS") != "1":
        return
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}.png", full_page=whole)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Any:
    """Show what the server of a failed test said."""
    report = yield
    if call.when == "call":
        attach_log(item, report)
    return report
