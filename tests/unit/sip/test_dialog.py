"""Dialogs: RFC 3261 §12."""

from __future__ import annotations

import pytest

from fakes.sip_bench import alice_to_bob, bob_from_alice, make_request
from trunkline.sip.dialog import (
    Dialog,
    DialogId,
    DialogState,
    dialog_id_of_request,
    dialog_id_of_response,
    dialog_of_uac,
    dialog_of_uas,
)
from trunkline.sip.errors import ParseError, ProtocolViolation, UsageError
from trunkline.sip.message import Request, Response, response_to
from trunkline.sip.parser import parse_message

LOOSE = ["<sip:p1.example;lr>", "<sip:p2.example;lr>"]


def recorded(routes: list[str]) -> list[tuple[str, str]]:
    return [("Record-Route", value) for value in routes]


def uas(routes: list[str] | None = None, contact: str = "<sip:alice@192.0.2.1>") -> Dialog:
    request = make_request(cseq=5, extra=recorded(routes or []))
    request.set("Contact", contact)
    return dialog_of_uas(request, "bob", "<sip:bob@192.0.2.2>", bob_from_alice())


def answer(
    status: int = 200, *, routes: list[str] | None = None, contact: str = "<sip:bob@192.0.2.2>"
) -> Response:
    headers = [*recorded(routes or [])]
    if contact:
        headers.append(("Contact", contact))
    return response_to(make_request(cseq=5), status, "", "bob", headers)


def uac(response: Response | None = None) -> Dialog:
    return dialog_of_uac(make_request(cseq=5), response or answer(), alice_to_bob())


class TestBeginning:
    def test_called_side_takes_everything_from_the_request(self) -> None:
        dialog = uas(LOOSE)
        assert dialog.id == DialogId("call-1", "bob", "alice")
        assert dialog.state is DialogState.EARLY
        assert dialog.local_address == "Bob <sip:bob@biloxi.example>;tag=bob"
        assert dialog.remote_address == "Alice <sip:alice@atlanta.example>;tag=alice"
        assert dialog.remote_target == "sip:alice@192.0.2.1"
        assert dialog.route_set == LOOSE
        assert (dialog.local_cseq, dialog.remote_cseq) == (0, 5)

    def test_calling_side_takes_the_route_set_in_reverse(self) -> None:
        dialog = uac(answer(routes=LOOSE))
        assert dialog.id == DialogId("call-1", "alice", "bob")
        assert dialog.state is DialogState.CONFIRMED
        assert dialog.local_address == "Alice <sip:alice@atlanta.example>;tag=alice"
        assert dialog.remote_address == "Bob <sip:bob@biloxi.example>;tag=bob"
        assert dialog.remote_target == "sip:bob@192.0.2.2"
        assert dialog.local_contact == "<sip:alice@192.0.2.1>"
        assert dialog.route_set == list(reversed(LOOSE))
        assert (dialog.local_cseq, dialog.remote_cseq) == (5, -1)

    def test_record_route_of_several_values_in_one_line_is_cut(self) -> None:
        assert uas([", ".join(LOOSE)]).route_set == LOOSE

    def test_both_sides_know_the_dialog_by_mirrored_ids(self) -> None:
        bye = parse_message(
            uac()
            .make_request("BYE")
            .to_bytes()
            .replace(b"\r\n", b"\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n", 1)
        )
        assert isinstance(bye, Request)
        assert dialog_id_of_request(bye) == uas().id
        assert dialog_id_of_response(response_to(bye, 200)) == uac().id

    def test_each_to_tag_of_a_forked_invite_is_a_dialog_of_its_own(self) -> None:
        request = make_request()
        early = [
            dialog_of_uac(
                request,
                response_to(request, 183, "", tag, [("Contact", f"<sip:{tag}@192.0.2.9>")]),
                alice_to_bob(),
            )
            for tag in ("desk", "mobile")
        ]
        assert len({dialog.id for dialog in early}) == 2
        assert [dialog.remote_target for dialog in early] == ["sip:desk@192.0.2.9", "sip:mobile@192.0.2.9"]
        assert all(dialog.state is DialogState.EARLY for dialog in early)

    def test_peer_of_rfc_2543_without_a_tag_is_borne(self) -> None:
        request = make_request()
        request.set("From", "<sip:alice@atlanta.example>")
        dialog = dialog_of_uas(request, "bob", "<sip:bob@192.0.2.2>", bob_from_alice())
        assert dialog.id.remote_tag == ""
        assert dialog.make_request("BYE").get("To") == "<sip:alice@atlanta.example>"

    def test_request_without_contact_begins_no_dialog(self) -> None:
        request = make_request()
        request.remove("Contact")
        with pytest.raises(ParseError):
            dialog_of_uas(request, "bob", "", bob_from_alice())

    @pytest.mark.parametrize("contact", ["*", "<tel:+15550100>", "<sip:>", "<sip:alice@192.0.2.1"])
    def test_unusable_contact_begins_no_dialog(self, contact: str) -> None:
        with pytest.raises(ParseError):
            uas(contact=contact)

    def test_unreadable_record_route_begins_no_dialog(self) -> None:
        with pytest.raises(ParseError):
            uas(["<sip:p1.example;lr"])

    def test_provisional_response_without_contact_leaves_the_request_uri_as_target(self) -> None:
        assert uac(answer(183, contact="")).remote_target == "sip:bob@biloxi.example"

    def test_headers_of_a_contact_uri_do_not_get_into_the_request_uri(self) -> None:
        assert uas(contact="<sip:alice@192.0.2.1?Subject=x>").remote_target == "sip:alice@192.0.2.1"


class TestRequests:
    def test_have_the_identity_of_the_dialog_and_count_up(self) -> None:
        dialog = uac()
        first, second = (
            dialog.make_request("INFO", b"x", [("Content-Type", "text/plain")]),
            dialog.make_request("BYE"),
        )
        assert (first.get("CSeq"), second.get("CSeq")) == ("6 INFO", "7 BYE")
        assert first.uri_text == "sip:bob@192.0.2.2"
        assert first.get("From") == dialog.local_address
        assert first.get("To") == dialog.remote_address
        assert first.get("Call-ID") == "call-1"
        assert first.get("Max-Forwards") == "70"
        assert first.get("Content-Type") == "text/plain"
        assert first.body == b"x"

    def test_called_side_begins_at_one(self) -> None:
        assert uas().make_request("BYE").get("CSeq") == "1 BYE"

    @pytest.mark.parametrize("method", ["INVITE", "UPDATE", "REFER", "NOTIFY", "SUBSCRIBE"])
    def test_that_may_move_the_target_carry_a_contact(self, method: str) -> None:
        assert uas().make_request(method).get("Contact") == "<sip:bob@192.0.2.2>"

    @pytest.mark.parametrize("method", ["BYE", "INFO", "PRACK", "MESSAGE"])
    def test_that_may_not_carry_none(self, method: str) -> None:
        assert uas().make_request(method).get("Contact") is None

    def test_go_by_loose_routers_with_the_target_as_request_uri(self) -> None:
        dialog = uas(LOOSE)
        request = dialog.make_request("BYE")
        assert request.uri_text == "sip:alice@192.0.2.1"
        assert request.get_all("Route") == LOOSE
        assert dialog.next_hop_uri.text == "sip:p1.example;lr"

    def test_go_by_a_strict_router_with_the_target_at_the_end(self) -> None:
        dialog = uas(["<sip:old.example;method=INVITE;x=1?Subject=no>", "<sip:p2.example;lr>"])
        request = dialog.make_request("BYE")
        assert request.uri_text == "sip:old.example;x=1"
        assert request.get_all("Route") == ["<sip:p2.example;lr>", "<sip:alice@192.0.2.1>"]
        assert dialog.next_hop_uri.text.startswith("sip:old.example")

    def test_go_to_the_target_without_a_route_set(self) -> None:
        dialog = uas()
        assert dialog.make_request("BYE").get("Route") is None
        assert dialog.next_hop_uri.text == "sip:alice@192.0.2.1"

    def test_route_parameters_survive_as_they_were(self) -> None:
        route = '"Proxy, 1" <sip:p1.example;lr;ftag=a%20b>;x=y'
        assert uas([route]).make_request("BYE").get_all("Route") == [route]

    def test_ack_keeps_the_number_of_its_invite(self) -> None:
        dialog = uac(answer(routes=LOOSE))
        invite = dialog.make_request("INVITE")
        ack = dialog.make_ack(6, b"v=0\r\n", [("Content-Type", "application/sdp")])
        assert invite.get("CSeq") == "6 INVITE"
        assert ack.get("CSeq") == "6 ACK"
        assert ack.body == b"v=0\r\n"
        assert ack.get_all("Route") == list(reversed(LOOSE))
        assert dialog.make_request("BYE").get("CSeq") == "7 BYE"

    @pytest.mark.parametrize("method", ["ACK", "CANCEL"])
    def test_without_a_number_of_their_own_are_not_made_as_others_are(self, method: str) -> None:
        with pytest.raises(UsageError):
            uac().make_request(method)


class TestReceiving:
    def test_rising_numbers_are_taken_gaps_included(self) -> None:
        dialog = uas()
        dialog.receive_request(make_request("INFO", cseq=6))
        dialog.receive_request(make_request("INFO", cseq=60))
        assert dialog.remote_cseq == 60

    def test_first_number_of_the_called_side_may_be_any(self) -> None:
        dialog = uac()
        dialog.receive_request(make_request("BYE", cseq=0))
        assert dialog.remote_cseq == 0

    @pytest.mark.parametrize("cseq", [4, 5])
    def test_number_that_does_not_rise_is_refused_with_500(self, cseq: int) -> None:
        dialog = uas()
        with pytest.raises(ProtocolViolation) as caught:
            dialog.receive_request(make_request("INFO", cseq=cseq))
        assert caught.value.status == 500
        assert dialog.remote_cseq == 5

    @pytest.mark.parametrize("method", ["ACK", "CANCEL"])
    def test_ack_and_cancel_carry_the_number_of_their_invite(self, method: str) -> None:
        dialog = uas()
        dialog.receive_request(make_request(method, cseq=5))
        assert dialog.remote_cseq == 5

    def test_ended_dialog_is_answered_481(self) -> None:
        dialog = uas()
        dialog.terminate()
        with pytest.raises(ProtocolViolation) as caught:
            dialog.receive_request(make_request("INFO", cseq=9))
        assert caught.value.status == 481

    def test_target_moves_to_the_contact_and_stays_without_one(self) -> None:
        dialog = uas()
        update = make_request("UPDATE", cseq=6)
        update.set("Contact", "<sip:alice@198.51.100.4:5070>")
        dialog.refresh_target(update)
        assert dialog.remote_target == "sip:alice@198.51.100.4:5070"
        update.remove("Contact")
        dialog.refresh_target(update)
        assert dialog.remote_target == "sip:alice@198.51.100.4:5070"


class TestConfirming:
    def test_caller_takes_the_route_set_and_target_of_the_2xx(self) -> None:
        dialog = uac(answer(180, routes=["<sip:p1.example;lr>"], contact="<sip:ringing@192.0.2.2>"))
        dialog.confirm(answer(200, routes=LOOSE, contact="<sip:answered@192.0.2.2>"))
        assert dialog.state is DialogState.CONFIRMED
        assert dialog.route_set == list(reversed(LOOSE))
        assert dialog.remote_target == "sip:answered@192.0.2.2"

    def test_called_side_keeps_its_route_set(self) -> None:
        dialog = uas(LOOSE)
        dialog.confirm(answer(200))
        assert dialog.state is DialogState.CONFIRMED
        assert dialog.route_set == LOOSE
        assert dialog.remote_target == "sip:alice@192.0.2.1"

    def test_ended_dialog_stays_ended(self) -> None:
        dialog = uac(answer(180))
        dialog.terminate()
        dialog.confirm(answer(200))
        assert dialog.state is DialogState.TERMINATED
