"""Imports in three forms become the same lines; what cannot be read is refused with a sentence."""

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.api.native.import_forms import COLUMNS, MOST_LINES, read_import
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

KINDS = ("text/csv", "application/json", "application/xml")
PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=20)


@given(st.sampled_from(KINDS), st.binary(max_size=200))
def test_any_octets_are_read_or_refused(kind, body):
    try:
        read_import(kind, body)
    except ProvisioningFault as fault:
        assert fault.code is FaultCode.INVALID_IMPORT


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_read_or_refused(document):
    try:
        read_import("application/json", json.dumps(document).encode())
    except ProvisioningFault as fault:
        assert fault.code is FaultCode.INVALID_IMPORT


@given(
    st.lists(
        st.fixed_dictionaries(
            {"username": PLAIN.filter(lambda text: text and text[0] != "#")},
            optional=dict.fromkeys(COLUMNS[1:], PLAIN),
        )
    )
)
def test_entries_come_through_as_they_are(entries):
    read = read_import("application/json", json.dumps(entries).encode())
    assert read.unreadable == []
    rows = list(csv.DictReader(read.lines))
    assert [{name: value for name, value in row.items() if value} for row in rows] == [
        {name: value for name, value in entry.items() if value} for entry in entries
    ]
    assert len(read.lines) == len(entries) + 1, "an entry is a line: reports name it"


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"username": 7},
        {"username": "a", "role": "owner"},
        {"username": "a\nb"},
        {"username": "#a"},
        7,
        None,
    ],
)
def test_an_entry_that_cannot_be_a_line_is_reported_under_its_number(entry):
    read = read_import("application/json", json.dumps([{"username": "a"}, entry]).encode())
    assert [line.number for line in read.unreadable] == [3]
    assert read.unreadable[0].fault.code is FaultCode.INVALID_IMPORT


def test_too_many_lines_are_refused():
    with pytest.raises(ProvisioningFault, match="in parts"):
        read_import("text/csv", b"a\n" * (MOST_LINES + 1))
