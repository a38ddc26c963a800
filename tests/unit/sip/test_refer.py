"""REFER: RFC 3515, RFC 4488, RFC 3420."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.sip_bench import make_request
from trunkline.sip.errors import ParseError
from trunkline.sip.message import Request
from trunkline.sip.refer import (
    ReferTo,
    SubscriptionState,
    notify_headers,
    parse_refer_to,
    parse_sipfrag,
    parse_subscription_state,
    print_sipfrag,
    wants_subscription,
)
from trunkline.sip.replaces import Replaces
from trunkline.sip.uri import parse_uri


def refer(value: str | None, **headers: str) -> Request:
    extra = [("Refer-To", value)] if value is not None else []
    return make_request(
        "REFER", extra=extra + [(name.replace("_", "-"), text) for name, text in headers.items()]
    )


def test_blind_transfer_names_a_uri() -> None:
    target = parse_refer_to(refer('"Carol" <sip:carol@chicago.example;transport=tcp>'))
    assert target.uri.text == "sip:carol@chicago.example;transport=tcp"
    assert (target.method, target.replaces) == ("INVITE", None)


def test_attended_transfer_names_a_dialog_too() -> None:
    value = "<sip:carol@chicago.example?Replaces=12345%40192.0.2.9%3Bto-tag%3D12%3Bfrom-tag%3D5F35&Subject=x>"
    target = parse_refer_to(refer(value))
    assert target.uri.text == "sip:carol@chicago.example"
    assert target.replaces is not None
    assert str(target.replaces) == "12345@192.0.2.9;to-tag=12;from-tag=5F35"


def test_method_is_taken_out_of_the_uri() -> None:
    target = parse_refer_to(refer("<sip:carol@chicago.example;method=bye;x=1>"))
    assert (target.uri.text, target.method) == ("sip:carol@chicago.example;x=1", "BYE")


def test_tel_uri_can_be_referred_to() -> None:
    assert parse_refer_to(refer("<tel:+15550100>")).uri.text == "tel:+15550100"


@pytest.mark.parametrize(
    "value",
    [
        None,
        "<sip:a@x.example>, <sip:b@x.example>",
        "<sip:a@x.example",
        "sip:a@x.example?Replaces=c",
        "<sip:a@x.example?Replaces=nonsense>",
    ],
)
def test_bad_refer_to_is_refused(value: str | None) -> None:
    with pytest.raises(ParseError):
        parse_refer_to(refer(value))


TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=';"<>,='), min_size=1)


@given(call_id=TEXT, to_tag=TEXT, from_tag=TEXT, early_only=st.booleans())
def test_printed_refer_to_is_read_as_it_was(
    call_id: str, to_tag: str, from_tag: str, early_only: bool
) -> None:
    replaces = Replaces(call_id, to_tag, from_tag, early_only=early_only)
    printed = str(ReferTo(parse_uri("sip:carol@chicago.example"), "INVITE", replaces))
    found = parse_refer_to(refer(printed))
    assert found.uri.text == "sip:carol@chicago.example"
    assert str(found.replaces) == str(replaces)


@pytest.mark.parametrize(
    ("value", "wanted"), [(None, True), ("true", True), ("false", False), ("False ;x", False)]
)
def test_subscription_is_wanted_unless_refused(value: str | None, wanted: bool) -> None:
    request = refer("<sip:a@x.example>") if value is None else refer("<sip:a@x.example>", Refer_Sub=value)
    assert wants_subscription(request) is wanted


def test_notification_is_headed_by_event_state_and_type() -> None:
    headers = dict(notify_headers(93809823, SubscriptionState("terminated", reason="noresource")))
    assert headers == {
        "Event": "refer;id=93809823",
        "Subscription-State": "terminated;reason=noresource",
        "Content-Type": "message/sipfrag;version=2.0",
    }


@pytest.mark.parametrize(
    ("value", "state", "expires_s", "reason"),
    [
        ("active;expires=60", "active", 60, ""),
        ("Terminated ; reason=NoResource", "terminated", None, "noresource"),
        ("pending", "pending", None, ""),
    ],
)
def test_subscription_state_is_read(value: str, state: str, expires_s: int | None, reason: str) -> None:
    found = parse_subscription_state(make_request("NOTIFY", extra=[("Subscription-State", value)]))
    assert (found.state, found.expires_s, found.reason) == (state, expires_s, reason)


@pytest.mark.parametrize("value", [None, "", ";expires=1", "active;expires=x"])
def test_bad_subscription_state_is_refused(value: str | None) -> None:
    extra = [("Subscription-State", value)] if value is not None else []
    with pytest.raises(ParseError):
        parse_subscription_state(make_request("NOTIFY", extra=extra))


def test_subscription_state_is_printed() -> None:
    assert str(SubscriptionState("active", 60)) == "active;expires=60"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"SIP/2.0 100 Trying\r\n", (100, "Trying")),
        (b"SIP/2.0 200 OK", (200, "OK")),
        (b"SIP/2.0 486\r\n", (486, "")),
        (b"SIP/2.0 603 Decline \nTo: <sip:a@x>\r\n", (603, "Decline")),
    ],
)
def test_fragment_is_read(body: bytes, expected: tuple[int, str]) -> None:
    assert parse_sipfrag(body) == expected


@pytest.mark.parametrize(
    "body", [b"", b"INVITE sip:a@x SIP/2.0\r\n", b"SIP/2.0 2000 OK\r\n", b"SIP/2.0 099 No\r\n"]
)
def test_fragment_without_a_status_line_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        parse_sipfrag(body)


def test_fragment_is_printed_as_it_is_read() -> None:
    assert print_sipfrag(180) == b"SIP/2.0 180 Ringing\r\n"
    assert parse_sipfrag(print_sipfrag(486, "Besetzt ä")) == (486, "Besetzt ä")
