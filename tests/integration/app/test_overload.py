"""Too much of everything: registrations, calls, and calls that come back."""

from __future__ import annotations

import asyncio

from integration.app.conftest import Enter, Serve
from live_server import LiveServer, Records
from scenarios.town import ATLANTA, BILOXI, BOB

RATE = 5


async def test_storm_of_registrations_is_shed_with_503_and_a_time_to_come_back(
    serve: Serve, enter: Enter
) -> None:
    server = serve(settings={"registrar.most_per_second": RATE})
    scene = enter(server)
    bob = await scene.party("bob", 11, realm=BILOXI)
    storm = [bob.registering(contact=f"<sip:bob@{bob.host}:{7000 + number}>") for number in range(30)]
    await scene.until(lambda: all(asked.status for asked in storm))
    statuses = {asked.status for asked in storm}
    assert 503 in statuses
    assert statuses <= {200, 503, 500}
    waits = {asked.responses[-1].get("Retry-After") for asked in storm if asked.status == 503}
    assert None not in waits
    assert len(waits) > 1, "everybody was told to come back at the same time"
    assert server.metrics()["trunkline_bindings"] <= 2 * RATE


async def test_calls_over_the_limit_of_the_server_are_refused(serve: Serve, enter: Enter) -> None:
    server = serve(settings={"calls.max_calls": 1})
    scene = enter(server)
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    first = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: first.status)
    second = alice.invite(f"sip:{BOB}")
    await scene.until(lambda: second.status)
    assert second.status == 503
    assert second.responses[-1].get("Retry-After") is not None
    await alice.hang_up(first)
    third = alice.invite(f"sip:{BOB}")
    (await bob.rung(2)).answer()
    await scene.until(lambda: third.status)
    assert third.status == 200


NUMBER = "+4930555001"


def lead_on(server: LiveServer, to: LiveServer, back_from: LiveServer) -> None:
    """Let a server send calls for a number on to another, and take those for it that come from a third."""
    server.add_trunk("next", f"sip:{to.host}:{to.port}", prefixes=("+49",), allowed_ips=(to.host,))
    if back_from is not to:
        server.add_trunk("last", f"sip:{back_from.host}:9", prefixes=("+999",), allowed_ips=(back_from.host,))
    server.add_number(NUMBER, "trunk:next")


async def test_number_that_comes_straight_back_ends_with_482(serve: Serve, enter: Enter) -> None:
    here, there = serve(), serve()
    lead_on(here, there, there)
    lead_on(there, here, here)
    for server in (here, there):
        await asyncio.to_thread(server.wait_for_changes)
    scene, records = enter(here), Records(there)
    alice = await scene.party("alice", 10, realm=ATLANTA)
    call = alice.invite(f"sip:{NUMBER}@{ATLANTA}")
    await scene.until(lambda: call.status)
    assert call.status == 482
    assert records.only().rejection == "loop"
    await scene.until(lambda: there.metrics()["trunkline_calls"] == 0)


async def test_call_that_goes_round_in_a_circle_runs_out_of_hops(serve: Serve, enter: Enter) -> None:
    first, second, third = serve(), serve(), serve()
    lead_on(first, second, third)
    lead_on(second, third, first)
    lead_on(third, first, second)
    for server in (first, second, third):
        await asyncio.to_thread(server.wait_for_changes)
    scene, records = enter(first), Records(first)
    alice = await scene.party("alice", 10, realm=ATLANTA)
    call = alice.invite(f"sip:{NUMBER}@{ATLANTA}", headers=[("Max-Forwards", "7")])
    await scene.until(lambda: call.status)
    assert call.status == 483
    assert len(records.ended(3)) == 3
    await scene.until(lambda: all(one.metrics()["trunkline_calls"] == 0 for one in (first, second, third)))


async def test_call_without_hops_left_ends_with_483(serve: Serve, enter: Enter) -> None:
    server = serve()
    scene = enter(server)
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    last = alice.invite(f"sip:{BOB}", headers=[("Max-Forwards", "0")])
    await scene.until(lambda: last.status)
    assert last.status == 483
    alice.invite(f"sip:{BOB}", headers=[("Max-Forwards", "7")])
    passed_on = (await bob.rung()).invite
    assert passed_on is not None
    assert passed_on.max_forwards == 6
