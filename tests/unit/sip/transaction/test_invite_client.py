"""INVITE client transaction: RFC 3261 §17.1.1 with RFC 6026."""

from __future__ import annotations

import pytest

from fakes.sip_bench import Bench, alice_to_bob, make_request
from trunkline.sip.effects import Send
from trunkline.sip.transaction.transaction import ClientTransaction, State


def call(transport: str = "udp", **arguments: object) -> tuple[Bench, ClientTransaction]:
    bench = Bench(alice_to_bob(transport, 0 if transport == "udp" else 1), **arguments)
    transaction = bench.endpoint.send_request(make_request(), bench.flow, bench.now)
    bench.collect()
    return bench, transaction


def test_unanswered_invite_is_repeated_by_timer_a_and_given_up_by_timer_b() -> None:
    bench, transaction = call()
    bench.advance(40)
    assert bench.take_timed() == [
        (0.0, "INVITE"),
        (0.5, "INVITE"),
        (1.5, "INVITE"),
        (3.5, "INVITE"),
        (7.5, "INVITE"),
        (15.5, "INVITE"),
        (31.5, "INVITE"),
        (32.0, "timed out"),
    ]
    assert transaction.state is State.TERMINATED
    assert bench.is_idle
    assert bench.endpoint.timeouts == 1
    assert bench.endpoint.retransmissions_sent == 6


@pytest.mark.parametrize("transport", ["tcp", "tls", "ws", "wss"])
def test_over_a_reliable_transport_the_invite_is_sent_once(transport: str) -> None:
    bench, _ = call(transport)
    bench.advance(40)
    assert bench.take_timed() == [(0.0, "INVITE"), (32.0, "timed out")]


def test_provisional_response_ends_repetition_and_timer_b() -> None:
    bench, transaction = call()
    bench.receive(bench.answer(transaction.request, 180))
    assert transaction.state is State.PROCEEDING
    bench.advance(300)
    assert bench.take() == ["INVITE", "user 180"]
    assert bench.endpoint.next_timer() is None


def test_each_provisional_response_goes_to_the_user() -> None:
    bench, transaction = call()
    for status in (100, 180, 180, 183):
        bench.receive(bench.answer(transaction.request, status))
    assert bench.take() == ["INVITE", "user 100", "user 180", "user 180", "user 183"]


def test_2xx_leads_to_accepted_where_repeated_and_forked_ones_go_to_the_user_until_timer_m() -> None:
    bench, transaction = call()
    bench.receive(bench.answer(transaction.request, 200))
    assert transaction.state is State.ACCEPTED
    bench.advance(10)
    bench.receive(bench.answer(transaction.request, 200))
    bench.receive(bench.answer(transaction.request, 200, "voicemail"))
    bench.receive(bench.answer(transaction.request, 180, "late"))
    bench.receive(bench.answer(transaction.request, 486, "late"))
    assert bench.take() == ["INVITE", "user 200", "user 200", "user 200"]
    bench.advance(21.9)
    assert transaction.state is State.ACCEPTED
    bench.advance(0.2)
    assert transaction.state is State.TERMINATED
    assert bench.is_idle
    bench.receive(bench.answer(transaction.request, 200))
    assert bench.take() == []
    assert bench.endpoint.stray_responses == 1


def test_refusal_is_acknowledged_by_the_transaction_and_each_time_it_comes_again_until_timer_d() -> None:
    bench, transaction = call()
    bench.receive(bench.answer(transaction.request, 486))
    assert transaction.state is State.COMPLETED
    bench.advance(4)
    bench.receive(bench.answer(transaction.request, 486))
    assert bench.take() == ["INVITE", "ACK", "user 486", "ACK"]
    bench.advance(28)
    assert transaction.state is State.TERMINATED
    assert bench.is_idle


def test_refusal_over_a_reliable_transport_ends_the_transaction_at_once() -> None:
    bench, transaction = call("tcp")
    bench.receive(bench.answer(transaction.request, 503))
    assert bench.take() == ["INVITE", "ACK", "user 503"]
    assert bench.is_idle


def test_ack_to_a_refusal_is_made_of_the_invite_and_the_to_of_the_response() -> None:
    bench = Bench(alice_to_bob())
    request = make_request(cseq=7, extra=[("Route", "<sip:proxy.example;lr>"), ("Subject", "lunch")])
    transaction = bench.endpoint.send_request(request, bench.flow, 0.0)
    bench.collect()
    bench.receive(bench.answer(transaction.request, 404))
    invite, ack = bench.sent()
    assert ack.method == "ACK"
    assert ack.uri_text == invite.uri_text
    assert ack.get_all("Via") == invite.get_all("Via")
    assert ack.get("Route") == "<sip:proxy.example;lr>"
    assert ack.get("From") == invite.get("From")
    assert ack.get("To") == "Bob <sip:bob@biloxi.example>;tag=bob"
    assert ack.get("Call-ID") == invite.get("Call-ID")
    assert ack.get("CSeq") == "7 ACK"
    assert ack.get("Max-Forwards") == "70"
    assert ack.get("Subject") is None


def test_responses_after_a_refusal_are_not_told() -> None:
    bench, transaction = call()
    bench.receive(bench.answer(transaction.request, 486))
    bench.receive(bench.answer(transaction.request, 180))
    bench.receive(bench.answer(transaction.request, 200))
    assert bench.take() == ["INVITE", "ACK", "user 486"]
    assert bench.endpoint.discarded_responses == 2


def test_transport_failure_before_any_answer_is_told_once() -> None:
    bench, transaction = call()
    bench.endpoint.send_failed(bench.flow, bench.effects[0].data, 0.1)
    bench.endpoint.send_failed(bench.flow, bench.effects[0].data, 0.2)
    assert bench.take() == ["INVITE", "transport failed"]
    assert transaction.is_terminated
    assert bench.is_idle


def test_lost_connection_while_it_rings_is_told() -> None:
    bench, transaction = call("tcp")
    bench.receive(bench.answer(transaction.request, 180))
    bench.endpoint.flow_closed(bench.flow, 3.0)
    assert bench.take() == ["INVITE", "user 180", "transport failed"]
    assert bench.is_idle


def test_lost_connection_after_the_answer_is_not_told() -> None:
    bench, transaction = call("tcp")
    bench.receive(bench.answer(transaction.request, 200))
    bench.endpoint.flow_closed(bench.flow, 3.0)
    assert bench.take() == ["INVITE", "user 200"]
    bench.advance(32)
    assert bench.is_idle


class TestCancel:
    def test_waits_for_the_first_provisional_response(self) -> None:
        bench, transaction = call()
        bench.endpoint.cancel(transaction, 0.2)
        assert bench.take() == ["INVITE"]
        bench.receive(bench.answer(transaction.request, 100))
        assert bench.take() == ["CANCEL", "user 100"]

    def test_goes_out_at_once_while_it_rings_and_only_once(self) -> None:
        bench, transaction = call()
        bench.receive(bench.answer(transaction.request, 180))
        bench.take()
        bench.endpoint.cancel(transaction, bench.now)
        bench.endpoint.cancel(transaction, bench.now)
        assert bench.take() == ["CANCEL"]

    def test_is_made_of_the_invite(self) -> None:
        bench = Bench(alice_to_bob())
        request = make_request(
            cseq=3, extra=[("Route", "<sip:a.example;lr>"), ("Route", "<sip:b.example;lr>")]
        )
        transaction = bench.endpoint.send_request(request, bench.flow, 0.0)
        bench.collect()
        bench.receive(bench.answer(transaction.request, 180))
        bench.endpoint.cancel(transaction, 0.0, [("Reason", "SIP;cause=200")])
        bench.collect()
        invite, cancel = bench.sent()
        assert cancel.method == "CANCEL"
        assert cancel.uri_text == invite.uri_text
        assert cancel.get_all("Via") == [invite.get("Via")]
        assert cancel.get_all("Route") == invite.get_all("Route")
        assert cancel.get("To") == invite.get("To")
        assert cancel.get("From") == invite.get("From")
        assert cancel.get("CSeq") == "3 CANCEL"
        assert cancel.get("Reason") == "SIP;cause=200"

    def test_answer_to_the_cancel_is_kept_from_the_user_and_487_ends_the_invite(self) -> None:
        bench, transaction = call()
        bench.receive(bench.answer(transaction.request, 180))
        bench.endpoint.cancel(transaction, bench.now)
        bench.collect()
        cancel = bench.sent()[-1]
        bench.receive(bench.answer(cancel, 200))
        bench.receive(bench.answer(transaction.request, 487))
        assert bench.take() == ["INVITE", "user 180", "CANCEL", "ACK", "user 487"]
        bench.advance(40)
        assert bench.take() == []
        assert bench.is_idle

    def test_without_a_final_response_for_64_t1_is_taken_for_a_timeout(self) -> None:
        bench, transaction = call()
        bench.receive(bench.answer(transaction.request, 180))
        bench.advance(60)
        bench.endpoint.cancel(transaction, bench.now)
        bench.collect()
        bench.receive(bench.answer(bench.sent()[-1], 200))
        bench.take()
        bench.advance(31.9)
        assert bench.take() == []
        bench.advance(0.2)
        assert bench.take_timed() == [(92.0, "timed out")]
        assert bench.is_idle

    def test_provisional_responses_after_the_cancel_do_not_put_the_timeout_off(self) -> None:
        bench, transaction = call()
        bench.receive(bench.answer(transaction.request, 180))
        bench.endpoint.cancel(transaction, bench.now)
        bench.advance(30)
        bench.receive(bench.answer(transaction.request, 180))
        bench.advance(3)
        assert bench.take()[-1] == "timed out"

    def test_unanswered_cancel_is_repeated_and_its_own_timeout_is_not_told(self) -> None:
        bench, transaction = call()
        bench.receive(bench.answer(transaction.request, 180))
        bench.endpoint.cancel(transaction, bench.now)
        bench.take()
        bench.advance(40)
        labels = bench.take()
        assert labels.count("CANCEL") == 10
        assert labels.count("timed out") == 1
        assert bench.is_idle

    def test_refused_with_481_leaves_the_invite_as_it_is(self) -> None:
        bench, transaction = call()
        bench.receive(bench.answer(transaction.request, 180))
        bench.endpoint.cancel(transaction, bench.now)
        bench.collect()
        bench.receive(bench.answer(bench.sent()[-1], 481))
        assert transaction.state is State.PROCEEDING
        bench.receive(bench.answer(transaction.request, 200))
        assert bench.take()[-1] == "user 200"

    def test_answer_that_crosses_the_cancel_is_told_as_an_answer(self) -> None:
        bench, transaction = call()
        bench.receive(bench.answer(transaction.request, 180))
        bench.endpoint.cancel(transaction, bench.now)
        bench.receive(bench.answer(transaction.request, 200))
        assert bench.take() == ["INVITE", "user 180", "CANCEL", "user 200"]
        bench.advance(40)
        assert "timed out" not in bench.take()
        assert bench.is_idle

    @pytest.mark.parametrize("status", [200, 486])
    def test_after_the_final_response_does_nothing(self, status: int) -> None:
        bench, transaction = call()
        bench.receive(bench.answer(transaction.request, status))
        bench.take()
        bench.endpoint.cancel(transaction, bench.now)
        assert bench.take() == []

    def test_answer_before_any_provisional_response_makes_the_waiting_cancel_needless(self) -> None:
        bench, transaction = call()
        bench.endpoint.cancel(transaction, 0.1)
        bench.receive(bench.answer(transaction.request, 200))
        assert bench.take() == ["INVITE", "user 200"]

    def test_goes_over_the_connection_that_the_invite_opened(self) -> None:
        bench, transaction = call("tcp")
        flow = transaction.flow
        bench.receive(bench.answer(transaction.request, 180), flow)
        bench.endpoint.cancel(transaction, bench.now)
        effects = bench.collect()
        assert isinstance(effects[0], Send)
        assert effects[0].flow == flow
