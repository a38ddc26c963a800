"""Header field names and status phrases."""

import pytest

from trunkline.sip.names import FIELDS, KNOWN, MANDATORY, MAY_REPEAT, SINGLETONS, canonical_name
from trunkline.sip.status import reason_phrase


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("via", "Via"),
        ("V", "Via"),
        ("l", "Content-Length"),
        ("WWW-AUTHENTICATE", "WWW-Authenticate"),
        ("cSeQ", "CSeq"),
        ("X-odd", "X-odd"),
    ],
)
def test_names_have_one_spelling(written, canonical):
    assert canonical_name(written) == canonical


def test_singletons_have_a_bit_of_their_own():
    bits = [FIELDS[name].bit for name in SINGLETONS]
    assert all(bit and bit & (bit - 1) == 0 for bit in bits)
    assert len(set(bits)) == len(bits)
    assert {name for name in KNOWN if FIELDS[name].bit & MAY_REPEAT} == {"Via", "Contact", "Content-Length"}
    assert {name for name in KNOWN if FIELDS[name].bit & MANDATORY} == {
        "Via",
        "From",
        "To",
        "Call-ID",
        "CSeq",
    }


def test_phrases():
    assert reason_phrase(486) == "Busy Here"
    assert reason_phrase(299) == "OK"
    assert reason_phrase(999) == "Unknown"
