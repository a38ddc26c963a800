"""Who calls, as the called side is shown it: rules of credentials, strangers' claims, privacy."""

from __future__ import annotations

import pytest

from fakes.call_world import ALICE, BILOXI, BOB, BOBS_NUMBER, CAROL, DAVE, HOST, TO_CAROL, Cast, World
from trunkline.domain.credential import CallerIdRule
from trunkline.domain.number import Destination, DestinationKind, Number
from trunkline.sip.message import Request


def rule(world: World, chosen: CallerIdRule, caller_id: str = "") -> None:
    world.provision(Number("+13125550101", 1, Destination(DestinationKind.DEVICE, "alice@atlanta.example")))
    world.credential("alice", "atlanta.example", caller_id_rule=chosen, caller_id=caller_id)


def calls_carol(cast: Cast, shown: str, headers: list[tuple[str, str]] | None = None) -> Request:
    """Alice calls Carol showing something: the INVITE that the trunk got."""
    cast.alice.invite(TO_CAROL, user=shown, headers=headers)
    invite = cast.chicago.call.invite
    cast.chicago.call.respond(486)
    return invite


def test_any_shows_what_the_caller_claims(cast: Cast, world: World) -> None:
    rule(world, CallerIdRule.ANY)
    invite = calls_carol(cast, "+17778889999")
    assert invite.address("From").uri.text == f"sip:+17778889999@{HOST}"
    assert invite.address("P-Asserted-Identity").uri.text == f"sip:+17778889999@{HOST}"


def test_owned_shows_numbers_of_the_account_only(cast: Cast, world: World) -> None:
    rule(world, CallerIdRule.OWNED)
    invite = calls_carol(cast, "+13125550101")
    assert invite.address("From").uri.username == "+13125550101"
    call = cast.alice.invite(TO_CAROL, user="+17778889999")
    assert call.statuses == [403]
    assert len(cast.chicago.incoming) == 1
    assert world.cdr.rejection == "caller-id-forbidden"


def test_fixed_shows_one_number_whatever_is_claimed(cast: Cast, world: World) -> None:
    rule(world, CallerIdRule.FIXED, "+13125550101")
    invite = calls_carol(cast, "+17778889999", [("P-Asserted-Identity", "<sip:+15550001111@x.example>")])
    assert invite.address("From").uri.username == "+13125550101"
    assert invite.address("From").display_name == ""
    assert "+15550001111" not in invite.to_bytes().decode()


def test_device_is_shown_where_it_can_call_back(cast: Cast) -> None:
    call = cast.alice.invite(BOB, from_value='"Alice \\"A\\" Adams" <sip:alice@atlanta.example>')
    shown = cast.bob.call.invite.address("From")
    assert (shown.uri.text, shown.display_name) == (ALICE, 'Alice "A" Adams')
    assert cast.bob.call.invite.get("P-Asserted-Identity") is None
    call.cancel()


def test_caller_behind_a_trunk_is_shown_at_the_realm_of_the_device(cast: Cast) -> None:
    call = cast.chicago.invite(f"sip:{BOBS_NUMBER}@{HOST}", user=CAROL)
    assert cast.bob.call.invite.address("From").uri.text == f"sip:{CAROL}@{BILOXI}"
    call.cancel()


@pytest.mark.parametrize(
    "field",
    [
        "P-Asserted-Identity: <sip:+15550001111@bank.example>",
        "p-asserted-identity: <sip:+15550001111@bank.example>",
        "P-ASSERTED-IDENTITY:\r\n <sip:+15550001111@bank.example>",
        "P-aSsErTeD-IdEnTiTy  : <sip:+15550001111@bank.example>",
        "P-Asserted-Identity: <sip:+15550001111@bank.example>, <tel:+15550001111>",
        "Remote-Party-ID: <sip:+15550001111@bank.example>;party=calling",
        "REMOTE-PARTY-ID : <sip:+15550001111@bank.example>",
        "P-Preferred-Identity: <sip:+15550001111@bank.example>",
        "y: forged+15550001111;info=<https://bank.example>",
        "Identity: forged+15550001111",
        "n: <https://bank.example/+15550001111>",
        "P-Charge-Info: <sip:+15550001111@bank.example>",
        "P-Charging-Vector: icid-value=+15550001111",
        "P-Associated-URI: <sip:+15550001111@bank.example>",
    ],
)
@pytest.mark.parametrize("target", [BOB, TO_CAROL])
def test_identity_of_a_stranger_is_stripped_in_every_spelling(
    cast: Cast, world: World, field: str, target: str
) -> None:
    """Alice is shown as one number only; whatever else she writes into identity fields reaches nobody."""
    rule(world, CallerIdRule.FIXED, "+13125550101")
    cast.alice.mangle = lambda data: data.replace(b"\r\nContact:", f"\r\n{field}\r\nContact:".encode())
    call = cast.alice.invite(target)
    invite = (cast.bob if target == BOB else cast.chicago).call.invite.to_bytes().decode()
    assert b"15550001111" in next(each.data for each in world.log if each.sender == "alice")
    assert "15550001111" not in invite
    assert "bank.example" not in invite
    call.cancel()


def test_anonymous_caller_stays_so_and_the_trunk_is_told_who_it_is(cast: Cast, world: World) -> None:
    rule(world, CallerIdRule.FIXED, "+13125550101")
    invite = calls_carol(cast, "anonymous", [("Privacy", "id")])
    assert invite.address("From").uri.text == "sip:anonymous@anonymous.invalid"
    assert invite.address("P-Asserted-Identity").uri.username == "+13125550101"
    assert invite.get("Privacy") == "id"


@pytest.mark.parametrize("privacy", ["id", "user;critical", "header", "ID"])
def test_private_caller_is_not_shown_to_a_device(cast: Cast, privacy: str) -> None:
    call = cast.alice.invite(DAVE, headers=[("Privacy", privacy)])
    invite = cast.dave.call.invite
    assert invite.address("From").uri.text == "sip:anonymous@anonymous.invalid"
    assert "alice" not in invite.to_bytes().decode()
    call.cancel()


def test_identity_that_a_trunk_asserts_reaches_no_device(cast: Cast) -> None:
    headers = [("P-Asserted-Identity", f"<sip:{CAROL}@198.51.100.10>"), ("Privacy", "id")]
    call = cast.chicago.invite(f"sip:{BOBS_NUMBER}@{HOST}", user="anonymous", headers=headers)
    assert CAROL not in cast.bob.call.invite.to_bytes().decode()
    call.cancel()


def test_call_of_a_trunk_to_another_trunk_keeps_the_asserted_identity(cast: Cast, world: World) -> None:
    world.provision(Number("+13125550300", 1, Destination(DestinationKind.TRUNK, "2")))
    headers = [("P-Asserted-Identity", "<sip:+13125550177@198.51.100.10>")]
    call = cast.chicago.invite(f"sip:+13125550300@{HOST}", user=CAROL, headers=headers)
    assert cast.denver.call.invite.address("P-Asserted-Identity").uri.username == "+13125550177"
    call.cancel()


def test_odd_names_are_quoted_and_escaped(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB, from_value='"A <b>; \\\\c" <sip:al%20ice@atlanta.example>')
    shown = cast.bob.call.invite.address("From")
    assert shown.display_name == "A <b>; \\c"
    assert shown.uri.username == "al ice"
    call.cancel()
