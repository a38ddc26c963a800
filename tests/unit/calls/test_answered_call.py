"""A call from one phone to another, and to and from trunks, up to its end."""

from __future__ import annotations

from fakes.call_world import ALICE, BOB, BOBS_NUMBER, CAROL, HOST, TO_CAROL, Cast, World
from trunkline.domain.cdr import EndCause, TrunkAttempt
from trunkline.domain.media import Side


def test_call_between_two_phones_goes_through_all_its_messages(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.ring()
    cast.bob.call.answer()
    world.advance(5)
    call.bye()
    assert world.labels("us", "alice") == ["407", "100", "180", "200", "200"]
    assert world.labels("us", "bob") == ["INVITE", "ACK", "BYE"]
    assert world.labels("bob", "us") == ["180", "200", "200"]
    assert cast.bob.call.acks[0].body == b""


def test_cdr_of_an_answered_call_tells_who_where_when_and_how(cast: Cast, world: World) -> None:
    world.advance(1)
    call = cast.alice.invite(BOB)
    world.advance(2)
    cast.bob.call.ring()
    world.advance(3)
    cast.bob.call.answer()
    assert [cdr.answered_at for cdr in world.journal.answered] == [world.began + 6]
    assert world.journal.answered[0].ended_at is None
    world.advance(60)
    call.bye()
    cdr = world.cdr
    assert (cdr.caller, cdr.callee, cdr.source) == ("alice", "bob", "192.0.2.1:5060")
    assert (cdr.account_id, cdr.credential_id, cdr.inbound_trunk_id, cdr.trunk_id) == (1, 1, None, None)
    assert (cdr.sip_call_id, cdr.user_agent) == ("id-alice-1", "phone-of-alice")
    times = (cdr.started_at, cdr.rang_at, cdr.answered_at, cdr.ended_at)
    assert times == tuple(world.began + seconds for seconds in (1, 3, 6, 66))
    assert (cdr.end_cause, cdr.status, cdr.rejection) == (EndCause.CALLER_HUNG_UP, 200, "")
    assert cdr.attempts == (TrunkAttempt(None, "sip:contact-bob@192.0.2.2:5060", 200),)
    assert cdr.media is not None
    assert cdr.media.relayed == 10
    assert world.observer.ends == [cdr]


def test_callee_may_hang_up(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    cast.bob.call.bye([("Reason", 'Q.850;cause=16;text="done"')])
    assert call.methods == ["BYE"]
    assert call.reasons == ['Q.850;cause=16;text="done"']
    assert world.cdr.end_cause is EndCause.CALLEE_HUNG_UP


def test_both_may_hang_up_at_once(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    world.latency_s = 0.05
    bye = call.bye()
    other = cast.bob.call.bye()
    world.advance(1)
    assert (bye.status, other.status) == (200, 481)
    assert world.cdr.end_cause is EndCause.CALLER_HUNG_UP
    assert len(world.journal.ended) == 1


def test_media_of_both_sides_is_anchored_at_ports_of_ours(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    bob = cast.bob.call
    assert b"c=IN IP4 203.0.113.200" in bob.invite.body
    assert b"m=audio 30000 " in bob.invite.body
    cast.bob.media_port = 4010
    bob.answer()
    assert b"c=IN IP4 203.0.113.200" in call.description
    assert b"m=audio 30002 " in call.description
    (stream,) = world.engine.streams.values()
    assert stream.remote(Side.CALLER) == ("192.0.2.1", 4000)
    assert stream.remote(Side.CALLEE) == ("192.0.2.2", 4010)
    call.bye()


def test_address_that_signalling_comes_from_is_trusted_and_a_private_one_is_latched(
    cast: Cast, world: World
) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer(cast.bob.answer_to(b"").replace(b"192.0.2.2", b"10.0.0.7"))
    (stream,) = world.engine.streams.values()
    assert stream.remotes[Side.CALLER].trusted
    assert not stream.remotes[Side.CALLEE].trusted
    call.bye()


def test_call_to_a_number_leaves_through_the_trunk_as_it_likes_it(cast: Cast, world: World) -> None:
    call = cast.alice.invite(TO_CAROL)
    carol = cast.chicago.call
    assert carol.invite.uri_text == f"sip:{CAROL}@198.51.100.10:5060"
    assert carol.invite.address("To").uri.text == f"sip:{CAROL}@198.51.100.10:5060"
    carol.answer()
    call.bye()
    assert (world.cdr.callee, world.cdr.trunk_id) == (CAROL, 1)
    assert world.cdr.attempts == (TrunkAttempt(1, f"sip:{CAROL}@198.51.100.10:5060", 200),)


def test_trunk_is_known_by_its_address_and_reaches_an_owned_number(cast: Cast, world: World) -> None:
    call = cast.chicago.invite(f"sip:{BOBS_NUMBER}@{HOST}", user=CAROL)
    assert world.labels("us", "chicago") == ["100"]
    cast.bob.call.ring()
    cast.bob.call.answer()
    assert call.statuses == [180, 200]
    assert cast.bob.call.invite.address("From").uri.username == CAROL
    call.bye()
    cdr = world.cdr
    assert (cdr.credential_id, cdr.inbound_trunk_id, cdr.caller, cdr.callee) == (None, 1, CAROL, BOBS_NUMBER)


def test_trunk_may_not_call_out_through_trunks(cast: Cast, world: World) -> None:
    call = cast.chicago.invite(f"sip:+13125550177@{HOST}", user=CAROL)
    assert call.statuses == [404]
    assert world.cdr.rejection == "unknown-destination"


def test_provider_whose_from_has_nothing_to_do_with_its_credential_is_served(cast: Cast) -> None:
    provider = cast.world.party("provider", "203.0.113.77", username="alice", realm="atlanta.example")
    call = provider.invite(TO_CAROL, from_value="<sip:+17778889999@sip.provider.example>")
    cast.chicago.call.answer()
    assert call.status == 200
    assert cast.chicago.call.invite.address("From").uri.username == "+17778889999"
    call.bye()


def test_phone_may_call_by_our_bare_address(cast: Cast) -> None:
    call = cast.alice.invite(f"sip:dave@{HOST}")
    cast.dave.call.answer()
    assert call.status == 200
    call.bye()


def test_call_over_tcp_goes_over_the_connection_that_the_phone_opened(cast: Cast, world: World) -> None:
    erin = world.party("erin", "192.0.2.5", transport="tcp", realm="atlanta.example")
    world.credential("erin", "atlanta.example")
    world.register(erin, "erin@atlanta.example")
    call = cast.alice.invite("sip:erin@atlanta.example")
    erin.call.answer()
    assert erin.call.dialog.remote_target.endswith("@203.0.113.1:5060;transport=tcp")
    back = erin.call.bye()
    assert back.status == 200
    assert call.methods == ["BYE"]


def test_call_between_ipv4_and_ipv6_is_bridged(cast: Cast, world: World) -> None:
    erin = world.party("erin", "2001:db8::5", realm="atlanta.example")
    world.credential("erin", "atlanta.example")
    world.register(erin, "erin@atlanta.example")
    call = cast.alice.invite("sip:erin@atlanta.example")
    erin.call.answer()
    assert b"c=IN IP6 2001:db8:ffff::200" in erin.call.invite.body
    assert b"c=IN IP4 203.0.113.200" in call.description
    call.bye()


def test_max_forwards_counts_down_and_private_fields_reach_devices_only(cast: Cast) -> None:
    own = [("Max-Forwards", "17"), ("X-Shop", "flowers"), ("Subject", "roses"), ("Diversion", f"<{ALICE}>")]
    call = cast.alice.invite(BOB, headers=own)
    invite = cast.bob.call.invite
    assert invite.max_forwards == 16
    assert (invite.get("X-Shop"), invite.get("Subject"), invite.get("Diversion")) == (
        "flowers",
        "roses",
        f"<{ALICE}>",
    )
    cast.bob.call.respond(486)
    assert call.status == 486
    second = cast.alice.invite(TO_CAROL, headers=own)
    invite = cast.chicago.call.invite
    assert (invite.get("X-Shop"), invite.get("Subject")) == (None, "roses")
    cast.chicago.call.respond(486)
    assert second.status == 486


def test_record_route_of_a_proxy_before_the_caller_is_followed(cast: Cast) -> None:
    proxies = [("Record-Route", "<sip:proxy.atlanta.example;lr>")]
    call = cast.alice.invite(BOB, headers=proxies)
    cast.bob.call.answer()
    assert call.final.values("Record-Route") == ["<sip:proxy.atlanta.example;lr>"]
    cast.bob.call.bye()
    assert call.last("BYE").values("Route") == ["<sip:proxy.atlanta.example;lr>"]


def test_route_set_of_a_trunk_decides_where_its_acks_go(cast: Cast, world: World) -> None:
    session = world.party("border", "198.51.100.11")
    world.may_see |= {("chicago", "border"), ("border", "chicago")}
    call = cast.alice.invite(TO_CAROL)
    cast.chicago.call.answer(headers=[("Record-Route", "<sip:198.51.100.11;lr>")])
    assert world.labels("us", "border") == ["ACK"]
    assert session.endpoint.stray_acks == 1
    session.deaf.add("BYE")
    call.bye()
    assert world.labels("us", "border")[:2] == ["ACK", "BYE"]
