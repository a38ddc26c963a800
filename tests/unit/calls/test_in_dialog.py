"""Requests within a call that change nothing about it: digits, messages, events, oddities."""

from __future__ import annotations

import pytest

from fakes.call_party import PartyCall
from fakes.call_world import BOB, HOST, Cast, World
from trunkline.calls.in_dialog import info_digit
from trunkline.sip.message import Request


def talk(cast: Cast) -> tuple[PartyCall, PartyCall]:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    return call, cast.bob.call


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_digits_in_info_go_to_the_other_side(cast: Cast, who: str) -> None:
    caller, callee = talk(cast)
    near, far = (caller, callee) if who == "caller" else (callee, caller)
    asked = near.ask("INFO", b"Signal=5\r\nDuration=160\r\n", [("Content-Type", "application/dtmf-relay")])
    assert asked.status == 200
    info = far.last("INFO")
    assert (info.content_type, info.body) == ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n")
    caller.bye()


def test_message_within_a_call_goes_to_the_other_side(cast: Cast) -> None:
    caller, callee = talk(cast)
    assert caller.ask("MESSAGE", b"hello", [("Content-Type", "text/plain"), ("X-Mood", "good")]).status == 200
    assert callee.last("MESSAGE").body == b"hello"
    assert callee.last("MESSAGE").get("X-Mood") == "good"
    caller.bye()


def test_refusal_of_the_other_side_comes_back(cast: Cast) -> None:
    caller, callee = talk(cast)
    cast.bob.holds.add("INFO")
    asked = caller.ask("INFO", b"<media_control/>", [("Content-Type", "application/media_control+xml")])
    callee.reply("INFO", 415)
    assert asked.status == 415
    caller.bye()


def test_challenge_of_the_other_side_does_not_come_back(cast: Cast) -> None:
    caller, callee = talk(cast)
    cast.bob.holds.add("INFO")
    asked = caller.ask("INFO")
    callee.reply("INFO", 407, headers=[("Proxy-Authenticate", 'Digest realm="x", nonce="y"')])
    assert asked.status == 500
    caller.bye()


def test_silence_of_the_other_side_is_told(cast: Cast, world: World) -> None:
    caller, _ = talk(cast)
    world.fault = lambda carried: [] if carried.receiver == "bob" and carried.label == "INFO" else [0.0]
    asked = caller.ask("INFO")
    world.advance(33)
    assert asked.status in (0, 408)
    caller.bye()


def test_message_before_there_is_a_partner_is_480(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    assert call.ask("MESSAGE", b"hello", [("Content-Type", "text/plain")]).status == 480
    call.cancel()


def test_options_within_a_call_is_answered_here(cast: Cast) -> None:
    caller, callee = talk(cast)
    asked = caller.ask("OPTIONS")
    assert asked.status == 200
    assert "REFER" in asked.responses[-1].get("Allow")
    assert callee.methods == []
    caller.bye()


def test_unknown_method_is_405_with_allow(cast: Cast) -> None:
    caller, _ = talk(cast)
    asked = caller.ask("TELEPORT")
    assert asked.status == 405
    assert "INVITE" in asked.responses[-1].get("Allow")
    caller.bye()


def test_unknown_extension_is_420(cast: Cast) -> None:
    caller, callee = talk(cast)
    asked = caller.reinvite(headers=[("Require", "teleport")])
    assert (asked.status, asked.responses[-1].get("Unsupported")) == (420, "teleport")
    assert callee.methods == []
    caller.bye()


def test_subscription_within_a_call_is_489(cast: Cast) -> None:
    caller, _ = talk(cast)
    assert caller.ask("SUBSCRIBE", headers=[("Event", "dialog")]).status == 489
    caller.bye()


def test_event_for_the_other_side_goes_on_and_that_of_a_transfer_stays(cast: Cast) -> None:
    caller, callee = talk(cast)
    state = ("Subscription-State", "active")
    assert caller.ask("NOTIFY", b"", [("Event", "talk"), state]).status == 200
    assert callee.last("NOTIFY").get("Event") == "talk"
    assert caller.ask("NOTIFY", b"", [("Event", "refer"), state]).status == 200
    assert callee.methods == ["NOTIFY"]
    caller.bye()


@pytest.mark.parametrize("method", ["BYE", "INFO", "INVITE", "UPDATE", "REFER", "PRACK", "NOTIFY", "OPTIONS"])
def test_request_in_an_unknown_dialog_is_481(cast: Cast, method: str) -> None:
    asked = cast.alice.ask(
        method, f"sip:leg5@{HOST}", to=";tag=unknown", headers=[("Contact", cast.alice.contact)]
    )
    assert asked.status == 481


def test_tag_of_another_dialog_does_not_open_this_one(cast: Cast, world: World) -> None:
    caller, callee = talk(cast)
    call_id, tag = caller.dialog.id.call_id, caller.dialog.id.remote_tag
    bye = Request(
        "BYE",
        f"sip:{HOST}",
        [
            ("Via", "SIP/2.0/UDP 192.0.2.66;branch=z9hG4bKx;rport"), ("From", "<sip:mallory@192.0.2.66>;tag=m"),
            ("To", f"<{BOB}>;tag={tag}"), ("Call-ID", call_id), ("CSeq", "99 BYE"),
        ],
    )  # fmt: skip
    world.may_see.add(("alice", "mallory"))
    cast.mallory.send_raw(bye.to_bytes())
    assert world.labels("us", "mallory") == ["481"]
    assert callee.methods == []
    caller.bye()


def test_stray_ack_is_passed_over(cast: Cast, world: World) -> None:
    caller, _ = talk(cast)
    caller.acknowledge()
    caller.acknowledge()
    assert len(world.exchange.calls) == 1
    caller.bye()


@pytest.mark.parametrize(
    ("content_type", "body", "digit"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160", "5"),
        ("application/dtmf-relay", b"signal= a\r\n", "A"),
        ("application/dtmf-relay", b"Signal=10\r\n", ""),
        ("application/dtmf-relay", b"Duration=160\r\n", ""),
        ("application/dtmf", b"#", "#"),
        ("application/dtmf", b"", ""),
        ("application/dtmf", b"12", ""),
        ("text/plain", b"5", ""),
        ("application/dtmf", b"\xff", ""),
    ],
)
def test_digit_of_an_info(content_type: str, body: bytes, digit: str) -> None:
    assert info_digit(Request("INFO", "sip:x", [("Content-Type", content_type)], body)) == digit
