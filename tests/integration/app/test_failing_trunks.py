"""What an address of a trunk that fails costs: the first call notices, the next ones pass it over."""

from __future__ import annotations

from integration.app.conftest import Enter, Serve
from live_server import CHICAGO, DENVER
from scenarios.town import ATLANTA, TO_CAROL

RESTING = "trunkline_trunk_addresses_resting"


async def test_address_where_nobody_listens_rests_until_it_answers(serve: Serve, enter: Enter) -> None:
    server = serve(settings={"calls.address_rest_s": 8})
    scene = enter(server)
    alice = await scene.party("alice", 10, realm=ATLANTA)
    denver = await scene.party("denver", DENVER)
    for number in (1, 2):
        call = alice.invite(f"sip:{TO_CAROL}")
        (await denver.rung(number)).answer()
        await scene.until(lambda call=call: call.status)
        await alice.hang_up(call)
    await scene.until(lambda: len(server.cdrs()) == 2)
    tries = [[(one.trunk_id, one.status) for one in cdr.attempts] for cdr in reversed(server.cdrs())]
    assert tries in ([[(1, 503), (2, 200)], [(2, 200)]], [[(2, 200)], [(1, 503), (2, 200)]])
    assert server.metrics()[RESTING] == 1
    assert server.metrics()['trunkline_trunk_address_rests_total{why="unreachable"}'] == 1
    chicago = await scene.party("chicago", CHICAGO)
    await scene.until(lambda: server.metrics()[RESTING] == 0)
    call = alice.invite(f"sip:{TO_CAROL}")
    (await chicago.rung()).answer()
    await scene.until(lambda: call.status)
    await alice.hang_up(call)
    assert "an address of a trunk rests " in server.logged("an address of a trunk rests no more")


async def test_address_that_says_nothing_costs_one_call_its_patience(serve: Serve, enter: Enter) -> None:
    """The caller gives up early; the transaction goes on until timer B, and the next call is spared."""
    server = serve()
    scene = enter(server)
    alice = await scene.party("alice", 10, realm=ATLANTA)
    await scene.party("chicago", CHICAGO)
    denver = await scene.party("denver", DENVER)
    scene.loses = lambda _sender, receiver, _text: receiver == "chicago"
    call = alice.invite(f"sip:{TO_CAROL}")
    (await denver.rung()).answer()
    await scene.until(lambda: call.status)
    await alice.hang_up(call)
    await scene.until(lambda: server.metrics()[RESTING] == 1, limit_s=90)
    call = alice.invite(f"sip:{TO_CAROL}")
    (await denver.rung(2)).answer()
    await scene.until(lambda: call.status)
    await alice.hang_up(call)
