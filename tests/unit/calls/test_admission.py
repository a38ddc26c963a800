"""Who may call, and what an INVITE must be like (RFC 3261 §8.2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakes.call_world import ATLANTA, BILOXI, BOB, BOBS_NUMBER, CAROL, HOST, TO_CAROL, Cast, World
from trunkline.domain.application import Application
from trunkline.domain.cdr import EndCause


def invite_text(**replaced: str) -> str:
    """Alice's INVITE as text, with some lines replaced; an empty one is left out."""
    lines = {
        "start": f"INVITE {BOB} SIP/2.0",
        "via": "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKraw1;rport",
        "max_forwards": "Max-Forwards: 70",
        "from": "From: <sip:alice@atlanta.example>;tag=raw",
        "to": f"To: <{BOB}>",
        "call_id": "Call-ID: id-alice-raw",
        "cseq": "CSeq: 1 INVITE",
        "contact": "Contact: <sip:contact-alice@192.0.2.1:5060>",
        **replaced,
    }
    return "\r\n".join([*(line for line in lines.values() if line), "Content-Length: 0", "", ""])


def ack_of(world: World) -> str:
    """The ACK to the last refusal that Alice's raw INVITE got."""
    refusal = next(each.message for each in reversed(world.log) if each.receiver == "alice")
    start = {"start": f"ACK {BOB} SIP/2.0", "to": f"To: {refusal.get('To')}", "cseq": "CSeq: 1 ACK"}
    return invite_text(**start)


def refused_raw(cast: Cast, **replaced: str) -> int:
    """Send Alice's raw INVITE and acknowledge its refusal; returns the status."""
    cast.alice.send_raw(invite_text(**replaced))
    status = int(cast.world.labels("us", "alice")[-1])
    cast.alice.send_raw(ack_of(cast.world))
    return status


def test_stranger_is_challenged_and_told_nothing(cast: Cast, world: World) -> None:
    for target in (BOB, TO_CAROL, f"sip:nobody@{BILOXI}", "sip:someone@elsewhere.example"):
        call = cast.mallory.invite(target)
        assert call.statuses == [407]
    assert cast.bob.incoming == []
    assert world.journal.ended == []


def test_wrong_password_is_challenged_once_more_and_then_refused(cast: Cast, world: World) -> None:
    cast.alice.password = "wrong"
    first = cast.alice.invite(BOB)
    assert first.statuses == [407]
    second = cast.alice.invite(BOB)
    assert second.statuses == [403]
    assert [each.code for each in world.observer.refusals] == ["wrong-password", "wrong-password"]


def test_unknown_user_gets_what_a_wrong_password_gets(cast: Cast, world: World) -> None:
    cast.mallory.realm = ATLANTA
    first = cast.mallory.invite(BOB)
    second = cast.mallory.invite(BOB)
    assert (first.statuses, second.statuses) == ([407], [403])
    assert world.observer.refusals[-1].code == "unknown-user"


def test_host_that_is_no_realm_of_the_account_is_not_relayed_to(cast: Cast, world: World) -> None:
    call = cast.alice.invite("sip:someone@elsewhere.example")
    assert call.statuses == [404]
    assert world.cdr.rejection == "foreign-host"
    assert world.hops.asked == []


def test_user_nobody_has_is_404_and_a_device_that_is_away_480(cast: Cast, world: World) -> None:
    assert cast.alice.invite(f"sip:nobody@{ATLANTA}").statuses == [404]
    assert (world.cdr.rejection, world.cdr.end_cause) == ("unknown-destination", EndCause.REJECTED)
    world.credential("erin", ATLANTA)
    assert cast.alice.invite(f"sip:erin@{ATLANTA}").statuses == [480]
    assert (world.cdr.rejection, world.cdr.end_cause) == ("unregistered", EndCause.NO_ANSWER)
    assert world.cdr.status == 480


def test_credential_that_is_switched_off_is_refused(cast: Cast, world: World) -> None:
    world.credential("alice", ATLANTA, enabled=False)
    assert cast.alice.invite(BOB).statuses == [403]


def test_trunk_that_shows_a_digest_is_judged_by_it(cast: Cast, world: World) -> None:
    cast.chicago.realm, cast.chicago.username = ATLANTA, "alice"
    call = cast.chicago.invite(
        f"sip:{BOBS_NUMBER}@{HOST}", headers=[("Proxy-Authorization", 'Digest username="x"')]
    )
    assert call.status in (400, 407)


def test_trunk_whose_address_is_not_listed_is_a_stranger(cast: Cast, world: World) -> None:
    world.change_trunk(1, allowed_ips=())
    assert cast.chicago.invite(f"sip:{BOBS_NUMBER}@{HOST}", user=CAROL).status == 407


def test_trunk_list_may_name_a_whole_network(cast: Cast, world: World) -> None:
    world.change_trunk(1, allowed_ips=("198.51.100.0/28",))
    gate = world.party("gate", "198.51.100.14")
    call = gate.invite(f"sip:{BOBS_NUMBER}@{HOST}", user=CAROL)
    cast.bob.call.respond(486)
    assert call.status == 486


def test_max_forwards_of_0_is_too_many_hops(cast: Cast) -> None:
    assert cast.alice.invite(BOB, headers=[("Max-Forwards", "0")]).statuses == [483]


def test_required_extension_that_is_unknown_is_named(cast: Cast) -> None:
    call = cast.alice.invite(BOB, headers=[("Require", "100rel, teleport"), ("Proxy-Require", "mindreading")])
    assert call.statuses == [420]
    assert call.final.values("Unsupported") == ["teleport", "mindreading"]


def test_request_that_came_two_ways_is_merged(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    first = next(
        each for each in world.log if each.sender == "alice" and "2 INVITE" in each.message.get("CSeq")
    )
    branch = first.message.top_via.branch
    cast.alice.send_raw(first.data.replace(branch.encode(), b"z9hG4bKotherway"))
    assert world.labels("us", "alice")[-1] == "482"
    cast.bob.call.respond(486)
    assert call.status == 486


def test_body_that_is_no_session_description_is_415(cast: Cast) -> None:
    assert cast.alice.invite(BOB, b"hello", [("Content-Type", "text/plain")]).statuses == [415]


def test_session_description_that_cannot_be_read_is_400_with_a_cdr(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB, b"v=0\r\nnonsense\r\n")
    assert call.statuses == [400]
    assert call.final.reason == "Bad Session Description"
    assert world.cdr.rejection == "bad-session-description"
    assert cast.bob.incoming == []


def test_session_description_in_a_multipart_body_is_found(cast: Cast) -> None:
    parts = (
        b"--cut\r\nContent-Type: text/plain\r\n\r\nhello\r\n--cut\r\nContent-Type: application/sdp\r\n\r\n"
    )
    body = parts + cast.alice.offer() + b"\r\n--cut--\r\n"
    call = cast.alice.invite(BOB, body, [("Content-Type", "multipart/mixed;boundary=cut")])
    assert cast.bob.call.invite.content_type == "application/sdp"
    cast.bob.call.answer()
    assert call.status == 200
    call.bye()


def test_invite_without_contact_is_400(cast: Cast, world: World) -> None:
    world.trunk("atlanta", "192.0.2.1", 3)
    assert refused_raw(cast, contact="") == 400
    assert world.exchange.calls == {}


def test_invite_with_a_record_route_that_cannot_be_read_is_400(cast: Cast, world: World) -> None:
    world.trunk("atlanta", "192.0.2.1", 3)
    assert refused_raw(cast, route="Record-Route: <sip:") == 400


@pytest.mark.parametrize("line", [{"from": "From: <nonsense>;tag=raw"}, {"to": "To: <nonsense>"}])
def test_unreadable_from_or_to_is_400(cast: Cast, world: World, line: dict[str, str]) -> None:
    assert refused_raw(cast, **line) == 400
    assert world.exchange.calls == {}


def test_more_calls_than_the_server_runs_are_503(cast: Cast, world: World) -> None:
    world.exchange.settings = replace(world.exchange.settings, max_calls=1)
    first = cast.alice.invite(BOB)
    second = cast.dave.invite(BOB)
    assert (second.status, second.final.get("Retry-After")) == (503, "5")
    first.cancel()


def test_draining_server_takes_no_new_calls_and_lets_the_others_go_on(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    world.switchboard.drain()
    refused = cast.dave.invite(BOB)
    assert (refused.status, refused.final.get("Retry-After")) == (503, "30")
    assert cast.mallory.ask("OPTIONS", f"sip:{HOST}").status == 503
    assert call.reinvite().status == 200
    world.switchboard.end_all(EndCause.DRAINED)
    world.run()
    assert (call.methods, cast.bob.call.methods[-1]) == (["BYE"], "BYE")
    assert world.cdr.end_cause is EndCause.DRAINED


def test_operator_ends_one_call(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    assert world.switchboard.end(next(iter(world.exchange.calls)), EndCause.OPERATOR)
    world.run()
    assert not world.switchboard.end("no such call", EndCause.OPERATOR)
    assert call.statuses == [180, 503]
    assert cast.bob.call.methods == ["CANCEL"]
    assert world.cdr.end_cause is EndCause.OPERATOR


def test_application_is_refused_where_none_runs(cast: Cast, world: World) -> None:
    world.provision(Application("app", 1, "menu"))
    world.credential("alice", ATLANTA, application_id="app")
    assert cast.alice.invite(BOB).statuses == [480]
    assert world.cdr.rejection == "application-unavailable"


def test_emergency_number_is_not_routed(cast: Cast, world: World) -> None:
    assert cast.alice.invite(f"sip:911@{ATLANTA}").statuses == [404]
    assert world.cdr.rejection == "emergency-number"
