"""Session timers (RFC 4028) and what else takes long: five calls side by side for a minute, looked at afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from fakes.call_party import PartyCall
from live_party import LiveParty, Scene
from live_server import LiveServer, Records
from scenarios.town import ATLANTA, BILOXI, BOB, DAVE, town
from trunkline.domain.cdr import Cdr, EndCause

INTERVAL_S = 90
WAIT_S = 63
"""A session of 90 seconds is given up a third before its end, and refreshed at its half."""


ENDING = ("caller forgets", "callee forgets", "never acknowledged")
"""The calls of which nothing is left after that."""

LATE_S = 10.0
"""So much later than it should a busy machine may end them."""


class Minute:
    """The calls, each by its caller's and its callee's side, and the records when the minute is over."""

    def __init__(self) -> None:
        self.calls: dict[str, tuple[PartyCall, PartyCall]] = {}
        self.was_over: dict[str, tuple[bool, bool]] = {}
        self.methods: dict[str, tuple[list[str], list[str]]] = {}
        self.cdrs: list[Cdr] = []

    def has_passed(self) -> bool:
        """Whether both sides heard of every call that must end; a busy machine may be late with it."""
        return all(side.is_over for name in ENDING for side in self.calls[name])

    def note(self) -> None:
        """Keep how it stands."""
        for name, (placed, answered) in self.calls.items():
            self.was_over[name] = placed.is_over, answered.is_over
            self.methods[name] = list(placed.methods), list(answered.methods)

    def cdr(self, name: str) -> Cdr | None:
        """The record of a call that has ended."""
        invite = self.calls[name][0].invite
        assert invite is not None
        return next((cdr for cdr in self.cdrs if cdr.sip_call_id == invite.call_id), None)


@pytest.fixture(scope="module")
def brief_server(tmp_path_factory: pytest.TempPathFactory) -> LiveServer:
    """A server with the shortest session interval there may be."""
    return town(
        tmp_path_factory.mktemp("brief"),
        settings={"calls.session_expires_s": INTERVAL_S, "rtp.silence_s": 300},
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def minute(brief_server: LiveServer) -> AsyncIterator[Minute]:
    """What became of five calls."""
    brief_server.start()
    scene, records, minute = Scene(brief_server), Records(brief_server), Minute()
    try:
        await _begin(scene, minute)
        refreshing = asyncio.get_running_loop().create_task(_refresh(minute.calls["caller refreshes"][0]))
        await asyncio.sleep(WAIT_S)
        await refreshing
        await scene.until(minute.has_passed)
        minute.note()
        await scene.until(lambda: len(records.so_far()) >= len(ENDING))
        minute.cdrs = records.so_far()
        yield minute
    finally:
        await scene.close()
        brief_server.close()


async def _begin(scene: Scene, minute: Minute) -> None:
    alice = await scene.party("alice", 10, realm=ATLANTA)
    careless = await scene.party("careless", 13, username="alice", realm=ATLANTA)
    careless.holds = {"ACK"}
    bob, dave = await scene.device("bob", BILOXI, 11), await scene.device("dave", ATLANTA, 12)

    async def call(name: str, of_caller: str, of_callee: str, caller: LiveParty = alice) -> None:
        headers = [("Session-Expires", f"{INTERVAL_S};refresher={of_caller}")] if of_caller else []
        callee = bob if of_callee else dave
        callee.supported = "timer" if of_callee else ""
        count = len(callee.incoming)
        target = f"sip:{BOB if of_callee else DAVE}"
        placed = caller.invite(target, headers=headers, supported="timer" if of_caller else "")
        answered = await callee.rung(count + 1)
        agreed = [("Session-Expires", f"{INTERVAL_S};refresher={of_callee}"), ("Require", "timer")]
        answered.answer(headers=agreed if of_callee else [])
        await scene.until(lambda: placed.status)
        minute.calls[name] = placed, answered

    await call("caller refreshes", "uac", "")
    await call("caller forgets", "uac", "")
    await call("callee forgets", "", "uas")
    await call("we refresh", "", "uac")
    await call("never acknowledged", "", "", careless)


async def _refresh(call: PartyCall) -> None:
    await asyncio.sleep(INTERVAL_S / 2 - 5)
    call.ask("UPDATE", headers=[("Session-Expires", f"{INTERVAL_S};refresher=uac"), ("Supported", "timer")])


def test_caller_that_refreshes_keeps_its_call(minute: Minute) -> None:
    assert minute.was_over["caller refreshes"] == (False, False)
    assert minute.methods["caller refreshes"] == ([], [])


def test_caller_that_does_not_refresh_is_given_up(minute: Minute) -> None:
    assert minute.was_over["caller forgets"] == (True, True)
    cdr = minute.cdr("caller forgets")
    assert cdr is not None
    assert cdr.end_cause is EndCause.PEER_LOST
    assert 0 <= cdr.duration_s - (INTERVAL_S * 2 / 3 - 1) < LATE_S


def test_callee_that_does_not_refresh_is_given_up(minute: Minute) -> None:
    assert minute.was_over["callee forgets"] == (True, True)
    cdr = minute.cdr("callee forgets")
    assert cdr is not None
    assert cdr.end_cause is EndCause.PEER_LOST


def test_session_that_is_ours_to_refresh_is_refreshed(minute: Minute) -> None:
    assert minute.was_over["we refresh"] == (False, False)
    assert minute.methods["we refresh"] == ([], ["UPDATE"])
    update = minute.calls["we refresh"][1].last("UPDATE")
    assert (update.get("Session-Expires") or "").startswith(str(INTERVAL_S))


def test_call_whose_answer_is_never_acknowledged_is_ended_on_both_sides(minute: Minute) -> None:
    assert minute.was_over["never acknowledged"] == (True, True)
    cdr = minute.cdr("never acknowledged")
    assert cdr is not None
    assert cdr.end_cause is EndCause.PEER_LOST
    assert 0 <= cdr.duration_s - 31 < LATE_S


async def test_too_short_an_interval_is_told_the_least(scene: Scene) -> None:
    alice = await scene.party("alice", 10, realm=ATLANTA)
    call = alice.invite(f"sip:{BOB}", headers=[("Session-Expires", "60")])
    await scene.until(lambda: call.status)
    assert (call.status, call.responses[-1].get("Min-SE")) == (422, "90")
