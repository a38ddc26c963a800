"""Reliable provisional responses: RFC 3262, both sides."""

from __future__ import annotations

import pytest

from fakes.sip_bench import Bench, bob_from_alice, make_request
from trunkline.sip.effects import RequestReceived
from trunkline.sip.errors import ParseError
from trunkline.sip.message import Request, Response
from trunkline.sip.reliable import RAck, ReliableReceiver, parse_rack, rseq_of
from trunkline.sip.transaction.transaction import ServerTransaction, State

SESSION = b"v=0\r\n"


class Ringing(Bench):
    """Bob's endpoint with an INVITE of Alice's."""

    def __init__(self) -> None:
        super().__init__(bob_from_alice())
        (effect,) = self.receive(make_request(branch="z9hG4bK1", extra=[("Supported", "100rel")]))
        assert isinstance(effect, RequestReceived)
        assert effect.transaction is not None
        self.invite: ServerTransaction = effect.transaction
        self.take()

    def ring(self, status: int = 180, body: bytes = b"") -> int:
        response = self.answer(self.invite.request, status, body=body)
        return self.endpoint.respond_reliably(self.invite, response, self.now)

    def respond(self, status: int) -> None:
        self.endpoint.respond(self.invite, self.answer(self.invite.request, status), self.now)

    def prack(
        self, rseq: int, *, invite_cseq: int = 1, to_tag: str = "bob", branch: str = "z9hG4bKp"
    ) -> Request:
        rack = [("RAck", f"{rseq} {invite_cseq} INVITE")]
        return make_request("PRACK", branch=f"{branch}{rseq}", cseq=2, to_tag=to_tag, extra=rack)

    def match(self, prack: Request) -> ServerTransaction | None:
        (effect,) = self.receive(prack)
        assert isinstance(effect, RequestReceived)
        return self.endpoint.match_prack(effect.request)


def test_reliable_response_carries_rseq_and_requires_100rel() -> None:
    bench = Ringing()
    rseq = bench.ring()
    assert bench.take() == ["180"]
    response = bench.sent()[-1]
    assert 1 <= rseq <= 2**31 - 1
    assert response.get("RSeq") == str(rseq)
    assert response.has_token("Require", "100rel")


def test_other_requirements_are_kept() -> None:
    bench = Ringing()
    response = bench.answer(bench.invite.request, 183, headers=[("Require", "timer")])
    bench.endpoint.respond_reliably(bench.invite, response, 0.0)
    bench.collect()
    assert bench.sent()[-1].get_all("Require") == ["timer", "100rel"]


def test_first_rseq_comes_from_the_tokens() -> None:
    one, other = Ringing(), Ringing()
    other.endpoint._tokens()
    assert one.ring() != other.ring()


def test_unacknowledged_one_is_repeated_without_bound_t2_and_given_up_after_64_t1() -> None:
    bench = Ringing()
    bench.ring()
    bench.advance(40)
    times = [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert bench.take_timed() == [*((time, "180") for time in times), (32.0, "prack missing")]
    assert bench.endpoint.pracks_missing == 1
    bench.respond(504)
    assert bench.take() == ["504"]


def test_prack_ends_the_repetition() -> None:
    bench = Ringing()
    rseq = bench.ring()
    bench.advance(0.6)
    assert bench.match(bench.prack(rseq)) is bench.invite
    bench.advance(100)
    assert bench.take()[:3] == ["180", "180", "user PRACK"]
    assert bench.endpoint.pracks_missing == 0


@pytest.mark.parametrize(
    ("surplus", "invite_cseq", "to_tag"),
    [(1, 1, "bob"), (0, 2, "bob"), (0, 1, "carol")],
    ids=["another RSeq", "another INVITE", "another dialog"],
)
def test_prack_for_something_else_matches_nothing(surplus: int, invite_cseq: int, to_tag: str) -> None:
    bench = Ringing()
    rseq = bench.ring()
    assert bench.match(bench.prack(rseq + surplus, invite_cseq=invite_cseq, to_tag=to_tag)) is None


def test_second_prack_for_the_same_response_matches_nothing() -> None:
    bench = Ringing()
    rseq = bench.ring()
    assert bench.match(bench.prack(rseq)) is bench.invite
    assert bench.match(bench.prack(rseq, branch="z9hG4bKq")) is None


def test_prack_that_names_another_method_matches_nothing() -> None:
    bench = Ringing()
    rseq = bench.ring()
    prack = bench.prack(rseq)
    prack.set("RAck", f"{rseq} 1 UPDATE")
    assert bench.match(prack) is None


def test_second_reliable_response_waits_for_the_first_ones_prack() -> None:
    bench = Ringing()
    first = bench.ring(183)
    second = bench.ring(180)
    assert second == first + 1
    assert bench.take() == ["183"]
    assert bench.match(bench.prack(first)) is bench.invite
    assert bench.take() == ["user PRACK", "180"]
    assert bench.sent()[-1].get("RSeq") == str(second)
    assert bench.match(bench.prack(second)) is bench.invite


def test_repeated_invite_gets_the_outstanding_response() -> None:
    bench = Ringing()
    bench.ring(183)
    bench.receive(make_request(branch="z9hG4bK1"))
    assert bench.take() == ["183", "183"]


def test_2xx_waits_while_a_session_description_is_unacknowledged() -> None:
    bench = Ringing()
    rseq = bench.ring(183, SESSION)
    bench.respond(200)
    assert bench.take() == ["183"]
    assert bench.invite.state is State.PROCEEDING
    bench.match(bench.prack(rseq))
    assert bench.take() == ["user PRACK", "200"]
    assert bench.invite.state is State.ACCEPTED


def test_2xx_waits_for_queued_session_descriptions_too() -> None:
    bench = Ringing()
    first = bench.ring(180)
    second = bench.ring(183, SESSION)
    bench.respond(200)
    bench.match(bench.prack(first))
    assert bench.take() == ["180", "user PRACK", "183"]
    bench.match(bench.prack(second))
    assert bench.take() == ["user PRACK", "200"]


def test_2xx_does_not_wait_for_a_response_without_a_body() -> None:
    bench = Ringing()
    rseq = bench.ring(180)
    bench.respond(200)
    assert bench.take() == ["180", "200"]
    assert bench.match(bench.prack(rseq)) is bench.invite
    bench.receive(make_request("ACK", branch="z9hG4bK2", to_tag="bob"))
    bench.advance(40)
    assert bench.take() == ["user PRACK", "user ACK"]
    assert bench.is_idle


def test_refusal_does_not_wait_and_takes_the_place_of_a_waiting_2xx() -> None:
    bench = Ringing()
    rseq = bench.ring(183, SESSION)
    bench.respond(200)
    bench.respond(180)
    bench.respond(487)
    assert bench.take() == ["183", "487"]
    assert bench.endpoint.discarded_responses == 1
    bench.match(bench.prack(rseq))
    bench.advance(0.4)
    assert bench.take() == ["user PRACK"]


def test_cancel_while_a_2xx_waits_is_told() -> None:
    bench = Ringing()
    bench.ring(183, SESSION)
    bench.respond(200)
    bench.receive(make_request("CANCEL", branch="z9hG4bK1"))
    assert bench.take() == ["183", "200", "cancelled"]


def test_after_the_final_response_it_is_dropped() -> None:
    bench = Ringing()
    bench.respond(486)
    assert bench.ring() == 0
    assert bench.take() == ["486"]


def test_nothing_is_left_when_the_call_ends() -> None:
    bench = Ringing()
    bench.ring(183, SESSION)
    bench.ring(180)
    bench.respond(486)
    bench.receive(make_request("ACK", branch="z9hG4bK1", to_tag="bob"))
    bench.advance(40)
    assert bench.is_idle


class TestHeaders:
    def test_rack_is_read_and_printed(self) -> None:
        request = make_request("PRACK", extra=[("RAck", "776656  1 INVITE")])
        rack = parse_rack(request)
        assert (rack.rseq, rack.cseq, rack.method) == (776656, 1, "INVITE")
        assert str(rack) == "776656 1 INVITE"

    @pytest.mark.parametrize(
        "value", ["", "1 INVITE", "1 1 INVITE 1", "x 1 INVITE", "1 -1 INVITE", "1 1 IN/VITE"]
    )
    def test_bad_rack_is_refused(self, value: str) -> None:
        with pytest.raises(ParseError):
            parse_rack(make_request("PRACK", extra=[("RAck", value)]))

    def test_missing_rack_is_refused(self) -> None:
        with pytest.raises(ParseError):
            parse_rack(make_request("PRACK"))


def provisional(status: int, rseq: int | None, require: str = "100rel") -> Response:
    headers = [("CSeq", "4 INVITE"), ("Require", require)]
    if rseq is not None:
        headers.append(("RSeq", str(rseq)))
    return Response(status, "Ringing", headers)


class TestCaller:
    def test_each_new_response_gets_its_rack_and_a_repeated_one_gets_none(self) -> None:
        receiver = ReliableReceiver()
        assert str(receiver.accept(provisional(183, 10))) == "10 4 INVITE"
        assert receiver.accept(provisional(183, 10)) is None
        assert isinstance(receiver.accept(provisional(180, 11)), RAck)

    def test_response_that_comes_before_a_missing_one_is_left_unacknowledged(self) -> None:
        receiver = ReliableReceiver()
        receiver.accept(provisional(183, 10))
        assert receiver.accept(provisional(180, 12)) is None
        assert receiver.accept(provisional(180, 11)) is not None
        assert receiver.accept(provisional(180, 12)) is not None

    @pytest.mark.parametrize(
        "response",
        [provisional(180, None), provisional(180, 1, "timer"), provisional(100, 1), provisional(200, 1)],
        ids=["without RSeq", "without 100rel", "100", "final"],
    )
    def test_other_responses_want_no_prack(self, response: Response) -> None:
        assert rseq_of(response) is None
        assert ReliableReceiver().accept(response) is None
