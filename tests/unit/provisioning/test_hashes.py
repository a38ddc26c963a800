"""The hash doctor against the check vectors of the service's documents."""

import pytest

from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.hashes import MASK, Use, given_hash_pair, hash_forms, recognise

REALM = "custxx.auth.bandwidth.com"
HASH1 = "fe438bddfc087dda89d29e637f5684ab"
HASH1B = "79bb0e55551e14a2f329a282c7cf1456"
BOB_HASH1 = "817d76e91aad032a8c272229f468bfb2"
BOB_HASH1B = "39679d2a73c2e1ea719621bc0d8fdac8"
BOB_OLDER_HASH1B = "688f98e87931fa759270d54701159e63"


def md5_forms(username, domain=""):
    forms = hash_forms(username, REALM, domain, "password", reveal=True)
    return {form.name: form for form in forms if form.algorithm == "MD5"}


def test_hashes_without_a_domain_are_those_of_the_documents():
    forms = md5_forms("sipauthtest")
    assert forms["Hash1"].value == HASH1
    assert forms["Hash1"].hashed == "sipauthtest:custxx.auth.bandwidth.com:password"
    assert forms["Hash1b"].value == HASH1B
    assert (
        forms["Hash1b"].hashed == "sipauthtest@custxx.auth.bandwidth.com:custxx.auth.bandwidth.com:password"
    )


def test_hashes_with_a_domain_hash_the_realm_twice():
    forms = md5_forms("bob", "somewhere.com")
    assert forms["Hash1"].value == BOB_HASH1
    assert forms["Hash1b"].value == BOB_HASH1B
    assert forms["Hash1b"].hashed == (
        "bob@somewhere.com@custxx.auth.bandwidth.com:custxx.auth.bandwidth.com:password"
    )


def test_the_password_is_masked_unless_asked_for():
    for form in hash_forms("sipauthtest", REALM, "", "p4ssw0rd"):
        assert "p4ssw0rd" not in form.hashed
        assert form.hashed.endswith(MASK)


def test_every_algorithm_of_rfc_8760_is_there():
    assert {form.algorithm for form in hash_forms("alice", REALM, "", "password")} == {
        "MD5", "SHA-256", "SHA-512-256",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "username", "domain", "name", "use"),
    [
        (HASH1, "sipauthtest", "", "Hash1", Use.HASH1),
        (HASH1B.upper(), "sipauthtest", "", "Hash1b", Use.HASH1B),
        (f" {BOB_HASH1B}\n", "bob", "somewhere.com", "Hash1b", Use.HASH1B),
        (BOB_OLDER_HASH1B, "bob", "somewhere.com", "Hash1b of the older guide", Use.NONE),
    ],
)
def test_documented_hashes_are_recognised(given, username, domain, name, use):
    recognition = recognise(given, username, REALM, domain, "password")
    assert recognition.form is not None
    assert (recognition.form.name, recognition.form.use, recognition.intact) == (name, use, True)


def test_the_older_guides_hash_is_explained_and_never_usable():
    sentence = recognise(BOB_OLDER_HASH1B, "bob", REALM, "somewhere.com", "password").sentence
    assert "older guide" in sentence
    assert "no device's digest matches it" in sentence


def test_the_hash_that_lost_its_last_digit_is_recognised():
    recognition = recognise(HASH1B[:-1], "sipauthtest", REALM, "", "password")
    assert not recognition.intact
    assert recognition.form is not None
    assert recognition.form.name == "Hash1b"
    assert "31 digits instead of 32" in recognition.sentence
    assert HASH1B in recognition.sentence


@pytest.mark.parametrize("position", [0, 7, 30, 31])
def test_a_digit_lost_anywhere_is_found(position):
    damaged = HASH1[:position] + HASH1[position + 1 :]
    recognition = recognise(damaged, "sipauthtest", REALM, "", "password")
    assert recognition.form is not None
    assert recognition.form.name == "Hash1"


def test_two_changed_digits_are_no_lost_digit():
    damaged = ("0" if HASH1[0] != "0" else "1") + HASH1[1:-1]
    assert recognise(damaged, "sipauthtest", REALM, "", "password").form is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("sipauthtest:custxx.auth.bandwidth.com:password\n", "Hash1 with a line end"),
        ("sipauthtest:custxx:password", "Hash1 of the short realm name"),
        ("sipauthtest:custxx.auth.bandwidth.com:custxx.auth.bandwidth.com:password", "Hash1b with a colon"),
    ],
)
def test_common_mistakes_are_named(text, name):
    import hashlib

    recognition = recognise(hashlib.md5(text.encode()).hexdigest(), "sipauthtest", REALM, "", "password")
    assert recognition.form is not None
    assert recognition.form.name == name
    assert recognition.form.use is Use.NONE


def test_a_hash_of_another_password_is_not_recognised():
    recognition = recognise(HASH1, "sipauthtest", REALM, "", "other")
    assert recognition.form is None
    assert "check the password" in recognition.sentence


@pytest.mark.parametrize(("given", "reason"), [("xyz", "digits 0-9 and a-f"), ("abc", "3 digits")])
def test_what_is_no_hash_is_said_to_be_none(given, reason):
    assert reason in recognise(given, "alice", REALM, "", "password").sentence


def test_upper_case_hashes_are_taken_and_lowered():
    pair = given_hash_pair(HASH1.upper(), f" {HASH1B} ")
    assert (pair.hash1, pair.hash1b) == (HASH1, HASH1B)


@pytest.mark.parametrize("absent", [None, "", " "])
def test_hash1b_may_be_left_out(absent):
    pair = given_hash_pair(HASH1.upper(), absent)
    assert (pair.hash1, pair.hash1b) == (HASH1, None)


@pytest.mark.parametrize(
    ("hash1", "hash1b", "reason"),
    [
        (HASH1, HASH1B[:-1], "31 hexadecimal digits"),
        (HASH1 + "0", HASH1B, "33 hexadecimal digits"),
        (HASH1, HASH1B[:-1], "Hash1b has 31"),
        ("", HASH1B, "Hash1 is missing"),
        (HASH1[:-1] + "g", HASH1B, "no hexadecimal digits"),
        (HASH1, HASH1, "the same"),
    ],
)
def test_hashes_that_cannot_be_any_are_refused_with_the_reason(hash1, hash1b, reason):
    with pytest.raises(ProvisioningFault) as fault:
        given_hash_pair(hash1, hash1b)
    assert fault.value.code is FaultCode.INVALID_HASH
    assert reason in fault.value.sentence
