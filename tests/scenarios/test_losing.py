"""A network that loses and repeats messages, and responses that must not get lost."""

from __future__ import annotations

import re

import pytest

from live_party import Scene
from live_server import CHICAGO, Records
from live_sipp import Play
from scenarios.town import ALICE, ATLANTA, BILOXI, BOB, TO_CAROL
from trunkline.domain.cdr import EndCause


class LosesFirst:
    """Loses the first messages that fit, so many of them."""

    def __init__(self, receiver: str, pattern: str, count: int = 1) -> None:
        self._receiver = receiver
        self._pattern = re.compile(pattern)
        self.left = count

    def __call__(self, _sender: str, receiver: str, text: str) -> bool:
        if receiver != self._receiver or not self._pattern.match(text) or not self.left:
            return False
        self.left -= 1
        return True


@pytest.mark.needs("sipp")
def test_answer_is_repeated_until_it_is_acknowledged(play: Play, records: Records) -> None:
    carol = play("callee_talks", CHICAGO)
    alice = play("caller_acknowledges_late", 10, call=TO_CAROL, login=ALICE)
    alice.done()
    carol.done()
    answers = [
        one for one in alice.received("SIP/2.0 200 OK") if re.search(r"^CSeq: *\d+ INVITE", one, re.MULTILINE)
    ]
    assert len(answers) > 1
    assert len(set(answers)) == 1
    assert records.only().end_cause is EndCause.CALLER_HUNG_UP


@pytest.mark.needs("sipp")
def test_reliable_ringing_is_acknowledged_on_both_sides(play: Play) -> None:
    carol = play("callee_wants_prack", CHICAGO)
    play("caller_pracks", 10, call=TO_CAROL, login=ALICE).done()
    carol.done()


@pytest.mark.needs("sipp")
def test_reliable_ringing_ends_here_for_a_caller_that_does_not_know_it(play: Play) -> None:
    carol = play("callee_wants_prack", CHICAGO)
    alice = play("caller_talks", 10, call=TO_CAROL, login=ALICE, talk=50)
    alice.done()
    carol.done()
    assert "RSeq" not in alice.messages


async def test_lost_invite_is_sent_again_and_rings_once(scene: Scene) -> None:
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    scene.loses = lost = LosesFirst("bob", "INVITE")
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status)
    assert (lost.left, len(bob.incoming)) == (0, 1)


async def test_repeated_invite_makes_no_second_call(scene: Scene) -> None:
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    scene.loses = lost = LosesFirst("alice", r"SIP/2\.0 1", 2)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).ring()
    await scene.until(lambda: 180 in call.statuses)
    assert (lost.left, len(bob.incoming)) == (0, 1)
    bob.call.answer()
    await scene.until(lambda: call.status)


async def test_repeated_answer_of_the_callee_is_acknowledged_again(scene: Scene) -> None:
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    scene.loses = lost = LosesFirst("bob", "ACK")
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status and bob.call.acks)
    assert lost.left == 0
    await alice.hang_up(call)


async def test_lost_bye_is_sent_again(scene: Scene) -> None:
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status)
    scene.loses = lost = LosesFirst("bob", "BYE", 2)
    await alice.hang_up(call)
    await scene.until(lambda: bob.call.is_over)
    assert (lost.left, bob.call.methods) == (0, ["BYE"])


async def test_lost_answer_to_a_bye_is_given_again(scene: Scene, records: Records) -> None:
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status)
    scene.loses = lost = LosesFirst("alice", r"SIP/2\.0 200 .*\r\n(.*\r\n)*CSeq: \d+ BYE")
    await alice.hang_up(call)
    assert lost.left == 0
    assert records.only().end_cause is EndCause.CALLER_HUNG_UP


async def test_lost_cancel_is_sent_again(scene: Scene) -> None:
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).ring()
    await scene.until(lambda: 180 in call.statuses)
    scene.loses = lost = LosesFirst("bob", "CANCEL")
    call.cancel()
    await scene.until(lambda: call.status and bob.call.is_over)
    assert (lost.left, call.status) == (0, 487)


async def test_answer_that_crosses_the_cancel_is_hung_up(scene: Scene, records: Records) -> None:
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).ring()
    await scene.until(lambda: 180 in call.statuses)
    bob.holds = {"CANCEL"}
    call.cancel()
    await scene.until(lambda: bob.call.methods)
    bob.call.answer()
    await scene.until(lambda: "BYE" in bob.call.methods and call.status)
    assert call.status == 487
    assert records.only().end_cause is EndCause.CANCELLED
