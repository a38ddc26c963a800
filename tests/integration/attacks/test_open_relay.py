"""Nobody calls at another's cost: not through Route, maddr or numbers, not by claiming to be a carrier or somebody else."""

from __future__ import annotations

import re

import pytest

from integration.attacks.conftest import ATLANTA, BILOXI, BOBS_NUMBER, EVANSTON, EVANSTON_TRUNK
from integration.attacks.enemy import Fort, Letter, offer, token
from live_server import CHICAGO

pytestmark = pytest.mark.needs("openssl")

THIRD = 50
"""Where in the network somebody is who has nothing to do with any of this."""

CAROL = "+13125550199"


@pytest.fixture(scope="module")
def carrier(fort: Fort):
    with fort.ear(CHICAGO) as ear:
        yield ear


@pytest.fixture(scope="module")
def other_carrier(fort: Fort):
    with fort.ear(EVANSTON_TRUNK) as ear:
        yield ear


@pytest.fixture(scope="module")
def third(fort: Fort):
    with fort.ear(THIRD) as ear:
        yield ear


@pytest.fixture(scope="module")
def device(fort: Fort):
    """Bob's."""
    with fort.ear(11) as ear:
        assert fort.register(ear, "bob", BILOXI).status == 200
        yield ear
        fort.register(ear, "bob", BILOXI, Expires="0")


def invite(
    target: str,
    host: str,
    *headers: tuple[str, str],
    realm: str = ATLANTA,
    user: str = "alice",
    **fields: str,
) -> Letter:
    own = {
        "From": f"<sip:{user}@{realm}>;tag={token()}",
        "Contact": f"<sip:{user}@{host}>",
        "Content-Type": "application/sdp",
    }
    return Letter("INVITE", target, headers, offer(host), **{**own, **fields})


def targets(fort: Fort, third_host: str) -> list[str]:
    us = fort.server.host
    return [
        f"sip:carol@{third_host}", f"sip:{CAROL}@{third_host}:5060;transport=tcp", f"sip:alice@{ATLANTA};maddr={third_host}",
        f"tel:{CAROL}", "tel:5550199;phone-context=+1312", f"sips:{CAROL}@{ATLANTA}", f"sip:{CAROL}@{us}",
        f"sip:{CAROL}@{us};user=phone", f"sip:%2B13125550199@{ATLANTA}", f"sip:{CAROL}%40{ATLANTA}@{us}",
        f"sip:carol@{third_host}@{ATLANTA}", f"sip:00{CAROL[1:]}@{ATLANTA}", f"sip:011{CAROL[1:]}@{ATLANTA}",
        f"sip:{CAROL}@{EVANSTON}", f"sip:@{ATLANTA}", f"sip:{ATLANTA}", f"sip:{us}", "sip:[::1]", f"sip:{CAROL};ext=1@{ATLANTA}",
    ]  # fmt: skip


def test_a_stranger_reaches_nobody_whatever_is_dialled_and_however_it_is_routed(
    fort, carrier, other_carrier, third, device
):
    to_third = [("Route", f"<sip:{third.host};lr>"), ("Route", f"<sip:{third.host}:5060>")]
    to_carrier = [("Route", f"<sip:{carrier.host};lr>")]
    with fort.udp() as mallory:
        for target in targets(fort, third.host):
            for headers in ([], to_third, to_carrier):
                answer = mallory.ask(invite(target, mallory.host, *headers))
                assert answer.status in (400, 407), (target, answer)
                message = Letter("MESSAGE", target, headers, "hello", Content_Type="text/plain")
                assert mallory.ask(message).status in (400, 407), target
    for ear in (carrier, other_carrier, third, device):
        assert ear.overheard(0.05) == []


def test_a_carriers_address_can_only_be_had_not_claimed(fort, carrier, device):
    chicago = fort.server.network.address(CHICAGO)
    claims = [("X-Forwarded-For", chicago), ("X-Real-IP", chicago), ("P-Asserted-Identity", f"<sip:+1@{chicago}>"),
              ("Forwarded", f"for={chicago}"), ("Record-Route", f"<sip:{chicago};lr>"), ("X-AUTH-IP", chicago)]  # fmt: skip
    with fort.udp() as mallory, fort.tcp(mallory.host) as by_tcp, fort.ws(mallory.host) as by_ws:
        for via in (
            f"SIP/2.0/UDP {chicago}:5060;branch=z9hG4bK%s;rport",
            f"SIP/2.0/UDP {mallory.host};branch=z9hG4bK%s;received={chicago};rport=5060",
            f"SIP/2.0/UDP mallory.invalid;branch=z9hG4bK%s;rport;received={chicago};maddr={chicago}",
            f"SIP/2.0/UDP mallory.invalid;branch=z9hG4bK%s;rport,SIP/2.0/UDP {chicago};branch=z9hG4bKx;received={chicago}",
        ):
            for wire in (mallory, by_tcp, by_ws):
                letter = invite(
                    f"sip:{BOBS_NUMBER}@{fort.server.host}", mallory.host, *claims, From=f"<sip:+1@{chicago}>;tag=1",
                    Via=via % token(), Contact=f"<sip:{chicago}>",
                )  # fmt: skip
                assert wire.ask(letter).status == 407, via
    assert device.overheard(0.05) == []
    assert carrier.overheard(0.05) == []


def test_a_caller_with_a_credential_reaches_no_foreign_host(fort, third):
    with fort.udp() as wire:
        for target in (
            f"sip:carol@{third.host}.example", f"sip:{CAROL}@carrier.example", f"sip:evan@{EVANSTON}", f"sip:{CAROL}@{EVANSTON}",
            f"sip:carol@evil.example;maddr={third.host}", f"sip:carol@{third.host}", "http://evil.example/", "mailto:carol@evil.example",
        ):  # fmt: skip
            letter = invite(target, wire.host, ("Route", f"<sip:{third.host};lr>"))
            if target.startswith(("http", "mailto")):
                assert wire.ask(letter).status == 416
                continue
            answer = wire.log_in(letter, "alice", fort.server.passwords[f"alice@{ATLANTA}"])
            assert answer.status == 404, (target, answer)
    assert third.overheard(0.05) == []


def test_route_maddr_and_to_do_not_turn_a_permitted_call_aside(fort, carrier, third):
    with fort.udp() as wire:
        for target in (
            f"sip:{CAROL}@{ATLANTA};maddr={third.host}",
            f"sip:{CAROL}@{third.host}",
            f"sip:{CAROL}@{fort.server.host}:5060",
        ):
            letter = invite(
                target, wire.host, ("Route", f"<sip:{third.host};lr>"), To=f"<sip:+19005550100@{third.host}>"
            )
            wire.send(letter)
            challenge = wire.answer_to(letter)
            second = letter.again(_answer(fort, challenge, letter))
            wire.send(second)
            request = carrier.called()
            # The Request-URI alone counts, and what goes out is made by us.
            assert request.uri_text == f"sip:{CAROL}@{carrier.host}:5060"
            assert request.get_all("Route") == []
            assert not re.search(rb"%s(?!\d)" % re.escape(third.host.encode()), carrier.raw)
            assert b"+1900" not in carrier.raw
            carrier.busy(request)
            refusal = wire.answer_to(second)
            assert refusal.status == 486
            wire.acknowledge(second, refusal)
    assert third.overheard(0.05) == []


def _answer(fort: Fort, challenge, letter: Letter, user: str = "alice", realm: str = ATLANTA):
    from integration.attacks.enemy import digest

    return digest(
        challenge, user, fort.server.passwords[f"{user}@{realm}"], method=letter.method, uri=letter.uri
    )


def test_the_trunks_of_another_account_are_out_of_reach(fort, carrier, other_carrier):
    """Only evanston's trunk serves numbers outside of +1, and alice is of another account."""
    abroad = "+493055501"
    with fort.udp() as wire:
        for target in (
            f"sip:{abroad}@{ATLANTA}",
            f"sip:{abroad}@{fort.server.host}",
            f"tel:{abroad}",
            f"sip:{abroad}@{EVANSTON}",
        ):
            answer = wire.log_in(
                invite(target, wire.host), "alice", fort.server.passwords[f"alice@{ATLANTA}"]
            )
            assert answer.status == 404, (target, answer)
    with fort.udp() as wire:
        # Her password opens nothing in the other realm, whose trunk would serve the number.
        letter = invite(f"sip:{abroad}@{EVANSTON}", wire.host, realm=EVANSTON)
        assert wire.log_in(letter, "alice", fort.server.passwords[f"alice@{ATLANTA}"]).status == 407
    assert other_carrier.overheard(0.05) == []
    with fort.udp() as wire:
        # Evan's calls leave through his own.
        letter = invite(f"sip:{CAROL}@{EVANSTON}", wire.host, user="evan", realm=EVANSTON)
        second = letter.again(_answer(fort, wire.ask(letter), letter, "evan", EVANSTON))
        wire.send(second)
        other_carrier.busy(other_carrier.called())
        assert wire.answer_to(second).status == 486
        wire.acknowledge(second, wire.messages[-1])
    assert carrier.overheard(0.05) == []


def test_a_carrier_reaches_owned_numbers_and_nothing_else(fort, carrier, other_carrier, third, device):
    """By UDP and by TCP, where a connection proves the address."""
    with fort.tcp(fort.server.network.address(CHICAGO)) as by_tcp:
        for wire in (carrier, by_tcp):
            transport = wire.transport
            for target in (
                f"sip:{CAROL}@{fort.server.host}", "sip:+19005550100@carrier.example", f"sip:evan@{EVANSTON}", f"sip:carol@{third.host}",
                "tel:+442071838750",
            ):  # fmt: skip
                letter = invite(target, wire.host, ("Route", f"<sip:{third.host};lr>"), From="<sip:+17735550100@carrier.example>;tag=1",
                                Via=f"SIP/2.0/{transport} {wire.host};branch=z9hG4bK{token()};rport")  # fmt: skip
                refusal = wire.ask(letter)
                assert refusal.status == 404, (target, refusal)
                wire.acknowledge(letter, refusal)
            letter = invite(f"sip:{BOBS_NUMBER}@{fort.server.host}", wire.host, From="<sip:+17735550100@carrier.example>;tag=1",
                            Via=f"SIP/2.0/{transport} {wire.host};branch=z9hG4bK{token()};rport")  # fmt: skip
            wire.send(letter)
            device.busy(device.called())
            wire.acknowledge(letter, wire.answer_to(letter))
    for ear in (carrier, other_carrier, third):
        assert [one for one in ear.overheard(0.05) if "INVITE" in one and "Request" in one] == []


def test_a_carriers_address_with_a_wrong_password_is_not_trusted(fort, carrier, device):
    letter = invite(
        f"sip:{BOBS_NUMBER}@{fort.server.host}", carrier.host, ("Proxy-Authorization", "Digest username=x")
    )
    assert carrier.ask(letter).status == 400
    assert device.overheard(0.05) == []
