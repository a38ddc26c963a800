"""Non-INVITE client transaction: RFC 3261 §17.1.2."""

from __future__ import annotations

import pytest

from fakes.sip_bench import Bench, alice_to_bob, make_request
from trunkline.sip.transaction.transaction import ClientTransaction, State


def ask(transport: str = "udp") -> tuple[Bench, ClientTransaction]:
    bench = Bench(alice_to_bob(transport, 0 if transport == "udp" else 1))
    transaction = bench.endpoint.send_request(make_request("OPTIONS"), bench.flow, bench.now)
    bench.collect()
    return bench, transaction


def test_unanswered_request_is_repeated_by_timer_e_up_to_t2_and_given_up_by_timer_f() -> None:
    bench, _ = ask()
    bench.advance(40)
    times = [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert bench.take_timed() == [*((time, "OPTIONS") for time in times), (32.0, "timed out")]
    assert bench.is_idle


def test_over_a_reliable_transport_the_request_is_sent_once() -> None:
    bench, _ = ask("tls")
    bench.advance(40)
    assert bench.take_timed() == [(0.0, "OPTIONS"), (32.0, "timed out")]


def test_in_proceeding_timer_e_runs_with_t2_and_timer_f_still_gives_up() -> None:
    bench, transaction = ask()
    bench.advance(0.2)
    bench.receive(bench.answer(transaction.request, 100))
    assert transaction.state is State.PROCEEDING
    bench.advance(40)
    times = [0.5, 4.5, 8.5, 12.5, 16.5, 20.5, 24.5, 28.5]
    expected = [
        (0.0, "OPTIONS"),
        (0.2, "user 100"),
        *((time, "OPTIONS") for time in times),
        (32.0, "timed out"),
    ]
    assert bench.take_timed() == expected


@pytest.mark.parametrize("status", [200, 302, 404, 503, 603])
def test_final_response_is_told_once_and_repeated_ones_are_absorbed_until_timer_k(status: int) -> None:
    bench, transaction = ask()
    bench.receive(bench.answer(transaction.request, status))
    assert transaction.state is State.COMPLETED
    bench.advance(4.9)
    bench.receive(bench.answer(transaction.request, status))
    bench.receive(bench.answer(transaction.request, 100))
    assert bench.take() == ["OPTIONS", f"user {status}"]
    bench.advance(0.2)
    assert bench.is_idle


def test_final_response_over_a_reliable_transport_ends_the_transaction_at_once() -> None:
    bench, transaction = ask("tcp")
    bench.receive(bench.answer(transaction.request, 200))
    assert bench.is_idle
    bench.receive(bench.answer(transaction.request, 200))
    assert bench.take() == ["OPTIONS", "user 200"]
    assert bench.endpoint.stray_responses == 1


@pytest.mark.parametrize("status", [None, 100])
def test_transport_failure_before_the_final_response_is_told(status: int | None) -> None:
    bench, transaction = ask("tcp")
    if status is not None:
        bench.receive(bench.answer(transaction.request, status))
    bench.take()
    bench.endpoint.flow_closed(bench.flow, 1.0)
    assert bench.take() == ["transport failed"]
    assert bench.is_idle


def test_transport_failure_after_the_final_response_is_not_told() -> None:
    bench, transaction = ask()
    data = bench.effects[0].data
    bench.receive(bench.answer(transaction.request, 200))
    bench.take()
    bench.endpoint.send_failed(bench.flow, data, 1.0)
    assert bench.take() == []
