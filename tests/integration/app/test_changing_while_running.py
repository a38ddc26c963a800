"""What the command line changes takes effect in the running server, without a restart."""

from __future__ import annotations

import asyncio
import time

from integration.app.conftest import Enter, Serve
from live_party import LiveParty, Scene
from scenarios.town import ATLANTA, BILOXI, BOB, BOBS_NUMBER, DAVE

SOON_S = 30.0
"""A busy machine may take its time; how often the server looks for changes is a test of the store."""


async def registers_soon(scene: Scene, party: LiveParty) -> None:
    """See that a party can register soon."""
    deadline = time.monotonic() + SOON_S
    while True:
        asked = party.registering()
        await scene.until(lambda asked=asked: asked.status)
        if asked.status == 200:
            return
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_new_credential_can_register(serve: Serve, enter: Enter) -> None:
    server = serve()
    scene = enter(server)
    await asyncio.to_thread(
        server.cli,
        "credential",
        "add",
        "judy",
        "--realm",
        ATLANTA,
        "--password-stdin",
        given="as-good-as-any\n",
    )
    judy = await scene.party("judy", 15, realm=ATLANTA, password="as-good-as-any")
    await registers_soon(scene, judy)


async def test_disabled_credential_is_refused_and_its_registration_gone(serve: Serve, enter: Enter) -> None:
    server = serve()
    scene = enter(server)
    bob = await scene.device("bob", BILOXI, 11)
    await asyncio.to_thread(server.cli, "credential", "change", BOB, "--disable")
    await scene.until(lambda: server.metrics()["trunkline_bindings"] == 0, SOON_S)
    asked = bob.registering()
    await scene.until(lambda: asked.status)
    assert asked.status == 403
    await asyncio.to_thread(server.cli, "credential", "change", BOB, "--enable")
    await registers_soon(scene, bob)


async def test_rotated_password_is_wanted_and_the_old_one_taken_while_they_overlap(
    serve: Serve, enter: Enter
) -> None:
    server = serve()
    scene = enter(server)
    old, new = (
        await scene.party("old", 11, username="bob", realm=BILOXI),
        await scene.party("new", 12, username="bob", realm=BILOXI),
    )
    new.password = "quite-another-one"
    await asyncio.to_thread(
        server.cli,
        "credential",
        "rotate",
        BOB,
        "--password-stdin",
        "--overlap",
        "1h",
        given="quite-another-one\n",
    )
    await registers_soon(scene, new)
    await old.register()
    await asyncio.to_thread(
        server.cli, "credential", "rotate", BOB, "--password-stdin", given="the-third-one\n"
    )
    third = await scene.party("third", 13, username="bob", realm=BILOXI, password="the-third-one")
    third.password = "the-third-one"
    await registers_soon(scene, third)
    asked = new.registering()
    await scene.until(lambda: asked.status or asked.responses)
    assert asked.responses[-1].status in (401, 403)


async def test_call_leaves_through_a_new_trunk(serve: Serve, enter: Enter) -> None:
    server = serve()
    scene = enter(server)
    alice, berlin = await scene.party("alice", 10, realm=ATLANTA), await scene.party("berlin", 7)
    refused = alice.invite(f"sip:+4930555000@{ATLANTA}")
    await scene.until(lambda: refused.status)
    assert refused.status == 404
    await asyncio.to_thread(
        server.cli, "trunk", "add", "berlin", "--target", f"sip:{berlin.host}:5060", "--prefix", "+49"
    )
    await asyncio.to_thread(server.wait_for_changes)
    call = alice.invite(f"sip:+4930555000@{ATLANTA}")
    (await berlin.rung()).answer()
    await scene.until(lambda: call.status)
    assert call.status == 200
    await alice.hang_up(call)


async def test_number_that_is_pointed_elsewhere_rings_there(serve: Serve, enter: Enter) -> None:
    server = serve()
    scene = enter(server)
    alice, dave = await scene.party("alice", 10, realm=ATLANTA), await scene.device("dave", ATLANTA, 12)
    await asyncio.to_thread(server.cli, "number", "point", BOBS_NUMBER, "--to", f"sip:{DAVE}")
    await asyncio.to_thread(server.wait_for_changes)
    call = alice.invite(f"sip:{BOBS_NUMBER}@{ATLANTA}")
    (await dave.rung()).answer()
    await scene.until(lambda: call.status)
    await alice.hang_up(call)


async def test_call_that_is_up_outlives_its_credential(serve: Serve, enter: Enter) -> None:
    server = serve()
    scene = enter(server)
    alice, dave = await scene.party("alice", 10, realm=ATLANTA), await scene.device("dave", ATLANTA, 12)
    call = alice.invite(f"sip:{DAVE}")
    (await dave.rung()).answer()
    await scene.until(lambda: call.status and dave.call.acks)
    await asyncio.to_thread(server.cli, "credential", "remove", f"alice@{ATLANTA}")
    await asyncio.to_thread(server.wait_for_changes)
    await scene.conversation(call, dave.call)
    await alice.hang_up(call)
    again = alice.invite(f"sip:{DAVE}")
    await scene.until(lambda: again.status)
    assert again.status in (403, 407)
