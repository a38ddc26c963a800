"""What the parts of a server tell becomes events of the right account."""

from dataclasses import replace

import pytest

from fakes.call_records import CdrList, RecordingObserver
from fakes.clock import FakeClock
from fakes.operations import NOW, OURS, THEIRS, UDP, cdr, credential, directory
from trunkline.app.event_feed import EventFeed
from trunkline.domain.account import Account
from trunkline.domain.cdr import EndCause, TrunkAttempt
from trunkline.domain.number import Destination, DestinationKind, Number
from trunkline.domain.rejection import NO_TRUNK, SERVER_FULL, TOO_MANY_BINDINGS, WRONG_PASSWORD
from trunkline.domain.trunk import Trunk
from trunkline.operations.events import EventHub, EventKind
from trunkline.registrar.events import (
    Departure,
    Expired,
    Moved,
    Registered,
    RegistrationRefused,
    Unregistered,
)
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request

ALICE = "alice@atlanta.example"
FLOW = Flow(UDP, "192.0.2.10", 5060)
DIGEST = 'Digest username="{}", realm="atlanta.example", nonce="n", uri="sip:x", response="' + "0" * 32 + '"'


class Place:
    def __init__(self):
        self.hub = EventHub(FakeClock(NOW))
        self.events = []
        self.hub.subscribe(self.events.append)
        self.log, self.journal, self.directory = RecordingObserver(), CdrList(), directory()
        self.directory.apply([Trunk(3, OURS, "chicago", (), allowed_ips=("198.51.100.7",))])
        self.feed = EventFeed(self.hub, self.directory, self.log, self.journal)
        self.ended = []
        self.feed.call_ended = self.ended.append

    def told(self):
        return [(event.kind, event.account_id, event.subject) for event in self.events]


def invite(user=""):
    headers = [("Call-ID", "c1"), ("User-Agent", "Phone/1")]
    return Request(
        "INVITE", "sip:x", headers + ([("Proxy-Authorization", DIGEST.format(user))] if user else [])
    )


def test_a_call_is_told_from_its_start_to_its_end_and_passed_on():
    here, call = Place(), cdr("one")
    here.feed.started(call)
    here.feed.opened(call)
    over = replace(
        call, answered_at=NOW, ended_at=NOW + 3, end_cause=EndCause.CALLEE_HUNG_UP, status=200,
        attempts=(TrunkAttempt(3, "sip:x", 503),),
    )  # fmt: skip
    here.feed.closed(over)
    here.feed.ended(over)
    kinds = (EventKind.CALL_STARTED, EventKind.CALL_ANSWERED, EventKind.CALL_ENDED)
    assert here.told() == [(kind, OURS, "one") for kind in kinds]
    assert {event.data["credential"] for event in here.events} == {ALICE}
    last = here.events[-1].data
    assert (last["duration_s"], last["end_cause"], last["attempts"]) == (3.0, "callee-hung-up", [[3, 503]])
    assert (here.journal.answered, here.journal.ended, here.log.ends, here.ended) == (
        [call],
        [over],
        [over],
        [over],
    )


@pytest.mark.parametrize(
    ("code", "kind"), [("no-trunk", EventKind.REFUSED), ("too-many-calls", EventKind.LIMIT_REACHED)]
)
def test_a_refused_call_is_told_once_with_account_and_credential(code, kind):
    here = Place()
    here.feed.refused(NO_TRUNK, invite("alice"), FLOW, "one")
    here.feed.ended(cdr("one", rejection=code, detail="why", status=404, ended_at=NOW))
    refused = [event for event in here.events if event.kind is not EventKind.CALL_ENDED]
    assert [(event.kind, event.account_id) for event in refused] == [(kind, OURS)]
    data = refused[0].data
    assert (data["code"], data["credential_id"], data["credential"], data["detail"]) == (
        code,
        7,
        ALICE,
        "why",
    )


@pytest.mark.parametrize(
    ("user", "account", "credential_id"),
    [("alice", OURS, 7), (ALICE, OURS, 7), ("mallory", OURS, None), ("", None, None)],
)
def test_a_stranger_is_told_to_the_owner_of_the_realm_that_he_names(user, account, credential_id):
    here = Place()
    here.feed.refused(WRONG_PASSWORD, invite(user), FLOW)
    (event,) = here.events
    assert (event.kind, event.account_id) == (EventKind.REFUSED, account)
    assert event.data["credential_id"] == credential_id
    assert (event.data["sip_call_id"], event.data["user_agent"]) == ("c1", "Phone/1")
    assert "0" * 32 not in str(event)
    assert here.log.refusals == [WRONG_PASSWORD]


def test_a_full_server_tells_the_account_of_the_trunk_that_called():
    here = Place()
    here.feed.refused(SERVER_FULL, invite(), Flow(UDP, "198.51.100.7", 5060))
    assert [event[:2] for event in here.told()] == [(EventKind.LIMIT_REACHED, OURS)]


def test_registrations_are_told_to_their_account():
    here = Place()
    here.feed.heard(Registered(ALICE, "sip:a", FLOW, "Phone", NOW + 60))
    here.feed.heard(Moved(ALICE, "sip:b", FLOW, "Phone", NOW + 60, "sip:a", FLOW))
    here.feed.heard(Expired("bob@biloxi.example", "sip:b", FLOW, "Phone", flow_closed=True))
    here.feed.heard(Unregistered(ALICE, "sip:b", FLOW, "Phone", Departure.OPERATOR))
    here.feed.heard(RegistrationRefused(TOO_MANY_BINDINGS, ALICE, "sip:c", FLOW, "Phone"))
    here.feed.heard(RegistrationRefused(WRONG_PASSWORD, "", "", FLOW, ""))
    assert here.told() == [
        (EventKind.REGISTERED, OURS, ALICE),
        (EventKind.MOVED, OURS, ALICE),
        (EventKind.EXPIRED, THEIRS, "bob@biloxi.example"),
        (EventKind.UNREGISTERED, OURS, ALICE),
        (EventKind.LIMIT_REACHED, OURS, ALICE),
        (EventKind.REFUSED, None, "udp:192.0.2.10:5060"),
    ]
    assert here.events[3].data["departure"] == "operator"
    assert here.events[4].data["credential_id"] == 7


def test_a_resting_trunk_is_told_to_its_account():
    here = Place()
    here.feed.address_rests(here.directory.trunks[3], FLOW, 60.0, "unreachable")
    assert here.told() == [(EventKind.TRUNK_RESTING, OURS, "chicago")]
    assert here.log.rests == [("chicago", "192.0.2.10", 60.0, "unreachable")]


def test_changes_of_what_is_provisioned_are_told_without_their_content():
    here, alice = Place(), credential(7, "alice", "atlanta.example", OURS, 1)
    number = Number("+13125550100", THEIRS, Destination(DestinationKind.DEVICE, ALICE))
    here.feed.changed(None, alice)
    here.feed.changed(alice, replace(alice, enabled=False))
    here.feed.changed(number, None)
    here.feed.changed(None, Account(OURS, "a", "", "US", NOW))
    assert [(event.account_id, event.subject, event.data["action"]) for event in here.events] == [
        (OURS, "credential:7", "added"),
        (OURS, "credential:7", "changed"),
        (THEIRS, "number:+13125550100", "removed"),
        (OURS, f"account:{OURS}", "added"),
    ]
    assert all(set(event.data) == {"noun", "key", "action"} for event in here.events)
