"""Parties of a call who would have it grow without end, or call more than they may."""

from __future__ import annotations

from fakes.call_world import ATLANTA, BOB, DAVE, TO_CAROL, Cast, World
from trunkline.calls.bridge import MAX_TRANSFERS
from trunkline.calls.early import MOST_BRANCHES
from trunkline.domain.limits import Limits


def test_a_callee_that_makes_up_branches_is_given_so_many(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    for number in range(3 * MOST_BRANCHES):
        cast.bob.call.ring(180, tag=f"made-up-{number}")
    (leg,) = [leg for leg in world.exchange.legs.values() if not leg.is_uas]
    assert len(leg.early) == MOST_BRANCHES
    assert call.statuses.count(180) >= MOST_BRANCHES
    call.cancel()


def test_a_callee_that_answers_from_many_branches_gets_so_many_byes(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    answer = next(each.data for each in world.log if each.sender == "bob" and each.label == "200")
    tag = cast.bob.call.dialog.id.local_tag.encode()  # type: ignore[union-attr]
    for number in range(3 * MOST_BRANCHES):
        cast.bob.send_raw(answer.replace(b"tag=" + tag, b"tag=made-up-%d" % number))
    sent = world.labels("us", "bob")
    assert sent.count("BYE") == MOST_BRANCHES
    assert sent.count("ACK") == MOST_BRANCHES + 1
    assert call.status == 200
    call.bye()


def test_a_party_that_transfers_without_end_is_stopped(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    statuses = []
    for _ in range(MAX_TRANSFERS + 5):
        call.refer(DAVE)
        if len(cast.dave.incoming) > len(statuses):
            cast.dave.call.respond(486)
        statuses.append(call.notified[-1])
    assert statuses[MAX_TRANSFERS - 1] == "SIP/2.0 486 Busy Here"
    assert statuses[MAX_TRANSFERS:] == ["SIP/2.0 403 Too Many Transfers"] * 5
    assert len(cast.dave.incoming) == MAX_TRANSFERS
    call.bye()


def test_transfers_and_redirections_count_against_the_rate_of_who_asks_for_them(
    cast: Cast, world: World
) -> None:
    world.credential("alice", ATLANTA, limits=Limits(calls_per_second=2.0))
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    for _ in range(3):
        call.refer(TO_CAROL)
        if cast.chicago.incoming and not cast.chicago.call.is_over:
            cast.chicago.call.respond(486)
    assert len(cast.chicago.incoming) == 1
    assert call.notified[-1].startswith("SIP/2.0 503")
    call.bye()


def test_a_device_that_redirects_to_itself_is_followed_a_few_times(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    while not cast.bob.call.is_over:
        cast.bob.call.respond(302, headers=[("Contact", f"<{BOB}>")])
    assert call.statuses == [480]
    assert len(cast.bob.incoming) == 6


def test_two_devices_that_redirect_to_each_other_are_followed_a_few_times(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    for _ in range(20):
        for party, other in ((cast.bob, DAVE), (cast.dave, BOB)):
            if party.incoming and not party.call.is_over:
                party.call.respond(302, headers=[("Contact", f"<{other}>")])
    assert call.statuses == [480]
    assert len(cast.bob.incoming) + len(cast.dave.incoming) == 6


def test_a_transfer_that_leads_back_rings_once(cast: Cast, world: World) -> None:
    """Bob is sent to himself, and to Alice who sends him: nothing goes round."""
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    call.refer("sip:alice@atlanta.example")
    cast.alice.call.respond(486)
    assert call.notified[-1] == "SIP/2.0 486 Busy Here"
    call.refer(BOB)
    cast.bob.call.respond(486)
    assert call.notified[-1] == "SIP/2.0 486 Busy Here"
    call.bye()


def test_nothing_that_a_stranger_or_device_writes_is_looked_up(cast: Cast, world: World) -> None:
    """DNS by strangers tells them when they were read, and asks whom they like."""
    name = "leak.example"
    lines = [
        ("Record-Route", f"<sip:{name};lr>"),
        ("Contact", f"<sip:x@{name}>"),
        ("Route", f"<sip:{name};lr>"),
    ]
    cast.mallory.invite(f"sip:x@{name}", headers=lines)
    cast.mallory.ask("MESSAGE", f"sip:x@{name}", headers=lines)
    world.register(cast.dave, f"dave@{ATLANTA}", path=(f"<sip:{name};lr>",))
    call = cast.alice.invite(
        DAVE, headers=[("Contact", f"<sip:alice@{name}>"), ("Record-Route", f"<sip:{name};lr>")]
    )
    cast.dave.call.ring(183, headers=lines[:1])
    cast.dave.call.answer(headers=lines[:1])
    call.reinvite(headers=[("Contact", f"<sip:alice@{name}>")])
    call.refer(f"sip:x@{name}")
    assert world.hops.asked == []
    call.bye()


def test_a_trunk_is_looked_up_by_what_the_operator_wrote(cast: Cast, world: World) -> None:
    call = cast.alice.invite(TO_CAROL)
    assert world.hops.asked == ["sip:+13125550199@198.51.100.10:5060"]
    call.cancel()
