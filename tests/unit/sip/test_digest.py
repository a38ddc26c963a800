"""Digest responses: the vectors of the RFCs and of the documents that describe stored hashes."""

from __future__ import annotations

import pytest

from trunkline.sip.digest import (
    HAS_SHA512_256,
    MD5,
    SHA256,
    SHA512_256,
    Authorization,
    Challenge,
    expected_response,
    ha1_of,
    ha2_of,
    hash_hex,
    is_response,
    parse_authorization,
    parse_challenge,
)

needs_sha512_256 = pytest.mark.skipif(not HAS_SHA512_256, reason="OpenSSL here has no SHA-512/256")

MUFASA = "http-auth@example.org"
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def authorization(algorithm: str, *, qop: str = "auth", is_session: bool = False) -> Authorization:
    return Authorization(
        "Mufasa", MUFASA, NONCE, "/dir/index.html", "", algorithm, is_session=is_session, qop=qop,
        cnonce=CNONCE, nonce_count=1, nonce_count_text="00000001",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        (MD5, "8ca523f5e9506fed4657c9700eebdbec"),
        (SHA256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc7616_example_is_computed(algorithm, response):
    ha1 = ha1_of(algorithm, "Mufasa", MUFASA, "Circle of Life")
    ha2 = ha2_of(algorithm, "GET", "/dir/index.html")
    assert expected_response(authorization(algorithm), ha1, ha2) == response


@needs_sha512_256
def test_sha512_256_differs_from_sha256_and_is_as_long():
    assert len(hash_hex(SHA512_256, "abc")) == 64
    assert hash_hex(SHA512_256, "abc") == "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"


def test_rfc2617_example_is_computed():
    given = Authorization(
        "Mufasa", "testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "/dir/index.html", "", qop="auth",
        cnonce="0a4f113b", nonce_count=1, nonce_count_text="00000001",
    )  # fmt: skip
    ha1 = ha1_of(MD5, "Mufasa", "testrealm@host.com", "Circle Of Life")
    assert ha1 == "939e7578ed9e3c518a452acee763bce9"
    assert (
        expected_response(given, ha1, ha2_of(MD5, "GET", "/dir/index.html"))
        == "6629fae49393a05397450978507c4ef1"
    )


def test_without_qop_the_response_is_that_of_rfc2069():
    given = authorization(MD5, qop="")
    assert expected_response(given, "a" * 32, "b" * 32) == hash_hex(MD5, f"{'a' * 32}:{NONCE}:{'b' * 32}")


def test_a_session_algorithm_hashes_nonce_and_cnonce_into_ha1():
    given = authorization(MD5, is_session=True)
    session = hash_hex(MD5, f"{'a' * 32}:{NONCE}:{CNONCE}")
    assert expected_response(given, "a" * 32, "b" * 32) == expected_response(
        authorization(MD5), session, "b" * 32
    )


def test_auth_int_covers_the_body():
    assert ha2_of(MD5, "INVITE", "sip:bob@biloxi.example", "auth-int", b"v=0\r\n") == hash_hex(
        MD5, f"INVITE:sip:bob@biloxi.example:{hash_hex(MD5, 'v=0' + chr(13) + chr(10))}"
    )
    assert ha2_of(MD5, "INVITE", "sip:a", "auth-int", b"x") != ha2_of(
        MD5, "INVITE", "sip:a", "auth-int", b"y"
    )
    assert ha2_of(MD5, "INVITE", "sip:a", "auth-int", b"\xff\xfe") != ha2_of(MD5, "INVITE", "sip:a")


@pytest.mark.parametrize(
    ("username", "hash1"),
    [
        ("sipauthtest", "fe438bddfc087dda89d29e637f5684ab"),
        ("sipauthtest@custxx.auth.bandwidth.com", "79bb0e55551e14a2f329a282c7cf1456"),
        ("bob@somewhere.com", "817d76e91aad032a8c272229f468bfb2"),
        ("bob@somewhere.com@custxx.auth.bandwidth.com", "39679d2a73c2e1ea719621bc0d8fdac8"),
    ],
)
def test_ha1_of_every_documented_user_name(username, hash1):
    assert ha1_of(MD5, username, "custxx.auth.bandwidth.com", "password") == hash1


def test_a_right_response_is_recognised_and_a_wrong_one_is_not():
    right = expected_response(authorization(MD5), "a" * 32, "b" * 32)
    given = parse_authorization(str(authorization(MD5)).replace('response=""', f'response="{right.upper()}"'))
    assert is_response(given, "a" * 32, "b" * 32)
    assert not is_response(given, "c" * 32, "b" * 32)
    assert not is_response(given, "a" * 32, "c" * 32)


def test_an_unknown_algorithm_is_not_computed():
    with pytest.raises(ValueError, match="no digest algorithm"):
        hash_hex("SHA-1", "text")


def test_a_challenge_prints_what_clients_need():
    assert str(Challenge("atlanta.example", "abc")) == (
        'Digest realm="atlanta.example", nonce="abc", algorithm=MD5, qop="auth"'
    )
    full = Challenge("atlanta.example", "abc", SHA256, "auth,auth-int", stale=True, opaque="x y")
    assert str(full) == (
        'Digest realm="atlanta.example", nonce="abc", algorithm=SHA-256, qop="auth,auth-int", opaque="x y", stale=true'
    )


def test_a_printed_challenge_reads_back():
    read = parse_challenge(
        str(Challenge("a.example", "n", SHA256, "auth,auth-int", stale=True, opaque='q"\\'))
    )
    assert (read.realm, read.nonce, read.algorithm, read.qop, read.stale, read.opaque) == (
        "a.example", "n", SHA256, "auth,auth-int", True, 'q"\\',
    )  # fmt: skip
