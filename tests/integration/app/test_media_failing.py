"""The media engine dies, ports run out, sound stops: calls end with their cause, and the next one works."""

from __future__ import annotations

import asyncio
import os
import signal
import time

from fakes.call_party import PartyCall
from integration.app.conftest import Enter, Serve
from live_party import Scene
from live_server import PATIENCE_S, LiveServer, Records
from scenarios.town import ATLANTA, BILOXI, BOB
from trunkline.domain.cdr import EndCause

SILENCE_S = 3
"""After so long without sound a call is ended: longer than a slow machine takes to begin to talk."""


async def two_talking(scene: Scene) -> tuple[PartyCall, PartyCall]:
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status and bob.call.acks)
    return call, bob.call


def kill_engine(server: LiveServer) -> None:
    (pid,) = server.media_pids()
    os.kill(pid, signal.SIGKILL)


async def test_calls_of_a_dead_engine_end_and_a_new_one_works_at_once(serve: Serve, enter: Enter) -> None:
    server = serve()
    scene, records = enter(server), Records(server)
    call, answered = await two_talking(scene)
    await scene.conversation(call, answered)
    kill_engine(server)
    await scene.until(lambda: call.is_over and answered.is_over)
    died_at = time.monotonic()
    alice, bob = scene.parties
    while True:
        again = alice.invite(f"sip:{BOB}")
        await scene.until(lambda again=again: again.status or len(bob.incoming) > 1)
        if len(bob.incoming) > 1:
            break
        assert again.status == 503
        assert time.monotonic() - died_at < PATIENCE_S
        await asyncio.sleep(0.1)
    bob.call.answer()
    await scene.until(lambda: again.status and bob.call.acks)
    await scene.conversation(again, bob.call)
    await alice.hang_up(again)
    first = next(cdr for cdr in records.ended(len(alice.placed)) if cdr.sip_call_id == call.invite.call_id)
    assert first.end_cause is EndCause.MEDIA_LOST
    assert server.metrics()["trunkline_media_restarts_total"] == 1


async def test_call_that_rings_while_the_engine_dies_does_not_hang(serve: Serve, enter: Enter) -> None:
    server = serve()
    scene = enter(server)
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).ring()
    await scene.until(lambda: 180 in call.statuses)
    kill_engine(server)
    await scene.until(lambda: call.status)
    assert call.status in (500, 503)
    await scene.until(lambda: bob.call.is_over)


async def call_if_there_is_a_port(scene: Scene) -> PartyCall:
    """Let Alice call Bob, who answers if it rings."""
    alice, bob = scene.parties
    count = len(bob.incoming)
    call = alice.invite(f"sip:{BOB}")
    await scene.until(lambda: call.status or len(bob.incoming) > count)
    if len(bob.incoming) > count:
        bob.call.answer()
        await scene.until(lambda: call.status)
    return call


async def test_call_without_a_free_port_is_refused_until_one_ends(serve: Serve, enter: Enter) -> None:
    server = serve(rtp_ports=(30_000, 30_015))
    scene, records = enter(server), Records(server)
    alice, _ = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    calls: list[PartyCall] = []
    while not calls or calls[-1].status == 200:
        assert len(calls) < 5
        calls.append(await call_if_there_is_a_port(scene))
    assert len(calls) > 1
    assert calls[-1].status == 503
    (refused,) = [cdr for cdr in records.ended(1) if cdr.status == 503]
    assert refused.rejection == "no-media-port"
    for call in calls[:-1]:
        await alice.hang_up(call)
    freed_at = time.monotonic()
    while (await call_if_there_is_a_port(scene)).status != 200:
        assert time.monotonic() - freed_at < PATIENCE_S
        await asyncio.sleep(0.2)


async def test_call_without_sound_is_ended(serve: Serve, enter: Enter) -> None:
    server = serve(settings={"rtp.silence_s": SILENCE_S})
    scene, records = enter(server), Records(server)
    call, answered = await two_talking(scene)
    await scene.conversation(call, answered)
    silent_at = time.monotonic()
    await scene.until(lambda: call.is_over and answered.is_over)
    assert time.monotonic() - silent_at > SILENCE_S / 2
    assert records.only().end_cause is EndCause.MEDIA_SILENT


async def test_call_on_hold_may_be_silent(serve: Serve, enter: Enter) -> None:
    server = serve(settings={"rtp.silence_s": SILENCE_S})
    scene = enter(server)
    call, answered = await two_talking(scene)
    hold = call.reinvite(call.party.offer("inactive"))
    await scene.until(lambda: hold.status)
    await asyncio.sleep(2 * SILENCE_S)
    assert not call.is_over
    resume = call.reinvite()
    await scene.until(lambda: resume.status)
    await scene.conversation(call, answered)
