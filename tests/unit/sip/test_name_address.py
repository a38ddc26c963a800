"""From, To, Contact and their like: display name, URI, parameters, tag."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sip.errors import ParseError
from trunkline.sip.name_address import NameAddress, check_brackets, parse_name_address, tag_of
from trunkline.sip.uri import parse_uri


@pytest.mark.parametrize(
    ("value", "name", "uri", "parameters"),
    [
        ("<sip:alice@atlanta.example>", "", "sip:alice@atlanta.example", ()),
        ("sip:alice@atlanta.example", "", "sip:alice@atlanta.example", ()),
        ("sip:alice@atlanta.example;tag=1", "", "sip:alice@atlanta.example", (("tag", "1"),)),
        ("<sip:alice@atlanta.example;lr>;tag=1", "", "sip:alice@atlanta.example;lr", (("tag", "1"),)),
        ("Alice <sip:alice@atlanta.example>", "Alice", "sip:alice@atlanta.example", ()),
        (
            "Alice A. Example<sip:alice@atlanta.example> ; tag = 1",
            "Alice A. Example",
            "sip:alice@atlanta.example",
            (("tag", "1"),),
        ),
        ('"Alice"<sip:alice@atlanta.example>', "Alice", "sip:alice@atlanta.example", ()),
        (
            '"<sip:mallory@biloxi.example>" <sip:alice@atlanta.example>',
            "<sip:mallory@biloxi.example>",
            "sip:alice@atlanta.example",
            (),
        ),
        ('"\\"A\\" \\\\" <sip:alice@atlanta.example>', '"A" \\', "sip:alice@atlanta.example", ()),
        ('"" <sip:alice@atlanta.example>', "", "sip:alice@atlanta.example", ()),
        ("< sip:alice@atlanta.example >", "", "sip:alice@atlanta.example", ()),
        (
            '<sip:alice@atlanta.example>;x="a;b>c";tag=1',
            "",
            "sip:alice@atlanta.example",
            (("x", '"a;b>c"'), ("tag", "1")),
        ),
        ('sip:alice@atlanta.example;x="<"', "", "sip:alice@atlanta.example", (("x", '"<"'),)),
        ("<tel:+1-555-0100>;tag=1", "", "tel:+1-555-0100", (("tag", "1"),)),
        (
            "<sip:alice@atlanta.example?Route=%3Csip:x%3E>",
            "",
            "sip:alice@atlanta.example?Route=%3Csip:x%3E",
            (),
        ),
    ],
)
def test_forms_that_are_read(value, name, uri, parameters):
    address = parse_name_address(value)
    assert (address.display_name, address.uri.text, address.parameters) == (name, uri, parameters)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "*",
        "Alice",
        "<sip:alice@atlanta.example",
        "sip:alice@atlanta.example>",
        '"Alice <sip:alice@atlanta.example>',
        '"Alice\\" <sip:alice@atlanta.example>',
        '"A" B "C" <sip:alice@atlanta.example>',
        'A "B" <sip:alice@atlanta.example>',
        "<sip:alice@atlanta.example> tag=1",
        "sip:alice@atlanta.example?x=y",
        "sip:alice,bob@atlanta.example",
        "<<sip:alice@atlanta.example>>",
        "<>",
        '<sip:alice@atlanta.example>;x="y',
    ],
)
def test_what_is_refused(value):
    with pytest.raises(ParseError):
        parse_name_address(value)


def test_control_characters_do_not_reach_the_display_name():
    assert (
        parse_name_address('"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:a@atlanta.example>').display_name
        == "BEL: NUL: DEL:"
    )


def test_the_tag_can_be_given_changed_and_taken_away():
    address = parse_name_address("<sip:alice@atlanta.example>;x=1;TAG=a")
    assert address.tag == "a"
    assert address.parameter("x") == "1"
    assert str(address.with_tag("b")) == "<sip:alice@atlanta.example>;x=1;tag=b"
    assert str(address.with_tag("")) == "<sip:alice@atlanta.example>;x=1"


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ("<sip:alice@atlanta.example>;tag=1", "1"),
        ("<sip:alice@atlanta.example>;tag=1;x=2", "1"),
        ("<sip:alice@atlanta.example>;x=2;tag=1", "1"),
        ("<sip:alice@atlanta.example> ; Tag = 1", "1"),
        ("<sip:alice@atlanta.example;tag=no>", ""),
        ("<sip:alice@atlanta.example;tag=no>;tag=yes", "yes"),
        ("sip:alice@atlanta.example;tag=1", "1"),
        ("sip:alice@atlanta.example", ""),
        ("<sip:alice@atlanta.example>", ""),
        ("<sip:alice@atlanta.example>;tag", ""),
        ("<sip:alice@atlanta.example>;x-tag=2", ""),
        ('"x;tag=no" <sip:alice@atlanta.example>;tag=yes', "yes"),
        ('<sip:alice@atlanta.example>;x=";tag=no";tag=yes', "yes"),
        ('<sip:alice@atlanta.example>;x=">;tag=no";tag=yes', "yes"),
        ("<sip:alice@atlanta.example>;TAG=first;tag=second", "first"),
    ],
)
def test_the_tag_is_found_without_reading_the_rest(value, tag):
    assert tag_of(value) == tag
    assert parse_name_address(value).tag == tag


@pytest.mark.parametrize(
    "value", ["<sip:a@b", "sip:a@b>;x=<", '"a <sip:a@b>', '"a" <sip:a@b', '<sip:a@b> x"y"']
)
def test_brackets_and_quotes_that_do_not_close_are_seen_early(value):
    with pytest.raises(ParseError):
        check_brackets(value)


def test_whole_brackets_pass():
    for value in ("<sip:a@b>;tag=1", '"A" <sip:a@b>', "sip:a@b", '"<" <sip:a@b>;x=">"'):
        check_brackets(value)


NAME = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=15)
TOKEN = st.text(st.sampled_from("abcXYZ019-.!~*_+"), min_size=1, max_size=8)


@given(name=NAME, parameters=st.lists(st.tuples(TOKEN, st.none() | TOKEN), max_size=4).map(tuple))
def test_a_printed_address_reads_back_the_same(name, parameters):
    made = NameAddress(parse_uri("sip:alice@atlanta.example;lr"), name, parameters)
    read = parse_name_address(str(made))
    assert (read.display_name, read.uri, read.parameters) == (name, made.uri, parameters)
    assert read.tag == tag_of(str(made))


@given(st.text(st.sampled_from('<>";=\\, sip:a@b.t*\x00'), max_size=40))
def test_any_text_is_an_address_or_a_parse_error(text):
    try:
        address = parse_name_address(text)
    except ParseError:
        return
    assert parse_name_address(str(address)).uri == address.uri
    assert tag_of(text) == address.tag


def test_a_value_that_cannot_be_read_has_no_tag():
    assert tag_of('"Alice <sip:alice@atlanta.example>;tag=1') == ""
    assert tag_of("<sip:alice@atlanta.example>;=x;tag=1") == ""
