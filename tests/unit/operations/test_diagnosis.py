"""Why somebody was refused, in people's words."""

from dataclasses import replace

import pytest

from fakes.clock import FakeClock
from fakes.operations import NOW, OURS, THEIRS, UDP, FakeCdrs, FakeTimeline, cdr, credential, directory
from trunkline.app.live import hash_forms
from trunkline.domain.credential import Secret, hash_pair, secret_of_password
from trunkline.domain.registration_event import RegistrationEvent, RegistrationEventKind
from trunkline.operations.attempts import AttemptFinder
from trunkline.operations.capture import Capture
from trunkline.operations.diagnosis import REJECTIONS, Cause, DiagnosisOfRefusals
from trunkline.operations.events import EventHub, EventKind
from trunkline.sip.digest import expected_response, ha1_of, ha2_of, parse_authorization
from trunkline.sip.flow import Flow

REALM = "atlanta.example"
PASSWORD = "open Sesame 17"
HOST = "192.0.2.10"


class Place:
    def __init__(self, *nouns):
        self.clock = FakeClock(NOW)
        self.capture = Capture(self.clock, 1, 3600)
        self.events = EventHub(self.clock)
        self.timeline = FakeTimeline()
        self.cdrs = FakeCdrs(cdr("one", rejection="no-trunk", detail="+1, 0 trunks"), cdr("fine"))
        self.directory = directory()
        self.directory.apply(nouns)
        self.diagnosis = DiagnosisOfRefusals(
            directory=self.directory, timeline=self.timeline, cdrs=self.cdrs, events=self.events,
            attempts=AttemptFinder(self.capture), forms=hash_forms,
        )  # fmt: skip

    def refused(self, code, detail="", aor=f"alice@{REALM}"):
        text = f"{code}: {REJECTIONS[code].sentence} {detail}".strip()
        event = RegistrationEvent(
            NOW, aor, RegistrationEventKind.REFUSED, flow=f"udp:{HOST}:5060", detail=text
        )
        self.timeline.kept.append((len(self.timeline.kept) + 1, event))
        return len(self.timeline.kept)

    def attempt(self, username="alice", realm=REALM, password=PASSWORD, host=HOST, ha1="", method="REGISTER"):
        fields = f'username="{username}", realm="{realm}", nonce="n", uri="sip:{REALM}", qop=auth, nc=00000001, cnonce="c"'
        draft = parse_authorization(f'Digest {fields}, response="{"0" * 32}"')
        ha1 = ha1 or ha1_of("MD5", username, realm, password)
        response = expected_response(draft, ha1, ha2_of("MD5", method, f"sip:{REALM}"))
        head = (
            f"{method} sip:{REALM} SIP/2.0\r\nVia: SIP/2.0/UDP {host};branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
            f"From: <sip:{username}>;tag=1\r\nTo: <sip:x@{REALM}>\r\nCall-ID: c1\r\nCSeq: 2 {method}\r\n"
            f'Authorization: Digest {fields}, response="{response}"\r\nContent-Length: 0\r\n\r\n'
        )
        self.capture.received(Flow(UDP, host, 5060), head.encode())

    async def of(self, code, detail="", aor=f"alice@{REALM}", password=""):
        return await self.diagnosis.of_registration(OURS, self.refused(code, detail, aor), password=password)


@pytest.mark.parametrize(
    ("code", "detail", "cause"),
    [
        ("wrong-digest-realm", "digest realm x, ours y", Cause.WRONG_REALM),
        ("wrong-password", "", Cause.WRONG_PASSWORD),
        ("wrong-password", "the answer fits Hash1, but the user name carries the realm", Cause.HASH_FORM),
        ("wrong-password", "no valid SHA-256 hash is stored: set the password again", Cause.HASH_FORM),
        ("wrong-password", "the answer fits the secret before, whose time is over", Cause.EXPIRED_PASSWORD),
        ("stale-nonce", "too old", Cause.EXPIRED_NONCE),
        ("replay", "nonce count 1", Cause.REPLAY),
        ("credential-disabled", "", Cause.DISABLED),
        ("too-many-wrong-answers", HOST, Cause.BLOCKED_ADDRESS),
        ("not-your-address", "To x", Cause.USER_FORM),
        ("too-many-bindings", "2 of 2", Cause.OTHER),
    ],
)
async def test_a_refused_registration_has_a_cause_a_sentence_and_a_cure(code, detail, cause):
    found = await Place().of(code, detail)
    assert (found.cause, found.code) == (cause, code)
    assert detail in found.sentence
    assert found.sentence.count(REJECTIONS[code].sentence) == 1
    assert found.cure


@pytest.mark.parametrize(
    ("sent", "cause", "told"),
    [
        ("nobody", Cause.UNKNOWN_USER, "No credential"),
        ("Alice", Cause.USER_FORM, "There is alice, written so."),
        ("alice@phone.example", Cause.USER_FORM, "the credential is alice"),
        ("dora", Cause.USER_FORM, "the credential is dora@desk.example"),
        ("erin", Cause.WRONG_REALM, "erin is a credential of the realm office.example"),
        ("bob", Cause.UNKNOWN_USER, "No credential"),
    ],
)
async def test_an_unknown_user_is_told_who_was_meant_but_never_one_of_another_account(sent, cause, told):
    dora = replace(credential(9, "dora", REALM, OURS, 1), domain="desk.example")
    found = await Place(dora, credential(10, "erin", "office.example", OURS, 5)).of(
        "unknown-user", f"user name {sent}", f"{sent}@{REALM}"
    )
    assert found.cause is cause
    assert told in found.sentence


def with_secret(secret):
    return replace(credential(7, "alice", REALM, OURS, 1), secrets=(secret,))


HASHED_ELSE = Secret(hash_pair("md5", "alice", REALM, "another password"))
RIGHT = secret_of_password("alice", REALM, PASSWORD, NOW)


@pytest.mark.parametrize(
    ("stored", "sent", "told"),
    [
        (RIGHT, {}, "it would be let in now"),
        (HASHED_ELSE, {}, "what is stored was made of something else"),
        (
            RIGHT,
            {"password": PASSWORD + " "},
            "this password with a space behind it: enter the password again",
        ),
        (RIGHT, {"password": PASSWORD.lower()}, "this password in lower case"),
        (RIGHT, {"password": "quite another"}, "it has another password"),
        (RIGHT, {"realm": "asterisk"}, "the realm asterisk"),
        (RIGHT, {"ha1": hash_pair("md5", "alice", REALM, PASSWORD).hash1b}, "seems to use Hash1b"),
    ],
)
async def test_with_the_password_it_is_told_what_the_device_hashed(stored, sent, told):
    here = Place(with_secret(stored))
    here.attempt(**sent)
    found = await here.of("wrong-password", password=PASSWORD)
    assert told in found.form
    assert PASSWORD not in str(found)


async def test_an_attempt_from_elsewhere_of_somebody_else_or_long_ago_is_not_taken():
    here = Place(with_secret(RIGHT))
    here.attempt(host="192.0.2.66")
    here.attempt(username="carl")
    here.clock.time = NOW - 60
    here.attempt()
    assert "not in memory" in (await here.of("wrong-password", password=PASSWORD)).form


async def test_without_a_capture_nothing_is_told_of_the_device():
    here = Place(with_secret(RIGHT))
    here.diagnosis._attempts = AttemptFinder(None)
    assert "not in memory" in (await here.of("wrong-password", password=PASSWORD)).form


async def test_a_refused_call_is_found_among_the_events():
    here = Place(with_secret(RIGHT))
    here.attempt(method="INVITE")
    data = {
        "aor": f"alice@{REALM}",
        "code": "wrong-password",
        "detail": "",
        "sip_call_id": "c1",
        "flow": f"udp:{HOST}:5060",
    }
    event = here.events.publish(EventKind.REFUSED, f"alice@{REALM}", OURS, data)
    found = await here.diagnosis.of_event(OURS, event.id, password=PASSWORD)
    assert (found.cause, found.code) == (Cause.WRONG_PASSWORD, "wrong-password")
    assert "it would be let in now" in found.form
    assert await here.diagnosis.of_event(THEIRS, event.id) is None
    other = here.events.publish(EventKind.MOVED, "alice", OURS)
    assert await here.diagnosis.of_event(OURS, other.id) is None


async def test_a_refused_call_on_disk_has_its_cause_for_its_account_only():
    here = Place()
    found = await here.diagnosis.of_call(OURS, "one")
    assert (found.cause, found.code, found.aor) == (Cause.OTHER, "no-trunk", f"alice@{REALM}")
    assert found.cure == REJECTIONS["no-trunk"].cure
    assert await here.diagnosis.of_call(THEIRS, "one") is None
    assert await here.diagnosis.of_call(OURS, "fine") is None


async def test_a_refusal_of_another_account_and_what_is_none_are_not_told():
    here = Place()
    number = here.refused("wrong-password")
    here.timeline.kept.append((99, RegistrationEvent(NOW, f"alice@{REALM}", RegistrationEventKind.EXPIRED)))
    assert await here.diagnosis.of_registration(THEIRS, number) is None
    assert await here.diagnosis.of_registration(OURS, 99) is None
    assert await here.diagnosis.of_registration(OURS, 12345) is None


async def test_what_is_known_of_the_credential_is_told():
    found = await Place(with_secret(HASHED_ELSE)).of("wrong-password")
    assert any("ready hashes" in fact for fact in found.facts)
