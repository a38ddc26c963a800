"""Small values as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.limits import Limits
from trunkline.domain.trunk import OutboundDigest, TrunkTarget
from trunkline.store import texts

LIMITS = st.builds(
    Limits,
    concurrent_calls=st.none() | st.integers(1, 10**6),
    calls_per_second=st.none() | st.floats(0.001, 1e6),
    longest_call_s=st.none() | st.integers(1, 10**6),
    destinations=st.lists(st.from_regex(r"-?\+[1-9][0-9]{0,5}", fullmatch=True)).map(tuple),
    bindings=st.none() | st.integers(1, 100),
)


@given(LIMITS)
def test_limits_come_back(limits):
    assert texts.limits_of(texts.limits_text(limits)) == limits


def test_no_limits_take_no_space_and_are_shared():
    assert texts.limits_text(Limits()) == ""
    assert texts.limits_of("") is texts.limits_of("")


def test_limits_of_a_newer_version_are_read_as_far_as_they_are_known():
    assert texts.limits_of('{"bindings": 3, "minutes_a_day": 7}') == Limits(bindings=3)


@given(st.lists(st.text()).map(tuple))
def test_lists_come_back(values):
    assert texts.strings_of(texts.list_text(values)) == values


@pytest.mark.parametrize("digest", [None, OutboundDigest("u", 'a "realm", with commas', "1", "2", "3")])
def test_digests_come_back(digest):
    assert texts.digest_of(texts.digest_text(digest)) == digest


def test_targets_come_back():
    targets = (TrunkTarget("sip:a.example;transport=tcp", 1, 2), TrunkTarget("sip:[2001:db8::1]"))
    assert texts.targets_of(texts.targets_text(targets)) == targets
