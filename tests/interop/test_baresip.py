"""baresip to baresip through the server: what people do with telephones, heard in both ears."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from interop.baresip import Baresip
from interop.conftest import BOB, CAROL, PASSWORD, REALM
from live_server import LiveServer, Records, eventually
from trunkline.domain.cdr import EndCause

pytestmark = pytest.mark.needs("baresip")

Telephone = Callable[..., Baresip]


@pytest.fixture
def telephone(server: LiveServer, tmp_path: Path) -> Iterator[Telephone]:
    """Start telephones; they are stopped when the test is over."""
    telephones: list[Baresip] = []

    def start(user: str, number: int, **arguments: Any) -> Baresip:
        arguments.setdefault("password", PASSWORD)
        telephones.append(Baresip(server, tmp_path, user, number, hertz=300 + 50 * number, **arguments))
        return telephones[-1]

    yield start
    for each in telephones:
        each.stop()


def hears(listener: Baresip, speaker: Baresip, seconds: float) -> None:
    share, heard_s = listener.heard(speaker.hertz)
    assert share > 0.9, f"only {share:.2f} of what was heard is the other's tone"
    assert heard_s >= seconds


def let_talk(one: Baresip, other: Baresip, seconds: float) -> None:
    """Let two talk until each has heard something for so long."""
    eventually(lambda: min(one.heard(other.hertz)[1], other.heard(one.hertz)[1]) > seconds + 0.25)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_both_hear_each_other(
    telephone: Telephone, server: LiveServer, records: Records, transport: str
) -> None:
    bob, carol = (
        telephone(BOB, 11, transport=transport),
        telephone(CAROL, 16, transport=transport, answers=True),
    )
    bob.wait_until_registered()
    carol.wait_until_registered()
    bob.command("dial", f"sip:{CAROL}")
    bob.wait("CALL_ESTABLISHED")
    let_talk(bob, carol, 1.0)
    bob.command("hangup")
    carol.wait("CALL_CLOSED")
    bob.stop()
    carol.stop()
    hears(bob, carol, 1.0)
    hears(carol, bob, 1.0)
    cdr = records.only()
    assert cdr.end_cause is EndCause.CALLER_HUNG_UP
    assert cdr.media is not None
    assert min(cdr.media.caller.received, cdr.media.callee.received) > 60
    assert eventually(lambda: server.metrics()["trunkline_bindings"] == 0) is True


def test_telephones_of_different_transports_hear_each_other(telephone: Telephone) -> None:
    bob, carol = telephone(BOB, 11, transport="tcp"), telephone(CAROL, 16, answers=True)
    bob.wait_until_registered()
    carol.wait_until_registered()
    bob.command("dial", f"sip:{CAROL}")
    bob.wait("CALL_ESTABLISHED")
    let_talk(bob, carol, 0.75)
    bob.command("hangup")
    carol.wait("CALL_CLOSED")
    bob.stop()
    carol.stop()
    hears(bob, carol, 0.75)
    hears(carol, bob, 0.75)


def test_hold_reaches_the_other_side_and_sound_is_relayed_after_it(
    telephone: Telephone, records: Records
) -> None:
    bob, carol = telephone(BOB, 11), telephone(CAROL, 16, answers=True)
    bob.wait_until_registered()
    carol.wait_until_registered()
    bob.command("dial", f"sip:{CAROL}")
    bob.wait("CALL_ESTABLISHED")
    bob.command("hold")
    held = carol.wait_until_it_says("a=sendonly")
    bob.command("resume")
    carol.wait_until_it_says("a=sendrecv", after=held)
    time.sleep(3.0)
    carol.command("hangup")
    bob.wait("CALL_CLOSED")
    cdr = records.only()
    assert cdr.end_cause is EndCause.CALLEE_HUNG_UP
    # baresip records nothing after a hold: what the relay counted has to do.
    assert cdr.media is not None
    assert min(cdr.media.caller.received, cdr.media.callee.received) > 60
    assert cdr.media.relayed == cdr.media.caller.received + cdr.media.callee.received


def test_call_may_be_rejected(telephone: Telephone, records: Records) -> None:
    bob, carol = telephone(BOB, 11), telephone(CAROL, 16)
    bob.wait_until_registered()
    carol.wait_until_registered()
    bob.command("dial", f"sip:{CAROL}")
    carol.wait("CALL_INCOMING")
    bob.wait("CALL_RINGING")
    carol.command("hangup")
    assert bob.wait("CALL_CLOSED")["param"].startswith("486")
    assert records.only().end_cause is EndCause.BUSY


def test_ringing_stops_when_the_caller_gives_up(telephone: Telephone, records: Records) -> None:
    bob, carol = telephone(BOB, 11), telephone(CAROL, 16)
    bob.wait_until_registered()
    carol.wait_until_registered()
    bob.command("dial", f"sip:{CAROL}")
    carol.wait("CALL_INCOMING")
    bob.wait("CALL_RINGING")
    bob.command("hangup")
    carol.wait("CALL_CLOSED")
    assert records.only().end_cause is EndCause.CANCELLED


def test_callee_that_nobody_knows_is_refused(telephone: Telephone, records: Records) -> None:
    bob = telephone(BOB, 11)
    bob.wait_until_registered()
    bob.command("dial", f"sip:nobody@{REALM}")
    assert bob.wait("CALL_CLOSED")["param"].startswith("404")
    assert records.only().rejection == "unknown-destination"


def test_wrong_password_is_told_and_not_believed(telephone: Telephone, server: LiveServer) -> None:
    bob = telephone(BOB, 17, password="not-this-one")
    assert eventually(lambda: 403 in bob.answers_to_register()), bob.answers_to_register()
    assert 200 not in bob.answers_to_register()
    assert eventually(lambda: server.metrics()["trunkline_bindings"] == 0)
