"""How many log lines strangers may cause."""

from __future__ import annotations

from fakes.clock import FakeClock
from trunkline.app.line_budget import LineBudget


def test_a_burst_passes_then_so_many_a_second_and_the_rest_is_told_of_once() -> None:
    clock = FakeClock()
    budget = LineBudget(per_second=2.0, burst=3.0, clock=clock.now)
    assert [budget.admits() for _ in range(5)] == [True, True, True, False, False]
    clock.time += 1.0
    assert [budget.admits() for _ in range(3)] == [True, True, False]
    assert budget.note() == {"lines_left_out": 3}
    assert budget.note() == {}


def test_what_was_not_used_does_not_add_up_beyond_the_burst() -> None:
    clock = FakeClock()
    budget = LineBudget(per_second=2.0, burst=3.0, clock=clock.now)
    clock.time += 1000.0
    assert [budget.admits() for _ in range(4)] == [True, True, True, False]
