"""Pings are spread evenly, come once a turn, and those that nobody answers make a flow dead."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.edge.keepalive import KeepaliveWheel
from trunkline.sip.flow import Flow, Listener

LISTENER = Listener("udp", "192.0.2.1", 5060)


def flow(number: int) -> Flow:
    return Flow(LISTENER, "198.51.100.7", number)


def turn_through(wheel: KeepaliveWheel, start: float, seconds: float, step: float = 0.1):
    """Turn in steps; return each ping's time and the dead."""
    pings, dead = [], []
    for index in range(int(seconds / step)):
        now = start + index * step
        due, gone = wheel.turn(now)
        pings.extend((now, pinged) for pinged in due)
        dead.extend(gone)
    return pings, dead


@given(start=st.floats(min_value=0, max_value=1e9), step=st.sampled_from([0.03, 0.1, 0.7, 3.0]))
def test_every_flow_is_pinged_once_a_turn(start, step):
    wheel = KeepaliveWheel(interval_s=10, slots=50)
    for number in range(120):
        wheel.add(flow(number))
    wheel.turn(start)
    due = Counter()
    for index in range(1, int(40 / step) + 1):
        due.update(wheel.turn(start + index * step)[0])
    assert set(due) == {flow(number) for number in range(120)}
    assert set(due.values()) <= {3, 4, 5}


def test_pings_are_spread_evenly_over_the_turn():
    wheel = KeepaliveWheel(interval_s=25, slots=250)
    for number in range(100_000):
        wheel.add(flow(number))
    wheel.turn(50.05)
    per_step = [len(wheel.turn(50.05 + index * 0.1)[0]) for index in range(1, 251)]
    assert sum(per_step) == 100_000
    assert max(per_step) <= 800  # two slots at most fall into one step of the same length
    assert sorted(per_step)[125] == 400


def test_an_added_flow_is_pinged_within_a_turn_and_not_after_removal():
    wheel = KeepaliveWheel(interval_s=10, slots=10)
    wheel.turn(100)
    wheel.add(flow(1))
    wheel.add(flow(1))
    pings, _dead = turn_through(wheel, 100, 10.55)
    assert [pinged for _at, pinged in pings] == [flow(1)]
    wheel.remove(flow(1))
    wheel.remove(flow(1))
    assert turn_through(wheel, 111, 30) == ([], [])
    assert len(wheel) == 0
    assert flow(1) not in wheel


def test_a_pause_longer_than_a_turn_pings_each_flow_once():
    wheel = KeepaliveWheel(interval_s=10, slots=10)
    for number in range(30):
        wheel.add(flow(number))
    wheel.turn(0)
    pings, _dead = wheel.turn(1000)
    assert Counter(pings) == Counter({flow(number): 1 for number in range(30)})


def test_unanswered_pings_make_a_flow_dead_once_and_remove_it():
    wheel = KeepaliveWheel(interval_s=10, slots=10, max_unanswered=3)
    wheel.add(flow(1))
    pings, dead = turn_through(wheel, 0, 100)
    assert len(pings) == 3
    assert dead == [flow(1)]
    assert flow(1) not in wheel


def test_an_answer_between_pings_keeps_a_flow_alive():
    wheel = KeepaliveWheel(interval_s=10, slots=10, max_unanswered=2)
    wheel.add(flow(1))
    wheel.add(flow(2))
    dead = []
    for second in range(200):
        dead.extend(wheel.turn(second)[1])
        if second % 15 == 0:
            wheel.answered(flow(1))
    assert dead == [flow(2)]
    assert flow(1) in wheel


def test_pings_that_nobody_answers_by_nature_kill_nothing():
    wheel = KeepaliveWheel(interval_s=10, slots=10)
    wheel.add(flow(1))
    pings, dead = turn_through(wheel, 0, 1000)
    assert len(pings) >= 98
    assert not dead


@pytest.mark.parametrize(("interval", "slots"), [(0, 10), (-1, 10), (10, 0)])
def test_a_wheel_that_cannot_turn_is_refused(interval, slots):
    with pytest.raises(ValueError, match="interval"):
        KeepaliveWheel(interval, slots)
