"""Contact values: read as devices write them, given back as they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.device import NOW, flow_of
from trunkline.domain.binding import Binding
from trunkline.registrar.contact import (
    ABSENT,
    MALFORMED,
    check_contact_uri,
    parse_contact,
    print_contact,
    print_q,
    seconds,
)
from trunkline.sip.errors import ParseError


def test_uri_and_parameters_are_kept_as_written_without_expires_and_q():
    contact = parse_contact(
        '"Alice" <sip:alice-0x55%41@192.0.2.7:5062;ob;transport=UDP>;+sip.instance="<urn:uuid:1-2>";reg-id=1;EXPIRES=60;q=0.5;foo'
    )
    assert contact.uri == "sip:alice-0x55%41@192.0.2.7:5062;ob;transport=UDP"
    assert contact.text == f'<{contact.uri}>;+sip.instance="<urn:uuid:1-2>";reg-id=1;foo'
    assert (contact.expires, contact.q, contact.instance, contact.reg_id) == (60, 500, "<urn:uuid:1-2>", 1)


def test_a_bare_uri_is_read():
    contact = parse_contact("sip:alice@192.0.2.7;expires=30")
    assert (contact.uri, contact.text, contact.expires) == (
        "sip:alice@192.0.2.7",
        "<sip:alice@192.0.2.7>",
        30,
    )
    assert parse_contact("<sip:alice@192.0.2.7>").expires == ABSENT


def test_gruus_that_a_device_sends_back_are_dropped():
    contact = parse_contact('<sip:a@192.0.2.7>;pub-gruu="sip:a@x;gr=1";temp-gruu="sip:t@x;gr"')
    assert contact.text == "<sip:a@192.0.2.7>"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("3600", 3600),
        ("0003600", 3600),
        ("00000000003600", 3600),
        ("4294967296", 2**32 - 1),
        ("9" * 50, 2**32 - 1),
    ],
)
def test_seconds_are_read(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "-1", "1.5", "soon", "٣", "+1", "1 2"])
def test_what_is_no_number_of_seconds_is_malformed(text):
    assert seconds(text) == MALFORMED


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1000),
        ("1.0", 1000),
        ("1.000", 1000),
        ("0", 0),
        ("0.5", 500),
        ("0.05", 50),
        ("0.123", 123),
        (".7", 700),
        ("0.", 0),
    ],
)
def test_q_is_read(text, value):
    assert parse_contact(f"<sip:a@192.0.2.7>;q={text}").q == value


@pytest.mark.parametrize("text", ["", "2", "0.1234", "x", "-0.5", "0.x", "1.5"])
def test_a_malformed_q_counts_as_none(text):
    assert parse_contact(f"<sip:a@192.0.2.7>;q={text}").q == 1000


@given(st.integers(0, 999))
def test_a_printed_q_reads_back(q):
    assert parse_contact(f"<sip:a@192.0.2.7>;q={print_q(q)}").q == q


@pytest.mark.parametrize("text", ["0", "99999999999", "-1", "x", "2147483648"])
def test_a_reg_id_out_of_range_counts_as_none(text):
    assert parse_contact(f"<sip:a@192.0.2.7>;reg-id={text}").reg_id == 0


@pytest.mark.parametrize(
    "uri",
    [
        "mailto:alice@atlanta.example",
        "tel:+15550100",
        "sip:",
        "nonsense",
        "sip:a@b:99999",
        "sip:a@" + "b" * 2100,
    ],
)
def test_a_contact_that_no_request_can_go_to_is_refused(uri):
    with pytest.raises(ParseError):
        check_contact_uri(uri)


def test_unbalanced_brackets_are_refused():
    with pytest.raises(ParseError):
        parse_contact("<sip:a@192.0.2.7")


def binding(q: int = 1000, instance: str = "") -> Binding:
    return Binding(
        "alice@atlanta.example", "sip:a@192.0.2.7", "<sip:a@192.0.2.7>;ob", "c", 1, NOW + 59.7, q, flow_of(), (), instance,
        0, "", NOW,
    )  # fmt: skip


def test_a_binding_is_printed_with_the_seconds_left():
    assert print_contact(binding(), NOW) == "<sip:a@192.0.2.7>;ob;expires=60"
    assert print_contact(binding(q=250), NOW + 20) == "<sip:a@192.0.2.7>;ob;expires=40;q=0.25"
    assert print_contact(binding(q=0), NOW).endswith(";q=0")


def test_a_device_is_shown_its_public_gruu():
    shown = print_contact(binding(instance="<urn:uuid:1>"), NOW, "alice@atlanta.example")
    assert shown.endswith(';pub-gruu="sip:alice@atlanta.example;gr=urn:uuid:1"')
    assert "gruu" not in print_contact(binding(), NOW, "alice@atlanta.example")
