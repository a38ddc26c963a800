"""DNS answers hold for their time to live, within bounds, and outlive a DNS that does not answer."""

from __future__ import annotations

from trunkline.edge.answer_cache import AnswerCache
from trunkline.sip.locating import AddressRecord, Question

WHERE = Question("A", "biloxi.example")
THERE = (AddressRecord("192.0.2.1"),)


def test_an_answer_holds_for_its_time_to_live():
    cache = AnswerCache()
    cache.put(WHERE, THERE, 60, now=100)
    assert cache.get(WHERE, 159) == THERE
    assert cache.get(WHERE, 160) is None


def test_times_to_live_are_kept_within_bounds():
    cache = AnswerCache()
    cache.put(WHERE, THERE, 0, now=0)
    assert cache.get(WHERE, 4) == THERE
    cache.put(WHERE, THERE, 10**9, now=0)
    assert cache.get(WHERE, 3_600) is None


def test_absence_is_remembered_for_minutes_at_most():
    cache = AnswerCache()
    cache.put(WHERE, (), 86_400, now=0)
    assert cache.get(WHERE, 299) == ()
    assert cache.get(WHERE, 300) is None


def test_what_nobody_asked_is_unknown():
    assert AnswerCache().get(WHERE, 0) is None


def test_the_last_answer_serves_while_dns_is_down():
    cache = AnswerCache()
    cache.put(WHERE, THERE, 60, now=0)
    assert cache.put_failure(WHERE, now=1_000) == THERE
    assert cache.get(WHERE, 1_004) == THERE
    assert cache.get(WHERE, 1_006) is None
    assert cache.put_failure(WHERE, now=100_000) == ()


def test_a_failure_without_an_earlier_answer_is_remembered_shortly():
    cache = AnswerCache()
    assert cache.put_failure(WHERE, now=0) == ()
    assert cache.get(WHERE, 4) == ()
    assert cache.get(WHERE, 6) is None


def test_an_absence_does_not_serve_after_its_time():
    cache = AnswerCache()
    cache.put(WHERE, (), 60, now=0)
    assert cache.put_failure(WHERE, now=61) == ()
    cache.put(WHERE, THERE, 60, now=70)
    assert cache.get(WHERE, 71) == THERE


def test_the_oldest_answer_makes_room():
    cache = AnswerCache(max_answers=3)
    for number in range(5):
        cache.put(Question("A", f"{number}.example"), THERE, 60, now=0)
    assert len(cache) == 3
    assert cache.get(Question("A", "0.example"), 1) is None
    assert cache.get(Question("A", "4.example"), 1) == THERE
