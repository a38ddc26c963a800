"""Counting wrong answers in tables that cannot grow."""

from __future__ import annotations

from trunkline.domain.wrong_answers import WrongAnswerTable


def test_answers_are_counted_per_key():
    table = WrongAnswerTable(forget_after_s=60)
    assert [table.add("a", 0), table.add("a", 1), table.add("b", 1)] == [1, 2, 1]
    assert (table.count("a", 2), table.count("b", 2), table.count("c", 2)) == (2, 1, 0)


def test_a_key_is_forgotten_after_its_time():
    table = WrongAnswerTable(forget_after_s=60)
    table.add("a", 0)
    assert table.count("a", 60) == 1
    assert table.count("a", 60.5) == 0
    assert len(table) == 0
    assert table.add("a", 61) == 1


def test_a_right_answer_clears_its_key_only():
    table = WrongAnswerTable(forget_after_s=60)
    table.add("a", 0)
    table.add("b", 0)
    table.clear("a")
    table.clear("never counted")
    assert (table.count("a", 1), table.count("b", 1)) == (0, 1)


def test_a_full_table_forgets_the_oldest_key():
    table = WrongAnswerTable(forget_after_s=60, most_keys=2)
    for key in "abc":
        table.add(key, 0)
    assert [table.count(key, 0) for key in "abc"] == [0, 1, 1]
    assert len(table) == 2
