"""A digest opens what it was made for, once: no replay, no downgrade, no telling users apart, no answer to strangers."""

from __future__ import annotations

import re
import statistics
import time

import pytest

from integration.attacks.conftest import ATLANTA, BILOXI, BOBS_NUMBER, CARRIER_REALM, EVANSTON
from integration.attacks.enemy import PATIENCE_S, Fort, Letter, Wire, digest, offer, parameter, token
from live_server import CHICAGO
from trunkline.sip.message import Request, Response

pytestmark = pytest.mark.needs("openssl")

REALM_URI = f"sip:{ATLANTA}"
CAROL_URI = f"sip:+13125550199@{ATLANTA}"


def register(wire: Wire, user: str = "alice", realm: str = ATLANTA, **fields: str | None) -> Letter:
    aor = f"<sip:{user}@{realm}>"
    own = {
        "From": f"{aor};tag={token()}",
        "To": aor,
        "Contact": f"<sip:{user}@{wire.link.getsockname()[0]}>",
        "Expires": "60",
    }
    return Letter("REGISTER", f"sip:{realm}", transport=wire.transport, **{**own, **fields})


def invite(wire: Wire, target: str = CAROL_URI, user: str = "alice", realm: str = ATLANTA) -> Letter:
    fields = {"From": f"<sip:{user}@{realm}>;tag={token()}", "Content-Type": "application/sdp"}
    return Letter("INVITE", target, (), offer("127.0.0.1"), transport=wire.transport, **fields)


def answer(fort: Fort, challenge: Response, letter: Letter, **lies):
    """What alice answers, but for the lies."""
    facts = {"method": letter.method, "uri": letter.uri, "username": "alice", **lies}
    return digest(challenge, password=fort.server.passwords[f"alice@{ATLANTA}"], **facts)


# Replay.


def test_a_register_that_was_overheard_serves_nobody_else(fort):
    with fort.udp() as alice, fort.udp() as mallory, fort.tcp() as by_tcp:
        letter = register(alice)
        second = letter.again(answer(fort, alice.ask(letter), letter))
        assert alice.ask(second).status == 200
        # Her own retransmission gets what the first got; the same bytes from anywhere else do not.
        assert alice.ask(second).status == 200
        for thief in (mallory, by_tcp):
            refusal = thief.ask(second)
            assert refusal.status == 401
            assert "stale=true" in (refusal.get("WWW-Authenticate") or "")
        # Nor do they with another Contact, Call-ID, CSeq or branch, not even from her own socket.
        for changed in ({"Contact": "<sip:mallory@evil.example>"}, {"Call-ID": token()}):
            stolen = second.again(**changed)
            assert mallory.ask(stolen).status == 401
            assert alice.ask(stolen).status == 401


def test_a_nonce_count_is_good_once_whatever_else_changes(fort):
    with fort.udp() as wire:
        letter = register(wire)
        challenge = wire.ask(letter)

        def status(count: int) -> int:
            return wire.ask(letter.again(answer(fort, challenge, letter, nc=count), Call_ID=token())).status

        assert [status(count) for count in (5, 5, 6, 6, 4, 4, 60, 5, 1, 28, 60)] == [
            200, 401, 200, 401, 200, 401, 200, 401, 401, 401, 401,
        ]  # fmt: skip


def test_a_digest_of_one_method_does_not_open_another(fort):
    with fort.ear(CHICAGO) as carrier, fort.udp() as wire:
        call = invite(wire)
        challenge = wire.ask(call)
        for method in ("REGISTER", "MESSAGE", "invite", "INVITE "):
            stolen = digest(
                challenge, "alice", fort.server.passwords[f"alice@{ATLANTA}"], method=method, uri=call.uri
            )
            assert wire.ask(call.again(stolen)).status in (403, 407), method
        name, value = answer(fort, wire.ask(register(wire)), register(wire), uri=CAROL_URI)
        assert wire.ask(call.again(("Proxy-Authorization", value))).status in (403, 407)
        assert wire.ask(call.again((name, value))).status == 407
        assert carrier.overheard() == []


def test_a_digest_for_one_destination_does_not_open_another(fort):
    with fort.ear(CHICAGO) as carrier, fort.udp() as wire:
        call = invite(wire)
        for uri in (
            f"sip:+13125550111@{ATLANTA}",
            "sip:+13125550199@evil.example",
            "tel:+13125550199",
            "*",
            "",
            "x" * 3000,
        ):
            refusal = wire.ask(call.again(answer(fort, wire.ask(call.again()), call, uri=uri)))
            assert refusal.status in (400, 403), uri
        assert carrier.overheard() == []


# Downgrade and forgery.


@pytest.mark.parametrize(
    "lie",
    [
        {"algorithm": "SHA-256"}, {"algorithm": "SHA-512-256"}, {"algorithm": "MD5-sess"}, {"algorithm": "md5-SESS"}, {"algorithm": "none"},
        {"algorithm": "MD4"}, {"algorithm": "AKAv1-MD5"}, {"qop": "auth-int"}, {"qop": "auth-conf"}, {"nonce": "0" * 40},
        {"nonce": "f" * 40}, {"nonce": "x"}, {"nonce": "é" * 40}, {"nonce": "1" * 4000}, {"realm": BILOXI}, {"realm": EVANSTON}, {"realm": ""},
        {"realm": "evil.example"}, {"response": "0" * 32}, {"response": "d41d8cd98f00b204e9800998ecf8427e"}, {"response": "0" * 64},
        {"username": ""}, {"username": "alice\\\\"}, {"username": "alice@" + BILOXI}, {"username": "sip:alice@" + ATLANTA},
        {"username": "alice" * 1000}, {"username": "alice' OR '1'='1"}, {"username": "%61lice"}, {"username": "ALICE"},
        {"username": "alice\t"}, {"cnonce": "c" * 8000},
    ],
    ids=lambda lie: " ".join(f"{key}={value[:20]}" for key, value in lie.items()),
)  # fmt: skip
def test_a_digest_with_a_lie_in_it_opens_nothing(fort, lie):
    with fort.udp() as wire:
        letter = register(wire)
        second = letter.again(answer(fort, wire.ask(letter), letter, **lie))
        # A long cnonce is no lie: only its size is tried.
        assert wire.ask(second).status in ((200,) if "cnonce" in lie else (400, 401, 403))


def test_a_nonce_of_another_realm_or_of_somebody_else_opens_only_what_it_may(fort):
    with fort.udp() as wire, fort.udp() as other:
        foreign = parameter(wire.ask(register(wire, "bob", BILOXI)).get("WWW-Authenticate") or "", "nonce")
        letter = register(wire)
        challenge = wire.ask(letter)
        refusal = wire.ask(letter.again(answer(fort, challenge, letter, nonce=foreign)))
        assert refusal.status == 401
        assert "stale=true" in (refusal.get("WWW-Authenticate") or "")
        # A nonce is nobody's: a device that moved may use the one it got before, once.
        assert other.ask(letter.again(answer(fort, challenge, letter))).status == 200


def test_several_authorizations_count_as_one_at_most(fort):
    with fort.udp() as wire:
        letter = register(wire)
        right = answer(fort, wire.ask(letter), letter)
        decoy = (
            "Authorization",
            'Digest username="x", realm="other.example", nonce="n", uri="sip:x", response="' + "0" * 32 + '"',
        )
        assert wire.ask(letter.again(decoy, decoy, right)).status == 200
        again = letter.again(*[decoy] * 100)
        assert wire.ask(again).status == 401
        wrong = answer(fort, wire.ask(letter.again()), letter, response="0" * 32)
        right = answer(fort, wire.ask(letter.again()), letter)
        # Two for the same realm: the first counts, whatever the second is.
        assert wire.ask(letter.again(wrong, right)).status in (401, 403)


def test_a_disabled_credential_is_refused_to_whoever_knows_its_password_and_to_nobody_else(fort):
    with fort.udp() as wire:
        letter = register(wire, "gone")
        assert wire.log_in(letter, "gone", "wrong").status == 401
        assert wire.log_in(letter.again(), "gone", fort.server.passwords[f"gone@{ATLANTA}"]).status == 403
        call = invite(wire, user="gone")
        assert wire.log_in(call, "gone", fort.server.passwords[f"gone@{ATLANTA}"]).status == 403


def test_the_address_of_another_user_cannot_be_registered(fort):
    with fort.udp() as wire:
        for to in (
            f"<sip:dave@{ATLANTA}>",
            f"<sip:alice@{BILOXI}>",
            f"<sip:evan@{EVANSTON}>",
            '"x" <sip:alice@evil.example>',
            "<tel:+1>",
        ):
            letter = register(wire, To=to)
            refused = wire.log_in(letter, "alice", fort.server.passwords[f"alice@{ATLANTA}"]).status
            assert refused == 403, to
    assert {one.aor for one in fort.server.registrations()} <= {f"alice@{ATLANTA}"}


# Who is there is not told.


def shape(response: Response) -> str:
    """A response without what differs from one to the next anyway."""
    text = response.to_bytes().decode()
    for pattern in (
        r'nonce="[^"]*"',
        r"branch=[^;\s]*",
        r"tag=[^;\s]*",
        r"rport=\d+",
        r"(?m)^Call-ID:.*$",
        r"(?m)^CSeq:.*$",
    ):
        text = re.sub(pattern, "", text)
    return text


@pytest.mark.parametrize("method", ["REGISTER", "INVITE"])
def test_an_unknown_user_gets_what_a_wrong_password_gets(fort, method):
    def tried(user: str) -> list[str]:
        with fort.udp(host) as wire:
            uri = REALM_URI if method == "REGISTER" else CAROL_URI
            aor = f"<sip:someone@{ATLANTA}>"
            letter = Letter(method, uri, From=f"{aor};tag=1", To=aor, Contact="<sip:x@192.0.2.1>")
            challenge = wire.ask(letter)
            seen = [shape(challenge)]
            for _ in range(3):
                refusal = wire.ask(letter.again(digest(challenge, user, "guess", method=method, uri=uri)))
                seen.append(shape(refusal))
            return seen

    host = fort.address()
    assert tried("dave") == tried("nobody") == tried("gone")


ROUNDS, MOST_ROUNDS = 40, 800


@pytest.mark.parametrize("method", ["REGISTER", "INVITE"])
def test_an_unknown_user_takes_as_long_as_a_wrong_password(fort, method):
    """Interleaved, and compared by the quicker half: what is slow has been held up by other work of the machine.

    The more other work there is the more tries it takes until what is by chance has evened out.
    """
    uri = REALM_URI if method == "REGISTER" else CAROL_URI
    took: dict[str, list[float]] = {"erin": [], "noby": []}
    aor = f"<sip:someone@{ATLANTA}>"
    with fort.udp() as first, fort.udp() as second:
        wires = {"erin": first, "noby": second}
        challenge = first.ask(Letter(method, uri, From=f"{aor};tag=1", To=aor))
        for number in range(MOST_ROUNDS):
            for user in sorted(took, reverse=bool(number % 2)):
                letter = Letter(method, uri, From=f"{aor};tag=1", To=aor)
                letter.headers.append(digest(challenge, user, "guess", method=method, uri=uri, nc=number + 1))
                data = letter.to_bytes()
                began = time.perf_counter()
                wires[user].send(data)
                wires[user].answer_to(letter)
                took[user].append(time.perf_counter() - began)
            if number % ROUNDS == ROUNDS - 1:
                known, unknown = (statistics.median(sorted(times)[: number // 2]) for times in took.values())
                if abs(known - unknown) < 0.25 * max(known, unknown):
                    break
    assert abs(known - unknown) < 0.25 * max(known, unknown), (known, unknown)


# Challenges of others.


def test_a_device_that_challenges_us_gets_no_digest(fort):
    with fort.ear(12) as device, fort.ear(CHICAGO) as carrier:
        assert fort.register(device, "dave", ATLANTA).status == 200
        for status, name in ((401, "WWW-Authenticate"), (407, "Proxy-Authenticate")):
            letter = invite(device, f"sip:dave@{ATLANTA}")
            with fort.udp() as wire:
                second = letter.again(answer(fort, wire.ask(letter), letter))
                wire.send(second)
                request = device.called()
                challenge = f'Digest realm="{CARRIER_REALM}", nonce="crackme", algorithm=MD5'
                device.respond(request, status, [(name, challenge)])
                device.called("ACK")
                refusal = wire.answer_to(second)
                assert refusal.status == 502
                assert "crackme" not in refusal.to_bytes().decode()
                wire.acknowledge(second, refusal)
        heard = device.listen() + carrier.listen(0.05)
        assert [
            one for one in heard if isinstance(one, Request) and "Authorization" in str(one.headers)
        ] == []
        fort.register(device, "dave", ATLANTA, Expires="0")


@pytest.mark.parametrize("realm", ["evil.example", "", ATLANTA, CARRIER_REALM.upper(), f"{CARRIER_REALM} "])
def test_a_carrier_gets_a_digest_for_its_own_realm_only(fort, realm):
    with fort.ear(CHICAGO) as carrier, fort.udp() as wire:
        letter = invite(wire)
        second = letter.again(answer(fort, wire.ask(letter), letter))
        wire.send(second)
        request = carrier.called()
        carrier.respond(request, 407, [("Proxy-Authenticate", f'Digest realm="{realm}", nonce="crackme"')])
        carrier.called("ACK")
        refusal = wire.answer_to(second)
        assert refusal.status == 502
        wire.acknowledge(second, refusal)
        assert carrier.overheard(0.05) == []


def test_a_carrier_that_refuses_our_digest_does_not_get_another(fort):
    with fort.ear(CHICAGO) as carrier, fort.udp() as wire:
        letter = invite(wire)
        second = letter.again(answer(fort, wire.ask(letter), letter))
        wire.send(second)
        tries, seen = set(), set()
        refusal = None
        deadline = time.monotonic() + PATIENCE_S
        while refusal is None and time.monotonic() < deadline:
            for request in carrier.receive(0.05):
                if not isinstance(request, Request) or request.method != "INVITE":
                    continue
                tries.add(request.get("Via"))
                seen.update(request.get_all("Proxy-Authorization"))
                challenge = f'Digest realm="{CARRIER_REALM}", nonce="{token()}", stale=true'
                carrier.respond(request, 407, [("Proxy-Authenticate", challenge)])
            refusal = wire.seek(
                lambda each: (
                    isinstance(each, Response)
                    and each.status >= 200
                    and each.get("CSeq") == second.fields["CSeq"]
                ),
                0.05,
            )
        assert 1 <= len(tries) <= 4
        assert len(seen) <= 3
        assert isinstance(refusal, Response)
        wire.acknowledge(second, refusal)


def test_whoever_calls_as_a_carrier_gets_no_digest_for_our_bye(fort):
    """The source of a datagram can be forged: a call that came in proves nothing about who is there."""
    with fort.ear(12) as device, fort.ear(CHICAGO) as carrier:
        assert fort.register(device, "bob", BILOXI).status == 200
        letter = Letter(
            "INVITE", f"sip:{BOBS_NUMBER}@{fort.server.host}", (), offer(carrier.host),
            From="<sip:+17735550100@carrier.example>;tag=1", Contact=f"<sip:x@{carrier.host}>", Content_Type="application/sdp",
        )  # fmt: skip
        carrier.send(letter)
        request = device.called()
        device.respond(request, 200, body=offer(device.host))
        answered = carrier.answer_to(letter)
        ack = {
            "Via": letter.fields["Via"],
            "To": answered.get("To"),
            "From": letter.fields["From"],
            "Call-ID": letter.fields["Call-ID"],
        }
        carrier.send(Letter("ACK", letter.uri, **{**ack, "CSeq": f"{answered.cseq_number} ACK"}))
        device.called("ACK")
        bye = Letter(
            "BYE", f"sip:{request.addresses('Contact')[0].uri.user}@{fort.server.host}", From=f"{request.get('To')};tag=ear{device.port}",
            To=request.get("From"), Call_ID=request.call_id, CSeq="9 BYE",
        )  # fmt: skip
        assert device.ask(bye).status == 200
        ours = carrier.called("BYE")
        carrier.respond(
            ours, 407, [("Proxy-Authenticate", f'Digest realm="{CARRIER_REALM}", nonce="crackme"')]
        )
        assert carrier.overheard() == []
        fort.register(device, "bob", BILOXI, Expires="0")
