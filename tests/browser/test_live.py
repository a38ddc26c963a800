"""What happens in the server while a page is open."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import expect

from live_party import Scene

from .conftest import REALM, shoot

pytestmark = pytest.mark.needs("chromium")


def test_a_device_appears_on_open_pages_as_soon_as_it_registers_with_what_was_handed_over(visit, server):
    page = visit("credentials/new")
    page.get_by_label("Username").fill("porch")
    page.get_by_role("button", name="Add", exact=True).click()
    password = page.locator("#password").inner_text()
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_text("No device is registered.")).to_be_visible()
    overview = visit()
    gone = threading.Event()

    async def device():
        scene = Scene(server)
        try:
            party = await scene.party("porch", 40, username="porch", realm=REALM, password=password)
            await party.register(headers=[("User-Agent", "<b>Phone</b>/1.0")])
            await asyncio.to_thread(gone.wait, 90)
            await party.register(0)
        finally:
            await scene.close()

    with ThreadPoolExecutor(1) as thread:
        registered = thread.submit(asyncio.run, device())
        row = page.get_by_role("table", name="Registered devices").get_by_role("row").nth(1)
        expect(row).to_contain_text(f"{server.network.address(40)}:5060")
        expect(row).to_contain_text("<b>Phone</b>/1.0")
        expect(overview.get_by_role("link", name="Show the settings")).to_have_count(0)
        shoot(page, "credential-registered")
        gone.set()
        expect(page.get_by_text("No device is registered.")).to_be_visible()
        registered.result(90)
