"""Trunks that fail: the next one is tried, where trying again makes sense."""

from __future__ import annotations

import asyncio

import pytest

from live_party import Scene
from live_server import CHICAGO, DENVER, Records
from live_sipp import Play
from scenarios.town import ALICE, ATLANTA, BRIEF_RING_S, TO_CAROL
from trunkline.domain.cdr import EndCause

REST_S = 3
"""Longer than a slow machine takes for a call, so that the next one meets the rest."""


@pytest.mark.needs("sipp")
@pytest.mark.parametrize("status", [408, 500, 503])
def test_next_trunk_is_tried_after_a_failure(play: Play, records: Records, status: int) -> None:
    chicago, denver = play("callee_refuses", CHICAGO, status=status), play("callee_talks", DENVER)
    play("caller_talks", 10, call=TO_CAROL, login=ALICE, talk=50).done()
    chicago.done()
    denver.done()
    cdr = records.only()
    assert [attempt.status for attempt in cdr.attempts] == [status, 200]
    assert cdr.end_cause is EndCause.CALLER_HUNG_UP
    assert cdr.trunk_id == cdr.attempts[1].trunk_id


async def test_next_trunk_is_tried_after_silence_and_a_late_one_is_cancelled(
    scene: Scene, records: Records
) -> None:
    alice = await scene.party("alice", 10, realm=ATLANTA)
    chicago, denver = await scene.party("chicago", CHICAGO), await scene.party("denver", DENVER)
    scene.loses = lambda _sender, receiver, _text: receiver == "chicago"
    call = alice.invite(f"sip:{TO_CAROL}")
    (await denver.rung()).answer()
    await scene.until(lambda: call.status)
    scene.loses = lambda _sender, _receiver, _text: False
    (await chicago.rung()).ring()
    await scene.until(lambda: chicago.call.is_over)
    assert chicago.call.methods == ["CANCEL"]
    await alice.hang_up(call)
    assert [attempt.status for attempt in records.only().attempts] == [0, 200]


@pytest.mark.needs("sipp")
def test_next_trunk_is_tried_at_once_where_nobody_listens(play: Play, records: Records) -> None:
    denver = play("callee_talks", DENVER)
    play("caller_talks", 10, call=TO_CAROL, login=ALICE, talk=50).done()
    denver.done()
    cdr = records.only()
    # A try that was given up after the ringing time would have the status 0.
    assert [attempt.status for attempt in cdr.attempts] == [503, 200]
    assert cdr.answered_at is not None
    assert cdr.answered_at - cdr.started_at < BRIEF_RING_S


async def test_trunk_that_asks_for_rest_gets_it(scene: Scene) -> None:
    alice = await scene.party("alice", 10, realm=ATLANTA)
    chicago, denver = await scene.party("chicago", CHICAGO), await scene.party("denver", DENVER)
    first = alice.invite(f"sip:{TO_CAROL}")
    (await chicago.rung()).respond(503, headers=[("Retry-After", str(REST_S))])
    (await denver.rung()).answer()
    await scene.until(lambda: first.status)
    second = alice.invite(f"sip:{TO_CAROL}")
    (await denver.rung(2)).answer()
    await scene.until(lambda: second.status)
    assert (first.status, second.status, len(chicago.incoming)) == (200, 200, 1)
    await asyncio.sleep(REST_S + 0.1)
    third = alice.invite(f"sip:{TO_CAROL}")
    (await chicago.rung(2)).answer()
    await scene.until(lambda: third.status)
    for call in (first, second, third):
        await alice.hang_up(call)
