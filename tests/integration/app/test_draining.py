"""SIGTERM: no new calls, running ones go on for a while, then all hang up."""

from __future__ import annotations

import asyncio
import json
import time

from integration.app.conftest import Enter, Serve
from live_server import Records
from scenarios.town import ATLANTA, BILOXI, BOB
from trunkline.domain.cdr import EndCause

DRAIN_S = 2.0


async def test_running_call_goes_on_until_the_limit_and_new_ones_are_refused(
    serve: Serve, enter: Enter
) -> None:
    server = serve(settings={"sip.drain_s": DRAIN_S})
    scene, records = enter(server), Records(server)
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status and bob.call.acks)
    assert (await asyncio.to_thread(server.get, "/health"))[0] == 200

    asked_at = time.monotonic()
    server.terminate()
    await asyncio.sleep(0.1)
    status, page = await asyncio.to_thread(server.get, "/health")
    assert (status, json.loads(page)["problems"]) == (503, ["draining"])
    late = alice.invite(f"sip:{BOB}")
    await scene.until(lambda: late.status)
    assert late.status == 503
    assert late.responses[-1].get("Retry-After") is not None
    await scene.conversation(call, bob.call)
    assert not call.is_over

    await scene.until(lambda: call.is_over and bob.call.is_over)
    assert DRAIN_S - 0.2 < time.monotonic() - asked_at < DRAIN_S + 1
    assert await asyncio.to_thread(server.wait) == 0
    ended = {cdr.sip_call_id: cdr for cdr in records.so_far()}
    assert call.invite is not None
    assert ended[call.invite.call_id].end_cause is EndCause.DRAINED


async def test_server_stops_as_soon_as_its_last_call_has_ended(serve: Serve, enter: Enter) -> None:
    server = serve(settings={"sip.drain_s": 60})
    scene = enter(server)
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status)
    server.terminate()
    await asyncio.sleep(0.2)
    assert server.is_running
    await alice.hang_up(call)
    assert await asyncio.to_thread(server.wait, 3.0) == 0


async def test_second_signal_does_not_wait_for_calls(serve: Serve, enter: Enter) -> None:
    server = serve(settings={"sip.drain_s": 60})
    scene = enter(server)
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status)
    server.terminate()
    await asyncio.sleep(0.2)
    server.terminate()
    await scene.until(lambda: call.is_over and bob.call.is_over)
    assert await asyncio.to_thread(server.wait, 3.0) == 0
