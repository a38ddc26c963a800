"""Kamailio before the server: as a provider's proxy that answers challenges, and as the edge that devices register through."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from interop.conftest import BOB, CAROL, NUMBER, PASSWORD, PROVIDER, REALM
from interop.linphone import RUNNING, Linphone, hold_and_resume
from live_server import CHICAGO, LiveServer, Records, eventually
from live_sipp import Play, is_bound
from trunkline.domain.cdr import EndCause

pytestmark = pytest.mark.needs("kamailio")

EDGE = 40


@pytest.fixture(scope="module")
def edge(server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Kamailio before the server; its address."""
    folder = tmp_path_factory.mktemp("kamailio")
    host = server.network.address(EDGE)
    text = Path(__file__).with_name("kamailio.cfg").read_text()
    values = {
        "HOST": host,
        "SERVER": server.host,
        "REALM": REALM,
        "PASSWORD": PASSWORD,
        "USER": PROVIDER.partition("@")[0],
    }
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    (folder / "kamailio.cfg").write_text(text)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["kamailio", "-DD", "-E", "-f", str(folder / "kamailio.cfg"), "-P", str(folder / "pid"), "-Y", str(folder)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        assert eventually(lambda: is_bound(host, 5060) and is_bound(host, 5062)), (folder / "log").read_text()
        yield host
    finally:
        process.terminate()  # it ends its workers itself
        with suppress(subprocess.TimeoutExpired):
            process.wait(5.0)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(5.0)


@pytest.mark.needs("sipp")
def test_challenge_is_answered_by_the_providers_proxy(play: Play, records: Records, edge: str) -> None:
    carrier = play("carrier_echoes", CHICAGO)
    play("provider_behind_proxy", 10, call=f"{NUMBER}@{REALM}", peer=edge).done()
    carrier.done()
    cdr = records.only()
    assert cdr.end_cause is EndCause.CALLER_HUNG_UP
    assert cdr.source == f"{edge}:5062"


@pytest.mark.needs("linphone-daemon")
def test_device_behind_an_edge_is_reached_there_and_held_by_who_calls_directly(
    server: LiveServer, records: Records, tmp_path: Path, edge: str
) -> None:
    """A Linphone names itself by the GRUU that we gave it: the edge could not tell where that is."""
    bob = Linphone(server, tmp_path, BOB, 31, password=PASSWORD)
    carol = Linphone(server, tmp_path, CAROL, 32, password=PASSWORD, proxy=edge)
    try:
        bob.wait_until_registration("Ok")
        carol.wait_until_registration("Ok")
        bob.command(f"call sip:{CAROL}")
        carol.wait("LinphoneCallIncomingReceived")
        carol.command("answer")
        carol.wait(RUNNING)
        bob.wait(RUNNING)
        hold_and_resume(bob, carol)
        bob.command("terminate")
        carol.wait("LinphoneCallEnd")
        assert records.only().end_cause is EndCause.CALLER_HUNG_UP
    finally:
        bob.stop()
        carol.stop()
