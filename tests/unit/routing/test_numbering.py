"""Dialled strings become E.164 numbers, or are told apart."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trunkline.routing.numbering import (
    MAX_DIALLED,
    Dialled,
    DialledKind,
    NumberFault,
    e164,
    is_country,
    normalise,
)

NUMBER, EMERGENCY, SHORT = DialledKind.NUMBER, DialledKind.EMERGENCY, DialledKind.SHORT
INCOMPLETE, NAME = DialledKind.INCOMPLETE, DialledKind.NAME


@pytest.mark.parametrize(
    ("dialled", "country", "number"),
    [
        ("+17778889999", "US", "+17778889999"),
        ("+17778889999", "", "+17778889999"),
        ("+999123456789", "US", "+999123456789"),
        ("+1 (777) 888-9999", "DE", "+17778889999"),
        ("+1.777.888.9999", "DE", "+17778889999"),
        ("+44(0)20 7183 8750", "US", "+442071838750"),
        ("+999 123 456 789", "US", "+999123456789"),
        ("7778889999", "US", "+17778889999"),
        ("17778889999", "US", "+17778889999"),
        ("(777) 888-9999", "US", "+17778889999"),
        ("011442071838750", "US", "+442071838750"),
        ("00442071838750", "US", "+442071838750"),
        ("02071838750", "GB", "+442071838750"),
        ("00442071838750", "GB", "+442071838750"),
        ("01134960000", "GB", "+441134960000"),
        ("01117778889999", "GB", "+17778889999"),
        ("00442071838750", "DE", "+442071838750"),
        ("030/901820", "DE", "+4930901820"),
        ("0612345678", "IT", "+390612345678"),
        ("810442071838750", "RU", "+442071838750"),
        ("00442071838750", "", "+442071838750"),
        ("tel:+1-777-888-9999", "DE", "+17778889999"),
        ("TEL:7778889999", "US", "+17778889999"),
        ("tel:7778889999;ext=12", "US", "+17778889999"),
        ("2071838750;phone-context=+44", "US", "+442071838750"),
        ("tel:02071838750;phone-context=+44", "US", "+442071838750"),
        ("7778889999;phone-context=atlanta.example", "US", "+17778889999"),
        ("7778889999;phone-context=+1-777-888-9999", "DE", "+17778889999"),
    ],
)
def test_every_way_to_dial_a_number_leads_to_its_e164_form(dialled, country, number):
    assert normalise(dialled, country) == Dialled(NUMBER, number)


@pytest.mark.parametrize(
    ("dialled", "country", "kind", "number"),
    [
        ("911", "US", EMERGENCY, "911"),
        ("9-1-1", "US", EMERGENCY, "911"),
        ("112", "US", EMERGENCY, "112"),
        ("112", "", EMERGENCY, "112"),
        ("911", "DE", EMERGENCY, "911"),
        ("+112", "DE", EMERGENCY, "112"),
        ("110", "DE", EMERGENCY, "110"),
        ("999", "GB", EMERGENCY, "999"),
        ("999", "US", NAME, "999"),
        ("tel:911", "US", EMERGENCY, "911"),
        ("911;phone-context=+1", "US", EMERGENCY, "911"),
        ("urn:service:sos.fire", "US", EMERGENCY, "urn:service:sos.fire"),
        ("411", "US", SHORT, "411"),
        ("116117", "DE", SHORT, "116117"),
        ("411", "", NAME, "411"),
        ("1001", "DE", NAME, "1001"),
        ("1001", "US", NAME, "1001"),
        ("alice", "US", NAME, "alice"),
        ("bob@somewhere.com", "US", NAME, "bob@somewhere.com"),
        ("1-800-FLOWERS", "US", NAME, "1-800-FLOWERS"),
        ("*31#7778889999", "US", NAME, "*31#7778889999"),
        ("", "US", NAME, ""),
        ("+", "US", NAME, "+"),
        ("++17778889999", "US", NAME, "++17778889999"),
        ("١٢٣٤٥٦٧٨٩٠", "US", NAME, "١٢٣٤٥٦٧٨٩٠"),
        ("+١٧٧٧٨٨٨٩٩٩٩", "US", NAME, "+١٧٧٧٨٨٨٩٩٩٩"),
        ("8889999", "US", INCOMPLETE, "8889999"),
        ("+1777", "US", INCOMPLETE, "+1777"),
        ("+07778889999", "US", INCOMPLETE, "+07778889999"),
        ("177788899990000", "US", INCOMPLETE, "177788899990000"),
        ("+1777888999900000", "US", INCOMPLETE, "+1777888999900000"),
        ("863-1234;phone-context=+1-914-555", "DE", INCOMPLETE, "863-1234;phone-context=+1-914-555"),
        ("863-1234;phone-context=+999", "DE", INCOMPLETE, "863-1234;phone-context=+999"),
        ("442071838750", "US", INCOMPLETE, "442071838750"),
        ("7778889999", "", INCOMPLETE, "7778889999"),
    ],
)
def test_what_is_no_number_is_told_apart(dialled, country, kind, number):
    assert normalise(dialled, country) == Dialled(kind, number)


def test_very_long_strings_are_names():
    assert normalise("1" * (MAX_DIALLED + 1), "US").kind is NAME


@given(st.text(max_size=80), st.sampled_from(["US", "DE", "GB", "IT", "", "XX"]))
@example("+1" + "0" * 13, "US")
@example("tel:;phone-context=+", "US")
@example("0;phone-context=+1;phone-context=", "US")
def test_any_string_is_understood_and_a_number_is_always_e164(dialled, country):
    found = normalise(dialled, country)
    if found.kind is NUMBER:
        assert re.fullmatch(r"\+[1-9][0-9]{6,14}", found.number)
        assert normalise(found.number, country) == found


@given(st.text("0123456789+-() ;=phonectx", max_size=24), st.sampled_from(["US", "DE", "GB", "RU"]))
def test_digits_in_any_disguise_make_e164_or_no_number(dialled, country):
    found = normalise(dialled, country)
    assert (found.kind is NUMBER) == bool(re.fullmatch(r"\+[1-9][0-9]{6,14}", found.number))


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+1 (555) 010-0199", "DE", "+15550100199"),
        ("030 1234567", "DE", "+49301234567"),
        ("tel:+1-555-010-0199", "", "+15550100199"),
        ("5550100199", "US", "+15550100199"),
        ("alice", "US", NumberFault.NONE),
        ("", "US", NumberFault.NONE),
        ("5550100199", "", NumberFault.NONE),
        ("+1 555 010 0199 ext. 5", "US", NumberFault.EXTENSION),
        ("+1555", "US", NumberFault.SHORT),
        ("010 0199", "US", NumberFault.SHORT),
        ("+15550100199123456", "US", NumberFault.LONG),
        ("+999 123 456 789", "US", NumberFault.NONE),
        ("+290 12", "US", NumberFault.SHORT),
    ],
)
def test_written_number_is_brought_into_e164_or_it_is_said_why_not(text, country, number):
    assert e164(text, country) == number


@given(st.text("0123456789+-() x", max_size=24), st.sampled_from(["US", "DE", "GB", "RU", "NU"]))
def test_number_that_may_be_owned_can_be_dialled(text, country):
    number = e164(text, country)
    if isinstance(number, str):
        assert normalise(number, country) == Dialled(NUMBER, number)


def test_countries_are_those_with_telephone_numbers():
    assert is_country("US")
    assert not is_country("us")
    assert not is_country("XX")
