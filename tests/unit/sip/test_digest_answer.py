"""Answering the challenge of a trunk."""

from __future__ import annotations

import pytest

from trunkline.sip.digest import (
    HAS_SHA512_256,
    MD5,
    SHA256,
    SHA512_256,
    Challenge,
    answer_challenge,
    ha1_of,
    ha2_of,
    is_response,
    parse_authorization,
)
from trunkline.sip.message import Request, Response

REALM = "chicago.example"
HASHES = {name: ha1_of(name, "trunkline", REALM, "secret") for name in (MD5, SHA256)}


def invite(*headers: tuple[str, str]) -> Request:
    return Request("INVITE", "sip:+15553334444@chicago.example", list(headers), b"v=0\r\n")


def challenged(*challenges: Challenge, status: int = 407) -> Response:
    name = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
    return Response(status, "", [(name, str(challenge)) for challenge in challenges])


def answered(*challenges: Challenge, request: Request | None = None, hashes=HASHES, status: int = 407):
    return answer_challenge(
        challenged(*challenges, status=status), request or invite(), "trunkline", REALM, hashes, "c0"
    )


@pytest.mark.parametrize(("status", "name"), [(407, "Proxy-Authorization"), (401, "Authorization")])
@pytest.mark.parametrize("qop", ["", "auth", "auth-int", "auth-int, auth"])
@pytest.mark.parametrize("algorithm", ["", MD5, "MD5-sess", SHA256, "SHA-256-sess"])
def test_the_answer_proves_the_password(status, name, qop, algorithm):
    field = answered(Challenge(REALM, "n1", algorithm, qop, opaque="o"), status=status)
    assert field is not None
    assert field[0] == name
    given = parse_authorization(field[1])
    assert (given.username, given.realm, given.nonce, given.opaque) == ("trunkline", REALM, "n1", "o")
    assert given.qop == {"auth-int, auth": "auth"}.get(qop, qop)
    assert is_response(
        given,
        HASHES[given.algorithm],
        ha2_of(given.algorithm, "INVITE", invite().uri_text, given.qop, b"v=0\r\n"),
    )


def test_the_strongest_algorithm_with_a_hash_is_answered():
    both = (Challenge(REALM, "n1", MD5), Challenge(REALM, "n2", SHA256))
    assert parse_authorization(answered(*both)[1]).nonce == "n2"
    assert parse_authorization(answered(*reversed(both))[1]).nonce == "n2"
    assert parse_authorization(answered(*both, hashes={MD5: HASHES[MD5], SHA256: ""})[1]).nonce == "n1"


@pytest.mark.skipif(not HAS_SHA512_256, reason="OpenSSL here has no SHA-512/256")
def test_sha512_256_is_the_strongest():
    hashes = {**HASHES, SHA512_256: ha1_of(SHA512_256, "trunkline", REALM, "secret")}
    field = answered(Challenge(REALM, "n1", SHA256), Challenge(REALM, "n2", SHA512_256), hashes=hashes)
    assert parse_authorization(field[1]).nonce == "n2"


def test_a_foreign_realm_is_never_answered():
    assert answered(Challenge("mallory.example", "n1")) is None
    assert (
        parse_authorization(answered(Challenge("mallory.example", "n1"), Challenge(REALM, "n2"))[1]).nonce
        == "n2"
    )


@pytest.mark.parametrize(
    "challenge",
    [
        Challenge(REALM, "n", SHA512_256),
        Challenge(REALM, "n", "AKAv1-MD5"),
        Challenge(REALM, "n", MD5, "auth-conf"),
    ],
)
def test_what_cannot_be_computed_is_not_answered(challenge):
    assert answered(challenge) is None


def test_a_malformed_challenge_is_passed_over():
    response = challenged(Challenge(REALM, "n1"))
    response.headers.insert(0, ("Proxy-Authenticate", 'Digest realm="unbalanced'))
    response.headers.insert(0, ("Proxy-Authenticate", "Basic realm=x"))
    assert answer_challenge(response, invite(), "trunkline", REALM, HASHES, "c0") is not None


def test_a_refused_answer_is_not_given_again():
    first = answered(Challenge(REALM, "n1"))
    again = invite(first)
    assert answered(Challenge(REALM, "n1"), request=again) is None
    assert answered(Challenge(REALM, "n2"), request=again) is None
    assert answered(Challenge(REALM, "n1", stale=True), request=again) is None


def test_a_stale_nonce_is_answered_with_the_fresh_one():
    again = invite(answered(Challenge(REALM, "n1")))
    assert parse_authorization(answered(Challenge(REALM, "n2", stale=True), request=again)[1]).nonce == "n2"


def test_an_answer_to_another_realm_does_not_hinder():
    other = ("Proxy-Authorization", answered(Challenge(REALM, "n1"))[1].replace(REALM, "elsewhere.example"))
    assert (
        answered(Challenge(REALM, "n1"), request=invite(other, ("Proxy-Authorization", "Basic x")))
        is not None
    )


def test_the_nonce_count_is_printed_as_eight_digits():
    field = answer_challenge(
        challenged(Challenge(REALM, "n1")), invite(), "trunkline", REALM, HASHES, "c0", 26
    )
    assert "nc=0000001a" in field[1]
