"""Every call goes where its caller may go, or is refused with a reason."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trunkline.domain.account import Account
from trunkline.domain.application import Application
from trunkline.domain.binding import Binding
from trunkline.domain.credential import Credential
from trunkline.domain.directory import Directory
from trunkline.domain.limits import Limits
from trunkline.domain.number import Destination, DestinationKind, Number
from trunkline.domain.realm import Realm
from trunkline.domain.rejection import NOT_AUTHENTICATED, Rejection
from trunkline.domain.trunk import Trunk, TrunkTarget
from trunkline.routing.decision import CallRequest, Router, ToApplication, ToDevice, ToTrunks
from trunkline.routing.trunk_selection import TrunkRestTable
from trunkline.sip.errors import ParseError
from trunkline.sip.flow import UDP, Flow, Listener
from trunkline.sip.uri import Uri, parse_uri

NOW = 1_000_000.0
FLOW = Flow(Listener(UDP, "198.51.100.1", 5060), "192.0.2.10", 5060)


def credential(number: int, account_id: int, realm: str, username: str, **more) -> Credential:
    return Credential(number, account_id, number, realm, username, more.pop("domain", ""), (), **more)


ALICE = credential(1, 1, "atlanta.example", "alice")
BOB = credential(2, 1, "biloxi.example", "bob")
DAVE = credential(3, 1, "atlanta.example", "dave")
ERIN = credential(4, 1, "atlanta.example", "erin", enabled=False)
DESK_112 = credential(5, 1, "atlanta.example", "112")
COMPOSITE = credential(6, 1, "atlanta.example", "bob", domain="somewhere.com")
ROBOT = credential(7, 1, "atlanta.example", "robot", application_id="app-1")
ORPHAN = credential(8, 1, "atlanta.example", "orphan", application_id="app-2")
LIMITED = credential(9, 1, "atlanta.example", "limited", limits=Limits(destinations=("+1", "-+1900")))
FRANK = credential(10, 2, "denver.example", "frank")
GRACE = credential(11, 3, "boston.example", "grace")


def trunk(number: int, account_id: int, *prefixes: str, **more) -> Trunk:
    target = TrunkTarget(f"sip:carrier{number}.chicago.example")
    return Trunk(
        number, account_id, f"trunk-{number}", more.pop("targets", (target,)), prefixes or ("",), **more
    )


CHICAGO = trunk(1, 1, "+1")
WORLD = trunk(2, 1, "")
OFF = trunk(3, 1, "+1777", enabled=False)
DENVER = trunk(4, 2, "+1")


def number(e164: str, account_id: int, kind: DestinationKind, value: str) -> Number:
    return Number(e164, account_id, Destination(kind, value))


DEVICE, APPLICATION, TRUNK = DestinationKind.DEVICE, DestinationKind.APPLICATION, DestinationKind.TRUNK
NUMBERS = [
    number("+15550100001", 1, DEVICE, "bob@biloxi.example"),
    number("+15550100002", 1, APPLICATION, "app-1"),
    number("+15550100003", 1, TRUNK, "1"),
    number("+15550100004", 1, DEVICE, "gone@biloxi.example"),
    number("+15550100005", 1, DEVICE, "frank@denver.example"),
    number("+15550100006", 1, TRUNK, "99"),
    number("+15550100007", 1, TRUNK, "4"),
    number("+15550100008", 1, TRUNK, "3"),
    number("+15550100009", 1, APPLICATION, "app-9"),
    number("+15550100010", 2, DEVICE, "frank@denver.example"),
    number("+15550100011", 1, TRUNK, "nonsense"),
    number("+15550100012", 1, APPLICATION, "app-2"),
    number("+15550100013", 1, DEVICE, "dave@atlanta.example"),
    number("+19005550100", 1, TRUNK, "1"),
]


def directory() -> Directory:
    made = Directory()
    made.apply(
        [
            Account(1, "a1", "Atlanta", "US", 0.0),
            Account(2, "d2", "Denver", "US", 0.0),
            Account(3, "b3", "Boston", "GB", 0.0),
            Realm(1, 1, "atlanta.example", "", True, "", 0.0),
            Realm(2, 1, "biloxi.example", "", False, "", 0.0),
            Realm(3, 2, "denver.example", "", True, "", 0.0),
            Realm(4, 3, "boston.example", "", True, "", 0.0),
            ALICE,
            BOB,
            DAVE,
            ERIN,
            DESK_112,
            COMPOSITE,
            ROBOT,
            ORPHAN,
            LIMITED,
            FRANK,
            GRACE,
            CHICAGO,
            WORLD,
            OFF,
            DENVER,
            Application("app-1", 1, "menu"),
            Application("app-2", 2, "of another"),
            *NUMBERS,
        ]
    )
    return made


class Location:
    """Everybody is registered once, Dave and Erin are not."""

    def lookup(self, aor: str, now: float) -> list[Binding]:
        assert now == NOW
        if aor.startswith(("dave@", "erin@")):
            return []
        return [
            Binding(
                aor,
                "sip:x@192.0.2.10",
                "<sip:x@192.0.2.10>",
                "c",
                1,
                NOW + 60,
                1000,
                FLOW,
                (),
                "",
                0,
                "",
                NOW,
            )
        ]


def decide(target: str, *, rests: TrunkRestTable | None = None, **more):
    router = Router(directory(), Location(), rests or TrunkRestTable(), lambda: 0.0)
    return router.decide(CallRequest(parse_uri(target), **more), NOW)


def device(target: str, **more) -> str:
    decision = decide(target, **more)
    assert isinstance(decision, ToDevice), decision
    assert [binding.aor for binding in decision.bindings] == [decision.credential.aor]
    return decision.credential.aor


def trunks(target: str, **more) -> tuple[str, list[int]]:
    decision = decide(target, **more)
    assert isinstance(decision, ToTrunks), decision
    return decision.number, [route.trunk.id for route in decision.routes]


def refusal(target: str, **more) -> tuple[int, str]:
    decision = decide(target, **more)
    assert isinstance(decision, Rejection), decision
    assert decision.detail or decision == NOT_AUTHENTICATED
    return decision.status, decision.code


@pytest.mark.parametrize(
    ("target", "aor"),
    [
        ("sip:bob@biloxi.example", "bob@biloxi.example"),
        ("sip:bob@BILOXI.example:5070;transport=tcp", "bob@biloxi.example"),
        ("sips:bob@biloxi.example", "bob@biloxi.example"),
        ("sip:bob@biloxi.example.", "bob@biloxi.example"),
        ("sip:%62ob@biloxi.example", "bob@biloxi.example"),
        ("sip:bob%40somewhere.com@atlanta.example", "bob@somewhere.com@atlanta.example"),
        ("sip:112@atlanta.example", "112@atlanta.example"),
        ("sip:+15550100001@atlanta.example", "bob@biloxi.example"),
        ("sip:5550100001@atlanta.example", "bob@biloxi.example"),
        ("tel:+1-555-010-0001", "bob@biloxi.example"),
        ("sip:+15550100010@atlanta.example", "frank@denver.example"),
    ],
)
def test_a_credential_reaches_devices_by_name_and_number(target, aor):
    assert device(target, credential=ALICE) == aor


def test_a_device_that_speaks_to_our_address_dials_within_its_own_realm():
    assert device("sip:bob@198.51.100.1", credential=BOB, host_is_ours=True) == "bob@biloxi.example"
    assert refusal("sip:bob@198.51.100.1", credential=ALICE, host_is_ours=True) == (
        404,
        "unknown-destination",
    )
    assert trunks("sip:+17778889999@198.51.100.1", credential=ALICE, host_is_ours=True) == (
        "+17778889999",
        [1, 2],
    )


@pytest.mark.parametrize(
    ("target", "e164", "ids"),
    [
        ("sip:+17778889999@atlanta.example:5006", "+17778889999", [1, 2]),
        ("sip:7778889999@atlanta.example", "+17778889999", [1, 2]),
        ("sip:011442071838750@biloxi.example", "+442071838750", [2]),
        ("tel:+442071838750", "+442071838750", [2]),
        ("tel:2071838750;phone-context=+44", "+442071838750", [2]),
        ("sip:2071838750;phone-context=+44@atlanta.example;user=phone", "+442071838750", [2]),
        ("sip:+15550100003@atlanta.example", "+15550100003", [1]),
    ],
)
def test_a_credential_reaches_other_numbers_through_its_accounts_trunks(target, e164, ids):
    assert trunks(target, credential=ALICE) == (e164, ids)


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("sip:carol@atlanta.example", 404, "unknown-destination"),
        ("sip:1001@atlanta.example", 404, "unknown-destination"),
        ("sip:411@atlanta.example", 404, "unknown-destination"),
        ("sip:atlanta.example", 404, "unknown-destination"),
        ("sip:dave@atlanta.example", 480, "unregistered"),
        ("sip:erin@atlanta.example", 480, "unregistered"),
        ("sip:+15550100013@atlanta.example", 480, "unregistered"),
        ("sip:+1777@atlanta.example", 484, "bad-number"),
        ("sip:8889999@atlanta.example", 484, "bad-number"),
        ("sip:911@atlanta.example", 404, "emergency-number"),
        ("sip:112@biloxi.example", 404, "emergency-number"),
        ("urn:service:sos", 404, "emergency-number"),
        ("sip:+17778889999@proxy.example.net", 404, "foreign-host"),
        ("sip:+17778889999@203.0.113.9", 404, "foreign-host"),
        ("sip:bob@[2001:db8::1]", 404, "foreign-host"),
        ("sip:frank@denver.example", 404, "foreign-host"),
        ("sip:+17778889999@denver.example", 404, "foreign-host"),
        ("mailto:bob@biloxi.example", 404, "unknown-destination"),
        ("sip:+15550100004@atlanta.example", 404, "unknown-destination"),
        ("sip:+15550100005@atlanta.example", 404, "unknown-destination"),
        ("sip:+15550100006@atlanta.example", 404, "unknown-destination"),
        ("sip:+15550100007@atlanta.example", 404, "unknown-destination"),
        ("sip:+15550100008@atlanta.example", 404, "unknown-destination"),
        ("sip:+15550100009@atlanta.example", 480, "application-unavailable"),
        ("sip:+15550100011@atlanta.example", 404, "unknown-destination"),
        ("sip:+15550100012@atlanta.example", 480, "application-unavailable"),
    ],
)
def test_what_a_credential_cannot_reach_is_refused_with_a_reason(target, status, code):
    assert refusal(target, credential=ALICE) == (status, code)


def test_numbers_and_credentials_lead_into_applications():
    for target, caller, called in [
        ("sip:+15550100002@atlanta.example", ALICE, "+15550100002"),
        ("sip:+17778889999@atlanta.example", ROBOT, "+17778889999"),
        ("sip:7778889999@atlanta.example", ROBOT, "+17778889999"),
        ("sip:bob@biloxi.example", ROBOT, "bob"),
    ]:
        decision = decide(target, credential=caller)
        assert isinstance(decision, ToApplication)
        assert (decision.application.id, decision.called) == ("app-1", called)


@pytest.mark.parametrize(
    ("target", "caller", "status", "code"),
    [
        ("sip:+17778889999@atlanta.example", ORPHAN, 480, "application-unavailable"),
        ("sip:+17778889999@proxy.example.net", ROBOT, 404, "foreign-host"),
        ("sip:911@atlanta.example", ROBOT, 404, "emergency-number"),
        ("sip:bob@biloxi.example", ERIN, 403, "credential-disabled"),
        ("sip:+19005550199@atlanta.example", LIMITED, 403, "destination-forbidden"),
        ("sip:+442071838750@atlanta.example", LIMITED, 403, "destination-forbidden"),
        ("sip:+19005550100@atlanta.example", LIMITED, 403, "destination-forbidden"),
        ("sip:+442071838750@denver.example", FRANK, 404, "no-trunk"),
        ("sip:+442071838750@boston.example", GRACE, 404, "no-trunk"),
    ],
)
def test_a_credentials_own_settings_refuse(target, caller, status, code):
    assert refusal(target, credential=caller) == (status, code)


def test_numbers_are_read_as_the_accounts_country_dials():
    assert refusal("sip:02071838750@boston.example", credential=GRACE) == (404, "no-trunk")
    assert decide("sip:02071838750@boston.example", credential=GRACE).detail.startswith("+442071838750")


def test_destinations_do_not_limit_calls_to_own_devices():
    caller = replace(LIMITED, limits=Limits(destinations=("+44",)))
    assert device("sip:+15550100001@atlanta.example", credential=caller) == "bob@biloxi.example"


def test_resting_trunks_are_passed_over():
    rests = TrunkRestTable()
    rests.rest(1, NOW + 30)
    assert trunks("sip:+17778889999@atlanta.example", credential=ALICE, rests=rests) == ("+17778889999", [2])
    rests.rest(2, NOW + 12.5)
    refused = decide("sip:+17778889999@atlanta.example", credential=ALICE, rests=rests)
    assert isinstance(refused, Rejection)
    assert (refused.status, refused.code, refused.retry_after_s) == (503, "trunks-resting", 13)
    assert "trunk-1, trunk-2" in refused.detail
    assert refusal("sip:+15550100003@atlanta.example", credential=ALICE, rests=rests) == (
        503,
        "trunks-resting",
    )


@pytest.mark.parametrize(
    ("target", "aor"),
    [
        ("sip:+15550100001@198.51.100.1", "bob@biloxi.example"),
        ("sip:15550100001@sbc.example.net", "bob@biloxi.example"),
        ("sip:5550100001@198.51.100.1", "bob@biloxi.example"),
        ("sip:bob@biloxi.example", "bob@biloxi.example"),
        ("sip:alice@198.51.100.1", "alice@atlanta.example"),
        ("sip:+15550100010@198.51.100.1", "frank@denver.example"),
    ],
)
def test_a_trunks_calls_reach_owned_numbers_and_its_accounts_devices(target, aor):
    assert device(target, trunk=CHICAGO) == aor


def test_a_trunks_calls_go_on_only_where_the_numbers_owner_sends_them():
    assert trunks("sip:+15550100003@198.51.100.1", trunk=WORLD) == ("+15550100003", [1])
    assert refusal("sip:+15550100003@198.51.100.1", trunk=CHICAGO) == (482, "loop")


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("sip:+17778889999@198.51.100.1", 404, "unknown-destination"),
        ("sip:+17778889999@atlanta.example", 404, "unknown-destination"),
        ("tel:+17778889999", 404, "unknown-destination"),
        ("sip:frank@denver.example", 404, "unknown-destination"),
        ("sip:911@198.51.100.1", 404, "emergency-number"),
        ("sip:8889999@198.51.100.1", 484, "bad-number"),
        ("sip:dave@198.51.100.1", 480, "unregistered"),
    ],
)
def test_a_trunk_is_no_way_to_another_trunk(target, status, code):
    assert refusal(target, trunk=CHICAGO) == (status, code)


USERS = st.one_of(
    st.sampled_from(
        [
            "",
            "alice",
            "bob",
            "dave",
            "frank",
            "112",
            "911",
            "7778889999",
            "%2B17778889999",
            "bob%40somewhere.com",
            "17778889999;phone-context=+1",
            *(each.e164 for each in NUMBERS),
            "+17778889999",
            "+442071838750",
        ]
    ),
    st.from_regex(r"\A\+?[0-9]{1,16}\Z"),
    st.text(max_size=20),
)
HOSTS = st.sampled_from(
    [
        "atlanta.example",
        "biloxi.example",
        "denver.example",
        "198.51.100.1",
        "[2001:db8::1]",
        "evil.example.net",
        "carrier1.chicago.example",
    ]
)
TARGETS = st.one_of(
    st.tuples(st.sampled_from(["sip", "sips"]), USERS, HOSTS).map(lambda t: f"{t[0]}:{t[1]}@{t[2]}"),
    USERS.map(lambda user: f"tel:{user}"),
    st.text(max_size=40),
)


def readable(target: str) -> Uri | None:
    try:
        return parse_uri(target)
    except ParseError:
        return None


@given(TARGETS, st.booleans())
@example("sip:+15550100003@atlanta.example", True)
def test_no_input_whatsoever_by_a_stranger_yields_anything(target, host_is_ours):
    uri = readable(target)
    if uri is not None:
        router = Router(directory(), Location(), TrunkRestTable(), lambda: 0.0)
        assert isinstance(router.decide(CallRequest(uri, host_is_ours=host_is_ours), NOW), Rejection)


@given(TARGETS, st.booleans(), st.sampled_from([ALICE, LIMITED, FRANK, GRACE, ROBOT, ERIN]))
def test_a_credential_never_leaves_through_anothers_trunk_nor_to_a_forbidden_number(
    target, host_is_ours, caller
):
    uri = readable(target)
    if uri is None:
        return
    router = Router(directory(), Location(), TrunkRestTable(), lambda: 0.5)
    decision = router.decide(CallRequest(uri, credential=caller, host_is_ours=host_is_ours), NOW)
    if isinstance(decision, ToTrunks):
        owners = {route.trunk.account_id for route in decision.routes}
        owned = {each.e164: each.account_id for each in NUMBERS}
        assert owners == {owned.get(decision.number, caller.account_id)}
        assert caller is not LIMITED or (
            decision.number.startswith("+1") and not decision.number.startswith("+1900")
        )
        assert caller not in (ROBOT, ERIN)
        assert all(route.trunk.enabled for route in decision.routes)


@given(TARGETS, st.booleans())
def test_a_trunks_call_leaves_only_for_an_owned_number(target, host_is_ours):
    uri = readable(target)
    if uri is None:
        return
    router = Router(directory(), Location(), TrunkRestTable(), lambda: 0.5)
    decision = router.decide(CallRequest(uri, trunk=WORLD, host_is_ours=host_is_ours), NOW)
    if isinstance(decision, ToTrunks):
        assert decision.number in {"+15550100003", "+19005550100"}


class TwoPhones:
    """Everybody has two devices."""

    def lookup(self, aor: str, now: float) -> list[Binding]:
        return [
            Binding(aor, uri, f"<{uri}>", "c", 1, now + 60, 1000, FLOW, (), instance, 0, "", now)
            for uri, instance in (
                ("sip:desk@192.0.2.10", "<urn:uuid:desk>"),
                ("sip:mobile@192.0.2.11", "<urn:uuid:mobile>"),
            )
        ]


def decide_for_two_phones(target: str):
    router = Router(directory(), TwoPhones(), TrunkRestTable(), lambda: 0.0)
    return router.decide(CallRequest(parse_uri(target), ALICE), NOW)


def test_a_gruu_leads_to_its_device_alone():
    decision = decide_for_two_phones("sip:bob@biloxi.example;gr=urn:uuid:mobile")
    assert isinstance(decision, ToDevice)
    assert [binding.uri for binding in decision.bindings] == ["sip:mobile@192.0.2.11"]


def test_a_gruu_of_a_device_that_is_not_registered_is_unavailable():
    decision = decide_for_two_phones("sip:bob@biloxi.example;gr=urn:uuid:car")
    assert isinstance(decision, Rejection)
    assert (decision.status, decision.code) == (480, "unregistered")
