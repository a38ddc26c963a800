"""Session descriptions that would turn the media engine against somebody, or use it up."""

from __future__ import annotations

import pytest

from fakes.call_party import sdp
from fakes.call_world import BOB, Cast, World
from trunkline.calls.anchor import MOST_STREAMS
from trunkline.domain.media import Side


@pytest.mark.parametrize(
    "address", ["10.0.0.7", "192.168.1.9", "172.31.0.1", "100.64.0.1", "169.254.169.254", "127.0.0.1"]
)
def test_media_for_a_private_address_of_somebody_outside_goes_to_its_router(
    cast: Cast, world: World, address: str
) -> None:
    call = cast.alice.invite(BOB, sdp(address))
    cast.bob.call.answer()
    (stream,) = world.engine.streams.values()
    assert stream.remote(Side.CALLER) == (cast.alice.host, 4000)
    assert not stream.remotes[Side.CALLER].trusted
    call.bye()


def test_a_trunk_says_itself_where_its_media_goes(cast: Cast, world: World) -> None:
    call = cast.chicago.invite("sip:+13125550100@203.0.113.1", sdp("10.0.0.7"))
    cast.bob.call.answer()
    (stream,) = world.engine.streams.values()
    assert stream.remote(Side.CALLER) == ("10.0.0.7", 4000)
    call.bye()


def test_a_public_address_is_taken_at_its_word(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB, sdp("198.51.100.99"))
    cast.bob.call.answer()
    (stream,) = world.engine.streams.values()
    assert stream.remote(Side.CALLER) == ("198.51.100.99", 4000)
    call.bye()


def test_one_call_does_not_use_up_the_ports_of_all(cast: Cast, world: World) -> None:
    more = b"m=audio 4100 RTP/AVP 0\r\n"
    call = cast.alice.invite(BOB, sdp(cast.alice.host) + more * MOST_STREAMS)
    assert call.statuses == [488]
    assert world.engine.streams == {}
    assert world.cdr.rejection == "media-unsupported"
    # Refused streams cost nothing.
    call = cast.alice.invite(BOB, sdp(cast.alice.host) + more.replace(b"4100", b"0") * 30)
    cast.bob.call.answer()
    assert call.status == 200
    assert len(world.engine.streams) == 1
    call.bye()
