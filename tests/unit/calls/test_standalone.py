"""Requests outside of calls: OPTIONS, MESSAGE, INFO, and what is refused."""

from __future__ import annotations

import pytest

from fakes.call_world import ALICE, BILOXI, BOB, BOBS_NUMBER, CAROL, HOST, TO_CAROL, Cast, World
from trunkline.domain.credential import CallerIdRule

TEXT = [("Content-Type", "text/plain")]


def test_options_tells_what_we_can(cast: Cast) -> None:
    asked = cast.mallory.ask("OPTIONS", f"sip:{HOST}")
    answer = asked.responses[-1]
    assert (asked.status, answer.get("Accept")) == (200, "application/sdp")
    assert (answer.get("Accept-Encoding"), answer.get("Accept-Language")) == ("identity", "*")
    assert answer.has_token("Allow", "INVITE")
    assert answer.has_token("Supported", "timer")


def test_options_for_a_telephone_is_416(cast: Cast) -> None:
    assert cast.mallory.ask("OPTIONS", "tel:+13125550100").status == 416


@pytest.mark.parametrize("method", ["MESSAGE", "INFO"])
def test_message_of_a_phone_reaches_every_phone_of_another(cast: Cast, world: World, method: str) -> None:
    desk = world.party("desk", "192.0.2.12", realm=BILOXI, username="bob")
    world.register(desk, f"bob@{BILOXI}", path=("<sip:edge.biloxi.example;lr>",))
    asked = cast.alice.ask(method, BOB, b"hello", TEXT)
    assert asked.status == 200
    for phone in (cast.bob, desk):
        (message,) = phone.requests
        assert message.body == b"hello"
        assert message.address("From").uri.text == ALICE
        assert message.address("To").uri.text == BOB
        assert message.max_forwards == 69
    assert desk.requests[0].values("Route") == ["<sip:edge.biloxi.example;lr>"]


def test_message_of_a_stranger_is_challenged(cast: Cast) -> None:
    assert cast.mallory.ask("MESSAGE", BOB, b"buy", TEXT).status == 407
    assert cast.bob.requests == []


def test_message_of_a_wrong_password_is_refused(cast: Cast, world: World) -> None:
    cast.alice.password = "wrong"
    assert cast.alice.ask("MESSAGE", BOB, b"x", TEXT).status == 407
    assert cast.alice.ask("MESSAGE", BOB, b"x", TEXT).status == 403


def test_message_of_a_trunk_reaches_who_owns_the_number(cast: Cast) -> None:
    asked = cast.chicago.ask(
        "MESSAGE", f"sip:{BOBS_NUMBER}@{HOST}", b"hi", TEXT, from_value=f"<sip:{CAROL}@198.51.100.10>"
    )
    assert asked.status == 200
    assert cast.bob.requests[0].address("From").uri.text == f"sip:{CAROL}@{BILOXI}"


def test_message_to_a_number_is_not_sent_through_trunks(cast: Cast, world: World) -> None:
    assert cast.alice.ask("MESSAGE", TO_CAROL, b"hi", TEXT).status == 404
    assert cast.chicago.requests == []


def test_message_to_nobody_is_404_and_to_an_absent_device_480(cast: Cast, world: World) -> None:
    assert cast.alice.ask("MESSAGE", f"sip:nobody@{BILOXI}", b"hi", TEXT).status == 404
    world.credential("erin", BILOXI)
    assert cast.alice.ask("MESSAGE", f"sip:erin@{BILOXI}", b"hi", TEXT).status == 480


def test_identity_of_a_message_follows_the_rule_of_its_credential(cast: Cast, world: World) -> None:
    world.credential("alice", "atlanta.example", caller_id_rule=CallerIdRule.OWNED)
    forged = cast.alice.ask("MESSAGE", BOB, b"hi", TEXT, from_value="<sip:+15550001111@atlanta.example>")
    assert forged.status == 403
    assert cast.bob.requests == []


@pytest.mark.parametrize(("statuses", "final"), [((200, 486), 200), ((486, 404), 404), ((486, 200), 200)])
def test_first_success_counts_and_else_the_last_refusal(
    cast: Cast, world: World, statuses: tuple[int, int], final: int
) -> None:
    desk = world.party("desk", "192.0.2.12", realm=BILOXI, username="bob")
    world.register(desk, f"bob@{BILOXI}")
    cast.bob.holds.add("MESSAGE")
    desk.holds.add("MESSAGE")
    asked = cast.alice.ask("MESSAGE", BOB, b"hi", TEXT)
    for phone, status in zip((cast.bob, desk), statuses, strict=True):
        server = next(each for each in phone.endpoint._servers.values() if each.request.method == "MESSAGE")
        phone._reply(phone.requests[0], server, status)
        world.run()
    assert asked.status == final


def test_device_that_does_not_answer_a_message_is_told(cast: Cast, world: World) -> None:
    world.unreachable.add("bob")
    assert cast.alice.ask("MESSAGE", BOB, b"hi", TEXT).status == 503


def test_message_with_no_hops_left_is_483(cast: Cast) -> None:
    request = [("Max-Forwards", "0"), *TEXT]
    cast.alice.send_raw(
        "\r\n".join(
            [
                f"MESSAGE {BOB} SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKm;rport", f"From: <{ALICE}>;tag=1",
                f"To: <{BOB}>", "Call-ID: id-alice-m", "CSeq: 1 MESSAGE", *(f"{n}: {v}" for n, v in request),
                "Content-Length: 0", "", "",
            ]
        )
    )  # fmt: skip
    assert cast.world.labels("us", "alice") == ["483"]


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("SUBSCRIBE", 489), ("PUBLISH", 489), ("BYE", 481), ("NOTIFY", 481), ("PRACK", 481), ("UPDATE", 481),
        ("REFER", 405), ("TELEPORT", 501),
    ],
)  # fmt: skip
def test_what_is_not_served_is_said(cast: Cast, method: str, status: int) -> None:
    assert cast.mallory.ask(method, f"sip:{HOST}").status == status


def test_unknown_extension_is_420(cast: Cast) -> None:
    asked = cast.mallory.ask("OPTIONS", f"sip:{HOST}", headers=[("Require", "teleport")])
    assert (asked.status, asked.responses[-1].get("Unsupported")) == (420, "teleport")


def test_cancel_of_nothing_is_481(cast: Cast, world: World) -> None:
    cast.mallory.send_raw(
        f"CANCEL {BOB} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.66;branch=z9hG4bKc;rport\r\nFrom: <sip:m@x>;tag=1\r\n"
        f"To: <{BOB}>\r\nCall-ID: id-mallory-c\r\nCSeq: 1 CANCEL\r\nContent-Length: 0\r\n\r\n"
    )
    assert world.labels("us", "mallory") == ["481"]


def test_unreadable_from_of_a_message_is_400(cast: Cast) -> None:
    asked = cast.alice.ask("MESSAGE", BOB, b"hi", TEXT, from_value="<nonsense>")
    assert asked.status == 400
