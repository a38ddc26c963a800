"""SIPp as the provider that calls a number and as the carrier that it leaves through, with sound."""

from __future__ import annotations

import math
from array import array
from pathlib import Path

import pytest

from interop.conftest import NUMBER, PROVIDER, REALM
from live_server import CHICAGO, LiveServer, Records
from live_sipp import Play
from trunkline.domain.cdr import EndCause
from trunkline.media.g711 import ULAW_PAYLOAD_TYPE, encode

pytestmark = pytest.mark.needs("sipp")

CALLED = f"{NUMBER}@{REALM}"
SECOND = 8000


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of a tone as SIPp wants it: nothing but PCMU."""
    path = tmp_path_factory.mktemp("sound") / "tone"
    samples = (round(12_000 * math.sin(2 * math.pi * 440 * index / SECOND)) for index in range(3 * SECOND))
    path.write_bytes(encode(array("h", samples), ULAW_PAYLOAD_TYPE))
    return path


def test_sound_of_the_provider_comes_back_from_the_carrier(play: Play, records: Records, sound: Path) -> None:
    carrier = play("carrier_echoes", CHICAGO, echo=True)
    play("provider_plays", 10, call=CALLED, login=PROVIDER, sound=sound).done()
    carrier.done()
    cdr = records.only()
    assert cdr.end_cause is EndCause.CALLER_HUNG_UP
    assert cdr.media is not None
    assert cdr.media.caller.received > 60
    assert cdr.media.callee.received >= cdr.media.caller.received - 5
    assert cdr.media.caller.lost == cdr.media.callee.lost == 0


def test_many_calls_at_once_all_succeed(
    play: Play, records: Records, server: LiveServer, sound: Path
) -> None:
    carrier = play("carrier_echoes", CHICAGO, calls=20, echo=True)
    play("provider_plays", 10, call=CALLED, login=PROVIDER, calls=20, rate=10, sound=sound).done()
    carrier.done()
    ended = records.ended(20)
    assert {cdr.end_cause for cdr in ended} == {EndCause.CALLER_HUNG_UP}
    assert server.metrics()["trunkline_calls"] == 0
