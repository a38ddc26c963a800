"""Public GRUUs: RFC 5627."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sip.gruu import aor_of_gruu, gruu_instance, instance_of, public_gruu
from trunkline.sip.name_address import parse_name_address
from trunkline.sip.uri import SipUri, equivalent, parse_sip_uri

URN = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
ALICE = SipUri("sip", "alice", "atlanta.example")


def test_instance_is_taken_out_of_quotes_and_brackets() -> None:
    contact = parse_name_address(f'<sip:alice@192.0.2.1>;+sip.instance="<{URN}>";reg-id=1')
    assert instance_of(contact) == URN
    assert instance_of(parse_name_address("<sip:alice@192.0.2.1>")) == ""


def test_gruu_is_the_address_of_record_with_the_instance() -> None:
    gruu = public_gruu(ALICE, URN)
    assert gruu.text == f"sip:alice@atlanta.example;gr={URN}"
    assert gruu_instance(gruu) == URN
    assert equivalent(aor_of_gruu(gruu), ALICE)


@pytest.mark.parametrize(
    ("uri", "instance"),
    [
        ("sip:alice@atlanta.example", None),
        ("sip:tgruu.7hs@atlanta.example;gr", ""),
        ("sip:alice@atlanta.example;gr=urn:x%3by;lr", "urn:x;y"),
    ],
)
def test_gruu_is_told_by_its_gr_parameter(uri: str, instance: str | None) -> None:
    assert gruu_instance(parse_sip_uri(uri)) == instance


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=("Cc", "Cs")), min_size=1)
)
def test_any_instance_comes_back_from_its_gruu(instance: str) -> None:
    assert gruu_instance(parse_sip_uri(public_gruu(ALICE, instance).text)) == instance
