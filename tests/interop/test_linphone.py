"""Linphone to Linphone through the server: calls, hold, both ways of transfer, what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from interop.conftest import BOB, CAROL, PASSWORD, PROVIDER, REALM
from interop.linphone import RUNNING, Linphone, hold_and_resume
from live_server import LiveServer, Records, eventually
from trunkline.domain.cdr import EndCause

pytestmark = pytest.mark.needs("linphone-daemon")

RINGS = "LinphoneCallIncomingReceived"
ENDED = "LinphoneCallEnd"

Telephone = Callable[..., Linphone]


@pytest.fixture
def telephone(server: LiveServer, tmp_path: Path) -> Iterator[Telephone]:
    """Start telephones; they are stopped when the test is over."""
    telephones: list[Linphone] = []

    def start(user: str, number: int, **arguments: Any) -> Linphone:
        arguments.setdefault("password", PASSWORD)
        telephones.append(Linphone(server, tmp_path, user, number, **arguments))
        return telephones[-1]

    yield start
    for each in telephones:
        each.stop()


def call(caller: Linphone, callee: Linphone, uri: str) -> None:
    caller.command(f"call sip:{uri}")
    callee.wait(RINGS)
    callee.command("answer")
    callee.wait(RUNNING)
    caller.wait(RUNNING)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_call_is_held_resumed_and_ended(
    telephone: Telephone, server: LiveServer, records: Records, transport: str
) -> None:
    bob, carol = telephone(BOB, 31, transport=transport), telephone(CAROL, 32, transport=transport)
    bob.wait_until_registration("Ok")
    carol.wait_until_registration("Ok")
    call(bob, carol, CAROL)
    hold_and_resume(bob, carol)
    carol.command("terminate")
    bob.wait(ENDED)
    assert records.only().end_cause is EndCause.CALLEE_HUNG_UP
    bob.stop()
    carol.stop()
    assert eventually(lambda: server.metrics()["trunkline_bindings"] == 0)


def test_callee_hands_the_caller_over_unasked(telephone: Telephone, records: Records) -> None:
    bob, carol, dave = telephone(BOB, 31), telephone(CAROL, 32), telephone(PROVIDER, 33)
    for each in (bob, carol, dave):
        each.wait_until_registration("Ok")
    call(bob, carol, CAROL)
    carol.command(f"call-transfer 1 sip:{PROVIDER}")
    dave.wait(RINGS)
    dave.command("answer")
    dave.wait(RUNNING)
    carol.wait(ENDED)
    dave.command("terminate")
    bob.wait(ENDED)
    assert records.only().end_cause is EndCause.CALLEE_HUNG_UP


def test_callee_asks_before_handing_the_caller_over(telephone: Telephone, records: Records) -> None:
    bob, carol, dave = telephone(BOB, 31), telephone(CAROL, 32), telephone(PROVIDER, 33)
    for each in (bob, carol, dave):
        each.wait_until_registration("Ok")
    call(bob, carol, CAROL)
    carol.command("call-pause 1")
    carol.wait("LinphoneCallPaused")
    call(carol, dave, PROVIDER)
    carol.command("call-transfer 1 2")
    carol.wait(ENDED)
    carol.wait(ENDED)
    bob.command("terminate")
    dave.wait(ENDED)
    assert len(records.ended(2)) == 2


def test_what_is_refused_is_told(telephone: Telephone, server: LiveServer, records: Records) -> None:
    mallory = telephone(CAROL, 32, password="not-this-one")
    mallory.wait_until_registration("Failed")
    assert eventually(lambda: server.metrics()["trunkline_bindings"] == 0)
    bob = telephone(BOB, 31)
    bob.wait_until_registration("Ok")
    bob.command(f"call sip:nobody@{REALM}")
    bob.wait("LinphoneCallError")
    assert records.only().rejection == "unknown-destination"
