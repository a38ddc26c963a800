"""Calls that are answered: who is told what, and what stands in the record."""

from __future__ import annotations

import re
import time

import pytest

from live_party import Scene
from live_server import CHICAGO, Records
from live_sipp import Play
from scenarios.town import ALICE, ATLANTA, CAROL, TO_CAROL
from trunkline.domain.cdr import EndCause

pytestmark = pytest.mark.needs("sipp")


def test_answered_call_is_recorded(play: Play, records: Records) -> None:
    carol = play("callee_talks", CHICAGO)
    began = time.monotonic()
    play("caller_talks", 10, call=TO_CAROL, login=ALICE, talk=500).done()
    carol.done()
    took = time.monotonic() - began
    cdr = records.only()
    assert (cdr.end_cause, cdr.status, cdr.callee) == (EndCause.CALLER_HUNG_UP, 200, CAROL)
    assert 0.4 < cdr.duration_s < took
    assert [attempt.status for attempt in cdr.attempts] == [200]
    assert cdr.user_agent == "SIPp caller"


def test_callee_may_hang_up(play: Play, records: Records) -> None:
    carol = play("callee_hangs_up", CHICAGO)
    play("caller_waits_for_bye", 10, call=TO_CAROL, login=ALICE).done()
    carol.done()
    assert records.only().end_cause is EndCause.CALLEE_HUNG_UP


def test_number_is_dialled_as_people_of_the_country_do(play: Play, records: Records) -> None:
    carol = play("callee_talks", CHICAGO)
    play("caller_talks", 10, call=f"3125550199@{ATLANTA}", login=ALICE, talk=50).done()
    carol.done()
    assert carol.received("INVITE sip:+13125550199@")
    assert records.only().callee == "3125550199"


def test_carrier_learns_neither_credentials_nor_address_of_the_caller(play: Play) -> None:
    carol = play("callee_talks", CHICAGO)
    alice = play("caller_talks", 10, call=TO_CAROL, login=ALICE, talk=50)
    alice.done()
    carol.done()
    assert "uthorization" in alice.messages
    said = carol.messages
    assert "uthorization" not in said
    assert not re.search(rf"{re.escape(alice.host)}(?!\d)", said)
    assert "SIPp caller" not in said


def test_early_media_reaches_the_caller(play: Play) -> None:
    carol = play("callee_plays_early_media", CHICAGO)
    play("caller_hears_early_media", 10, call=TO_CAROL, login=ALICE).done()
    carol.done()


async def test_both_hear_each_other_and_the_record_counts_it(scene: Scene, records: Records) -> None:
    alice, carol = await scene.party("alice", 10, realm=ATLANTA), await scene.party("carol", CHICAGO)
    call = alice.invite(f"sip:{TO_CAROL}")
    (await carol.rung()).answer()
    await scene.until(lambda: call.status and carol.call.acks)
    await scene.conversation(call, carol.call)
    await scene.until(lambda: alice.has_heard_all_of(carol) and carol.has_heard_all_of(alice))
    await alice.hang_up(call)
    media = records.only().media
    assert media is not None
    assert media.relayed >= alice.talk.sent + carol.talk.sent - 4
    assert media.caller.lost == media.callee.lost == 0


async def test_ringing_tone_of_the_carrier_is_heard_before_the_answer(scene: Scene) -> None:
    alice, carol = await scene.party("alice", 10, realm=ATLANTA), await scene.party("carol", CHICAGO)
    call = alice.invite(f"sip:{TO_CAROL}")
    (await carol.rung()).ring(183, carol.answer_to(carol.call.invite.body))
    await scene.until(lambda: 183 in call.statuses)
    await scene.conversation(call, carol.call)
    assert call.status == 0
    carol.call.answer()
    await scene.until(lambda: call.status and carol.call.acks)
    await scene.conversation(call, carol.call)
    await alice.hang_up(call)


async def test_offer_in_the_answer_is_answered_in_the_acknowledgement(scene: Scene) -> None:
    alice, carol = await scene.party("alice", 10, realm=ATLANTA), await scene.party("carol", CHICAGO)
    call = alice.invite(f"sip:{TO_CAROL}", b"")
    (await carol.rung()).answer()
    await scene.until(lambda: call.status and carol.call.acks)
    await scene.conversation(call, carol.call)
    await alice.hang_up(call)
