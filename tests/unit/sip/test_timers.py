from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sip.timers import Timer, TimerHeap, Timings


def test_timers_fire_in_the_order_they_are_due() -> None:
    heap = TimerHeap()
    for due in (3.0, 1.0, 2.0):
        heap.start(due, str(due), None)
    assert heap.next_due() == 1.0
    assert [timer.kind for timer in heap.expired(2.5)] == ["1.0", "2.0"]
    assert heap.next_due() == 3.0


def test_of_two_due_together_the_first_started_fires_first() -> None:
    heap = TimerHeap()
    heap.start(1.0, "first", object())
    heap.start(1.0, "second", object())
    assert [timer.kind for timer in heap.expired(1.0)] == ["first", "second"]


def test_cancelled_timer_never_fires_and_lets_go_of_its_owner() -> None:
    heap = TimerHeap()
    timer = heap.start(1.0, "A", object())
    heap.cancel(timer)
    assert timer.owner is None
    assert len(heap) == 0
    assert heap.next_due() is None
    assert heap.expired(9.0) == []


def test_cancelling_twice_or_after_firing_or_nothing_changes_nothing() -> None:
    heap = TimerHeap()
    fired = heap.start(1.0, "A", None)
    kept = heap.start(5.0, "B", None)
    assert heap.pop_expired(1.0) is fired
    heap.cancel(fired)
    heap.cancel(fired)
    heap.cancel(None)
    assert len(heap) == 1
    assert heap.expired(5.0) == [kept]


def test_timer_cancelled_while_another_of_the_same_moment_is_handled_is_not_seen() -> None:
    heap = TimerHeap()
    heap.start(1.0, "A", None)
    second = heap.start(1.0, "B", None)
    assert heap.pop_expired(1.0) is not None
    heap.cancel(second)
    assert heap.pop_expired(1.0) is None


def test_heap_of_mostly_cancelled_timers_is_cleared_of_them() -> None:
    heap = TimerHeap()
    timers = [heap.start(1000.0 + number, "B", None) for number in range(2000)]
    for timer in timers[:-1]:
        heap.cancel(timer)
    assert len(heap) == 1
    assert len(heap._heap) < 600
    assert heap.next_due() == 2999.0


@pytest.mark.parametrize("t1", [0.5, 0.1, 1.0])
def test_timeout_is_64_times_t1(t1: float) -> None:
    assert Timings(t1=t1).timeout == 64 * t1


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("start"), st.integers(0, 50)),
        st.tuples(st.just("cancel"), st.integers(0, 50)),
        st.tuples(st.just("expire"), st.integers(0, 50)),
    ),
    max_size=200,
)


@given(OPERATIONS)
def test_heap_behaves_as_a_sorted_list(operations: list[tuple[str, int]]) -> None:
    heap = TimerHeap()
    model: list[Timer] = []
    started: list[Timer] = []
    for operation, number in operations:
        if operation == "start":
            timer = heap.start(float(number), "T", len(started))
            started.append(timer)
            model.append(timer)
        elif operation == "cancel" and started:
            timer = started[number % len(started)]
            heap.cancel(timer)
            model = [other for other in model if other is not timer]
        elif operation == "expire":
            expected = sorted((timer for timer in model if timer.due <= number), key=lambda timer: timer.due)
            assert heap.expired(float(number)) == expected
            model = [timer for timer in model if timer.due > number]
        assert len(heap) == len(model)
        assert heap.next_due() == min((timer.due for timer in model), default=None)
