"""Reason: RFC 3326."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.sip_bench import make_request
from trunkline.sip.reason import Q850, SIP, Reason, parse_reasons


def read(*values: str) -> list[tuple[str, int | None, str]]:
    message = make_request("BYE", extra=[("Reason", value) for value in values])
    return [(reason.protocol, reason.cause, reason.text) for reason in parse_reasons(message)]


def test_several_values_in_one_or_more_lines_are_read() -> None:
    found = read('Q.850 ;cause=16 ;text="Terminated", SIP;cause=600', "SIP;cause=580")
    assert found == [("Q.850", 16, "Terminated"), ("SIP", 600, ""), ("SIP", 580, "")]


def test_comma_and_quotes_within_the_text_belong_to_it() -> None:
    assert read(r'SIP;cause=200;text="Call completed, \"elsewhere\""') == [
        ("SIP", 200, 'Call completed, "elsewhere"')
    ]


@pytest.mark.parametrize(("value", "cause"), [("SIP", None), ("SIP;cause=x", None), ("SIP;cause=-1", None)])
def test_missing_or_odd_cause_is_none(value: str, cause: int | None) -> None:
    assert read(value) == [("SIP", cause, "")]


def test_unreadable_line_is_passed_over() -> None:
    assert read('SIP;text="open, x', "Q.850;cause=31") == [("Q.850", 31, "")]
    assert read("SIP;=x", "Q.850;cause=31") == [("Q.850", 31, "")]


def test_value_is_printed() -> None:
    assert str(Reason(Q850, 16, "Normal")) == 'Q.850;cause=16;text="Normal"'
    assert str(Reason(SIP, 200)) == "SIP;cause=200"
    assert str(Reason("Preemption")) == "Preemption"


@given(
    cause=st.none() | st.integers(0, 999), text=st.text(st.characters(min_codepoint=32, max_codepoint=126))
)
def test_printed_value_is_read_as_it_was(cause: int | None, text: str) -> None:
    assert read(str(Reason(SIP, cause, text))) == [(SIP, cause, text)]
