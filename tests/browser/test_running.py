"""What runs, in a browser: devices, calls with their ladders, the overview, the hash doctor and the dry run."""

import json
import re

import pytest
from playwright.sync_api import expect

from live_server import eventually

from .conftest import DESK, PHONE, REALM, shoot
from .telephones import Telephones
from .test_accessibility import AXE, RUN

pytestmark = pytest.mark.needs("chromium")

HOSTILE = "<script>document.title='taken'</script>\"'\u202eback"


@pytest.fixture
def phones(server):
    phones = Telephones(server)
    yield phones
    phones.close()


def told_of_refusals(server):
    """The addresses from which registrations were refused, as they are on disk."""
    events = json.loads(server.cli("registrations", "--events", "--json"))
    return {one["flow"].rpartition(":")[0].rpartition(":")[2] for one in events if one["kind"] == "refused"}


def test_devices_appear_as_they_register_and_are_made_to_leave(visit, phones, server):
    page = visit("registrations")
    expect(page.get_by_role("heading", name="No device is registered")).to_be_visible()
    alice = phones.device("alice", REALM, 21)
    row = page.get_by_role("row", name=re.compile(f"alice@{REALM}"))
    expect(row).to_be_visible()
    phones.run(alice.register(headers=[("User-Agent", HOSTILE)]))
    phones.device("bob", REALM, 22, transport="tcp")
    expect(page.get_by_role("row")).to_have_count(3)
    shoot(page, "registrations")
    page.keyboard.press("/")
    page.keyboard.type("bob@")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("searchbox").fill("")
    expect(row).to_be_visible()
    phones.stranger("alice", REALM, 66, "guessed", HOSTILE)
    # It is written a moment later.
    assert eventually(lambda: server.network.address(66) in told_of_refusals(server))
    row.get_by_role("link", name=f"alice@{REALM}", exact=True).click()
    expect(page.get_by_text("The last try was refused.")).to_be_visible()
    timeline = page.get_by_role("table", name="What happened, the newest first")
    expect(timeline.get_by_text("refused", exact=True)).to_be_visible()
    expect(timeline.get_by_text(HOSTILE).first).to_be_visible()
    assert "taken" not in page.title()
    shoot(page, "registration")
    page.get_by_role("link", name="Look into it").first.click()
    page.get_by_label("Password", exact=True).fill("guessed")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("#form-of-attempt")).to_contain_text("and this very password: the device is right")
    shoot(page, "doctor-attempt")
    page.goto(page.url.partition("/doctor")[0] + "/registrations")
    row.get_by_role("button", name=re.compile(f"^Unregister .?alice@{REALM}")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("link", name="Cancel")).to_be_focused()
    shoot(page, "registration-unregister")
    dialog.get_by_role("button", name="Unregister").click()
    expect(page.get_by_text("The device is forgotten.")).to_be_visible()
    expect(page.get_by_text("No device is registered at this address now.")).to_be_visible()


def test_a_list_that_follows_late_does_not_undo_a_search(visit, phones):
    for number, name in enumerate(("alice", "bob")):
        phones.device(name, REALM, 23 + number)
    page = visit("registrations")
    rows = page.get_by_role("row")
    expect(rows).to_have_count(3)
    late = []
    whole_list = re.compile(r"/registrations\??$")
    page.route(whole_list, lambda route: late.append(route))  # noqa: PLW0108 - it looks into what it is given
    with page.expect_request(whole_list):
        phones.device("carol", REALM, 25)
    page.get_by_role("searchbox").fill("bob@")
    expect(rows).to_have_count(2)
    with page.expect_response(whole_list):
        late[0].continue_()
    page.wait_for_timeout(300)  # had it any effect, it would be there by now
    expect(rows).to_have_count(2)
    page.unroute(whole_list)


def test_a_call_is_watched_read_as_a_ladder_and_hung_up(visit, phones):
    alice = phones.device("alice", REALM, 31)
    bob = phones.device("bob", REALM, 32)
    page = visit("calls")
    phones.talk(alice, bob, f"sip:bob@{REALM}")
    now = page.get_by_role("table", name="Running calls")
    expect(now.get_by_role("row")).to_have_count(2)
    expect(now.get_by_text("answered")).to_be_visible()
    shoot(page, "calls-running")
    now.get_by_role("link", name="alice").click()
    ladder = page.get_by_role("table", name=re.compile("^Messages between Caller, Trunkline, Callee 1"))
    expect(ladder).to_be_visible()
    first = page.locator(".ladder details").first
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(first.locator("pre")).to_contain_text(f"INVITE sip:bob@{REALM} SIP/2.0")
    # It fetches itself anew meanwhile: what is marked is there no more.
    page.locator("#call section").first.evaluate("part => part.setAttribute('data-before', '')")
    expect(page.locator("[data-before]")).to_have_count(0)
    expect(first.locator("pre")).to_be_visible()
    expect(page.locator(".ladder pre").filter(has_text="response=")).to_contain_text('response="***"')
    expect(page.get_by_role("table", name="RTP figures")).to_be_visible()
    shoot(page, "call-running")
    page.get_by_role("button", name="Hang up").click()
    page.get_by_role("dialog").get_by_role("button", name="Hang up").click()
    expect(page.get_by_text("It was hung up.")).to_be_visible()
    expect(page.get_by_text("operator", exact=True)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Ladder as pcap").click()
    assert download.value.path().read_bytes()[:4] == b"\xd4\xc3\xb2\xa1"
    with page.expect_download() as download:
        page.get_by_role("link", name="Ladder as text").click()
    assert "caller -> trunkline" in download.value.path().read_text()


def test_past_calls_are_filtered_explained_and_exported(visit, phones, server):
    alice = phones.device("alice", REALM, 41)
    bob = phones.device("bob", REALM, 42)
    phones.talk(alice, bob, f"sip:bob@{REALM}")
    phones.hang_up(alice)

    async def call_nobody():
        call = alice.invite(f"sip:nobody@{REALM}")
        await phones.scene.until(lambda: call.status >= 400)

    phones.run(call_nobody())
    page = visit("calls")
    past = page.get_by_role("table", name="Past calls")
    expect(past.get_by_role("row").nth(1)).to_contain_text("refused")
    shoot(page, "calls")
    page.get_by_label("How it ended").select_option("caller-hung-up")
    expect(past.get_by_role("row").nth(1)).to_contain_text("caller hung up")
    expect(past.get_by_text("refused")).to_have_count(0)
    page.get_by_label("How it ended").select_option("")
    page.get_by_text("More filters").click()
    page.get_by_label("Credential").fill("nobody@nowhere")
    expect(page.get_by_role("heading", name="No call fits")).to_be_visible()
    page.get_by_label("Credential").fill(f"alice@{REALM}")
    expect(past.get_by_role("row").nth(1)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0].startswith("call_id,")
    assert len(lines) > 2
    past.get_by_role("row").nth(2).get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Ladder")).to_be_visible()
    expect(page.locator(".ladder").get_by_text("BYE").first).to_be_attached()
    shoot(page, "call", whole=True)
    page.goto(page.url.partition("/calls")[0] + "/calls?refusal=" + "unknown-destination")
    shoot(page, "calls-refused")


def test_hashes_are_made_recognised_and_explained(visit):
    page = visit("doctor")
    page.get_by_label("User name").fill("bob")
    page.get_by_label("Realm").fill("somewhere.example")
    page.get_by_label("Domain").fill("other.example")
    page.get_by_label("Password", exact=True).fill("open Sesame 17")
    page.get_by_label("Show the password").check()
    page.get_by_role("button", name="Examine").click()
    table = page.get_by_role("table", name="Hashes")
    expect(
        table.get_by_text("bob@other.example:somewhere.example:open Sesame 17", exact=True).first
    ).to_be_visible()
    value = table.get_by_role("row").nth(1).locator("code").last.inner_text()
    page.get_by_label("A hash to recognise").fill(value[:-1])
    page.get_by_label("Password", exact=True).fill("open Sesame 17")
    page.get_by_role("button", name="Examine").click()
    expect(page.locator("#recognition")).to_contain_text("with one digit lost")
    shoot(page, "doctor")


def test_a_dry_run_tells_every_step(visit, server, phones):
    phones.device("bob", REALM, 52)
    page = visit("dry-run")
    page.get_by_label("Credential").fill(f"alice@{REALM}")
    page.get_by_label("Called").fill("bob")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("rings devices")).to_be_visible()
    expect(page.get_by_role("table", name="Devices that would ring").get_by_role("row")).to_have_count(2)
    shoot(page, "dry-run")
    page.get_by_label("Called").fill("nobody-at-all")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("The caller would hear")).to_be_visible()
    shoot(page, "dry-run-refused")


def furnished(phones):
    """A registered device, a refused one, a call that runs, and one that is over."""
    alice = phones.device("alice", REALM, 61)
    bob = phones.device("bob", REALM, 62)
    phones.stranger("alice", REALM, 66, "guessed", HOSTILE)
    phones.talk(alice, bob, f"sip:bob@{REALM}")
    phones.hang_up(alice)
    phones.talk(alice, bob, f"sip:bob@{REALM}")


PAGES = (
    "", "registrations", f"registrations/device?aor=alice@{REALM}", f"registrations/unregister?aor=alice@{REALM}", "calls",
    "calls?party=nobody", "doctor", f"dry-run?credential=alice@{REALM}&to=bob", "users", "users/new", "users/2",
    "users/2/remove", "keys/new", "audit", "settings", "settings/accounts/new",
)  # fmt: skip


@pytest.mark.parametrize(("scheme", "viewport"), [("light", DESK), ("dark", DESK), ("light", PHONE)])
def test_axe_finds_nothing_wrong_where_something_runs(visit, server, phones, scheme, viewport):
    furnished(phones)
    page = visit("calls", user="root", color_scheme=scheme, viewport=viewport)
    base = page.url.removesuffix("calls")
    page.get_by_role("table", name="Running calls").get_by_role("link", name="alice").click()
    expect(page.locator(".ladder")).to_be_visible()
    page.locator(".ladder summary").first.click()
    found = {}
    for path in (page.url.removeprefix(base), *PAGES):
        if path != page.url.removeprefix(base):
            page.goto(base + path)
        page.evaluate(AXE)
        if violations := page.evaluate(RUN):
            found[path] = violations
        if (width := page.evaluate("document.documentElement.scrollWidth")) > viewport["width"]:
            found[path] = [*found.get(path, []), f"{width} px wide"]
    assert found == {}


def test_the_overview_follows_what_happens(visit, phones):
    page = visit("")
    devices = page.locator(".figure").filter(has_text="registered devices").locator(".value")
    before = int(devices.inner_text())
    phones.device("carol", REALM, 71)
    expect(devices).to_have_text(str(before + 1))
    chart = page.get_by_role("img", name=re.compile("^Registered devices"))
    expect(chart).to_be_visible()
    page.locator("#registrations-figures summary").click()
    expect(page.get_by_role("table", name="Registered devices by the hour").get_by_role("row")).to_have_count(
        25
    )
    page.locator("#registrations-figures summary").click()
    shoot(page, "overview-used", whole=True)
