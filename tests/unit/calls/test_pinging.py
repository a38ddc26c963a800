"""Pings that keep a router's way open."""

from __future__ import annotations

import pytest

from fakes.call_world import Cast, World
from trunkline.calls.pinging import Pinger
from trunkline.sip.flow import Flow


@pytest.mark.parametrize(("is_there", "heard"), [(True, 1), (False, 0)])
def test_any_answer_is_a_sign_of_life_and_silence_is_none(
    cast: Cast, world: World, is_there: bool, heard: int
) -> None:
    alive: list[Flow] = []
    pinger = Pinger(world.exchange)
    pinger.answered = alive.append
    if not is_there:
        world.unreachable.add("bob")
    flow = world.flow_to(cast.bob)
    pinger.ping(flow)
    world.run()
    assert world.labels("us", "bob") == ["OPTIONS"]
    assert alive == [flow] * heard


def test_answer_that_nobody_waits_for_is_passed_over(cast: Cast, world: World) -> None:
    Pinger(world.exchange).ping(world.flow_to(cast.bob))
    world.run()
    assert world.labels("bob", "us") == ["200"]
