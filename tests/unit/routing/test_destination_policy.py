"""Prefixes allow and forbid destinations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.routing.destination_policy import deciding_rule, is_allowed


@pytest.mark.parametrize(
    ("destinations", "number", "allowed"),
    [
        ((), "+17778889999", True),
        (("+1",), "+17778889999", True),
        (("+1",), "+442071838750", False),
        (("+1", "-+1900"), "+19005550100", False),
        (("-+1900", "+1"), "+19005550100", False),
        (("+1", "-+1900"), "+17778889999", True),
        (("+1", "-+1900", "+19005"), "+19005550100", True),
        (("-+1900",), "+19005550100", False),
        (("-+1900",), "+442071838750", True),
        (("-",), "+442071838750", False),
        (("-", "+44"), "+442071838750", True),
        (("+44", "-+44"), "+442071838750", False),
        (("-+44", "+44"), "+442071838750", False),
        (("1",), "+17778889999", False),
    ],
)
def test_the_longest_prefix_decides(destinations, number, allowed):
    assert is_allowed(destinations, number) is allowed


def test_the_deciding_rule_is_named():
    assert deciding_rule(("+1", "-+1900"), "+19005550100") == "-+1900"
    assert deciding_rule(("+1", "-+1900"), "+442071838750") is None


RULES = st.lists(st.from_regex(r"\A-?\+[12]{0,3}\Z"), max_size=6)


@given(RULES, st.from_regex(r"\A\+[12]{4}\Z"))
def test_the_order_of_the_list_does_not_matter(rules, number):
    assert (
        is_allowed(rules, number)
        == is_allowed(sorted(rules), number)
        == is_allowed(sorted(rules)[::-1], number)
    )


@given(RULES, st.from_regex(r"\A\+[12]{4}\Z"))
def test_forbidding_more_never_allows_more(rules, number):
    for length in range(1, 6):
        if not is_allowed(rules, number):
            assert not is_allowed([*rules, f"-{number[:length]}"], number)
