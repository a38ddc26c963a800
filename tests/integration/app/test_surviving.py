"""What outlives the process: credentials, bindings, the records of calls."""

from __future__ import annotations

import asyncio
import time

from fakes.call_party import PartyCall
from integration.app.conftest import Enter, Serve
from live_party import LiveParty, Scene
from live_server import Records
from scenarios.town import ATLANTA, BILOXI, BOB, DAVE
from trunkline.domain.cdr import EndCause


async def written(scene: Scene, count: int = 1) -> None:
    """Wait until so many bindings are on disk."""
    await scene.until(lambda: len(scene.server.registrations()) == count)


async def two_talking(scene: Scene) -> tuple[PartyCall, PartyCall]:
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status and bob.call.acks)
    return call, bob.call


async def reaches(scene: Scene, aor: str, device: LiveParty) -> None:
    """See that a call to an address-of-record rings this device."""
    alice = await scene.party("caller", 20, username="alice", realm=ATLANTA)
    call = alice.invite(f"sip:{aor}")
    (await device.rung()).answer()
    await scene.until(lambda: call.status)
    assert call.status == 200
    await alice.hang_up(call)


async def test_credential_that_was_added_a_moment_before_kill_is_there(serve: Serve, enter: Enter) -> None:
    server = serve()
    password = server.add_credential("judy", ATLANTA)
    server.kill()
    server.start()
    judy = await enter(server).party("judy", 15, realm=ATLANTA, password=password)
    await judy.register()


async def test_binding_survives_kill(serve: Serve, enter: Enter) -> None:
    server = serve()
    scene = enter(server)
    bob = await scene.device("bob", BILOXI, 11)
    await written(scene)
    server.kill()
    assert [binding.aor for binding in server.registrations()] == [BOB]
    server.start()
    await reaches(scene, BOB, bob)


async def test_no_binding_is_lost_on_sigterm(serve: Serve, enter: Enter) -> None:
    server = serve()
    scene = enter(server)
    bob, dave = await scene.device("bob", BILOXI, 11), await scene.device("dave", ATLANTA, 12)
    assert await asyncio.to_thread(server.stop) == 0
    assert sorted(binding.aor for binding in server.registrations()) == [BOB, DAVE]
    server.start()
    await reaches(scene, BOB, bob)
    assert dave.incoming == []


async def test_binding_that_was_removed_does_not_come_back(serve: Serve, enter: Enter) -> None:
    server = serve()
    scene = enter(server)
    bob = await scene.device("bob", BILOXI, 11)
    await written(scene)
    await bob.register(0, contact="*")
    assert await asyncio.to_thread(server.stop) == 0
    server.start()
    assert server.metrics()["trunkline_bindings"] == 0


async def test_answered_call_is_recorded_as_interrupted_after_kill(serve: Serve, enter: Enter) -> None:
    server = serve()
    scene, records = enter(server), Records(server)
    began = time.time()
    call, _ = await two_talking(scene)
    await scene.until(lambda: any(cdr.answered_at for cdr in server.cdrs()))
    answered_by = time.time()
    server.kill()
    assert records.so_far() == []
    server.start()
    cdr = records.only()
    assert cdr.end_cause is EndCause.INTERRUPTED
    assert call.invite is not None
    assert cdr.sip_call_id == call.invite.call_id
    assert cdr.answered_at is not None
    assert cdr.ended_at is not None
    assert began <= cdr.answered_at <= answered_by
    assert cdr.answered_at <= cdr.ended_at <= time.time()


async def test_call_of_before_the_kill_is_unknown_afterwards(serve: Serve, enter: Enter) -> None:
    server = serve()
    scene = enter(server)
    call, _ = await two_talking(scene)
    server.kill()
    server.start()
    bye = call.bye()
    await scene.until(lambda: bye.status)
    assert bye.status == 481


async def test_calls_end_before_the_process_does_on_sigterm(serve: Serve, enter: Enter) -> None:
    server = serve(settings={"sip.drain_s": 0})
    scene, records = enter(server), Records(server)
    call, answered = await two_talking(scene)
    assert await asyncio.to_thread(server.stop) == 0
    await scene.until(lambda: call.is_over and answered.is_over)
    assert records.only().end_cause is EndCause.DRAINED
