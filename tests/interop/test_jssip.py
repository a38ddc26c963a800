"""JsSIP in a browser: telephones that speak SIP over WebSocket, and the media of browsers, which we do not bridge."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from interop.conftest import BOB, CAROL, PASSWORD, REALM, WS_PORT
from live_server import LiveServer, Records, eventually

pytestmark = pytest.mark.needs("chromium")

LIBRARY = Path(__file__).with_name("jssip") / "jssip-3.13.8.min.js"
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection",
)  # fmt: skip

TELEPHONES = """
window.telephone = (url, uri, password) => {
  const heard = [], waiting = [];
  const tell = (kind, detail) => {
    heard.push([kind, detail || ""]);
    waiting.splice(0).forEach(look => look());
  };
  const agent = new JsSIP.UA({ sockets: [new JsSIP.WebSocketInterface(url)], uri, password, register_expires: 120 });
  agent.on("disconnected", () => tell("disconnected"));
  agent.on("registered", () => tell("registered"));
  agent.on("unregistered", () => tell("unregistered"));
  agent.on("registrationFailed", data => tell("failed", String(data.response ? data.response.status_code : data.cause)));
  agent.on("newMessage", data => { if (data.originator === "remote") tell("message", data.request.body); });
  agent.start();
  const wait = kind => new Promise((done, fail) => {
    setTimeout(() => fail(new Error(`no ${kind} but ${JSON.stringify(heard)}`)), 30000);
    const look = () => {
      const index = heard.findIndex(each => each[0] === kind);
      if (index >= 0) done(heard.splice(index, 1)[0][1]); else waiting.push(look);
    };
    look();
  });
  const ask = (method, target, body) => new Promise(done => agent[method](target, body, { eventHandlers: {
    succeeded: data => done(data.response.status_code),
    failed: data => done(data.response ? data.response.status_code : data.cause) } }));
  const call = target => new Promise(done => agent.call(target, { mediaConstraints: { audio: true, video: false }, eventHandlers: {
    accepted: () => done("accepted"),
    failed: data => done(data.message ? `${data.message.status_code} ${data.message.getHeader("Warning")}` : data.cause) } }));
  return { agent, wait, ask, call };
};
"""


@pytest.fixture(scope="module")
def page(server: LiveServer) -> Iterator[Page]:
    """A page with JsSIP, where a microphone is allowed.

    It is one of the server's, since browsers let pages from elsewhere not reach this machine. Not for the whole run:
    while it is there, an event loop runs, beside which asynchronous tests cannot.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(OPTIONS))
        page = browser.new_page(bypass_csp=True)
        page.goto(f"{server.http_url}/health")
        page.add_script_tag(content=LIBRARY.read_text())
        page.add_script_tag(content=TELEPHONES)
        yield page
        browser.close()


def run(page: Page, server: LiveServer, script: str, *values: str) -> Any:
    """Run a script of a page that has Bob and Carol, and let both go."""
    return page.evaluate(
        """async ([url, bobs, carols, password, script, values]) => {
          const bob = telephone(url, bobs, password), carol = telephone(url, carols, password);
          const limit = new Promise((_, fail) => setTimeout(() => fail(new Error("nothing more came")), 40000));
          const body = new (Object.getPrototypeOf(async function () {}).constructor)("bob", "carol", "values", script);
          const work = async () => {
            await bob.wait("registered");
            await carol.wait("registered");
            const result = await body(bob, carol, values);
            for (const each of [bob, carol]) {
              each.agent.unregister();
              await each.wait("unregistered");
            }
            return result;
          };
          try {
            return await Promise.race([work(), limit]);
          } finally {
            bob.agent.stop();
            carol.agent.stop();
          }
        }""",
        [f"ws://{server.host}:{WS_PORT}", f"sip:{BOB}", f"sip:{CAROL}", PASSWORD, script, list(values)],
    )


def test_browsers_register_write_to_each_other_and_unregister(page: Page, server: LiveServer) -> None:
    found = run(
        page,
        server,
        """
        const statuses = [await bob.ask("sendMessage", values[0], "See you at the gate"), await bob.ask("sendOptions", values[0], "")];
        return [statuses, await carol.wait("message"), await bob.ask("sendMessage", values[1], "Hello?")];
        """,
        f"sip:{CAROL}",
        f"sip:nobody@{REALM}",
    )
    assert found == [[200, 200], "See you at the gate", 404]
    assert eventually(lambda: server.metrics()["trunkline_bindings"] == 0)


def test_browser_with_the_wrong_password_is_not_registered(page: Page, server: LiveServer) -> None:
    status = page.evaluate(
        """async ([url, uri]) => {
          const mallory = telephone(url, uri, "not-this-one");
          try { return await mallory.wait("failed"); } finally { mallory.agent.stop(); }
        }""",
        [f"ws://{server.host}:{WS_PORT}", f"sip:{BOB}"],
    )
    assert status in ("401", "403")
    assert eventually(lambda: server.metrics()["trunkline_bindings"] == 0)


def test_media_of_a_browser_is_refused_in_words(page: Page, server: LiveServer, records: Records) -> None:
    answer = run(page, server, "return bob.call(values[0]);", f"sip:{CAROL}")
    assert answer.startswith("488 399 ")
    assert "DTLS-SRTP" in answer
    assert records.only().rejection == "media-unsupported"
