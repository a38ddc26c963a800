"""What an operator sees: health, metrics, the log, and never a secret."""

from __future__ import annotations

import asyncio
import base64
import json
import re

from integration.app.conftest import Enter, Serve
from scenarios.town import ATLANTA, BILOXI, BOB

KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"


async def test_health_and_metrics_tell_of_devices_and_calls(serve: Serve, enter: Enter) -> None:
    server = serve()
    scene = enter(server)
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status and bob.call.acks)
    status, page = server.get("/health")
    assert (status, json.loads(page)) == (200, {"status": "ok", "problems": [], "calls": 1, "bindings": 1})
    seen = server.metrics()
    assert seen["trunkline_calls"] == 1
    assert seen["trunkline_bindings"] == 1
    assert seen["trunkline_media_streams"] == 1
    assert seen["trunkline_media_up"] == 1
    assert seen['trunkline_registers_total{status="401"}'] == 1
    assert seen['trunkline_registers_total{status="200"}'] == 1
    await alice.hang_up(call)
    await scene.until(lambda: server.metrics()["trunkline_calls"] == 0)
    assert server.metrics()['trunkline_calls_ended_total{cause="caller-hung-up"}'] == 1


async def test_malformed_messages_are_counted_and_harm_nobody(serve: Serve, enter: Enter) -> None:
    server = serve()
    scene = enter(server)
    mallory = await scene.party("mallory", 66)
    for text in (b"\x00\xff" * 50, b"INVITE sip:a@b SIP/2.0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
        mallory.send_raw(text)
    counted = (
        'trunkline_sip_dropped_total{reason="not SIP"}',
        'trunkline_malformed_total{fault="Missing Via Header"}',
        'trunkline_malformed_total{fault="Bad Request Line"}',
    )
    await scene.until(lambda: [server.metrics().get(name) for name in counted] == [1, 1, 1])
    await (await scene.party("bob", 11, realm=BILOXI)).register()


async def test_trace_masks_everything_that_logs_in_or_decrypts(serve: Serve, enter: Enter) -> None:
    server = serve(options=("--trace-sip", "--log-level", "debug"))
    scene = enter(server)
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    line = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4"
    call = alice.invite(f"sip:{BOB}", alice.offer(protocol="RTP/SAVP", lines=(line,)))
    offered = (await bob.rung()).invite
    assert offered is not None
    assert KEY.encode() in offered.body
    bob.call.respond(488)
    await scene.until(lambda: call.status)
    basic = base64.b64encode(b"alice:open sesame").decode()
    naked = "0123456789abcdef0123456789abcdef"
    for value in (
        f"Basic {basic}",
        f'Digest username="alice", realm="{ATLANTA}", uri="sip:x", nonce=abc, response={naked}',
    ):
        asked = alice.ask("OPTIONS", f"sip:{ATLANTA}", headers=[("Authorization", value)])
        await scene.until(lambda asked=asked: asked.responses or asked.failed)
    log = server.logged("inline:***")
    assert re.search(r'response="?\*\*\*', log)
    for secret in (KEY, basic, naked):
        assert secret not in log


async def test_log_for_machines_has_one_object_a_line(serve: Serve, enter: Enter) -> None:
    server = serve(options=("--log", "json"))
    scene = enter(server)
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).respond(486)
    await scene.until(lambda: call.status)
    await scene.until(lambda: '"cause"' in server.log())
    lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    assert [line["event"] for line in lines] == ["registered", "call"]
    assert (lines[1]["cause"], lines[1]["status"]) == ("busy", 486)


async def test_refusal_says_what_is_wrong_and_how_to_mend_it(serve: Serve, enter: Enter) -> None:
    server = serve(options=("--log", "json"))
    scene = enter(server)
    nobody = await scene.party("nobody", 12, realm=BILOXI, password="wrong")
    asked = nobody.registering()
    await scene.until(lambda: asked.responses)
    await scene.until(lambda: "unknown-user" in server.log())
    (line,) = [json.loads(line) for line in server.log().splitlines() if '"unknown-user"' in line]
    assert line["aor"] == f"nobody@{BILOXI}"
    assert "Create the credential" in line["cure"]


async def test_lists_of_the_command_line_show_the_running_server(serve: Serve, enter: Enter) -> None:
    server = serve()
    scene = enter(server)
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status and bob.call.acks)
    await scene.until(lambda: server.registrations() and server.cdrs() and server.cdrs()[0].answered_at)
    calls = json.loads(await asyncio.to_thread(server.cli, "calls", "--json"))
    registrations = json.loads(await asyncio.to_thread(server.cli, "registrations", "--json"))
    assert [(each["caller"], each["callee"]) for each in calls] == [("alice", "bob")]
    assert [each["aor"] for each in registrations] == [BOB]
    await alice.hang_up(call)
    await scene.until(lambda: server.cdrs()[0].end_cause)
    cdrs = json.loads(await asyncio.to_thread(server.cli, "cdrs", "--json"))["cdrs"]
    assert [each["end_cause"] for each in cdrs] == ["caller-hung-up"]
