"""What strangers write does not become a header field, a log line, or a command to a terminal."""

from __future__ import annotations

import json
import re

import pytest

from integration.attacks.conftest import ATLANTA, BILOXI, BOBS_NUMBER, provisioned
from integration.attacks.enemy import Ear, Fort, Letter, digest, offer, token
from live_server import CHICAGO, eventually

ESCAPED = "%0d%0aFORGED:%20yes%0d%0a%0d%0a%1b%5b2J%00"
NAUGHTY = "\u2028FORGED\u0085FORGED\u009b2J\u202egnorw\ufeff"
"""Line ends and commands that are not ASCII, so that a message may hold them."""

UGLY = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What a terminal or a reader of lines must not get from us. A tab is harmless."""


@pytest.fixture(scope="module", params=["people", "json"])
def fort(tmp_path_factory, request):
    """A server for each form of the log."""
    server = provisioned(
        tmp_path_factory.mktemp("log"),
        options=("--trace-sip", "--log", request.param),
        settings={"sip.drain_s": 0},
    )
    server.start()
    yield Fort(server)
    server.close()


def place(
    fort: Fort, wire, target: str, *headers: tuple[str, str], body: str | bytes = "", **fields: str
) -> Letter:
    """Place a call as alice; the INVITE with the digest is returned."""
    own = {
        "From": f"<sip:alice@{ATLANTA}>;tag={token()}",
        "Contact": f"<sip:x@{wire.host}>",
        "Content-Type": "application/sdp",
        **fields,
    }
    letter = Letter("INVITE", target, headers, body or offer(wire.host), **own)
    challenge = wire.ask(letter)
    second = letter.again(
        digest(challenge, "alice", fort.server.passwords[f"alice@{ATLANTA}"], method="INVITE", uri=target)
    )
    wire.send(second)
    return second


def finish(wire, letter: Letter) -> None:
    wire.acknowledge(letter, wire.answer_to(letter))


def check_wire(*ears: Ear) -> None:
    """No message of ours has a line that somebody else wrote."""
    for ear in ears:
        for message in ear.messages:
            assert not [name for name, _ in message.headers if name.upper() == "FORGED"], message.headers
            assert b"\nFORGED" not in message.to_bytes().partition(b"\r\n\r\n")[0]


def check_log(fort: Fort) -> None:
    log = fort.server.log()
    is_json = '"event"' in log
    for line in log.splitlines():
        if is_json and line.startswith("{"):
            json.loads(line)
        assert not line.lstrip().startswith("FORGED"), line
    text = log.replace("\n", "")
    assert UGLY.search(text) is None, repr(text[UGLY.search(text).start() - 200 :][:300])


def test_escaped_line_ends_stay_escaped_everywhere(fort):
    with fort.ear(CHICAGO) as carrier, fort.ear(13) as device, fort.udp() as mallory, fort.udp() as wire:
        assert fort.register(device, "bob", BILOXI, User_Agent=f"Phone{NAUGHTY}").status == 200
        name = f'"Al\\"ice{NAUGHTY}"'
        users = (f"alice{ESCAPED}", f"+1312{ESCAPED}")
        # Unproven: in every place that a log line tells of.
        for user in users:
            for method in ("REGISTER", "INVITE", "MESSAGE", "OPTIONS", "SUBSCRIBE"):
                letter = Letter(
                    method, f"sip:{user}@{ATLANTA}" if method != "REGISTER" else f"sip:{ATLANTA}",
                    [("User-Agent", f"UA{NAUGHTY}"), ("Reason", f'SIP;cause=200;text="{NAUGHTY}"'), ("Subject", NAUGHTY)],
                    From=f"{name} <sip:{user}@{ATLANTA}>;tag=1", To=f"{name} <sip:{user}@{ATLANTA}>", Contact=f"{name} <sip:{user}@{mallory.host}>",
                )  # fmt: skip
                challenge = mallory.ask(letter)
                if challenge.status in (401, 407):
                    mallory.ask(
                        letter.again(
                            digest(challenge, user + NAUGHTY, "guess", method=method, uri=letter.uri)
                        )
                    )
        for start in (
            "INVITE sip:a\x1b[2J SIP/2.0",
            "G\x07ET / HTTP/1.1",
            "INVITE sip:x SIP/2.0\nFORGED: yes",
            "FORGED: \x9b\r\nFORGED",
        ):
            mallory.send(f"{start}\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\n\r\nFORGED\n\nFORGED".encode())
        # Proven: to a carrier and to a device.
        for ear, target in (
            (carrier, f"sip:+13125550199@{ATLANTA}"),
            (device, f"sip:{BOBS_NUMBER}@{ATLANTA}"),
        ):
            for user in users:
                letter = place(
                    fort, wire, target, ("Subject", NAUGHTY), ("User-Agent", NAUGHTY), ("Call-Info", f"<http://x/{NAUGHTY}>"),
                    From=f"{name} <sip:{user}@{ATLANTA}>;tag=1",
                )  # fmt: skip
                request = ear.called()
                assert request.get("FORGED") is None
                assert b"%0D%0A" in ear.raw.upper()
                ear.respond(request, 180, reason=f"Ringing {NAUGHTY}")
                ear.respond(
                    request, 480, [("Reason", f'Q.850;cause=16;text="{NAUGHTY}"')], reason=f"Gone {NAUGHTY}"
                )
                ear.called("ACK")
                finish(wire, letter)
        letter = place(fort, wire, f"sip:+1312{ESCAPED}@{ATLANTA}")
        finish(wire, letter)
        fort.register(
            device,
            "bob",
            BILOXI,
            f'"{NAUGHTY}" <sip:b{ESCAPED}@{device.host}:{device.port}>;x="{NAUGHTY}"',
            User_Agent=NAUGHTY,
        )
        assert eventually(lambda: len(fort.server.cdrs()) >= 5)
        check_wire(carrier, device, wire, mallory)
        check_log(fort)
        for command in (["registrations"], ["registrations", "--events"], ["cdrs"]):
            for options in ([], ["--json"]):
                shown = fort.server.cli(*command, *options)
                assert UGLY.search(shown.replace("\n", "")) is None, shown
                assert not [line for line in shown.splitlines() if line.lstrip().startswith("FORGED")]


def test_a_session_description_cannot_write_header_fields_or_log_lines(fort):
    with fort.ear(CHICAGO) as carrier, fort.udp() as wire:
        good = offer(wire.host)
        for bad in (
            good.replace("s=-", "s=-\rFORGED: yes"), good.replace("s=-", "s=-\n\nFORGED: yes"), good.replace("c=IN", "c=IN\rFORGED:"),
            good.replace("o=- 1", f"o={NAUGHTY} 1"), good.replace("m=audio 40000", "m=audio\rFORGED 40000"),
            good + "a=x\r\n\r\nINVITE sip:forged SIP/2.0\r\n", good.replace("RTP/AVP", "FORGED\x1b[2J"), "FORGED\r\n\r\nFORGED", "v=0\nFORGED\x9b",
            good.replace("v=0", "v=\x00"), good.replace("s=-", f"s={NAUGHTY}"), good.replace("IP4 " + wire.host, "IP4 evil.example\x07"),
        ):  # fmt: skip
            letter = place(fort, wire, f"sip:+13125550199@{ATLANTA}", body=bad)
            while not any(
                getattr(one, "status", 0) >= 200 and one.get("CSeq") == letter.fields["CSeq"]
                for one in wire.messages
            ):
                for request in carrier.receive(0.05):
                    if getattr(request, "method", "") == "INVITE":
                        carrier.respond(request, 486)
                wire.receive(0.05)
            refusal = wire.messages[-1]
            assert refusal.status in (400, 486, 488), bad
            wire.acknowledge(letter, refusal)
        check_wire(carrier, wire)
        check_log(fort)


def test_a_bad_description_in_a_call_that_stands_ends_nothing(fort):
    """The reason phrase must not carry what made it bad."""
    with fort.ear(13) as device, fort.udp() as wire:
        assert fort.register(device, "bob", BILOXI).status == 200
        letter = place(fort, wire, f"sip:{BOBS_NUMBER}@{ATLANTA}")
        device.respond(device.called(), 200, body=offer(device.host))
        answered = wire.answer_to(letter)
        fields = {
            "To": answered.get("To"),
            "From": letter.fields["From"],
            "Call-ID": letter.fields["Call-ID"],
        }
        contact = answered.addresses("Contact")[0].uri.text
        wire.send(Letter("ACK", contact, **{**fields, "CSeq": f"{answered.cseq_number} ACK"}))
        for number, bad in enumerate(
            ("c=\rFORGED: yes", "v=0\r\no=x\r\n", f"v=0\r\n{NAUGHTY}\r\n", "\x1b[2J", "v=0\rFORGED\r\n")
        ):
            again = Letter(
                "INVITE",
                contact,
                (),
                bad,
                **{**fields, "CSeq": f"{10**6 + number} INVITE"},
                Content_Type="application/sdp",
            )
            refusal = wire.ask(again)
            assert refusal.status == 400
            assert UGLY.search(refusal.reason) is None, refusal.reason
            wire.acknowledge(again, refusal)
        assert wire.ask(Letter("BYE", contact, **{**fields, "CSeq": "2000000 BYE"})).status == 200
        check_wire(device, wire)
        check_log(fort)
