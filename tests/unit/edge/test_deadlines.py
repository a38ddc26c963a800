"""Things come up when they are due, once, and only if nobody forgot them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trunkline.edge.deadlines import Deadlines


def test_the_next_deadline_is_the_earliest():
    deadlines = Deadlines()
    deadlines.look(1, 30)
    deadlines.look(2, 10)
    assert deadlines.next_at() == 10
    assert deadlines.due(9) == []
    assert deadlines.due(10) == [2]
    assert deadlines.next_at() == 30


def test_an_earlier_look_replaces_and_a_later_one_does_not():
    deadlines = Deadlines()
    deadlines.look(1, 30)
    deadlines.look(1, 10)
    deadlines.look(1, 20)
    assert deadlines.due(100) == [1]
    assert deadlines.next_at() is None


def test_what_is_forgotten_does_not_come_up():
    deadlines = Deadlines()
    deadlines.look(1, 10)
    deadlines.forget(1)
    deadlines.forget(1)
    assert deadlines.next_at() is None
    assert deadlines.due(100) == []


def test_thousands_of_forgotten_ones_are_not_kept():
    deadlines = Deadlines()
    for number in range(5_000):
        deadlines.look(number, 100)
        deadlines.forget(number)
    assert len(deadlines._heap) < 100


@given(
    st.lists(
        st.tuples(st.sampled_from(["look", "forget", "due"]), st.integers(0, 6), st.integers(0, 50)),
        max_size=80,
    ),
)
def test_it_behaves_like_a_dict_of_the_earliest_look(steps):
    deadlines, expected = Deadlines(), {}
    for step, number, at in steps:
        if step == "look":
            deadlines.look(number, at)
            expected[number] = min(at, expected.get(number, at))
        elif step == "forget":
            deadlines.forget(number)
            expected.pop(number, None)
        else:
            due = deadlines.due(at)
            assert sorted(due) == sorted(known for known, when in expected.items() if when <= at)
            for known in due:
                del expected[known]
        assert deadlines.next_at() == min(expected.values(), default=None)
        assert len(deadlines) == len(expected)
