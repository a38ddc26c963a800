"""SIGTERM: no new calls, running ones go on for a while, then all hang up."""

from __future__ import annotations

import asyncio
import json
import time

from integration.app.conftest import Enter, Serve
from live_party import Scene
from live_server import PATIENCE_S, Records
from scenarios.town import ATLANTA, BILOXI, BOB
from trunkline.domain.cdr import EndCause

DRAIN_S = 5.0
"""Longer than a slow machine takes for what is done meanwhile."""


async def until_draining(scene: Scene) -> None:
    """Wait until the server says that it has heard the signal."""
    await scene.until(lambda: scene.server.get("/health")[0] == 503)
    assert json.loads(scene.server.get("/health")[1])["problems"] == ["draining"]


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
    await until_draining(scene)
    late = alice.invite(f"sip:{BOB}")
    await scene.until(lambda: late.status)
    assert late.status == 503
    assert late.responses[-1].get("Retry-After") is not None
    await scene.conversation(call, bob.call)
    assert not call.is_over

    await scene.until(lambda: call.is_over and bob.call.is_over)
    assert DRAIN_S - 0.2 < time.monotonic() - asked_at < DRAIN_S + PATIENCE_S
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
    await until_draining(scene)
    assert server.is_running
    await alice.hang_up(call)
    assert await asyncio.to_thread(server.wait) == 0


async def test_second_signal_does_not_wait_for_calls(serve: Serve, enter: Enter) -> None:
    server = serve(settings={"sip.drain_s": 60})
    scene = enter(server)
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status)
    server.terminate()
    await until_draining(scene)
    server.terminate()
    await scene.until(lambda: call.is_over and bob.call.is_over)
    assert await asyncio.to_thread(server.wait) == 0
