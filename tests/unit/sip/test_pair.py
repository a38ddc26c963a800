"""A caller and a callee on a bad wire: each side's user sees exactly one end, and nothing is left over."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.sip_wire import Wire

DELAYS = st.sampled_from([0.01, 0.02, 0.3, 0.7, 1.6, 2.5])
FATES = st.lists(
    st.one_of(st.just([]), st.just([0.01]), st.lists(DELAYS, min_size=1, max_size=3)),
    max_size=25,
)
MOMENTS = st.floats(0, 20)
FINALS = st.sampled_from([200, 302, 404, 486, 503, 603])
EVER_S = 400.0


def run(wire: Wire, method: str = "INVITE") -> None:
    wire.caller.call(method)
    wire.run(EVER_S)


def assert_nothing_is_left(wire: Wire) -> None:
    for party in (wire.caller, wire.callee):
        assert party.endpoint.live_transactions == 0
        assert len(party.endpoint.timers) == 0
        tables = (party.endpoint._merges, party.endpoint._in_dialog, party.endpoint._streams)
        assert not any(tables)
    assert wire.caller.transaction.is_terminated
    assert wire.callee.transaction is None or wire.callee.transaction.is_terminated


def assert_one_end_each(wire: Wire) -> None:
    caller, callee = wire.caller, wire.callee
    assert len(caller.finals) == 1
    assert callee.requests <= 1
    if callee.final == "200":
        # Acknowledged, or known not to be: never both, never neither.
        assert len(callee.ends) == 1
    else:
        assert callee.ends in ([], ["flow lost"])
    if callee.acks:
        assert caller.finals == ["200"]
    if caller.finals[0] not in ("408", "503"):
        assert caller.finals[0] == callee.final


@settings(max_examples=400, deadline=None)
@given(fates=FATES, rings=st.lists(MOMENTS, max_size=3), answers_at=MOMENTS, final=FINALS)
def test_call_over_a_bad_wire_ends_once_on_each_side(
    fates: list[list[float]], rings: list[float], answers_at: float, final: int
) -> None:
    wire = Wire("udp", fates)
    for moment in rings:
        wire.at(moment, "respond", 180, False)
    wire.at(answers_at, "respond", final, False)
    wire.at(50.0, "respond", 480, False)  # an INVITE that came after all that is not left ringing
    run(wire)
    assert_one_end_each(wire)
    assert_nothing_is_left(wire)


@settings(max_examples=400, deadline=None)
@given(fates=FATES, rings_at=MOMENTS, answers_at=MOMENTS, cancelled_at=MOMENTS, final=FINALS)
def test_cancelled_call_over_a_bad_wire_ends_once_on_each_side(
    fates: list[list[float]], rings_at: float, answers_at: float, cancelled_at: float, final: int
) -> None:
    wire = Wire("udp", fates)
    wire.at(rings_at, "respond", 180, False)
    wire.at(answers_at, "respond", final, False)
    wire.at(cancelled_at, "cancel")
    wire.at(50.0, "respond", 480, False)
    run(wire)
    assert_one_end_each(wire)
    assert_nothing_is_left(wire)


@settings(max_examples=400, deadline=None)
@given(
    fates=FATES,
    progress=st.lists(st.tuples(MOMENTS, st.sampled_from([180, 183])), max_size=3),
    answers_at=MOMENTS,
    final=FINALS,
)
def test_call_with_reliable_provisional_responses_over_a_bad_wire_ends_once_on_each_side(
    fates: list[list[float]], progress: list[tuple[float, int]], answers_at: float, final: int
) -> None:
    wire = Wire("udp", fates)
    for moment, status in progress:
        wire.at(moment, "respond", status, True)
    wire.at(answers_at, "respond", final, False)
    wire.at(100.0, "respond", 480, False)
    run(wire)
    assert_one_end_each(wire)
    assert_nothing_is_left(wire)


@settings(max_examples=300, deadline=None)
@given(fates=FATES, trying_at=MOMENTS, answers_at=MOMENTS, final=FINALS)
def test_other_request_over_a_bad_wire_ends_once_on_each_side(
    fates: list[list[float]], trying_at: float, answers_at: float, final: int
) -> None:
    wire = Wire("udp", fates)
    wire.at(trying_at, "respond", 100, False)
    wire.at(answers_at, "respond", final, False)
    run(wire, "MESSAGE")
    assert len(wire.caller.finals) == 1
    assert wire.callee.requests <= 1
    assert_nothing_is_left(wire)


@settings(max_examples=300, deadline=None)
@given(
    method=st.sampled_from(["INVITE", "MESSAGE"]),
    rings_at=MOMENTS,
    answers_at=MOMENTS,
    cancelled_at=st.none() | MOMENTS,
    cut_at=st.none() | MOMENTS,
    final=FINALS,
)
def test_call_over_a_connection_that_may_be_cut_ends_once_on_each_side(
    method: str,
    rings_at: float,
    answers_at: float,
    cancelled_at: float | None,
    cut_at: float | None,
    final: int,
) -> None:
    wire = Wire("tcp", [])
    wire.at(rings_at, "respond", 180, False)
    wire.at(answers_at, "respond", final, False)
    wire.at(50.0, "respond", 480, False)
    if cancelled_at is not None and method == "INVITE":
        wire.at(cancelled_at, "cancel")
    if cut_at is not None:
        wire.at(cut_at, "cut")
    run(wire, method)
    if method == "INVITE":
        assert_one_end_each(wire)
    assert len(wire.caller.finals) == 1
    assert_nothing_is_left(wire)


def test_on_a_good_wire_a_call_takes_three_messages() -> None:
    wire = Wire("udp", [])
    wire.at(0.1, "respond", 200, False)
    run(wire)
    assert wire.caller.finals == ["200"]
    assert wire.callee.ends == ["acknowledged"]
    for party in (wire.caller, wire.callee):
        assert party.endpoint.retransmissions_sent == 0


@pytest.mark.parametrize("lost", range(1, 6))
def test_lost_acks_are_made_good_by_the_2xx_that_comes_again(lost: int) -> None:
    # INVITE, then 2xx and lost ACK by turns
    wire = Wire("udp", [[0.01], *([[0.01], []] * lost)])
    wire.at(0.1, "respond", 200, False)
    run(wire)
    assert wire.caller.finals == ["200"]
    assert wire.callee.ends == ["acknowledged"]
    assert wire.callee.endpoint.retransmissions_sent == lost


def test_all_acks_lost_is_told_to_the_callee_alone() -> None:
    wire = Wire("udp", [[0.01], *([[0.01], []] * 20)])
    wire.at(0.1, "respond", 200, False)
    run(wire)
    assert wire.caller.finals == ["200"]
    assert wire.callee.ends == ["ack missing"]
    assert_nothing_is_left(wire)


def test_lost_2xx_is_made_good_although_the_invite_is_repeated_meanwhile() -> None:
    wire = Wire("udp", [[0.01], [], [0.01], [0.01]])
    wire.at(0.05, "respond", 200, False)
    run(wire)
    assert wire.caller.finals == ["200"]
    assert wire.callee.requests == 1


def test_lost_refusal_is_made_good_by_timer_g() -> None:
    wire = Wire("udp", [[0.01], [0.01], []])
    wire.at(0.02, "respond", 180, False)
    wire.at(5.0, "respond", 486, False)
    run(wire)
    assert wire.caller.finals == ["486"]
    assert wire.callee.endpoint.retransmissions_sent == 1


def test_dead_callee_is_a_408_for_the_caller() -> None:
    wire = Wire("udp", [[]] * 20)
    run(wire)
    assert wire.caller.finals == ["408"]
    assert wire.callee.requests == 0


def test_cut_connection_is_a_503_for_the_caller() -> None:
    wire = Wire("tcp", [])
    wire.at(1.0, "cut")
    run(wire)
    assert wire.caller.finals == ["503"]
    assert wire.callee.ends == ["flow lost"]


@pytest.mark.parametrize("difference", [-0.005, 0.0, 0.005, 0.015, 0.025])
def test_cancel_that_crosses_the_answer_leaves_both_sides_of_one_mind(difference: float) -> None:
    wire = Wire("udp", [])
    wire.at(0.1, "respond", 180, False)
    wire.at(1.0, "respond", 200, False)
    wire.at(1.0 + difference, "cancel")
    run(wire)
    assert wire.caller.finals == [wire.callee.final]
    assert wire.callee.ends == (["acknowledged"] if wire.callee.final == "200" else [])
