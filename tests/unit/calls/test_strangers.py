"""What strangers cost: one answer each, and nothing that is kept; and what they may not play back."""

from __future__ import annotations

import pytest

from fakes.call_party import sdp
from fakes.call_world import ATLANTA, BOB, TO_CAROL, Cast, World


def request(
    method: str, target: str = BOB, *lines: str, number: int = 1, to_tag: str = "", body: bytes = b""
) -> bytes:
    """A request of somebody at Mallory's address."""
    head = [
        f"{method} {target} SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.66:5060;branch=z9hG4bKmallory{number}{method}",
        "Max-Forwards: 70",
        "From: <sip:mallory@evil.example>;tag=evil",
        f"To: <{target}>{f';tag={to_tag}' if to_tag else ''}",
        f"Call-ID: evil-{number}",
        f"CSeq: 1 {method}",
        "Contact: <sip:mallory@192.0.2.66>",
        *lines,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


TURNED_AWAY = {
    "challenged": (request("INVITE"), "407"),
    "bad extension": (request("INVITE", BOB, "Require: teleportation"), "420"),
    "unknown body": (request("INVITE", BOB, "Content-Type: text/html", body=b"<p>"), "415"),
    "no hops left": (request("INVITE", BOB).replace(b"Forwards: 70", b"Forwards: 0"), "483"),
    "unreadable From": (request("INVITE").replace(b"<sip:mallory@evil.example>", b"<mallory at evil>"), "400"),
    "brief session": (request("INVITE", BOB, "Supported: timer", "Session-Expires: 5"), "422"),
    "guessed dialog": (request("INVITE", to_tag="guessed"), "481"),
    "forged digest": (
        request(
            "INVITE", BOB, f'Proxy-Authorization: Digest username="a", realm="{ATLANTA}", nonce="x", uri="{TO_CAROL}", '
            f'response="{"0" * 32}"'
        ),
        "407",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TURNED_AWAY)
def test_an_invite_of_a_stranger_is_answered_once_and_not_kept(cast: Cast, world: World, name: str) -> None:
    data, status = TURNED_AWAY[name]
    cast.mallory.send_raw(data)
    assert world.labels("us", "mallory") == [status]
    assert world.endpoint.live_transactions == 0
    assert len(world.endpoint.timers) == 0
    world.advance(40)
    assert world.labels("us", "mallory") == [status]


def test_a_repeated_invite_of_a_stranger_gets_the_same_to_tag(cast: Cast, world: World) -> None:
    cast.mallory.send_raw(request("INVITE"))
    cast.mallory.send_raw(request("INVITE"))
    tags = {each.message.to_tag for each in world.log if each.receiver == "mallory"}
    assert world.labels("us", "mallory") == ["407", "407"]
    assert len(tags) == 1
    assert tags != {""}


@pytest.mark.parametrize(
    "method",
    [
        "MESSAGE",
        "INFO",
        "SUBSCRIBE",
        "PUBLISH",
        "NOTIFY",
        "BYE",
        "PRACK",
        "UPDATE",
        "REFER",
        "CANCEL",
        "FETCH",
    ],
)
def test_no_other_request_of_a_stranger_is_kept(cast: Cast, world: World, method: str) -> None:
    for number, to_tag in ((1, ""), (2, "guessed")):
        cast.mallory.send_raw(request(method, number=number, to_tag=to_tag))
    assert len(world.labels("us", "mallory")) == 2
    assert world.endpoint.live_transactions == 0


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_a_request_that_is_played_back_when_its_transaction_is_over_is_not_served_again(
    cast: Cast, world: World, method: str
) -> None:
    if method == "INVITE":
        cast.alice.invite(BOB)
        cast.bob.call.respond(486)
    else:
        cast.alice.ask("MESSAGE", BOB, b"transfer 100", [("Content-Type", "text/plain")])
    recorded = next(
        each.data for each in world.log if each.sender == "alice" and b"Proxy-Authorization" in each.data
    )
    served = len(world.labels("us", "bob"))
    world.advance(60)
    cast.alice.send_raw(recorded)
    assert world.labels("us", "alice")[-1] == "407"
    assert len(world.labels("us", "bob")) == served


def test_a_call_that_is_challenged_still_goes_through_when_the_challenge_is_lost(
    cast: Cast, world: World
) -> None:
    lost: list[str] = []

    def lose_first(carried: object) -> list[float]:
        label = carried.label  # type: ignore[attr-defined]
        if label == "407" and not lost:
            lost.append(label)
            return []
        return [0.0]

    world.fault = lose_first
    call = cast.alice.invite(BOB)
    world.advance(1)
    cast.bob.call.answer()
    assert lost == ["407"]
    assert call.status == 200
    call.bye()


def test_what_a_party_offers_is_read_only_after_it_proved_who_it_is(cast: Cast, world: World) -> None:
    cast.mallory.send_raw(
        request("INVITE", BOB, "Content-Type: application/sdp", body=sdp("192.0.2.66") + b"m=?\r\n")
    )
    assert world.labels("us", "mallory") == ["407"]
    assert world.engine.streams == {}
