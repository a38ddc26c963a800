"""Who may call whom: providers, strangers, caller ids, limits."""

from __future__ import annotations

import asyncio

import pytest

from live_party import Scene
from live_server import CHICAGO, DENVER, MALLORY, Records
from live_sipp import Play
from scenarios.town import ATLANTA, BILOXI, BOB, BOBS_NUMBER, FRANKS_PAUSE_S, TO_CAROL
from trunkline.domain.cdr import EndCause
from trunkline.sip.message import Request

FORGED = [
    ("P-Asserted-Identity", "<sip:+12125550000@atlanta.example>"),
    ("Remote-Party-ID", "<sip:+12125550000@atlanta.example>;party=calling"),
    ("p-asserted-identity", "<tel:+12125550000>"),
]


def asserted(invite: Request) -> str:
    """What an INVITE asserts of its caller."""
    return invite.get("P-Asserted-Identity") or ""


# Who.


@pytest.mark.needs("sipp")
async def test_trunk_with_a_known_address_calls_a_number_without_a_password(
    scene: Scene, play: Play, records: Records
) -> None:
    bob = await scene.device("bob", BILOXI, 11)
    called = f"{BOBS_NUMBER}@{ATLANTA}"
    provider = play("provider_calls", CHICAGO, call=called, keys={"user": "+13125550177"})
    (await bob.rung()).answer()
    await asyncio.to_thread(provider.done)
    await scene.until(lambda: bob.call.is_over)
    cdr = records.only()
    assert (cdr.end_cause, cdr.caller, cdr.callee) == (EndCause.CALLER_HUNG_UP, "+13125550177", BOBS_NUMBER)
    assert cdr.inbound_trunk_id is not None
    assert cdr.credential_id is None


@pytest.mark.needs("sipp")
@pytest.mark.parametrize("called", [f"{BOBS_NUMBER}@{ATLANTA}", BOB, TO_CAROL])
def test_stranger_is_asked_for_a_password(play: Play, called: str) -> None:
    carol = play("callee_talks", CHICAGO)
    play("stranger_is_refused", MALLORY, call=called, keys={"user": "+13125550177"}, status=407).done()
    assert carol.messages == ""


@pytest.mark.needs("sipp")
def test_trunk_that_only_takes_calls_may_not_make_them(play: Play) -> None:
    called = f"{BOBS_NUMBER}@{ATLANTA}"
    play("stranger_is_refused", DENVER, call=called, keys={"user": "+13125550177"}, status=407).done()


async def test_trunk_may_not_call_through_us_to_another(scene: Scene) -> None:
    chicago = await scene.party("chicago", CHICAGO)
    call = chicago.invite(f"sip:+12125550123@{ATLANTA}", user="+13125550177")
    await scene.until(lambda: call.status)
    assert call.status in (403, 404)
    assert len(chicago.incoming) == 0


async def test_calls_to_foreign_hosts_are_not_relayed(scene: Scene) -> None:
    alice = await scene.party("alice", 10, realm=ATLANTA)
    mallory = await scene.party("mallory", MALLORY)
    call = alice.invite(f"sip:mallory@{mallory.host}")
    await scene.until(lambda: call.status)
    assert call.status == 404
    assert mallory.incoming == []


async def test_wrong_password_is_refused(scene: Scene) -> None:
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    alice.password = "not-this-one"
    call = alice.invite(f"sip:{BOB}")
    await scene.until(lambda: call.status)
    assert call.status in (403, 407)
    assert bob.incoming == []


# As whom.


async def test_forged_identity_is_not_passed_on(scene: Scene) -> None:
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}", headers=FORGED)
    await bob.rung()
    assert bob.call.invite is not None
    assert b"2125550000" not in bob.call.invite.to_bytes()
    call.cancel()
    await scene.until(lambda: call.status)


async def test_fixed_caller_id_is_shown_whatever_is_claimed(scene: Scene) -> None:
    grace, carol = await scene.party("grace", 10, realm=ATLANTA), await scene.party("carol", CHICAGO)
    call = grace.invite(f"sip:{TO_CAROL}", user="+12125550000", headers=FORGED)
    shown = (await carol.rung()).invite
    assert shown is not None
    assert shown.address("From").uri.text.startswith(f"sip:{BOBS_NUMBER}@")
    assert BOBS_NUMBER in asserted(shown)
    assert b"2125550000" not in shown.to_bytes()
    call.cancel()
    await scene.until(lambda: call.status)


async def test_number_of_somebody_else_is_refused_to_who_may_show_owned_ones(
    scene: Scene, records: Records
) -> None:
    heidi, carol = await scene.party("heidi", 10, realm=ATLANTA), await scene.party("carol", CHICAGO)
    forged = heidi.invite(f"sip:{TO_CAROL}", user="+12125550000")
    await scene.until(lambda: forged.status)
    assert forged.status == 403
    assert carol.incoming == []
    owned = heidi.invite(f"sip:{TO_CAROL}", user=BOBS_NUMBER)
    shown = (await carol.rung()).invite
    assert shown is not None
    assert shown.address("From").uri.text.startswith(f"sip:{BOBS_NUMBER}@")
    owned.cancel()
    await scene.until(lambda: owned.status)
    assert [cdr.rejection for cdr in records.ended(2)] == ["caller-id-forbidden", ""]


async def test_caller_that_wants_privacy_is_hidden_from_devices(scene: Scene) -> None:
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    call = alice.invite(f"sip:{BOB}", headers=[("Privacy", "id")])
    shown = (await bob.rung()).invite
    assert shown is not None
    assert b"alice" not in shown.to_bytes()
    call.cancel()
    await scene.until(lambda: call.status)


# How much.


async def test_call_over_the_limit_of_concurrent_calls_is_refused_until_one_ends(
    scene: Scene, records: Records
) -> None:
    erin, bob = await scene.party("erin", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    first = erin.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: first.status)
    second = erin.invite(f"sip:{BOB}")
    await scene.until(lambda: second.status)
    assert second.status == 503
    await erin.hang_up(first)
    third = erin.invite(f"sip:{BOB}")
    (await bob.rung(2)).answer()
    await scene.until(lambda: third.status)
    assert third.status == 200
    await erin.hang_up(third)
    assert [cdr.rejection for cdr in records.ended(3)] == ["", "too-many-calls", ""]


async def test_calls_over_the_limit_per_second_are_refused(scene: Scene, records: Records) -> None:
    frank, bob = await scene.party("frank", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    calls = [frank.invite(f"sip:{BOB}") for _ in range(3)]
    await scene.until(lambda: sum(bool(call.status) for call in calls) == 2)
    assert sorted(call.status for call in calls) == [0, 503, 503]
    await asyncio.sleep(FRANKS_PAUSE_S + 0.1)
    later = frank.invite(f"sip:{BOB}")
    (await bob.rung(2)).respond(486)
    bob.incoming[0].respond(486)
    await scene.until(lambda: all(call.status for call in (*calls, later)))
    assert later.status == 486
    assert [cdr.rejection for cdr in records.ended(4)].count("too-many-calls-per-second") == 2


async def test_destinations_that_are_not_allowed_are_refused(scene: Scene, records: Records) -> None:
    erin = await scene.party("erin", 10, realm=ATLANTA)
    call = erin.invite(f"sip:+19005550123@{ATLANTA}")
    await scene.until(lambda: call.status)
    assert call.status == 403
    assert records.only().rejection == "destination-forbidden"


async def test_message_outside_of_calls_goes_through_to_the_device(scene: Scene) -> None:
    alice, bob = await scene.party("alice", 10, realm=ATLANTA), await scene.device("bob", BILOXI, 11)
    message = alice.ask("MESSAGE", f"sip:{BOB}", b"Lunch?", [("Content-Type", "text/plain")])
    await scene.until(lambda: message.status)
    assert message.status == 200
    assert [(request.method, request.body) for request in bob.requests] == [("MESSAGE", b"Lunch?")]
