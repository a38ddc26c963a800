"""The identity a call shows follows the credential's rule and the caller's wish for privacy."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.credential import CallerIdRule, Credential
from trunkline.domain.rejection import CALLER_ID_FORBIDDEN, Rejection
from trunkline.routing.caller_identity import (
    CallerIdentity,
    ClaimedIdentity,
    identity_of_credential,
    identity_of_trunk,
    is_identity_header,
    parse_privacy,
)

OWNED = "+15550100111"
OTHER = "+15550100222"
FOREIGN = "+12025550133"
ALICE = Credential(1, 1, 1, "atlanta.example", "alice", "", ())
HIDDEN = frozenset({"id"})


def owns(number: str) -> bool:
    return number in (OWNED, OTHER)


def shown(rule: CallerIdRule, claimed: ClaimedIdentity, caller_id: str = "", *, towards_trunk: bool = True):
    credential = replace(ALICE, caller_id_rule=rule, caller_id=caller_id)
    return identity_of_credential(credential, claimed, owns, "US", towards_trunk=towards_trunk)


def plain(user: str, name: str = "") -> CallerIdentity:
    return CallerIdentity(user, name, asserted=user)


def hidden(asserted: str | None) -> CallerIdentity:
    return CallerIdentity("anonymous", "Anonymous", True, asserted, "id")


ANY, OWN, FIX = CallerIdRule.ANY, CallerIdRule.OWNED, CallerIdRule.FIXED


def hiding(preferred="", privacy=frozenset()):
    return ClaimedIdentity("anonymous", "anonymous.invalid", "Anonymous", preferred, privacy)


NOBODY = hiding()


@pytest.mark.parametrize(
    ("rule", "claimed", "caller_id", "expected"),
    [
        (ANY, ClaimedIdentity(FOREIGN, display_name="Carol"), "", plain(FOREIGN, "Carol")),
        (ANY, ClaimedIdentity("alice"), "", plain("alice")),
        (ANY, ClaimedIdentity("alice"), OWNED, plain(OWNED)),
        (ANY, ClaimedIdentity(""), "", plain("alice")),
        (ANY, ClaimedIdentity("", preferred=FOREIGN), "", plain(FOREIGN)),
        (ANY, ClaimedIdentity(FOREIGN, privacy=HIDDEN), "", hidden(FOREIGN)),
        (ANY, hiding(preferred=FOREIGN), "", hidden(FOREIGN)),
        (ANY, NOBODY, OWNED, hidden(OWNED)),
        (ANY, NOBODY, "", hidden(None)),
        (OWN, ClaimedIdentity(OWNED, display_name="Alice"), "", plain(OWNED, "Alice")),
        (OWN, ClaimedIdentity("5550100111"), "", plain(OWNED)),
        (OWN, ClaimedIdentity("alice"), OTHER, plain(OTHER)),
        (OWN, ClaimedIdentity("alice", preferred=OWNED), OTHER, plain(OWNED)),
        (OWN, ClaimedIdentity("alice", preferred=FOREIGN), OTHER, plain(OTHER)),
        (OWN, ClaimedIdentity(OWNED, preferred=FOREIGN), "", plain(OWNED)),
        (OWN, ClaimedIdentity(OWNED, privacy=HIDDEN), "", hidden(OWNED)),
        (OWN, hiding(preferred=OWNED), "", hidden(OWNED)),
        (OWN, NOBODY, OTHER, hidden(OTHER)),
        (FIX, ClaimedIdentity(FOREIGN, display_name="Your bank"), OWNED, plain(OWNED)),
        (FIX, ClaimedIdentity("alice", preferred=FOREIGN), OWNED, plain(OWNED)),
        (FIX, NOBODY, OWNED, hidden(OWNED)),
    ],
)
def test_a_trunk_is_shown_what_the_rule_permits(rule, claimed, caller_id, expected):
    assert shown(rule, claimed, caller_id) == expected


@pytest.mark.parametrize(
    ("rule", "claimed", "detail"),
    [
        (OWN, ClaimedIdentity(FOREIGN), FOREIGN),
        (OWN, ClaimedIdentity(FOREIGN, preferred=OWNED), FOREIGN),
        (OWN, ClaimedIdentity("ceo"), "ceo"),
        (OWN, ClaimedIdentity("alice"), "no caller id"),
        (OWN, NOBODY, "no caller id"),
        (OWN, hiding(preferred=FOREIGN), "no caller id"),
        (FIX, ClaimedIdentity(OWNED), "'fixed' and no caller id"),
    ],
)
def test_a_claim_against_the_rule_is_refused_with_its_reason(rule, claimed, detail):
    refused = shown(rule, claimed)
    assert isinstance(refused, Rejection)
    assert refused.code == CALLER_ID_FORBIDDEN.code
    assert detail in refused.detail


@pytest.mark.parametrize("rule", list(CallerIdRule))
def test_devices_are_shown_the_callers_own_name(rule):
    assert shown(
        rule, ClaimedIdentity("alice", display_name="Alice"), OWNED, towards_trunk=False
    ) == CallerIdentity("alice", "Alice")


def test_devices_never_learn_who_hides():
    for claimed in (
        hiding(preferred=OWNED),
        ClaimedIdentity("alice", privacy=HIDDEN),
    ):
        assert shown(ANY, claimed, OWNED, towards_trunk=False) == CallerIdentity(
            "anonymous", "Anonymous", True
        )


def test_somebody_elses_name_is_refused_towards_devices_too():
    assert isinstance(shown(OWN, ClaimedIdentity("bob"), OWNED, towards_trunk=False), Rejection)


def test_a_composite_user_name_is_the_callers_own():
    bob = replace(ALICE, username="bob", domain="somewhere.com", caller_id_rule=OWN)
    claimed = ClaimedIdentity("bob@somewhere.com")
    assert identity_of_credential(bob, claimed, owns, "US", towards_trunk=False) == CallerIdentity(
        "bob@somewhere.com"
    )


@pytest.mark.parametrize(
    ("claimed", "towards_trunk", "expected"),
    [
        (ClaimedIdentity(FOREIGN, display_name="Carol"), False, CallerIdentity(FOREIGN, "Carol")),
        (ClaimedIdentity(FOREIGN, preferred=OTHER), False, CallerIdentity(FOREIGN)),
        (ClaimedIdentity("", preferred=OTHER), False, CallerIdentity(OTHER)),
        (ClaimedIdentity(FOREIGN, preferred=OTHER), True, CallerIdentity(FOREIGN, asserted=OTHER)),
        (ClaimedIdentity(FOREIGN), True, plain(FOREIGN)),
        (ClaimedIdentity(""), True, CallerIdentity("")),
        (hiding(preferred=FOREIGN), False, CallerIdentity("anonymous", "Anonymous", True)),
        (hiding(preferred=FOREIGN), True, hidden(FOREIGN)),
        (NOBODY, True, hidden(None)),
        (ClaimedIdentity(FOREIGN, privacy=HIDDEN), False, CallerIdentity("anonymous", "Anonymous", True)),
    ],
)
def test_a_trunks_word_is_taken_and_its_privacy_kept(claimed, towards_trunk, expected):
    assert identity_of_trunk(claimed, towards_trunk=towards_trunk) == expected


@pytest.mark.parametrize(
    ("value", "wants"),
    [
        (None, False),
        ("", False),
        ("none", False),
        ("id", True),
        ("user; critical", True),
        ("HEADER", True),
        ("session", False),
        ("id;none", False),
        ("history", False),
    ],
)
def test_privacy_values_are_understood(value, wants):
    assert ClaimedIdentity(FOREIGN, privacy=parse_privacy(value)).wants_privacy is wants


def test_an_anonymous_from_hides_whatever_privacy_says():
    assert hiding(privacy=frozenset({"none"})).wants_privacy
    assert ClaimedIdentity("x", "anonymous.invalid").wants_privacy


@pytest.mark.parametrize(
    "name",
    [
        "P-Asserted-Identity",
        "p-asserted-identity",
        "P-ASSERTED-IDENTITY ",
        "P-Preferred-Identity",
        "Remote-Party-ID",
        "Identity",
        "y",
        "Y",
        "Identity-Info",
        "n",
        "Privacy",
    ],
)
def test_identity_headers_are_known_in_every_spelling(name):
    assert is_identity_header(name)


@pytest.mark.parametrize("name", ["From", "Diversion", "History-Info", "Subject", "X-Identity"])
def test_other_headers_are_not_identity(name):
    assert not is_identity_header(name)


USERS = st.sampled_from(
    ["", "alice", "bob", "anonymous", "Anonymous", OWNED, "5550100111", OTHER, FOREIGN, "911", "%"]
)


@given(
    st.builds(
        ClaimedIdentity,
        USERS,
        st.sampled_from(["", "atlanta.example", "anonymous.invalid"]),
        st.just("Name"),
        USERS,
        st.frozensets(st.sampled_from(["id", "user", "header", "none", "session", "critical"])),
    ),
    st.sampled_from(["", OTHER]),
    st.booleans(),
)
def test_an_owned_rule_never_shows_a_number_of_somebody_else(claimed, caller_id, towards_trunk):
    identity = shown(OWN, claimed, caller_id, towards_trunk=towards_trunk)
    if isinstance(identity, Rejection):
        return
    assert identity.user in {OWNED, OTHER, "anonymous"} | (set() if towards_trunk else {"alice"})
    assert identity.asserted in {OWNED, OTHER, None}
    assert identity.anonymous == claimed.wants_privacy
    if claimed.wants_privacy or not towards_trunk:
        assert identity.asserted is None or (towards_trunk and identity.privacy == "id")
