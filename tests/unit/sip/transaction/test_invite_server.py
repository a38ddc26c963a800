"""INVITE server transaction: RFC 3261 §17.2.1 and §13.3.1.4 with RFC 6026."""

from __future__ import annotations

import pytest

from fakes.sip_bench import Bench, bob_from_alice, make_request
from trunkline.sip.effects import RequestReceived, Send
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request
from trunkline.sip.transaction.transaction import ServerTransaction, State


def ring(transport: str = "udp", **arguments: object) -> tuple[Bench, Request, ServerTransaction]:
    bench = Bench(bob_from_alice(transport, 0 if transport == "udp" else 1), **arguments)
    request = make_request(branch="z9hG4bK1")
    (effect,) = bench.receive(request)
    assert isinstance(effect, RequestReceived)
    assert effect.transaction is not None
    bench.take()
    return bench, request, effect.transaction


def respond(bench: Bench, transaction: ServerTransaction, status: int) -> None:
    bench.endpoint.respond(transaction, bench.answer(transaction.request, status), bench.now)


def ack_to_refusal(branch: str = "z9hG4bK1") -> Request:
    return make_request("ACK", branch=branch, to_tag="bob")


def ack_to_answer(branch: str = "z9hG4bK2") -> Request:
    return make_request("ACK", branch=branch, to_tag="bob")


def test_user_that_says_nothing_for_200_ms_is_helped_out_with_a_100() -> None:
    bench, request, _ = ring(server_name="trunkline")
    bench.advance(0.19)
    assert bench.take() == []
    bench.advance(0.02)
    assert bench.take_timed() == [(0.2, "100")]
    trying = bench.sent()[-1]
    assert trying.get("Server") == "trunkline"
    assert trying.to_tag == ""
    bench.receive(request)
    assert bench.take() == ["100"]


@pytest.mark.parametrize("status", [100, 180, 200, 404])
def test_user_that_says_something_in_time_gets_no_100(status: int) -> None:
    bench, _, transaction = ring()
    respond(bench, transaction, status)
    bench.advance(0.4)
    assert bench.take() == [str(status)]


def test_repeated_invite_gets_the_last_provisional_response() -> None:
    bench, request, transaction = ring()
    bench.receive(request)
    respond(bench, transaction, 100)
    respond(bench, transaction, 183)
    bench.receive(request)
    assert bench.take() == ["100", "183", "183"]


def test_refusal_is_repeated_by_timer_g_until_timer_h() -> None:
    bench, _, transaction = ring()
    respond(bench, transaction, 486)
    assert transaction.state is State.COMPLETED
    bench.advance(40)
    times = [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert bench.take_timed() == [(time, "486") for time in times]
    assert bench.is_idle
    assert bench.endpoint.acks_missing == 1


def test_refusal_over_a_reliable_transport_is_sent_once() -> None:
    bench, _, transaction = ring("tcp")
    respond(bench, transaction, 486)
    bench.advance(31)
    assert bench.take() == ["486"]
    assert transaction.state is State.COMPLETED
    bench.receive(ack_to_refusal())
    assert bench.is_idle


def test_ack_to_a_refusal_leads_to_confirmed_where_repeated_ones_are_absorbed_until_timer_i() -> None:
    bench, request, transaction = ring()
    respond(bench, transaction, 486)
    bench.receive(ack_to_refusal())
    assert transaction.state is State.CONFIRMED
    bench.receive(ack_to_refusal())
    bench.receive(request)
    bench.advance(4.9)
    assert bench.take() == ["486"]
    assert transaction.state is State.CONFIRMED
    bench.advance(0.2)
    assert bench.is_idle


def test_repeated_invite_gets_the_refusal_again() -> None:
    bench, request, transaction = ring()
    respond(bench, transaction, 603)
    bench.receive(request)
    assert bench.take() == ["603", "603"]


@pytest.mark.parametrize("transport", ["udp", "tcp", "wss"])
def test_2xx_is_repeated_over_any_transport_until_it_is_known_that_nobody_acknowledges(
    transport: str,
) -> None:
    bench, _, transaction = ring(transport)
    respond(bench, transaction, 200)
    assert transaction.state is State.ACCEPTED
    bench.advance(40)
    times = [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert bench.take_timed() == [*((time, "200") for time in times), (32.0, "ack missing")]
    assert bench.is_idle


def test_ack_ends_the_repetition_of_a_2xx_and_is_told_once() -> None:
    bench, _, transaction = ring()
    respond(bench, transaction, 200)
    bench.advance(1)
    bench.receive(ack_to_answer())
    bench.receive(ack_to_answer("z9hG4bK3"))
    bench.advance(20)
    assert bench.take() == ["200", "200", "user ACK"]
    bench.advance(12)
    assert bench.take() == []
    assert bench.is_idle


def test_ack_to_a_2xx_with_the_branch_of_the_invite_is_told_too() -> None:
    bench, _, transaction = ring()
    respond(bench, transaction, 200)
    bench.receive(ack_to_answer("z9hG4bK1"))
    bench.advance(40)
    assert bench.take() == ["200", "user ACK"]


@pytest.mark.parametrize(
    "ack",
    [
        make_request("ACK", branch="z9hG4bK2", to_tag="other"),
        make_request("ACK", branch="z9hG4bK2", to_tag="bob", cseq=2),
    ],
    ids=["another dialog", "another INVITE"],
)
def test_ack_of_another_dialog_or_number_does_not_end_the_repetition(ack: Request) -> None:
    bench, _, transaction = ring()
    respond(bench, transaction, 200)
    bench.receive(ack)
    bench.advance(0.6)
    assert bench.take() == ["200", "user ACK", "200"]
    assert bench.endpoint.stray_acks == 1


def test_repeated_invite_is_absorbed_in_accepted() -> None:
    bench, request, transaction = ring()
    respond(bench, transaction, 200)
    bench.receive(request)
    bench.receive(ack_to_answer())
    bench.receive(request)
    assert bench.take() == ["200", "user ACK"]


@pytest.mark.parametrize("first", [200, 486])
@pytest.mark.parametrize("second", [100, 180, 200, 487])
def test_response_after_the_final_one_is_dropped(first: int, second: int) -> None:
    bench, _, transaction = ring()
    respond(bench, transaction, first)
    respond(bench, transaction, second)
    assert bench.take() == [str(first)]
    assert bench.endpoint.discarded_responses == 1


@pytest.mark.parametrize("status", [None, 180])
def test_connection_lost_while_it_rings_is_told(status: int | None) -> None:
    bench, _, transaction = ring("tcp")
    if status is not None:
        respond(bench, transaction, status)
    bench.take()
    bench.endpoint.flow_closed(bench.flow, 5.0)
    assert bench.take() == ["flow lost"]
    assert bench.is_idle


def test_connection_lost_before_the_ack_to_a_2xx_is_told_and_after_it_is_not() -> None:
    bench, _, transaction = ring("tcp")
    respond(bench, transaction, 200)
    bench.endpoint.flow_closed(bench.flow, 5.0)
    assert bench.take() == ["200", "flow lost"]
    bench, _, transaction = ring("tcp")
    respond(bench, transaction, 200)
    bench.receive(ack_to_answer())
    bench.endpoint.flow_closed(bench.flow, 5.0)
    assert bench.take() == ["200", "user ACK"]
    assert bench.is_idle


class TestCancel:
    def cancel(self) -> Request:
        return make_request("CANCEL", branch="z9hG4bK1")

    def test_is_answered_and_told_while_it_rings(self) -> None:
        bench, _, transaction = ring()
        respond(bench, transaction, 180)
        bench.receive(self.cancel())
        assert bench.take() == ["180", "200", "cancelled"]
        assert bench.sent()[-1].get("CSeq") == "1 CANCEL"
        assert bench.sent()[-1].to_tag == "bob"
        respond(bench, transaction, 487)
        bench.receive(ack_to_refusal())
        bench.advance(40)
        assert bench.take() == ["487"]
        assert bench.is_idle

    def test_that_comes_again_is_answered_again_and_not_told_again(self) -> None:
        bench, _, transaction = ring()
        respond(bench, transaction, 180)
        bench.receive(self.cancel())
        bench.receive(self.cancel())
        assert bench.take() == ["180", "200", "cancelled", "200"]

    def test_before_any_response_has_a_to_tag_all_the_same(self) -> None:
        bench, _, _ = ring()
        bench.receive(self.cancel())
        assert bench.sent()[-1].to_tag

    @pytest.mark.parametrize("status", [200, 486])
    def test_after_the_final_response_is_answered_without_effect(self, status: int) -> None:
        bench, _, transaction = ring()
        respond(bench, transaction, status)
        bench.receive(self.cancel())
        assert bench.take() == [str(status), "200"]

    def test_without_an_invite_is_answered_481(self) -> None:
        bench = Bench(bob_from_alice())
        bench.receive(self.cancel())
        assert bench.take() == ["481"]
        assert bench.endpoint.stray_cancels == 1
        bench.advance(40)
        assert bench.is_idle

    def test_of_another_branch_is_answered_481(self) -> None:
        bench, _, _ = ring()
        bench.receive(make_request("CANCEL", branch="z9hG4bK9"))
        assert bench.take() == ["481"]


def reopenable() -> tuple[Bench, ServerTransaction]:
    """An INVITE that came over a connection, which is closed."""
    bench, _, transaction = ring("tcp")
    transaction.may_reopen = True
    return bench, transaction


def sends_of(bench: Bench) -> list[Flow]:
    return [effect.flow for effect in bench.effects if isinstance(effect, Send)]


def test_closed_connection_of_a_sender_worth_it_is_opened_anew_by_the_next_response() -> None:
    bench, transaction = reopenable()
    bench.endpoint.flow_closed(bench.flow, 5.0)
    assert bench.take() == ["flow replaced"]
    respond(bench, transaction, 486)
    assert bench.take() == ["486"]
    assert (sends_of(bench)[-1].port, sends_of(bench)[-1].connection) == (5060, 0)
    bench.receive(ack_to_refusal())
    assert bench.is_idle


def test_answer_that_was_not_acknowledged_is_repeated_over_another_connection() -> None:
    bench, transaction = reopenable()
    respond(bench, transaction, 200)
    bench.endpoint.flow_closed(bench.flow, 0.1)
    bench.advance(0.6)
    assert bench.take() == ["200", "flow replaced", "200"]
    assert sends_of(bench)[-1].connection == 0
    bench.receive(ack_to_answer())
    bench.advance(33)
    assert bench.is_idle


def test_connection_that_cannot_be_opened_anew_is_lost_for_good() -> None:
    bench, transaction = reopenable()
    bench.endpoint.flow_closed(bench.flow, 5.0)
    respond(bench, transaction, 180)
    bench.take()
    sent = next(effect for effect in reversed(bench.effects) if isinstance(effect, Send))
    bench.endpoint.send_failed(sent.flow, sent.data, 5.0)
    assert bench.take() == ["flow lost"]
    assert bench.is_idle


def test_connection_opened_anew_that_closes_is_lost_for_good() -> None:
    bench, transaction = reopenable()
    bench.endpoint.flow_closed(bench.flow, 5.0)
    respond(bench, transaction, 180)
    bench.take()
    again = sends_of(bench)[-1]
    bench.endpoint.flow_closed(Flow(again.listener, again.host, again.port, 99), 6.0)
    assert bench.take() == ["flow lost"]
    assert bench.is_idle


def test_refusal_that_was_given_opens_nothing() -> None:
    bench, transaction = reopenable()
    respond(bench, transaction, 486)
    bench.endpoint.flow_closed(bench.flow, 5.0)
    assert bench.take() == ["486"]
    assert bench.is_idle
