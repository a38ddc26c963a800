"""Trunks are tried by longest prefix, priority and weight, and some answers stop the search."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.limits import Limits
from trunkline.domain.trunk import Trunk, TrunkTarget
from trunkline.routing.trunk_selection import (
    LONGEST_REST_S,
    SILENCE,
    NextAction,
    TrunkRestTable,
    failover_statuses,
    fitting_prefix,
    next_action,
    order_trunks,
    rest_until,
    route_of,
    serving_trunks,
)

NUMBER = "+15550100199"


def trunk(trunk_id: int, *prefixes: str, **more) -> Trunk:
    targets = more.pop("targets", (TrunkTarget(f"sip:carrier{trunk_id}.chicago.example"),))
    return Trunk(trunk_id, 1, f"chicago-{trunk_id}", targets, prefixes or ("",), **more)


def order(trunks, number=NUMBER, chance=lambda: 0.0) -> list[int]:
    return [route.trunk.id for route in order_trunks(serving_trunks(trunks, number), chance)]


def test_the_longest_fitting_prefix_counts():
    assert fitting_prefix(trunk(1, "", "+1", "+1555", "+44"), NUMBER) == "+1555"
    assert fitting_prefix(trunk(1, "+44"), NUMBER) is None
    assert fitting_prefix(trunk(1), NUMBER) == ""


def test_longer_prefixes_come_first_whatever_their_priority():
    trunks = [trunk(1, ""), trunk(2, "+1", priority=5), trunk(3, "+1555", priority=9), trunk(4, "+44")]
    assert order(trunks) == [3, 2, 1]


def test_lower_priority_numbers_come_first_within_a_prefix():
    assert order([trunk(1, "+1", priority=3), trunk(2, "+1", priority=1), trunk(3, "+1", priority=2)]) == [
        2,
        3,
        1,
    ]


def test_trunks_that_are_off_empty_or_forbidden_do_not_serve():
    assert order(
        [
            trunk(1, enabled=False),
            trunk(2, targets=()),
            trunk(3, limits=Limits(destinations=("+44",))),
            trunk(4, limits=Limits(destinations=("-+1900",))),
        ]
    ) == [4]


@pytest.mark.parametrize(
    ("draws", "first"),
    [((0.0,), 1), ((0.24,), 1), ((0.26,), 2), ((0.99,), 2)],
)
def test_weights_share_the_first_place(draws, first):
    numbers = iter([*draws, 0.0])
    assert order([trunk(1, weight=1), trunk(2, weight=3)], chance=lambda: next(numbers))[0] == first


def test_a_weight_of_zero_is_tried_last():
    assert order([trunk(1, weight=0), trunk(2, weight=1), trunk(3, weight=0)], chance=lambda: 0.999) == [
        2,
        3,
        1,
    ]


def test_weights_share_in_proportion_over_many_calls():
    chance = random.Random(5).random
    firsts = Counter(order([trunk(1, weight=1), trunk(2, weight=3)], chance=chance)[0] for _ in range(4000))
    assert 850 < firsts[1] < 1150


def test_targets_are_ordered_likewise():
    targets = (
        TrunkTarget("sip:c.example", 2),
        TrunkTarget("sip:a.example", 1, 0),
        TrunkTarget("sip:b.example", 1, 5),
    )
    assert [target.uri for target in route_of(trunk(1, targets=targets), lambda: 0.5).targets] == [
        "sip:b.example",
        "sip:a.example",
        "sip:c.example",
    ]


def test_request_uris_carry_the_number_as_the_trunk_wants_it():
    targets = (
        TrunkTarget("sip:192.0.2.30:15090;transport=tcp", 1),
        TrunkTarget("sips:old@[2001:db8::9]?Subject=x", 2),
        TrunkTarget("nonsense", 3),
    )
    route = route_of(trunk(1, targets=targets), lambda: 0.0)
    assert route.request_uris(NUMBER) == (
        "sip:+15550100199@192.0.2.30:15090;transport=tcp",
        "sips:+15550100199@[2001:db8::9]",
    )
    bare = route_of(trunk(1, targets=targets[:1], plus=False), lambda: 0.0)
    assert bare.request_uris(NUMBER) == ("sip:15550100199@192.0.2.30:15090;transport=tcp",)


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "+1", "+1555", "+44"]), st.integers(1, 3), st.integers(0, 3)),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_every_serving_trunk_is_tried_once_and_never_before_a_better_one(choices, chance):
    trunks = [trunk(n, prefix, priority=p, weight=w) for n, (prefix, p, w) in enumerate(choices)]
    routes = order_trunks(serving_trunks(trunks, NUMBER), chance.random)
    assert sorted(route.trunk.id for route in routes) == [t.id for t in trunks if t.prefixes != ("+44",)]
    ranks = [(-len(route.trunk.prefixes[0]), route.trunk.priority) for route in routes]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("status", [SILENCE, 408, 500, 502, 503, 504])
def test_the_next_one_is_tried_after(status):
    assert next_action(trunk(1), status) is NextAction.FAIL_OVER


@pytest.mark.parametrize("status", [200, 302, 404, 484, 486, 487, 488, 501, 600, 603, 604, 606])
def test_the_search_stops_after(status):
    assert next_action(trunk(1), status) is NextAction.STOP


def test_more_and_fewer_statuses_can_be_set():
    asking = trunk(1, failover_codes=frozenset({404, 484}))
    assert next_action(asking, 404) is NextAction.FAIL_OVER
    assert next_action(asking, 503) is NextAction.STOP
    assert next_action(asking, SILENCE) is NextAction.FAIL_OVER


def test_what_a_person_decided_is_never_tried_elsewhere():
    greedy = trunk(1, failover_codes=frozenset(range(100, 700)))
    assert failover_statuses(greedy) == frozenset(range(300, 600)) - {486}


@pytest.mark.parametrize(
    ("retry_after_s", "until"),
    [(None, None), (0, None), (-5, None), (30, 1030.0), (10**9, 1000.0 + LONGEST_REST_S)],
)
def test_a_rest_is_as_long_as_asked_within_reason(retry_after_s, until):
    assert rest_until(retry_after_s, 1000.0) == until


def test_a_trunk_rests_until_its_time_has_come():
    rests = TrunkRestTable()
    assert rests.resting_s(1, 1000.0) == 0
    rests.rest(1, 1030.0)
    rests.rest(1, 1010.0)
    assert rests.resting_s(1, 1000.0) == 30
    assert rests.resting_s(2, 1000.0) == 0
    assert rests.resting_s(1, 1030.0) == 0
    assert rests.resting_s(1, 1000.0) == 0, "a rest that ended is forgotten"


def test_a_trunk_can_be_woken():
    rests = TrunkRestTable()
    rests.rest(1, 1030.0)
    rests.wake(1)
    rests.wake(2)
    assert rests.resting_s(1, 1000.0) == 0
