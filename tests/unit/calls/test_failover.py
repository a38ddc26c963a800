"""Trunks: which failures lead to the next one, which end the call, rests, addresses, challenges, redirections."""

from __future__ import annotations

import pytest

from fakes.call_world import ATLANTA, BOB, CAROL, DAVE, TO_CAROL, Cast, World
from trunkline.domain.cdr import EndCause, TrunkAttempt
from trunkline.domain.limits import Limits
from trunkline.domain.trunk import OutboundDigest, TrunkTarget
from trunkline.sip.digest import MD5, ha1_of

CHICAGO = f"sip:{CAROL}@198.51.100.10:5060"
DENVER = f"sip:{CAROL}@198.51.100.20:5060"


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_failure_of_a_trunk_leads_to_the_next(cast: Cast, world: World, status: int) -> None:
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(status)
    cast.denver.call.answer()
    assert call.statuses == [200]
    call.bye()
    assert world.cdr.attempts == (TrunkAttempt(1, CHICAGO, status), TrunkAttempt(2, DENVER, 200))
    assert world.cdr.trunk_id == 2


@pytest.mark.parametrize("status", [486, 600, 603, 404, 403])
def test_word_of_a_person_or_a_network_ends_the_call(cast: Cast, world: World, status: int) -> None:
    world.change_trunk(1, failover_codes=frozenset({486, 600, 603, 500}))
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(status)
    assert call.statuses == [status]
    assert cast.denver.incoming == []


def test_failing_codes_are_the_trunks_own(cast: Cast, world: World) -> None:
    world.change_trunk(1, failover_codes=frozenset({404}))
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(404)
    cast.denver.call.answer()
    assert call.statuses == [200]
    call.bye()


@pytest.mark.parametrize("codes", [frozenset({503}), frozenset({408, 503})])
def test_silent_trunk_leads_to_the_next_whatever_its_codes(
    cast: Cast, world: World, codes: frozenset[int]
) -> None:
    world.change_trunk(1, failover_codes=codes)
    world.fault = lambda carried: [] if carried.receiver == "chicago" else [0.0]
    call = cast.alice.invite(TO_CAROL)
    world.advance(33)
    cast.denver.call.answer()
    assert call.statuses == [200]
    call.bye()
    assert world.cdr.attempts == (TrunkAttempt(1, CHICAGO, 0), TrunkAttempt(2, DENVER, 200))


def test_unreachable_trunk_leads_to_the_next_at_once(cast: Cast, world: World) -> None:
    world.unreachable.add("chicago")
    call = cast.alice.invite(TO_CAROL)
    cast.denver.call.answer()
    assert call.statuses == [200]
    call.bye()


def test_trunk_that_says_100_and_no_more_is_given_up_after_its_ring_timeout(cast: Cast, world: World) -> None:
    world.change_trunk(1, ring_timeout_s=20)
    call = cast.alice.invite(TO_CAROL)
    world.advance(21)
    assert cast.chicago.call.methods == ["CANCEL"]
    cast.denver.call.answer()
    assert call.statuses == [200]
    call.bye()


def test_trunk_where_it_rang_without_answer_is_not_followed_by_another(cast: Cast, world: World) -> None:
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.ring()
    world.advance(61)
    assert call.statuses == [180, 480]
    assert cast.denver.incoming == []


def test_trunk_that_asks_for_a_rest_gets_it(cast: Cast, world: World) -> None:
    first = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(503, headers=[("Retry-After", "120 (maintenance);duration=60")])
    cast.denver.call.respond(486)
    second = cast.alice.invite(TO_CAROL)
    cast.denver.call.respond(486)
    assert len(cast.chicago.incoming) == 1
    world.advance(121)
    third = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(486)
    assert [first.status, second.status, third.status] == [486, 486, 486]


def test_when_all_trunks_rest_the_caller_is_told_when_to_come_back(cast: Cast, world: World) -> None:
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(503, headers=[("Retry-After", "30")])
    cast.denver.call.respond(503, headers=[("Retry-After", "60")])
    assert call.statuses == [503]
    again = cast.alice.invite(TO_CAROL)
    assert (again.status, again.final.get("Retry-After")) == (503, "30")
    assert world.cdr.rejection == "trunks-resting"


def test_next_address_of_a_name_is_tried_before_the_next_trunk(cast: Cast, world: World) -> None:
    world.party("spare", "198.51.100.12")
    world.may_see.add(("chicago", "spare"))
    world.change_trunk(1, targets=(TrunkTarget("sip:carrier.example"),))
    world.hops.names["carrier.example"] = [("198.51.100.10", 5060), ("198.51.100.12", 5060)]
    spare = world.parties[("198.51.100.12", 5060)]
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(503)
    spare.call.answer()
    assert call.statuses == [200]
    assert spare.call.invite.call_id != cast.chicago.call.invite.call_id
    call.bye()
    assert [attempt.status for attempt in world.cdr.attempts] == [503, 200]


def test_next_address_is_tried_after_silence(cast: Cast, world: World) -> None:
    world.change_trunk(1, targets=(TrunkTarget("sip:carrier.example"),))
    world.hops.names["carrier.example"] = [("198.51.100.77", 5060), ("198.51.100.10", 5060)]
    call = cast.alice.invite(TO_CAROL)
    world.advance(33)
    cast.chicago.call.answer()
    assert call.statuses == [200]
    call.bye()


def test_caller_that_cancels_between_two_addresses_leaves_nothing_behind(cast: Cast, world: World) -> None:
    world.change_trunk(1, targets=(TrunkTarget("sip:carrier.example"),))
    world.hops.names["carrier.example"] = [("198.51.100.10", 5060), ("198.51.100.20", 5060)]
    call = cast.alice.invite(TO_CAROL)
    world.engine.is_slow = True
    cast.chicago.call.respond(503)
    call.cancel()
    world.engine.flush()
    world.run()
    assert call.status == 487
    assert cast.denver.incoming == []


def test_name_that_cannot_be_resolved_leads_to_the_next_trunk(cast: Cast, world: World) -> None:
    world.change_trunk(1, targets=(TrunkTarget("sip:gone.example"),))
    call = cast.alice.invite(TO_CAROL)
    cast.denver.call.answer()
    assert call.statuses == [200]
    call.bye()
    assert [attempt.status for attempt in world.cdr.attempts] == [503, 200]


def test_all_trunks_failing_is_told_with_the_best_reason(cast: Cast, world: World) -> None:
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(500)
    cast.denver.call.respond(480, reason="Absent")
    assert (call.statuses, call.final.reason) == ([480], "Absent")
    assert world.cdr.end_cause is EndCause.NO_ANSWER


def test_full_trunk_is_passed_over(cast: Cast, world: World) -> None:
    world.change_trunk(1, limits=Limits(concurrent_calls=1), failover_codes=frozenset({500}))
    first = cast.alice.invite(TO_CAROL)
    cast.chicago.call.answer()
    second = cast.dave.invite(TO_CAROL)
    cast.denver.call.answer()
    assert (first.status, second.status) == (200, 200)
    first.bye()
    second.bye()


def test_only_trunk_being_full_is_told(cast: Cast, world: World) -> None:
    world.change_trunk(2, enabled=False)
    world.change_trunk(1, limits=Limits(concurrent_calls=1))
    first = cast.alice.invite(TO_CAROL)
    second = cast.dave.invite(TO_CAROL)
    assert second.statuses == [503]
    assert world.cdr.rejection == "too-many-calls"
    first.cancel()
    cast.chicago.call.respond(487)


def digest_of(realm: str = "carrier.example") -> OutboundDigest:
    return OutboundDigest("us", realm, ha1_of(MD5, "us", realm, "pw"))


def challenge(
    realm: str = "carrier.example", nonce: str = "n1", *, stale: bool = False
) -> list[tuple[str, str]]:
    value = f'Digest realm="{realm}", nonce="{nonce}", qop="auth", algorithm=MD5'
    return [("Proxy-Authenticate", f"{value}, stale=true" if stale else value)]


def test_challenge_of_a_trunk_is_answered_and_the_ack_carries_the_answer(cast: Cast, world: World) -> None:
    world.change_trunk(1, digest=digest_of())
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(407, headers=challenge())
    again = cast.chicago.call
    assert again.invite.get("CSeq") == "2 INVITE"
    assert 'username="us"' in again.invite.get("Proxy-Authorization")
    again.answer()
    assert call.statuses == [200]
    assert again.acks[0].get("Proxy-Authorization") == again.invite.get("Proxy-Authorization")
    call.bye()
    assert [attempt.status for attempt in world.cdr.attempts] == [200]


def test_challenge_within_a_call_is_answered(cast: Cast, world: World) -> None:
    world.change_trunk(1, digest=digest_of())
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.answer()
    cast.chicago.holds.add("BYE")
    call.bye()
    cast.chicago.call.reply("BYE", 407, headers=challenge())
    assert "Proxy-Authorization" in cast.chicago.call.last("BYE").to_bytes().decode()
    cast.chicago.call.reply("BYE", 200)


def test_trunk_that_never_has_enough_is_given_up(cast: Cast, world: World) -> None:
    world.change_trunk(1, digest=digest_of())
    call = cast.alice.invite(TO_CAROL)
    for nonce in range(6):
        if cast.denver.incoming:
            break
        cast.chicago.call.respond(407, headers=challenge(nonce=f"n{nonce}", stale=True))
    assert len(cast.chicago.incoming) <= 4
    cast.denver.call.answer()
    assert call.statuses == [200]
    call.bye()


@pytest.mark.parametrize("realm", ["elsewhere.example", "carrier.example"])
def test_challenge_for_another_realm_or_without_digest_is_502(cast: Cast, world: World, realm: str) -> None:
    if realm == "elsewhere.example":
        world.change_trunk(1, digest=digest_of())
    world.change_trunk(2, enabled=False)
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(407, headers=challenge(realm))
    assert call.statuses == [502]
    assert world.cdr.attempts == (TrunkAttempt(1, CHICAGO, 407),)


def test_device_is_followed_where_it_may_call_itself(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.respond(302, headers=[("Contact", f"<sip:{CAROL}@192.0.2.99>")])
    cast.chicago.call.answer()
    assert call.statuses == [200]
    call.bye()
    assert [attempt.status for attempt in world.cdr.attempts] == [302, 200]


def test_device_is_followed_to_another_device(cast: Cast) -> None:
    call = cast.alice.invite(DAVE)
    cast.dave.call.respond(301, headers=[("Contact", f"<{BOB}>;q=0.5")])
    cast.bob.call.answer()
    assert call.statuses == [200]
    call.bye()


def test_device_is_not_followed_where_its_credential_may_not_call(cast: Cast, world: World) -> None:
    world.credential("bob", "biloxi.example", limits=Limits(destinations=("-+1",)))
    call = cast.alice.invite(BOB)
    cast.bob.call.respond(302, headers=[("Contact", f"<sip:{CAROL}@192.0.2.99>")])
    assert call.statuses == [480]
    assert cast.chicago.incoming == []


def test_device_is_not_followed_to_a_foreign_name(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.respond(302, headers=[("Contact", "<sip:alice@elsewhere.example>")])
    assert call.statuses == [480]
    assert cast.alice.incoming == []


def test_best_contact_of_a_redirection_is_followed(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    contacts = f"<sip:nobody@{ATLANTA}>;q=0.1, <{DAVE}>;q=0.9"
    cast.bob.call.respond(302, headers=[("Contact", contacts)])
    cast.dave.call.answer()
    assert call.statuses == [200]
    call.bye()


def test_redirection_while_others_ring_rings_too(cast: Cast, world: World) -> None:
    desk = world.party("desk", "192.0.2.12", realm="biloxi.example", username="bob")
    world.register(desk, "bob@biloxi.example")
    call = cast.alice.invite(BOB)
    cast.bob.call.respond(302, headers=[("Contact", f"<{DAVE}>")])
    desk.call.ring()
    cast.dave.call.answer()
    assert call.statuses == [180, 200]
    assert desk.call.methods == ["CANCEL"]
    call.bye()


def test_redirections_in_a_circle_come_to_an_end(cast: Cast) -> None:
    call = cast.alice.invite(BOB)
    for _ in range(20):
        phone = next(
            (each for each in (cast.bob, cast.dave) if each.incoming and not each.call.is_over), None
        )
        if phone is None:
            break
        phone.call.respond(302, headers=[("Contact", f"<{DAVE if phone is cast.bob else BOB}>")])
    assert call.statuses == [480]
    assert len(cast.bob.incoming) + len(cast.dave.incoming) <= 7


def test_redirection_of_a_trunk_is_not_followed(cast: Cast, world: World) -> None:
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.respond(302, headers=[("Contact", f"<{DAVE}>")])
    assert call.statuses == [480]
    assert cast.dave.incoming == []


@pytest.mark.parametrize(
    "contact", ['"unbalanced <sip:x@y>', "<sip:", "nonsense", "<sip:dave@atlanta.example>;q=high"]
)
def test_odd_contact_of_a_redirection_does_no_harm(cast: Cast, contact: str) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.respond(302, headers=[("Contact", contact)])
    if cast.dave.incoming:
        cast.dave.call.respond(480)
    assert call.statuses == [480]
