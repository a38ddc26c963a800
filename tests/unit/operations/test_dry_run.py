"""The dry run: each thing that a call can meet, and what is told of it."""

import pytest

from fakes.clock import FakeClock
from fakes.operations import NOW, OURS, THEIRS, binding, credential, directory
from trunkline.calls.limits import LimitTable
from trunkline.domain.account import Account
from trunkline.domain.application import Application
from trunkline.domain.credential import CallerIdRule
from trunkline.domain.limits import Limits
from trunkline.domain.number import Destination, DestinationKind, Number
from trunkline.domain.rejection import APPLICATION_UNAVAILABLE, DRAINING
from trunkline.domain.trunk import Trunk, TrunkTarget
from trunkline.operations.dry_run import DryRun, Outcome
from trunkline.registrar.location import BindingTable, NoJournal
from trunkline.routing.decision import Router
from trunkline.routing.trunk_selection import TrunkRestTable

ALICE = "alice@atlanta.example"
TARGET = (TrunkTarget("sip:198.51.100.7"),)


class Place:
    """A server's tables; ``CallsNow`` is this itself."""

    def __init__(self):
        self.clock = FakeClock(NOW)
        self.directory = directory()
        self.directory.apply([Account(OURS, "a", "", "US", NOW), Account(THEIRS, "b", "", "US", NOW)])
        self.bindings = BindingTable(NoJournal())
        self.rests = TrunkRestTable()
        self.limits = LimitTable()
        self.closed = None
        self.run = DryRun(
            self.directory, Router(self.directory, self.bindings, self.rests, lambda: 0.5), self, self.clock
        )

    def why_closed(self):
        return self.closed

    def why_not(self, holder, limits, now):
        return self.limits.why_not(holder, limits, now)

    def trunk_rests_s(self, trunk_id, now):
        return self.rests.resting_s(trunk_id, now)

    def resting_addresses(self, trunk_id, now):
        return {"udp:198.51.100.7:5060": 12.0} if trunk_id == 3 else {}

    def why_no_application(self, application, called):
        return APPLICATION_UNAVAILABLE

    def add(self, *nouns):
        self.directory.apply(nouns)
        return self

    def call(self, to, aor=ALICE, account=OURS, **more):
        return self.run.of_credential(account, aor, to, **more)


def trunk(number=3, name="chicago", account=OURS, **more):
    return Trunk(number, account, name, **{"targets": TARGET, "prefixes": ("+1",), **more})


def alice(**more):
    return credential(7, "alice", "atlanta.example", OURS, 1, **more)


def steps(result):
    return [(step.about, step.is_good) for step in result.steps]


def test_a_number_goes_out_through_trunks_in_their_order_and_all_are_explained():
    here = Place().add(
        trunk(),
        trunk(4, "denver", priority=2),
        trunk(5, "paris", prefixes=("+33",)),
        trunk(6, "off", enabled=False),
        trunk(7, "bare", targets=()),
        trunk(8, "picky", limits=Limits(destinations=("-+1312",))),
        trunk(9, "tired"),
        trunk(10, "theirs", THEIRS),
    )
    here.rests.rest(9, NOW + 30)
    result = here.call("(312) 555-0199", shown="+13125550100")
    assert (result.outcome, result.rejection, result.number) == (Outcome.TRUNKS, None, "+13125550199")
    assert result.route == "to +13125550199 through trunk chicago, then denver"
    assert [(one.name, one.position, one.why) for one in result.trunks] == [
        ("chicago", 1, "it serves the number"),
        ("denver", 2, "it serves the number"),
        ("paris", 0, "none of its prefixes fits: +33"),
        ("off", 0, "it is switched off"),
        ("bare", 0, "it has no target"),
        ("picky", 0, "its rule -+1312 forbids the destination"),
        ("tired", 0, "it asked to be left alone for 30 s more"),
    ]
    assert result.trunks[0].resting == {"udp:198.51.100.7:5060": 12.0}
    assert result.shown_caller == "+13125550100"
    assert steps(result) == [
        (about, True) for about in ("server", "authentication", "number", "route", "caller id", "limits")
    ]


def test_a_user_is_rung_at_all_registered_devices():
    here = Place().add(credential(9, "dave", "atlanta.example", OURS, 1))
    here.bindings.add(binding("dave@atlanta.example", agent="Desk/2"))
    for to in ("dave", "dave@atlanta.example", "sip:dave@atlanta.example"):
        result = here.call(to)
        assert result.outcome is Outcome.DEVICE
        assert [(one.user_agent, one.address) for one in result.devices] == [
            ("Desk/2", "udp:192.0.2.10:5060")
        ]


@pytest.mark.parametrize(
    ("nouns", "to", "code", "about"),
    [
        ([], "dave@biloxi.example", "foreign-host", "route"),
        ([credential(9, "dave", "atlanta.example", OURS, 1)], "dave", "unregistered", "route"),
        ([], "+13125550199", "no-trunk", "route"),
        ([], "+1312", "bad-number", "route"),
        ([], "911", "emergency-number", "route"),
        ([], "nobody", "unknown-destination", "route"),
        ([], "sip:", "unknown-destination", "number"),
        ([alice(enabled=False)], "+13125550199", "credential-disabled", "authentication"),
        (
            [alice(limits=Limits(destinations=("+33",))), trunk()],
            "+13125550199",
            "destination-forbidden",
            "route",
        ),
        (
            [alice(caller_id_rule=CallerIdRule.OWNED), trunk()],
            "+13125550199",
            "caller-id-forbidden",
            "caller id",
        ),
        ([alice(limits=Limits(concurrent_calls=0)), trunk()], "+13125550199", "too-many-calls", "limits"),
        ([trunk(limits=Limits(concurrent_calls=0))], "+13125550199", "too-many-calls", "limits"),
        (
            [alice(application_id="app"), Application("app", OURS, "menu")],
            "+13125550199",
            "application-unavailable",
            "application",
        ),
        (
            [Number("+13125550100", OURS, Destination(DestinationKind.DEVICE, ALICE))],
            "+13125550100",
            "unregistered",
            "route",
        ),
    ],
)
def test_a_refused_call_tells_where_it_ends_why_and_how_to_mend_it(nouns, to, code, about):
    result = Place().add(*nouns).call(to)
    assert result.outcome is Outcome.REFUSED
    assert result.rejection.code == code
    assert result.rejection.cure
    assert result.steps[-1].about == about
    assert [step.is_good for step in result.steps] == [True] * (len(result.steps) - 1) + [False]


def test_a_draining_server_refuses_before_all_else():
    here = Place()
    here.closed = DRAINING
    assert steps(here.call("911")) == [("server", False)]


def test_a_rate_that_is_used_up_is_seen_and_not_charged():
    limits = Limits(calls_per_second=1.0)
    here = Place().add(alice(limits=limits), trunk())
    for _ in range(3):
        assert here.call("+13125550199").outcome is Outcome.TRUNKS
    assert here.limits.admit("credential:7", limits, NOW) is None
    assert here.call("+13125550199").rejection.code == "too-many-calls-per-second"
    here.clock.advance(1)
    assert here.call("+13125550199").outcome is Outcome.TRUNKS
    assert here.limits.in_use("credential:7") == 1


def test_one_full_trunk_is_passed_over():
    here = Place().add(trunk(limits=Limits(concurrent_calls=0)), trunk(4, "denver", priority=2))
    result = here.call("+13125550199")
    assert result.outcome is Outcome.TRUNKS
    assert result.trunks[0].why.startswith("it is passed over now: trunk:3 has 0 of 0 calls")


def test_a_credential_of_another_account_is_as_unknown_as_one_that_is_not_there():
    here = Place()
    theirs = here.call("+13125550199", "bob@biloxi.example")
    nobody = here.call("+13125550199", "nobody@atlanta.example")
    assert theirs.rejection.code == nobody.rejection.code == "unknown-user"
    assert theirs.trunks == nobody.trunks == ()


def test_a_call_that_comes_in_from_a_trunk_reaches_owned_numbers_only():
    here = Place().add(trunk(), Number("+13125550100", OURS, Destination(DestinationKind.DEVICE, ALICE)))
    here.bindings.add(binding(ALICE))
    assert here.run.of_trunk(OURS, 3, "+13125550100", shown="+14155550000").outcome is Outcome.DEVICE
    assert here.run.of_trunk(OURS, 3, "+13125550199").rejection.code == "unknown-destination"
    assert here.run.of_trunk(THEIRS, 3, "+13125550100").rejection.code == "not-authenticated"
    assert here.run.of_trunk(OURS, 99, "+13125550100").rejection.code == "not-authenticated"
