"""Control characters: where one may stand, and what happens to a message where one may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sip.control_characters import REPLACED, control_fault, unfold


@pytest.mark.parametrize(
    "head",
    [
        "X: a\r\nY: b\r\n",
        'X: "\\\x07" \r\n',
        'X: "\\"\\\x00"\r\n',
        "X: a\tb\r\n",
        'X: "\\\x01\r\n \\\x02"\r\n',
    ],
)
def test_clean_heads(head):
    assert control_fault(head) is None


@pytest.mark.parametrize(
    ("head", "reason", "silent"),
    [
        ("X: a\nY: b\r\n", "Bare Line End in Header", True),
        ("X: a\rY: b\r\n", "Bare Line End in Header", True),
        ('X: "\\\n"\r\n', "Bare Line End in Header", True),
        ("X: \x00\r\n", "NUL in Header", True),
        ("X: \x01\x00\r\n", "NUL in Header", True),
        ('X: "\x00"\r\n', "NUL in Header", True),
        ('X: "\\\x00\r\n', "NUL in Header", True),
        ("X: \\\x00\r\n", "NUL in Header", True),
        ("X: \x7f\r\nY: \x00\r\n", "NUL in Header", True),
        ("X: \x7f\r\nY: a\rb\r\n", "Bare Line End in Header", True),
        ("X: \x1b\r\n", "Control Character in Header", False),
        ("X: \x7f\r\n", "Control Character in Header", False),
        ('X: "\\\x01\r\nY: "\r\n', "Control Character in Header", False),
    ],
)
def test_heads_with_a_fault(head, reason, silent):
    fault = control_fault(head)
    assert fault is not None
    assert (fault.reason, fault.silent) == (reason, silent)


def test_every_control_octet_but_tab_and_the_line_ends_is_found():
    replaced = {octet for octet in range(256) if REPLACED[octet] != octet}
    assert replaced == {*range(32), 127} - {9, 10, 13}


@given(st.text(st.sampled_from("ab\r\n \t"), max_size=30).filter(lambda text: "\r\n\r\n" not in text))
def test_unfolding_leaves_no_continuation(text):
    unfolded = unfold(text)
    assert "\r\n " not in unfolded
    assert "\r\n\t" not in unfolded
    assert "".join(unfolded.split()) == "".join(text.split())
