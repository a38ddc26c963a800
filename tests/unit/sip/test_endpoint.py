from __future__ import annotations

import pytest

from fakes.sip_bench import BOB_HOST, Bench, alice_to_bob, bob_from_alice, make_request
from trunkline.sip.effects import Malformed, RequestReceived, ResponseReceived, Send, TimerExpired
from trunkline.sip.flow import Flow, Listener
from trunkline.sip.framing import BAD_CONTENT_LENGTH, BODY_TOO_LARGE, MISSING_CONTENT_LENGTH
from trunkline.sip.message import Request
from trunkline.sip.transaction.transaction import ServerTransaction, State

LONG = [("X-Long", "x" * 1300)]


def open_server(bench: Bench, request: Request) -> ServerTransaction:
    (effect,) = bench.receive(request)
    assert isinstance(effect, RequestReceived)
    assert effect.transaction is not None
    return effect.transaction


class TestSending:
    def test_request_gets_our_via_and_the_callers_copy_stays_as_it_is(self) -> None:
        bench = Bench(alice_to_bob())
        request = make_request()
        before = request.to_bytes()
        transaction = bench.endpoint.send_request(request, bench.flow, 0.0)
        assert request.to_bytes() == before
        assert transaction.request.get("Via") == "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKt1;rport"
        bench.collect()
        assert bench.sent()[0].get_all("Via") == ["SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKt1;rport"]

    def test_stream_via_names_its_transport_and_advertised_address(self) -> None:
        listener = Listener("wss", "10.0.0.1", 8443, "edge.example", 443)
        bench = Bench(Flow(listener, BOB_HOST, 40000, 3))
        transaction = bench.endpoint.send_request(make_request(), bench.flow, 0.0)
        assert transaction.request.get("Via") == "SIP/2.0/WSS edge.example:443;branch=z9hG4bKt1"

    def test_each_request_has_a_branch_of_its_own(self) -> None:
        bench = Bench(alice_to_bob())
        first = bench.endpoint.send_request(make_request(), bench.flow, 0.0)
        second = bench.endpoint.send_request(make_request(), bench.flow, 0.0)
        assert first.request.top_via.branch != second.request.top_via.branch
        bench.endpoint.send_ack(make_request("ACK", to_tag="bob"), bench.flow)
        bench.endpoint.send_ack(make_request("ACK", to_tag="bob"), bench.flow)
        bench.collect()
        branches = [message.top_via.branch for message in bench.sent()]
        assert len(set(branches)) == 4
        assert bench.endpoint.live_transactions == 2

    def test_response_is_told_with_the_flow_it_came_over(self) -> None:
        bench = Bench(alice_to_bob("tcp"))
        transaction = bench.endpoint.send_request(make_request(), bench.flow, 0.0)
        bench.collect()
        opened = Flow(bench.flow.listener, BOB_HOST, 5060, 12)
        (effect,) = bench.receive(bench.answer(transaction.request, 180), opened)
        assert isinstance(effect, ResponseReceived)
        assert effect.flow is opened
        assert transaction.flow is opened
        bench.endpoint.flow_closed(opened, 1.0)
        assert bench.take()[-1] == "transport failed"
        assert bench.is_idle

    def test_response_over_a_connection_that_the_peer_opened_leaves_no_trace_of_the_first(self) -> None:
        bench = Bench(alice_to_bob("tcp"))
        transaction = bench.endpoint.send_request(make_request("MESSAGE"), bench.flow, 0.0)
        back = Flow(bench.flow.listener, BOB_HOST, 40111, 12)
        bench.receive(bench.answer(transaction.request, 100), back)
        assert transaction.flow is bench.flow
        bench.receive(bench.answer(transaction.request, 200), back)
        assert bench.is_idle

    def test_stray_response_is_dropped_and_counted(self) -> None:
        bench = Bench(alice_to_bob())
        bench.receive(bench.answer(make_request(branch="z9hG4bKforeign"), 200))
        assert bench.take() == []
        assert bench.endpoint.stray_responses == 1


class TestLargeRequests:
    def test_go_over_the_alternative_stream(self) -> None:
        bench = Bench(alice_to_bob())
        stream = alice_to_bob("tcp")
        transaction = bench.endpoint.send_request(make_request(extra=LONG), bench.flow, 0.0, stream)
        (effect,) = bench.collect()
        assert isinstance(effect, Send)
        assert effect.flow is stream
        assert transaction.request.top_via.transport == "TCP"
        bench.advance(3)
        assert bench.take() == ["INVITE"]

    def test_of_1300_bytes_stay_on_the_datagram_flow(self) -> None:
        for surplus, transport in ((0, "UDP"), (1, "TCP")):
            bench = Bench(alice_to_bob())
            plain = bench.endpoint.send_request(make_request(extra=[("X", "")]), bench.flow, 0.0)
            filler = "x" * (1300 - len(plain.data) + surplus)
            transaction = bench.endpoint.send_request(
                make_request(extra=[("X", filler)]), bench.flow, 0.0, alice_to_bob("tcp")
            )
            assert transaction.request.top_via.transport == transport

    def test_without_an_alternative_go_as_a_datagram(self) -> None:
        bench = Bench(alice_to_bob())
        transaction = bench.endpoint.send_request(make_request(extra=LONG), bench.flow, 0.0)
        assert transaction.flow is bench.flow

    @pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
    def test_fall_back_to_the_datagram_flow_when_there_is_no_connection(self, method: str) -> None:
        bench = Bench(alice_to_bob())
        stream = alice_to_bob("tcp")
        transaction = bench.endpoint.send_request(make_request(method, extra=LONG), bench.flow, 0.0, stream)
        (first,) = bench.collect()
        assert isinstance(first, Send)
        bench.now = 2.0
        bench.endpoint.send_failed(stream, first.data, bench.now)
        (second,) = bench.collect()
        assert isinstance(second, Send)
        assert second.flow is bench.flow
        via = bench.sent()[-1].top_via
        assert via.transport == "UDP"
        assert via.branch == transaction.request.top_via.branch
        bench.take()
        bench.advance(0.5)
        assert bench.take() == [method]
        bench.receive(bench.answer(transaction.request, 200))
        assert bench.take() == ["user 200"]
        bench.advance(40)
        assert bench.is_idle

    def test_fall_back_only_once(self) -> None:
        bench = Bench(alice_to_bob())
        stream = alice_to_bob("tcp")
        bench.endpoint.send_request(make_request(extra=LONG), bench.flow, 0.0, stream)
        bench.endpoint.send_failed(stream, b"", 0.1)
        bench.collect()
        sent = [effect for effect in bench.effects if isinstance(effect, Send)]
        bench.endpoint.send_failed(bench.flow, sent[-1].data, 0.2)
        assert bench.take() == ["INVITE", "INVITE", "transport failed"]
        assert bench.is_idle

    def test_do_not_fall_back_once_something_was_answered(self) -> None:
        bench = Bench(alice_to_bob())
        stream = alice_to_bob("tcp", 4)
        transaction = bench.endpoint.send_request(make_request(extra=LONG), bench.flow, 0.0, stream)
        bench.receive(bench.answer(transaction.request, 100), stream)
        bench.endpoint.flow_closed(stream, 1.0)
        assert bench.take()[-1] == "transport failed"


class TestFlows:
    def test_closing_one_connection_leaves_the_others_alone(self) -> None:
        bench = Bench(alice_to_bob("tcp", 1))
        mine = bench.endpoint.send_request(make_request(), bench.flow, 0.0)
        other = bench.endpoint.send_request(make_request(), Flow(bench.flow.listener, BOB_HOST, 5060, 2), 0.0)
        foreign_listener = bench.endpoint.send_request(make_request(), alice_to_bob("tls", 1), 0.0)
        bench.endpoint.flow_closed(bench.flow, 1.0)
        assert mine.is_terminated
        assert not other.is_terminated
        assert not foreign_listener.is_terminated

    def test_closing_an_unknown_connection_does_nothing(self) -> None:
        bench = Bench(alice_to_bob("tcp", 1))
        bench.endpoint.flow_closed(bench.flow, 1.0)
        assert bench.take() == []

    def test_datagrams_that_fail_for_another_flow_or_are_no_request_of_ours_do_nothing(self) -> None:
        bench = Bench(alice_to_bob())
        transaction = bench.endpoint.send_request(make_request(), bench.flow, 0.0)
        other = Flow(bench.flow.listener, "192.0.2.77", 5060)
        bench.endpoint.send_failed(other, transaction.data, 0.0)
        bench.endpoint.send_failed(bench.flow, b"\r\n\r\n", 0.0)
        bench.endpoint.send_failed(bench.flow, make_request("ACK", branch="z9hG4bKt1").to_bytes(), 0.0)
        assert not transaction.is_terminated


class TestReceiving:
    def test_received_and_rport_are_noted_before_the_user_sees_the_request(self) -> None:
        bench = Bench(Flow(bob_from_alice().listener, "198.51.100.7", 4444))
        transaction = open_server(bench, make_request("MESSAGE", branch="z9hG4bK1"))
        assert transaction.request.get("Via") == (
            "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport=4444;received=198.51.100.7"
        )
        assert transaction.flow == bench.flow

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            (b"CSeq: 1 INVITE", 400),
            (b"Call-ID: call-1\r\nCall-ID: call-2", 400),
            (b"Max-Forwards: 256", 400),
            (b"MESSAGE http://biloxi.example SIP/2.0", 416),
            (b"MESSAGE sip:bob@biloxi.example SIP/3.0", 505),
        ],
    )
    def test_malformed_request_is_answered_and_told(self, change: bytes, status: int) -> None:
        bench = Bench(bob_from_alice(), server_name="trunkline")
        data = make_request("MESSAGE", branch="z9hG4bK1").to_bytes()
        name = change[:7]
        lines = [change if line.startswith(name) else line for line in data.split(b"\r\n")]
        told, answer = bench.receive(b"\r\n".join(lines))
        assert isinstance(told, Malformed)
        assert isinstance(answer, Send)
        assert told.status == status
        response = bench.sent()[0]
        assert response.status == status
        assert response.get_all("Call-ID") == ["call-1"]
        assert response.reason == told.reason
        assert response.to_tag
        assert response.get("Server") == "trunkline"
        assert bench.endpoint.malformed_answered == 1
        assert bench.is_idle

    @pytest.mark.parametrize(
        "data",
        [
            b"hello\r\n\r\n",
            b"",
            b"\x00" * 40,
            b"SIP/2.0 200 OK\r\n\r\n",
            b"ACK sip:bob@biloxi.example SIP/2.0\r\n\r\n",
        ],
    )
    def test_what_cannot_be_answered_is_dropped_and_told(self, data: bytes) -> None:
        bench = Bench(bob_from_alice())
        bench.receive(data)
        assert bench.take() == ["malformed 0"]
        assert bench.endpoint.malformed_dropped == 1

    def test_stateless_methods_get_no_transaction_and_every_copy_is_told(self) -> None:
        bench = Bench(bob_from_alice(), stateless_methods=frozenset({"OPTIONS"}))
        request = make_request("OPTIONS", branch="z9hG4bK1")
        for _ in range(2):
            (effect,) = bench.receive(request)
            assert isinstance(effect, RequestReceived)
            assert effect.transaction is None
            bench.endpoint.respond_statelessly(effect.request, bench.answer(effect.request, 200), effect.flow)
        assert bench.take() == ["user OPTIONS", "200", "user OPTIONS", "200"]
        assert bench.is_idle
        assert bench.sent()[0].get("Via") == (
            "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport=5060;received=192.0.2.1"
        )

    def test_stray_ack_is_told_and_answered_by_nothing(self) -> None:
        bench = Bench(bob_from_alice())
        bench.receive(make_request("ACK", branch="z9hG4bK1", to_tag="bob"))
        assert bench.take() == ["user ACK"]
        assert bench.endpoint.stray_acks == 1
        assert bench.is_idle

    def test_request_over_the_limit_is_refused_with_503(self) -> None:
        bench = Bench(bob_from_alice(), max_transactions=1)
        open_server(bench, make_request("INVITE", branch="z9hG4bK1"))
        bench.receive(make_request("MESSAGE", branch="z9hG4bK2", cseq=2))
        assert bench.take() == ["user INVITE", "503"]
        assert bench.endpoint.overload_refusals == 1
        assert bench.endpoint.live_transactions == 1

    def test_what_ends_a_call_is_let_in_over_the_limit(self) -> None:
        bench = Bench(bob_from_alice(), max_transactions=2)
        open_server(bench, make_request("INVITE", branch="z9hG4bK1"))
        open_server(bench, make_request("INVITE", branch="z9hG4bK2", cseq=2))
        bench.receive(make_request("CANCEL", branch="z9hG4bK1"))
        bench.receive(make_request("BYE", branch="z9hG4bK3", to_tag="bob", cseq=3))
        bench.receive(make_request("BYE", branch="z9hG4bK4", to_tag="bob", cseq=4))
        assert bench.take()[2:] == ["200", "cancelled", "user BYE", "503"]

    @pytest.mark.parametrize(
        ("reason", "status"),
        [(BODY_TOO_LARGE, 413), (MISSING_CONTENT_LENGTH, 400), (BAD_CONTENT_LENGTH, 400)],
    )
    @pytest.mark.parametrize("length", [b"99999999", b"x", b"0"])
    def test_stream_that_cannot_be_read_on_is_answered_with_the_framers_reason(
        self, reason: str, status: int, length: bytes
    ) -> None:
        bench = Bench(bob_from_alice("tcp", 3))
        head = (
            make_request("MESSAGE", branch="z9hG4bK1").to_bytes().replace(b"Length: 0", b"Length: " + length)
        )
        bench.endpoint.receive_unframed(head, bench.flow, reason, 0.0)
        assert bench.take() == [f"malformed {status}", str(status)]
        assert bench.sent()[0].reason == reason

    @pytest.mark.parametrize(
        "head", [b"ACK sip:bob@biloxi.example SIP/2.0\r\n", b"GET / HTTP/1.1\r\n\r\n", b""]
    )
    def test_stream_that_carries_nothing_to_answer_is_dropped(self, head: bytes) -> None:
        bench = Bench(bob_from_alice("tcp", 3))
        bench.endpoint.receive_unframed(head, bench.flow, MISSING_CONTENT_LENGTH, 0.0)
        bench.endpoint.receive_unframed(
            make_request("ACK", branch="z9hG4bK1").to_bytes(), bench.flow, MISSING_CONTENT_LENGTH, 0.0
        )
        assert bench.take() == ["malformed 0", "malformed 0"]


class TestMergedRequests:
    def test_same_request_by_another_way_is_recognised(self) -> None:
        bench = Bench(bob_from_alice())
        first = open_server(bench, make_request(branch="z9hG4bK1"))
        second = open_server(bench, make_request(branch="z9hG4bK2"))
        assert not bench.endpoint.is_merged(first.request)
        assert bench.endpoint.is_merged(second.request)

    def test_request_in_a_dialog_and_a_later_one_are_not(self) -> None:
        bench = Bench(bob_from_alice())
        open_server(bench, make_request(branch="z9hG4bK1"))
        assert not bench.endpoint.is_merged(
            open_server(bench, make_request(branch="z9hG4bK2", cseq=2)).request
        )
        assert not bench.endpoint.is_merged(
            open_server(bench, make_request(branch="z9hG4bK3", to_tag="bob")).request
        )

    def test_is_forgotten_with_the_first_transaction(self) -> None:
        bench = Bench(bob_from_alice())
        first = open_server(bench, make_request("MESSAGE", branch="z9hG4bK1"))
        second = open_server(bench, make_request("MESSAGE", branch="z9hG4bK2"))
        bench.endpoint.abandon(first)
        assert not bench.endpoint.is_merged(second.request)


class TestRfc2543:
    VIA = "SIP/2.0/UDP 192.0.2.1:5060"

    def old(self, method: str, to_tag: str = "") -> Request:
        request = make_request(method, to_tag=to_tag)
        request.push("Via", self.VIA)
        return request

    def test_invite_refused_and_acknowledged(self) -> None:
        bench = Bench(bob_from_alice())
        transaction = open_server(bench, self.old("INVITE"))
        bench.receive(self.old("INVITE"))
        bench.endpoint.respond(transaction, bench.answer(transaction.request, 486), 0.0)
        bench.receive(self.old("INVITE"))
        bench.receive(self.old("ACK", "someone-else"))
        assert transaction.state is State.COMPLETED
        bench.receive(self.old("ACK", "bob"))
        assert transaction.state is State.CONFIRMED
        assert bench.take() == ["user INVITE", "486", "486", "user ACK"]

    def test_invite_from_behind_nat_is_matched_although_received_was_put_in(self) -> None:
        bench = Bench(Flow(bob_from_alice().listener, "198.51.100.7", 4444))
        open_server(bench, self.old("INVITE"))
        bench.receive(self.old("INVITE"))
        assert bench.take() == ["user INVITE"]

    def test_cancel_finds_its_invite(self) -> None:
        bench = Bench(bob_from_alice())
        open_server(bench, self.old("INVITE"))
        bench.receive(self.old("CANCEL"))
        assert bench.take() == ["user INVITE", "200", "cancelled"]

    def test_invite_answered_and_acknowledged(self) -> None:
        bench = Bench(bob_from_alice())
        transaction = open_server(bench, self.old("INVITE"))
        bench.endpoint.respond(transaction, bench.answer(transaction.request, 200), 0.0)
        bench.receive(self.old("ACK", "bob"))
        bench.advance(40)
        assert bench.take() == ["user INVITE", "200", "user ACK"]
        assert bench.is_idle


class TestTime:
    def test_timers_of_others_on_the_heap_are_told(self) -> None:
        bench = Bench(bob_from_alice())
        owner = object()
        bench.endpoint.timers.start(5.0, "ringing", owner)
        assert bench.endpoint.next_timer() == 5.0
        bench.endpoint.handle_timer(5.0)
        (effect,) = bench.endpoint.effects
        assert isinstance(effect, TimerExpired)
        assert (effect.kind, effect.owner) == ("ringing", owner)

    def test_a_late_clock_fires_everything_that_is_due_in_order(self) -> None:
        bench = Bench(alice_to_bob())
        bench.endpoint.send_request(make_request(), bench.flow, 0.0)
        bench.now = 100.0
        bench.endpoint.handle_timer(100.0)
        assert bench.take() == ["INVITE", "INVITE", "timed out"]
        assert bench.is_idle

    def test_effects_taken_by_replacing_the_list_are_not_lost(self) -> None:
        bench = Bench(alice_to_bob())
        bench.endpoint.send_request(make_request(), bench.flow, 0.0)
        taken, bench.endpoint.effects = bench.endpoint.effects, []
        bench.endpoint.handle_timer(0.5)
        assert len(taken) == 1
        assert len(bench.endpoint.effects) == 1
