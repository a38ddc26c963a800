"""Non-INVITE server transaction: RFC 3261 §17.2.2."""

from __future__ import annotations

import pytest

from fakes.sip_bench import Bench, bob_from_alice, make_request
from trunkline.sip.effects import RequestReceived
from trunkline.sip.message import Request
from trunkline.sip.transaction.transaction import ServerTransaction, State


def serve(transport: str = "udp") -> tuple[Bench, Request, ServerTransaction]:
    bench = Bench(bob_from_alice(transport, 0 if transport == "udp" else 1))
    request = make_request("MESSAGE", branch="z9hG4bK1")
    (effect,) = bench.receive(request)
    assert isinstance(effect, RequestReceived)
    assert effect.transaction is not None
    return bench, request, effect.transaction


def test_request_in_trying_is_told_once_and_repeated_ones_are_dropped() -> None:
    bench, request, transaction = serve()
    assert transaction.state is State.TRYING
    bench.receive(request)
    bench.receive(request)
    assert bench.take() == ["user MESSAGE"]
    assert bench.endpoint.retransmissions_received == 2


def test_repeated_request_gets_the_last_provisional_response_in_proceeding() -> None:
    bench, request, transaction = serve()
    bench.endpoint.respond(transaction, bench.answer(request, 183), 1.0)
    assert transaction.state is State.PROCEEDING
    bench.receive(request)
    assert bench.take() == ["user MESSAGE", "183", "183"]


def test_repeated_request_gets_the_final_response_until_timer_j() -> None:
    bench, request, transaction = serve()
    bench.advance(10)
    bench.endpoint.respond(transaction, bench.answer(request, 200), bench.now)
    assert transaction.state is State.COMPLETED
    bench.advance(31.9)
    bench.receive(request)
    assert bench.take() == ["user MESSAGE", "200", "200"]
    bench.advance(0.2)
    assert bench.is_idle


def test_final_response_over_a_reliable_transport_ends_the_transaction_at_once() -> None:
    bench, request, transaction = serve("tcp")
    bench.endpoint.respond(transaction, bench.answer(request, 404), 0.0)
    assert transaction.state is State.TERMINATED
    assert bench.is_idle


@pytest.mark.parametrize("second", [100, 200, 500])
def test_response_after_the_final_one_is_dropped(second: int) -> None:
    bench, request, transaction = serve()
    bench.endpoint.respond(transaction, bench.answer(request, 200), 0.0)
    bench.endpoint.respond(transaction, bench.answer(request, second), 0.1)
    assert bench.take() == ["user MESSAGE", "200"]
    assert bench.endpoint.discarded_responses == 1


def test_request_that_nobody_answers_is_forgotten_when_the_client_has_given_up() -> None:
    bench, request, transaction = serve()
    bench.advance(32)
    assert transaction.is_terminated
    assert bench.is_idle
    assert bench.endpoint.unanswered_requests == 1
    bench.endpoint.respond(transaction, bench.answer(request, 200), bench.now)
    assert bench.take() == ["user MESSAGE"]


def test_abandoned_request_leaves_nothing_behind() -> None:
    bench, _, transaction = serve()
    bench.endpoint.abandon(transaction)
    assert bench.is_idle


def test_closed_connection_ends_the_transaction_silently() -> None:
    bench, _, transaction = serve("tls")
    bench.endpoint.flow_closed(bench.flow, 1.0)
    assert transaction.is_terminated
    assert bench.take() == ["user MESSAGE"]
    assert bench.is_idle


def test_response_that_could_not_be_sent_leaves_the_transaction_as_it_is() -> None:
    bench, request, transaction = serve()
    bench.endpoint.respond(transaction, bench.answer(request, 200), 0.0)
    bench.collect()
    bench.endpoint.send_failed(transaction.response_flow, bench.effects[-1].data, 0.1)
    assert transaction.state is State.COMPLETED
    bench.receive(request)
    assert bench.take() == ["user MESSAGE", "200", "200"]
