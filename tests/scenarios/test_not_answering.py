"""Calls that nobody answers: busy, unwilling, silent, given up."""

from __future__ import annotations

import time

import pytest

from live_server import CHICAGO, DENVER, Records
from live_sipp import Play
from scenarios.town import ALICE, BRIEF_RING_S, CAROL, TO_CAROL
from trunkline.domain.cdr import EndCause

pytestmark = pytest.mark.needs("sipp")


@pytest.mark.parametrize(
    ("status", "cause"),
    [(486, EndCause.BUSY), (600, EndCause.BUSY), (603, EndCause.REJECTED), (404, EndCause.REJECTED)],
)
def test_refusal_reaches_the_caller_and_no_other_trunk_is_asked(
    play: Play, records: Records, status: int, cause: EndCause
) -> None:
    chicago, denver = play("callee_refuses", CHICAGO, status=status), play("callee_talks", DENVER)
    play("caller_is_refused", 10, call=TO_CAROL, login=ALICE, status=status).done()
    chicago.done()
    cdr = records.only()
    assert (cdr.end_cause, cdr.status, cdr.answered_at) == (cause, status, None)
    assert [attempt.status for attempt in cdr.attempts] == [status]
    assert denver.messages == ""


def test_callee_that_rings_too_long_is_cancelled(play: Play, records: Records) -> None:
    carol = play("callee_rings", CHICAGO, silence=0)
    began = time.monotonic()
    play("caller_is_refused", 10, call=TO_CAROL, login=ALICE, status=480).done()
    carol.done()
    took = time.monotonic() - began
    cdr = records.only()
    assert cdr.end_cause is EndCause.NO_ANSWER
    assert cdr.rang_at is not None
    assert cdr.ended_at is not None
    assert BRIEF_RING_S - 0.1 < cdr.ended_at - cdr.started_at < took


def test_caller_may_give_up_while_it_rings(play: Play, records: Records) -> None:
    carol = play("callee_rings", CHICAGO, silence=0)
    play("caller_cancels_ringing", 10, call=TO_CAROL, login=ALICE).done()
    carol.done()
    cdr = records.only()
    assert (cdr.end_cause, cdr.status) == (EndCause.CANCELLED, 487)


def test_cancel_before_the_callee_said_anything_waits_until_it_rings(play: Play, records: Records) -> None:
    carol = play("callee_rings", CHICAGO, silence=1200)
    play("caller_cancels_trying", 10, call=TO_CAROL, login=ALICE).done()
    carol.done()
    said = carol.messages
    assert said.index("180 Ringing") < said.index("CANCEL sip:")
    assert records.only().end_cause is EndCause.CANCELLED


def test_number_of_nobody_is_refused_with_404(play: Play, records: Records) -> None:
    play("caller_is_refused", 10, call=TO_CAROL.replace(CAROL, "+4930555000"), login=ALICE, status=404).done()
    cdr = records.only()
    assert (cdr.end_cause, cdr.rejection, cdr.attempts) == (EndCause.REJECTED, "no-trunk", ())


def test_user_without_device_is_refused_with_480(play: Play, records: Records) -> None:
    play("caller_is_refused", 10, call="bob@biloxi.example", login=ALICE, status=480).done()
    assert records.only().rejection == "unregistered"
