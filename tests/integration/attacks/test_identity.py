"""What a stranger, caller or carrier claims of itself stays with us; and neither side sees anything of the other's."""

from __future__ import annotations

import re

import pytest

from integration.attacks.conftest import ATLANTA, BILOXI, BOBS_NUMBER, EVANS_NUMBER, EVANSTON
from integration.attacks.enemy import Ear, Fort, Letter, Wire, digest, offer, token
from live_server import CHICAGO
from trunkline.sip.message import Response

pytestmark = pytest.mark.needs("openssl")

CAROL_URI = f"sip:+13125550199@{ATLANTA}"
LIE = "smuggled"
"""Stands in every value that must not pass."""

CLAIMS = [
    "P-Asserted-Identity", "p-asserted-identity", "P-ASSERTED-IDENTITY", "P-AsSeRtEd-IdEnTiTy", "P-Preferred-Identity", "p-preferred-identity",
    "Remote-Party-ID", "remote-party-id", "REMOTE-PARTY-ID", "RPID-Privacy", "Privacy", "pRIVACY", "Identity", "identity", "y", "Y",
    "Identity-Info", "n", "N", "P-Called-Party-ID", "P-Charge-Info", "P-Charging-Vector", "P-Served-User", "P-User-Database", "P-Associated-URI",
    "P-Profile-Key", "P-Access-Network-Info", "P-Visited-Network-ID", "P-Asserted-Service", "P-Preferred-Service", "P-Early-Media",
    "Referred-By", "b", "In-Reply-To", "Reply-To", "Authorization", "AUTHORIZATION", "User-Agent", "Server", "Via", "v", "Record-Route", "Route",
    "Warning", "Path", "Service-Route", "Accept-Contact", "Reject-Contact", "Request-Disposition", "Feature-Caps", "Geolocation",
    "Proxy-Authentication-Info", "Target-Dialog", "Answer-Mode", "Priv-Answer-Mode", "Resource-Priority", "Security-Client", "Security-Verify",
]  # fmt: skip
PRIVATE = [
    "X-Forwarded-For", "X-Asserted-Identity", "x-authenticated-user", "X-Auth-IP", "X-P-Asserted-Identity", "X-Remote-Party-ID", "X-Real-IP",
    "X-Identity", "X-Auth-User", "X-Authenticated-As", "X-src-ip", "X-Originating-IP", "x-sip-auth", "X-Client-IP",
]  # fmt: skip


def lies(names: list[str]) -> str:
    """Header lines, in every way a line may be written."""
    text = ""
    for number, name in enumerate(names):
        values = {
            "Via": f"SIP/2.0/UDP {LIE}.example;branch=z9hG4bK{LIE}", "v": f"SIP/2.0/UDP {LIE}.example;branch=z9hG4bK{LIE}",
            "Route": f"<sip:{LIE}.example;lr>", "Record-Route": f"<sip:{LIE}.example;lr>", "Path": f"<sip:{LIE}.example;lr>",
        }  # fmt: skip
        value = values.get(name, f"<sip:{LIE}{number}@evil.example>")
        spellings = (
            f"{name}: {value}",
            f"{name} :{value}",
            f"{name}\t:\t{value}",
            f"{name}:\r\n {value}",
            f"{name}:{value}",
        )
        text += spellings[number % 5] + "\r\n" + (f"{name}: {value}\r\n" if number % 3 == 0 else "")
    return text


def call(fort: Fort, wire: Wire, target: str, user: str = "alice", raw: str = "", **fields: str) -> Letter:
    """Place a call; returns the INVITE that holds the digest."""
    own = {
        "From": f"<sip:{user}@{ATLANTA}>;tag={token()}",
        "Contact": f"<sip:secret-{user}@{wire.link.getsockname()[0]}>",
    }
    own |= {"User-Agent": "phone-of-alice", "Content-Type": "application/sdp", **fields}
    letter = Letter(
        "INVITE", target, (), offer(wire.link.getsockname()[0]), raw=raw, transport=wire.transport, **own
    )
    challenge = wire.ask(letter)
    assert challenge.status == 407, challenge
    second = letter.again(
        digest(challenge, user, fort.server.passwords[f"{user}@{ATLANTA}"], method="INVITE", uri=target)
    )
    wire.send(second)
    return second


def end(wire: Wire, letter: Letter, ear: Ear, request: object) -> Response:
    """Refuse the call and see it through."""
    ear.busy(request)  # type: ignore[arg-type]
    refusal = wire.answer_to(letter)
    wire.acknowledge(letter, refusal)
    return refusal


@pytest.fixture
def carrier(fort: Fort):
    with fort.ear(CHICAGO) as ear:
        yield ear


@pytest.fixture
def device(fort: Fort):
    with fort.ear(13) as ear:
        assert fort.register(ear, "bob", BILOXI).status == 200
        yield ear
        fort.register(ear, "bob", BILOXI, Expires="0")


@pytest.mark.parametrize("target", ["carrier", "device"])
def test_no_claim_of_a_caller_passes_in_any_spelling(fort, carrier, device, target):
    ear, uri = (carrier, CAROL_URI) if target == "carrier" else (device, f"sip:{BOBS_NUMBER}@{ATLANTA}")
    with fort.udp() as wire:
        for names in (CLAIMS[:24], CLAIMS[24:], PRIVATE):
            second = call(fort, wire, uri, raw=lies(names))
            request = ear.called()
            text = ear.raw.decode()
            passed = [line for line in text.split("\r\n") if LIE in line]
            assert passed == [], passed
            for secret in (
                wire.host,
                "secret-alice",
                "phone-of-alice",
                str(second.fields["Call-ID"]),
                second.branch,
                "Digest",
                "evil",
            ):
                assert secret not in text, (secret, text)
            assert len(request.get_all("Via")) == 1
            end(wire, second, ear, request)


@pytest.mark.parametrize("user", ["owner", "fixed"])
def test_who_may_show_its_own_numbers_only_is_not_believed_by_another_way(fort, carrier, user):
    """A carrier believes Diversion and History-Info too."""
    others = "<sip:+19995550100@carrier.example>"
    raw = f"Diversion: {others};reason=unconditional\r\nHistory-Info: {others};index=1\r\nP-Asserted-Identity: {others}\r\nContact-Info: {others}\r\n"
    with fort.udp() as wire:
        second = call(
            fort, wire, CAROL_URI, user, raw, From=f'"Mallory" <sip:{BOBS_NUMBER}@{ATLANTA}>;tag={token()}'
        )
        request = carrier.called()
        assert "+1999" not in carrier.raw.decode()
        assert BOBS_NUMBER in (request.get("P-Asserted-Identity") or "")
        assert request.address("From").uri.user == BOBS_NUMBER
        end(wire, second, carrier, request)
        if user == "owner":
            for shown in ("+19995550100", "%2B19995550100", "+1 999 555 0100", f"+19995550100@{ATLANTA}"):
                second = call(
                    fort,
                    wire,
                    CAROL_URI,
                    user,
                    From=f"<sip:{shown.replace(' ', '%20').replace('@', '%40')}@{ATLANTA}>;tag={token()}",
                )
                refusal = wire.answer_to(second)
                assert refusal.status == 403, shown
                wire.acknowledge(second, refusal)
    assert carrier.overheard(0.05) == []


def test_what_a_carrier_or_device_says_of_itself_is_not_passed_back(fort, carrier, device):
    raw = [
        (name, f"<sip:{LIE}@evil.example>")
        for name in CLAIMS + PRIVATE
        if name not in ("Via", "v", "Record-Route", "n", "N")
    ]
    for ear, uri in ((carrier, CAROL_URI), (device, f"sip:{BOBS_NUMBER}@{ATLANTA}")):
        with fort.udp() as wire:
            for status in (180, 183, 302, 404, 480, 486, 503, 603):
                second = call(fort, wire, uri)
                request = ear.called()
                headers = [
                    *raw,
                    ("Record-Route", f"<sip:{LIE}.example;lr>"),
                    ("Retry-After", f"0 ({LIE})"),
                    ("Server", LIE),
                ]
                if status == 302:
                    headers.append(("Contact", f"<sip:{LIE}@evil.example>"))
                ear.respond(request, status, headers, f"{LIE} in a body" if status >= 300 else "")
                if status < 200:
                    ear.busy(request)
                refusal = wire.answer_to(second)
                wire.acknowledge(second, refusal)
                for message in wire.messages:
                    assert LIE not in message.to_bytes().decode(), message.to_bytes().decode()
                    assert not re.search(rf"{re.escape(ear.host)}(?!\d)", message.to_bytes().decode())


def test_a_message_carries_its_senders_true_name_only(fort, device):
    with fort.udp() as wire:
        for names in (CLAIMS, PRIVATE):
            letter = Letter(
                "MESSAGE", f"sip:bob@{BILOXI}", (), "hello", raw=lies(names), Content_Type="text/plain",
                From=f"<sip:alice@{ATLANTA}>;tag={token()}", Contact=f"<sip:secret-alice@{wire.host}>",
            )  # fmt: skip
            # Bob is of another realm of the same account.
            challenge = wire.ask(letter)
            second = letter.again(
                digest(
                    challenge,
                    "alice",
                    fort.server.passwords[f"alice@{ATLANTA}"],
                    method="MESSAGE",
                    uri=letter.uri,
                )
            )
            wire.send(second)
            request = device.called("MESSAGE")
            passed = [line for line in device.raw.decode().split("\r\n") if LIE in line]
            assert passed == [], passed
            assert request.address("From").uri.text == f"sip:alice@{ATLANTA}"
            device.respond(request, 200)
            assert wire.answer_to(second).status == 200


@pytest.mark.parametrize("user", ["owner", "fixed"])
def test_a_message_is_under_the_same_rule_as_a_call(fort, device, user):
    with fort.udp() as wire:
        letter = Letter(
            "MESSAGE", f"sip:{BOBS_NUMBER}@{ATLANTA}", (), "pay me", Content_Type="text/plain",
            From=f"<sip:+19995550100@{ATLANTA}>;tag={token()}", Contact=None,
        )  # fmt: skip
        challenge = wire.ask(letter)
        second = letter.again(
            digest(
                challenge, user, fort.server.passwords[f"{user}@{ATLANTA}"], method="MESSAGE", uri=letter.uri
            )
        )
        wire.send(second)
        if user == "fixed":
            request = device.called("MESSAGE")
            assert request.address("From").uri.user == BOBS_NUMBER
            device.respond(request, 200)
            assert wire.answer_to(second).status == 200
        else:
            assert wire.answer_to(second).status == 403
    assert device.overheard(0.05) == []


def test_a_number_of_the_called_account_cannot_be_shown_to_it(fort):
    with fort.ear(14) as evan, fort.udp() as wire:
        assert fort.register(evan, "evan", EVANSTON).status == 200
        for method in ("MESSAGE", "INVITE"):
            letter = Letter(
                method, f"sip:{EVANS_NUMBER}@{ATLANTA}", (), "", From=f"<sip:{EVANS_NUMBER}@{ATLANTA}>;tag={token()}",
            )  # fmt: skip
            refusal = wire.log_in(letter, "owner", fort.server.passwords[f"owner@{ATLANTA}"])
            assert refusal.status == 403, refusal
        assert evan.overheard() == []
        fort.register(evan, "evan", EVANSTON, Expires="0")
