"""Cursors come back as they went, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.api.native.paging import cursor, number, part, position
from trunkline.provisioning.faults import FaultCode, ProvisioningFault


@given(st.text(min_size=1).filter(lambda text: "\0" not in text))
def test_a_position_comes_back(text):
    assert position(cursor(text)) == text
    assert cursor(text).isascii()


@given(st.integers(0, 2**53 - 1))
def test_an_id_comes_back(value):
    assert number(cursor(value)) == value


@given(st.text(max_size=60))
def test_whatever_is_sent_is_a_position_or_refused(text):
    for read in (position, number):
        try:
            read(text)
        except ProvisioningFault as fault:
            assert fault.code is FaultCode.INVALID_CURSOR


def test_no_cursor_is_the_beginning():
    assert (position(""), number("")) == ("", 0)


@pytest.mark.parametrize("value", [-1, 2**53, "7a", "٣"])
def test_what_is_no_id_is_refused(value):
    with pytest.raises(ProvisioningFault):
        number(cursor(value))


@given(st.lists(st.integers(0, 50), unique=True), st.integers(1, 10))
def test_pages_have_every_row_once_and_in_order(rows, limit):
    seen, after = [], ""
    while True:
        shown, following = part(rows, lambda row: row, after, limit)
        assert len(shown) <= limit
        seen += shown
        if following is None:
            break
        after = following
    assert seen == sorted(rows)


def test_a_page_goes_on_behind_a_row_that_is_gone():
    shown, _ = part(["a", "c", "d"], str, cursor("b"), 2)
    assert list(shown) == ["c", "d"]
