"""Replaces: RFC 3891."""

from __future__ import annotations

import pytest

from fakes.sip_bench import make_request
from trunkline.sip.dialog import DialogId
from trunkline.sip.errors import ParseError
from trunkline.sip.replaces import Replaces, parse_replaces, replaces_of


def test_value_is_read_and_printed() -> None:
    replaces = parse_replaces("425928@bobster.example ;to-tag=7743;from-tag=6472;early-only")
    assert (replaces.call_id, replaces.to_tag, replaces.from_tag) == (
        "425928@bobster.example",
        "7743",
        "6472",
    )
    assert replaces.early_only
    assert str(replaces) == "425928@bobster.example;to-tag=7743;from-tag=6472;early-only"


def test_order_and_case_of_the_parameters_make_no_difference() -> None:
    replaces = parse_replaces("c;From-Tag=f;x=y;TO-TAG=t")
    assert (replaces.to_tag, replaces.from_tag, replaces.early_only) == ("t", "f", False)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "c",
        "c;to-tag=t",
        "c;from-tag=f",
        "c;to-tag=t;to-tag=u;from-tag=f",
        ";to-tag=t;from-tag=f",
        "c;to-tag;from-tag=f",
    ],
)
def test_bad_value_is_refused(value: str) -> None:
    with pytest.raises(ParseError):
        parse_replaces(value)


def test_to_tag_is_the_tag_of_whom_it_is_sent_to() -> None:
    replaces = Replaces("c", "mine", "theirs")
    assert replaces.dialog_id == DialogId("c", "mine", "theirs")
    assert replaces.matches(DialogId("c", "mine", "theirs"))
    assert not replaces.matches(DialogId("c", "theirs", "mine"))
    assert not replaces.matches(DialogId("d", "mine", "theirs"))


def test_tag_of_zero_also_means_a_peer_without_tags() -> None:
    assert Replaces("c", "mine", "0").matches(DialogId("c", "mine", ""))
    assert Replaces("c", "mine", "0").matches(DialogId("c", "mine", "0"))
    assert not Replaces("c", "mine", "x").matches(DialogId("c", "mine", ""))


def test_stands_only_in_an_invite() -> None:
    extra = [("Replaces", "c;to-tag=t;from-tag=f")]
    found = replaces_of(make_request(extra=extra))
    assert found is not None
    assert found.call_id == "c"
    assert replaces_of(make_request()) is None
    with pytest.raises(ParseError):
        replaces_of(make_request("MESSAGE", extra=extra))
