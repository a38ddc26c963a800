"""The first owner of a fresh server, made in a browser by the link that the server prints to its terminal."""

import os
import pty
import re
import subprocess
import threading
from pathlib import Path

import pytest
from playwright.sync_api import expect

from live_server import LiveServer, eventually

from .conftest import DESK, PASSWORD, PATIENCE_MS, shoot, watch

pytestmark = pytest.mark.needs("chromium")

AXE = (Path(__file__).parent / "axe.min.js").read_text()
RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
    one => `${one.impact}: ${one.id}: ${one.nodes.map(node => node.target.join(" ")).join(", ")}`)"""


class TerminalServer(LiveServer):
    """A server at a terminal: only there it prints the link."""

    def _spawn(self, log):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            self._command(), stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL, env=self._environment()
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._keep, args=(ours, os.dup(log)))
        self._reader.start()
        return process

    @staticmethod
    def _keep(ours, log):
        try:
            while read := os.read(ours, 65_536):
                os.write(log, read)
        except OSError:  # how Linux says that nobody holds the other end any more
            pass
        finally:
            os.close(ours)
            os.close(log)

    @property
    def setup_link(self):
        return eventually(lambda: re.search(r"open, once: (http://\S+/setup\?token=[\w-]+)\s", self.log()))[1]

    def close(self):
        super().close()
        self._reader.join(90)


@pytest.fixture
def fresh(tmp_path):
    """A server without any user."""
    server = TerminalServer(tmp_path)
    server.start()
    yield server
    server.close()


@pytest.fixture
def open_page(chromium, fresh):
    """Open an address in a browser that was never here."""
    contexts, complaints = [], []

    def open_page(url):
        contexts.append(
            chromium.new_context(viewport=DESK, reduced_motion="reduce", locale="en-GB", timezone_id="UTC")
        )
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE_MS)
        watch(page, fresh, complaints)
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def checked(page):
    page.evaluate(AXE)
    assert page.evaluate(RUN) == []


def fill(page, password, again=None):
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("The same password again", exact=True).fill(password if again is None else again)
    page.get_by_role("button", name="Create user and sign in").click()


def test_the_first_owner_follows_the_link_once_and_comes_to_the_checklist(fresh, open_page):
    link = fresh.setup_link
    page = open_page(fresh.http_url)
    expect(page.get_by_text("This server has no user yet.")).to_be_visible()
    shoot(page, "sign-in-no-user")
    checked(page)
    page.goto(link[:-1] + ("A" if link[-1] != "A" else "B"))
    expect(page.get_by_role("alert")).to_contain_text("This is not the setup link of the running server")
    page.goto(link)
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    shoot(page, "setup")
    checked(page)

    fill(page, "short")
    expect(page.locator("#password-error")).to_contain_text("has 5 characters; give at least 12")
    fill(page, PASSWORD, "something else")
    expect(page.get_by_text("The two passwords differ; type the same one twice.", exact=True)).to_be_visible()
    checked(page)
    page.get_by_label("User name").fill("olivia")
    fill(page, PASSWORD)

    page.wait_for_url("**/1000001/")
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="olivia")).to_be_visible()
    expect(page.get_by_role("link", name="Add a realm").first).to_be_visible()
    shoot(page, "overview-empty", whole=True)
    checked(page)

    other = open_page(link)
    expect(other.get_by_role("alert")).to_have_text(
        "This server is set up already. Sign in with a user of yours."
    )
    other.goto(fresh.http_url)
    other.get_by_label("User name").fill("olivia")
    other.get_by_label("Password", exact=True).fill(PASSWORD)
    other.keyboard.press("Enter")
    other.wait_for_url("**/1000001/")
