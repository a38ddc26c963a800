"""Transfers: blind and attended, who may, what it costs when it fails (RFC 3515, RFC 3891, RFC 5589)."""

from __future__ import annotations

import pytest

from fakes.call_party import PartyCall
from fakes.call_world import ALICE, ATLANTA, BOB, BOBS_NUMBER, CAROL, DAVE, HOST, TO_CAROL, Cast, World
from trunkline.domain.cdr import EndCause
from trunkline.domain.credential import CallerIdRule
from trunkline.domain.limits import Limits
from trunkline.domain.media import MediaFailureCause, Side
from trunkline.sdp.description import parse
from trunkline.sdp.direction import Direction, direction_of


def talk(cast: Cast, target: str = BOB) -> tuple[PartyCall, PartyCall]:
    """A call of Alice's that was answered: her side and the callee's."""
    call = cast.alice.invite(target)
    callee = cast.bob if target == BOB else cast.chicago
    callee.call.answer()
    return call, callee.call


def escaped(value: str) -> str:
    return value.replace(";", "%3B").replace("=", "%3D")


def direction_in(body: bytes) -> Direction:
    description = parse(body)
    return direction_of(description.media[0], description)


def test_caller_transfers_the_callee_blindly(cast: Cast, world: World) -> None:
    call, callee = talk(cast)
    assert call.reinvite(cast.alice.offer("sendonly", version=2)).status == 200
    asked = call.refer(DAVE)
    assert asked.status == 202
    dave = cast.dave.call
    assert dave.invite.address("From").uri.text == "sip:bob@biloxi.example"
    assert direction_in(dave.invite.body) is Direction.SENDRECV, "the target is not put on hold"
    dave.ring()
    dave.answer()
    assert call.notified == ["SIP/2.0 100 Trying", "SIP/2.0 180 Ringing", "SIP/2.0 200 OK"]
    assert call.methods[-1] == "BYE"
    assert callee.methods == ["INVITE", "INVITE"]
    assert direction_in(callee.last("INVITE").body) is Direction.SENDRECV
    (stream,) = world.engine.streams.values()
    assert {stream.remote(side)[0] for side in Side} == {"192.0.2.2", "192.0.2.4"}
    dave.bye()
    assert callee.methods[-1] == "BYE"
    assert world.cdr.end_cause is EndCause.CALLEE_HUNG_UP
    assert len(world.journal.ended) == 1


def test_callee_transfers_the_caller_blindly(cast: Cast, world: World) -> None:
    call, callee = talk(cast)
    callee.refer(DAVE)
    cast.dave.call.answer()
    assert callee.notified[-1] == "SIP/2.0 200 OK"
    assert callee.methods[-1] == "BYE"
    assert call.methods == ["INVITE"]
    call.bye()
    assert cast.dave.call.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.CALLER_HUNG_UP
    assert [attempt.status for attempt in world.cdr.attempts] == [200, 200]


def test_transferor_may_leave_at_once(cast: Cast, world: World) -> None:
    call, callee = talk(cast)
    call.refer(DAVE)
    call.bye()
    cast.dave.call.ring()
    cast.dave.call.answer()
    assert callee.methods == ["INVITE"]
    callee.bye()
    assert cast.dave.call.methods == ["BYE"]


def test_transfer_that_fails_leaves_the_call_as_it_was(cast: Cast, world: World) -> None:
    call, callee = talk(cast)
    (before,) = world.engine.streams.items()
    call.refer(DAVE)
    cast.dave.call.ring(183, cast.dave.offer())
    cast.dave.call.respond(486)
    assert call.notified[-1] == "SIP/2.0 486 Busy Here"
    assert call.last("NOTIFY").get("Subscription-State") == "terminated;reason=noresource"
    assert (call.methods.count("BYE"), callee.methods) == (0, [])
    assert world.engine.streams[before[0]].remote(Side.CALLEE) == ("192.0.2.2", 4000)
    assert call.reinvite(cast.alice.offer("sendonly", version=2)).status == 200
    again = call.refer(f"sip:nobody@{ATLANTA}")
    assert (again.status, call.notified[-1]) == (202, "SIP/2.0 404 Not Found")
    call.bye()
    assert callee.methods[-1] == "BYE"


def test_transfer_that_fails_after_the_transferor_left_ends_the_call(cast: Cast, world: World) -> None:
    call, callee = talk(cast)
    call.refer(DAVE)
    call.bye()
    cast.dave.call.respond(486)
    assert callee.methods == ["BYE"]
    assert callee.reasons == ['SIP;cause=486;text="Busy Here"']


def test_transferee_that_hangs_up_stops_the_transfer(cast: Cast, world: World) -> None:
    call, callee = talk(cast)
    call.refer(DAVE)
    cast.dave.call.ring()
    callee.bye()
    assert cast.dave.call.methods == ["CANCEL"]
    assert call.methods[-1] == "BYE"


def test_transfer_that_nobody_answers_ends_in_time(cast: Cast, world: World) -> None:
    call, callee = talk(cast)
    call.refer(DAVE)
    cast.dave.call.ring()
    world.advance(61)
    assert call.notified[-1] == "SIP/2.0 480 No Answer"
    assert callee.methods == []
    call.bye()


def test_second_transfer_while_one_rings_is_told_to_wait(cast: Cast) -> None:
    call, callee = talk(cast)
    call.refer(DAVE)
    second = callee.refer(ALICE)
    assert second.status == 202
    assert callee.notified == ["SIP/2.0 491 Request Pending"]
    call.bye()
    callee.bye()


def test_transfer_goes_only_where_the_transferor_may_call(cast: Cast, world: World) -> None:
    world.credential("bob", "biloxi.example", limits=Limits(destinations=("-+1",)))
    call, callee = talk(cast)
    assert callee.refer(f"sip:{CAROL}@{HOST}").status == 202
    assert callee.notified == ["SIP/2.0 403 Forbidden"]
    assert cast.chicago.incoming == []
    call.bye()


def test_transfer_to_a_number_leaves_through_the_trunk(cast: Cast, world: World) -> None:
    call, callee = talk(cast)
    callee.refer(f"tel:{CAROL}")
    cast.chicago.call.answer()
    assert call.methods == ["INVITE"]
    cast.chicago.call.bye()
    assert (world.cdr.trunk_id, world.exchange.limits.in_use("trunk:1")) == (1, 0)


def test_trunk_may_not_transfer(cast: Cast) -> None:
    call, callee = talk(cast, TO_CAROL)
    assert callee.refer(DAVE).status == 403
    assert cast.dave.incoming == []
    call.bye()


def test_transfer_without_subscription_is_not_notified(cast: Cast) -> None:
    call, _ = talk(cast)
    asked = call.refer(DAVE, [("Refer-Sub", "false")])
    assert asked.responses[-1].get("Refer-Sub") == "false"
    cast.dave.call.answer()
    assert call.notified == []
    assert call.methods == ["BYE"]
    cast.dave.call.bye()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 400), ([("Refer-To", "<sip:")], 400), ([("Refer-To", f"<{DAVE};method=BYE>")], 501),
    ],
)  # fmt: skip
def test_bad_refer_is_refused(cast: Cast, headers: list[tuple[str, str]], status: int) -> None:
    call, _ = talk(cast)
    assert call.ask("REFER", b"", headers).status == status
    call.bye()


def test_refer_before_the_answer_is_491(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    assert call.refer(DAVE).status == 491
    call.cancel()


def test_inbound_trunk_call_is_transferred_by_the_device(cast: Cast, world: World) -> None:
    call = cast.chicago.invite(f"sip:{BOBS_NUMBER}@{HOST}", user=CAROL)
    cast.bob.call.answer()
    cast.bob.call.refer(DAVE)
    assert cast.dave.call.invite.address("From").uri.username == CAROL
    cast.dave.call.answer()
    call.bye()
    assert cast.dave.call.methods == ["BYE"]


# Attended: two calls of one phone become one.


def two_calls(cast: Cast) -> tuple[PartyCall, PartyCall, PartyCall, PartyCall]:
    """Alice talks to Bob and asks Dave: her two sides, then theirs."""
    first, bob = talk(cast)
    first.reinvite(cast.alice.offer("sendonly", version=2))
    second = cast.alice.invite(DAVE)
    cast.dave.call.answer()
    return first, second, bob, cast.dave.call


def test_attended_transfer_joins_the_far_ends_of_two_calls(cast: Cast, world: World) -> None:
    first, second, bob, dave = two_calls(cast)
    asked = first.refer(f"{DAVE}?Replaces={escaped(second.replaces())}")
    assert asked.status == 202
    assert first.notified == ["SIP/2.0 200 OK"]
    assert (first.methods[-1], second.methods[-1]) == ("BYE", "BYE")
    assert direction_in(bob.last("INVITE").body) is Direction.SENDRECV
    assert dave.methods == ["INVITE"]
    (stream,) = world.engine.streams.values()
    assert {stream.remote(side)[0] for side in Side} == {"192.0.2.2", "192.0.2.4"}
    bob.bye()
    assert dave.methods == ["INVITE", "BYE"]
    causes = [cdr.end_cause for cdr in world.journal.ended]
    assert causes == [EndCause.TRANSFERRED, EndCause.CALLEE_HUNG_UP]
    assert world.exchange.limits.holders == {}


def test_legs_that_were_taken_over_keep_their_session_timers(cast: Cast, world: World) -> None:
    cast.dave.supported = "timer"
    first, bob = talk(cast)
    second = cast.alice.invite(DAVE)
    cast.dave.call.answer(headers=[("Session-Expires", "600;refresher=uac")])
    dave = cast.dave.call
    first.refer(f"{DAVE}?Replaces={escaped(second.replaces())}")
    world.advance(700)
    assert dave.methods == ["INVITE", "UPDATE", "UPDATE"]
    bob.bye()


def test_attended_transfer_to_a_call_that_is_not_here_is_481(cast: Cast) -> None:
    first, bob = talk(cast)
    assert first.refer(f"{DAVE}?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2").status == 481
    assert first.refer(f"{DAVE}?Replaces={escaped(first.replaces())}").status == 481
    assert bob.methods == []
    first.bye()


def test_attended_transfer_while_the_second_call_rings_is_481(cast: Cast) -> None:
    first, _ = talk(cast)
    second = cast.alice.invite(DAVE)
    cast.dave.call.ring(183, cast.dave.offer())
    assert first.refer(f"{DAVE}?Replaces={escaped(second.replaces())}").status == 481
    second.cancel()
    first.bye()


def test_attended_transfer_with_the_call_of_another_account_is_481(cast: Cast, world: World) -> None:
    from trunkline.domain.account import Account
    from trunkline.domain.credential import Credential, Secret, hash_pair
    from trunkline.domain.realm import Realm

    world.provision(
        Account(2, "a2", "Other", "US", 0.0),
        Realm(9, 2, "other.example", "other", True, "", 0.0),
        Credential(
            90,
            2,
            9,
            "other.example",
            "eve",
            "",
            (Secret(hash_pair("md5", "eve", "other.example", "secret")),),
        ),
        Credential(
            91, 2, 9, "other.example", "ed", "", (Secret(hash_pair("md5", "ed", "other.example", "secret")),)
        ),
    )
    eve = world.party("eve", "192.0.2.91", realm="other.example")
    ed = world.party("ed", "192.0.2.92", realm="other.example")
    world.register(ed, "ed@other.example")
    theirs = eve.invite("sip:ed@other.example")
    ed.call.answer()
    first, _ = talk(cast)
    assert first.refer(f"{DAVE}?Replaces={escaped(theirs.replaces())}").status == 481
    theirs.bye()
    first.bye()


def test_party_that_refuses_to_be_joined_ends_the_call(cast: Cast, world: World) -> None:
    first, second, bob, dave = two_calls(cast)
    cast.dave.holds.add("INVITE")
    cast.bob.holds.add("INVITE")
    first.refer(f"{DAVE}?Replaces={escaped(second.replaces())}")
    asked = bob if "INVITE" in bob.held else dave
    asked.reply("INVITE", 488)
    assert (bob.methods[-1], dave.methods[-1]) == ("BYE", "BYE")
    assert "488" in bob.reasons[0]
    assert world.cdr.end_cause is EndCause.FAILED


def test_join_that_meets_a_change_is_tried_again(cast: Cast, world: World) -> None:
    first, second, bob, dave = two_calls(cast)
    cast.dave.holds.add("INVITE")
    first.refer(f"{DAVE}?Replaces={escaped(second.replaces())}")
    dave.reply("INVITE", 491)
    cast.dave.holds.clear()
    world.advance(5)
    assert dave.methods == ["INVITE", "INVITE"]
    bob.bye()
    assert dave.methods[-1] == "BYE"


def test_party_that_hangs_up_while_it_is_joined_ends_the_call(cast: Cast, world: World) -> None:
    first, second, bob, dave = two_calls(cast)
    cast.dave.holds.add("INVITE")
    first.refer(f"{DAVE}?Replaces={escaped(second.replaces())}")
    dave.bye()
    dave.reply("INVITE", 487)
    assert bob.methods[-1] == "BYE"


def joining(cast: Cast) -> tuple[PartyCall, PartyCall]:
    """An attended transfer whose first re-INVITE waits at Dave's: Bob's side and Dave's."""
    first, second, bob, dave = two_calls(cast)
    cast.dave.holds.add("INVITE")
    first.refer(f"{DAVE}?Replaces={escaped(second.replaces())}")
    assert dave.methods == ["INVITE"]
    return bob, dave


@pytest.mark.parametrize("status", [408, 481])
def test_party_whose_dialog_is_gone_is_not_joined(cast: Cast, world: World, status: int) -> None:
    bob, dave = joining(cast)
    dave.reply("INVITE", status)
    assert (bob.methods[-1], dave.methods[-1]) == ("BYE", "BYE")
    assert world.exchange.calls == {}


def test_party_that_is_silent_is_not_joined(cast: Cast, world: World) -> None:
    first, second, bob, _ = two_calls(cast)
    world.fault = lambda carried: [] if carried.receiver == "dave" else [0.0]
    first.refer(f"{DAVE}?Replaces={escaped(second.replaces())}")
    world.advance(33)
    assert bob.methods[-1] == "BYE"
    assert world.exchange.calls == {}


def test_party_that_answers_without_description_is_not_joined(cast: Cast) -> None:
    bob, dave = joining(cast)
    dave.reply("INVITE", 200)
    assert (bob.methods[-1], dave.methods[-1]) == ("BYE", "BYE")


def test_party_that_is_always_busy_with_changes_is_not_joined(cast: Cast, world: World) -> None:
    bob, dave = joining(cast)
    for _ in range(6):
        if not dave.held["INVITE"]:
            break
        dave.reply("INVITE", 491)
        world.advance(5)
    assert (bob.methods[-1], dave.methods[-1]) == ("BYE", "BYE")
    assert dave.methods.count("INVITE") == 5


def test_join_waits_for_a_change_that_is_under_way(cast: Cast, world: World) -> None:
    first, second, bob, dave = two_calls(cast)
    cast.bob.holds.add("INVITE")
    first.reinvite(cast.alice.offer(version=5))
    first.refer(f"{DAVE}?Replaces={escaped(second.replaces())}")
    assert dave.methods == ["INVITE"]
    bob.reply("INVITE", 488)
    cast.bob.holds.clear()
    world.advance(5)
    assert bob.methods[-1] == "INVITE"
    bob.bye()
    assert dave.methods[-1] == "BYE"


def test_repeated_2xx_of_a_join_is_acknowledged_again(cast: Cast, world: World) -> None:
    lost = []

    def lose_first_ack(carried: object) -> list[float]:
        if carried.label == "ACK" and carried.receiver == "dave" and len(cast.dave.call.methods) and not lost:
            lost.append(carried)
            return []
        return [0.0]

    first, second, bob, dave = two_calls(cast)
    world.fault = lose_first_ack
    first.refer(f"{DAVE}?Replaces={escaped(second.replaces())}")
    world.advance(1)
    assert lost
    assert dave.acks[-1].cseq_number == dave.last("INVITE").cseq_number
    bob.bye()


@pytest.mark.parametrize("answers", [0, 1, 2])
def test_engine_that_fails_while_two_are_joined_ends_the_call(cast: Cast, world: World, answers: int) -> None:
    first, second, bob, dave = two_calls(cast)
    cast.dave.holds.add("INVITE")
    cast.bob.holds.add("INVITE")
    if answers == 0:
        world.engine.fault = MediaFailureCause.REFUSED
    first.refer(f"{DAVE}?Replaces={escaped(second.replaces())}")
    if answers == 1:
        world.engine.fault = MediaFailureCause.REFUSED
    if answers:
        dave.reply("INVITE", 200, cast.dave.offer())
    if answers == 2:
        world.engine.fault = MediaFailureCause.REFUSED
        bob.reply("INVITE", 200, cast.bob.offer())
    assert (bob.methods[-1], dave.methods[-1]) == ("BYE", "BYE")
    assert world.cdr.end_cause is EndCause.FAILED


def test_leg_that_is_taken_during_a_change_gives_the_change_up(cast: Cast, world: World) -> None:
    first, second, bob, dave = two_calls(cast)
    cast.dave.holds.add("INVITE")
    asked = second.reinvite(cast.alice.offer("sendonly", version=7))
    first.refer(f"{DAVE}?Replaces={escaped(second.replaces())}")
    assert asked.status == 480
    dave.reply("INVITE", 487)
    dave.reply("INVITE", 200, cast.dave.offer())
    assert bob.methods[-1] == "INVITE"
    bob.bye()
    assert dave.methods[-1] == "BYE"


def test_transfer_to_what_is_no_address_is_told(cast: Cast) -> None:
    call, _ = talk(cast)
    assert call.refer("urn:service:nothing").status == 202
    assert call.notified == ["SIP/2.0 404 Not Found"]
    call.bye()


def test_transferee_that_may_not_show_itself_goes_out_anonymous(cast: Cast, world: World) -> None:
    world.credential("bob", "biloxi.example", caller_id_rule=CallerIdRule.OWNED)
    call, _ = talk(cast)
    call.refer(TO_CAROL)
    assert cast.chicago.call.invite.address("From").uri.text == "sip:anonymous@anonymous.invalid"
    cast.chicago.call.respond(486)
    call.bye()
