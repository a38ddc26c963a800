"""Reading Authorization as peers write it, and refusing what could be read in two ways."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sip.digest import Authorization, is_digest, parse_authorization, parse_challenge
from trunkline.sip.errors import ParseError

HASH = "fe438bddfc087dda89d29e637f5684ab"
PLAIN = f'Digest username="alice", realm="atlanta.example", nonce="n1", uri="sip:atlanta.example", response="{HASH}"'


def test_the_usual_form_is_read():
    given_ = parse_authorization(f'{PLAIN}, algorithm=MD5, cnonce="c1", qop=auth, nc=0000000a, opaque="o1"')
    assert (given_.username, given_.realm, given_.nonce, given_.uri, given_.response) == (
        "alice", "atlanta.example", "n1", "sip:atlanta.example", HASH,
    )  # fmt: skip
    assert (given_.algorithm, given_.cnonce, given_.qop, given_.nonce_count, given_.opaque) == (
        "MD5",
        "c1",
        "auth",
        10,
        "o1",
    )
    assert given_.nonce_count_text == "0000000a"


def test_without_qop_neither_count_nor_cnonce_is_needed():
    given_ = parse_authorization(PLAIN)
    assert (given_.qop, given_.nonce_count, given_.algorithm, given_.is_session) == ("", 0, "MD5", False)
    assert parse_authorization(PLAIN + ', qop=""').qop == ""


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace("Digest ", "DIGEST ").replace("username", "UserName").replace("realm=", "REALM="),
        PLAIN.replace(", ", ",").replace("Digest ", "Digest\t"),
        PLAIN.replace(", ", " ,  ").replace("=", " = "),
        PLAIN.replace("Digest ", "Digest , ,") + ", ,",
        PLAIN.replace('"alice"', "alice")
        .replace('"atlanta.example"', "atlanta.example")
        .replace(f'"{HASH}"', HASH),
        PLAIN.replace('"alice"', '"\\al\\ice"'),
    ],
)
def test_spellings_that_peers_use_are_read_alike(text):
    given_ = parse_authorization(text)
    assert (given_.username, given_.realm, given_.response) == ("alice", "atlanta.example", HASH)


def test_quoted_tokens_are_read_as_the_tokens():
    given_ = parse_authorization(PLAIN + ', algorithm="MD5", qop="auth", nc="00000001", cnonce="c"')
    assert (given_.algorithm, given_.qop, given_.nonce_count) == ("MD5", "auth", 1)


def test_quotes_and_commas_inside_a_quoted_string_belong_to_it():
    given_ = parse_authorization(PLAIN.replace('"alice"', r'"al\"i, realm=\\ce"'))
    assert given_.username == r'al"i, realm=\ce'


def test_session_algorithms_and_case_are_recognised():
    given_ = parse_authorization(PLAIN + ", algorithm=sha-256-SESS")
    assert (given_.algorithm, given_.is_session) == ("SHA-256", True)


def test_an_extended_user_name_is_decoded():
    given_ = parse_authorization(PLAIN.replace('username="alice"', "username*=UTF-8''J%C3%A4s%C3%B8n"))
    assert given_.username == "Jäsøn"


@pytest.mark.parametrize(
    "text",
    [
        "Basic YWxpY2U6c2VjcmV0",
        "Digest",
        "Digest username",
        PLAIN.replace('username="alice", ', ""),
        PLAIN.replace(', realm="atlanta.example"', ""),
        PLAIN.replace(', nonce="n1"', ""),
        PLAIN.replace(', uri="sip:atlanta.example"', ""),
        PLAIN.replace(f', response="{HASH}"', ""),
        PLAIN.replace(HASH, HASH[:-1]),
        PLAIN.replace(HASH, "ä" * 32),
        PLAIN + ', username="mallory"',
        PLAIN + ", realm=other",
        PLAIN + ", qop=auth, nc=00000001",
        PLAIN + ', qop=auth, cnonce="c"',
        PLAIN + ', qop=auth, cnonce="c", nc=xyz',
        PLAIN + ', qop=auth, cnonce="c", nc=-1',
        PLAIN + ', qop=auth, cnonce="c", nc=0x1',
        PLAIN + ', qop=auth, cnonce="c", nc=1_0',
        PLAIN + ', qop=auth, cnonce="c", nc=000000001',
        PLAIN + ', opaque="unbalanced',
        PLAIN + ', opaque="x" y',
        PLAIN + ', ="x"',
        PLAIN + ", stray",
        PLAIN + ' opaque="x"',
        PLAIN.replace('username="alice"', "username*=latin1'x'y"),
        PLAIN[:-1] + "\\",
    ],
)
def test_what_is_incomplete_doubled_or_badly_quoted_is_refused(text):
    with pytest.raises(ParseError):
        parse_authorization(text)


def test_only_digest_counts_as_digest():
    assert is_digest("digest realm=x")
    assert not is_digest("Basic abc")
    assert not is_digest("DigestX realm=x")


def test_a_challenge_without_realm_or_nonce_is_refused():
    with pytest.raises(ParseError):
        parse_challenge('Digest realm="a"')
    with pytest.raises(ParseError):
        parse_challenge('Digest nonce="a"')


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    for value in (text, "Digest " + text, PLAIN + text, PLAIN + ", " + text):
        with contextlib.suppress(ParseError):
            parse_authorization(value)
        with contextlib.suppress(ParseError):
            parse_challenge(value)


wire_text = st.text(st.characters(blacklist_characters="\r\n\x00", blacklist_categories=("Cs",)), max_size=30)


@given(
    wire_text, wire_text, wire_text, wire_text, wire_text.filter(bool), st.integers(0, 0xFFFFFFFF), wire_text,
    st.sampled_from(["MD5", "SHA-256", "SHA-512-256"]), st.booleans(), st.sampled_from(["", "auth", "auth-int"]),
)  # fmt: skip
def test_what_is_printed_reads_back(
    username, realm, nonce, uri, cnonce, count, opaque, algorithm, is_session, qop
):
    written = Authorization(
        username, realm, nonce, uri, "0" * (32 if algorithm == "MD5" else 64), algorithm, is_session=is_session,
        qop=qop, cnonce=cnonce, nonce_count=count, nonce_count_text=f"{count:08x}", opaque=opaque,
    )  # fmt: skip
    read = parse_authorization(str(written))
    assert (read.username, read.realm, read.nonce, read.uri, read.response) == (
        username, realm, nonce, uri, written.response,
    )  # fmt: skip
    assert (read.algorithm, read.is_session, read.qop, read.cnonce, read.opaque) == (
        algorithm, is_session, qop, cnonce, opaque,
    )  # fmt: skip
    assert read.nonce_count == (count if qop else 0)


@given(st.permutations(list(range(9))), st.sampled_from([", ", ",", " , "]), st.booleans())
def test_the_order_of_parameters_does_not_matter(order, separator, quoted):
    mark = '"' if quoted else ""
    parts = [
        'username="alice"', 'realm="a.example"', 'nonce="n"', 'uri="sip:a.example"', f'response="{HASH}"',
        f"algorithm={mark}MD5{mark}", f"qop={mark}auth{mark}", f"nc={mark}00000002{mark}", 'cnonce="c"',
    ]  # fmt: skip
    read = parse_authorization("Digest " + separator.join(parts[index] for index in order))
    assert (read.username, read.uri, read.qop, read.nonce_count, read.cnonce) == (
        "alice",
        "sip:a.example",
        "auth",
        2,
        "c",
    )
