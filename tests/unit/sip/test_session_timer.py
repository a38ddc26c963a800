"""Session timers: RFC 4028."""

from __future__ import annotations

import pytest

from fakes.sip_bench import make_request
from trunkline.sip.errors import ParseError
from trunkline.sip.message import Request, Response
from trunkline.sip.session_timer import (
    IntervalTooSmall,
    SessionTimer,
    SessionTimerPolicy,
    accept,
    accepted,
    min_se_of,
    offer_headers,
    parse_session_expires,
)

POLICY = SessionTimerPolicy(interval_s=1800, min_interval_s=300)


def invite(expires: str = "", *, min_se: str = "", knows_timers: bool = True) -> Request:
    extra = [("Supported", "100rel, timer")] if knows_timers else []
    extra += [("Session-Expires", expires)] if expires else []
    extra += [("Min-SE", min_se)] if min_se else []
    return make_request(extra=extra)


# RFC 4028 §9, table 2, with what we choose where the choice is ours.
@pytest.mark.parametrize(
    ("knows_timers", "asked", "refresher"),
    [
        (False, "", "uas"),
        (False, "900", "uas"),
        (False, "900;refresher=uas", "uas"),
        (True, "", "uac"),
        (True, "900", "uac"),
        (True, "900;refresher=uac", "uac"),
        (True, "900;refresher=uas", "uas"),
    ],
)
def test_called_side_chooses_the_refresher(knows_timers: bool, asked: str, refresher: str) -> None:
    answer = accept(invite(asked, knows_timers=knows_timers), POLICY, 0.0)
    expires = dict(answer.headers)["Session-Expires"]
    assert expires.endswith(f";refresher={refresher}")
    assert answer.timer.we_refresh is (refresher == "uas")
    # The caller is told to refresh by Require, which one that knows no timers must never see.
    assert (("Require", "timer") in answer.headers) is (refresher == "uac")


def test_called_side_may_choose_itself() -> None:
    policy = SessionTimerPolicy(refresher="uas")
    assert accept(invite("900"), policy, 0.0).timer.we_refresh


@pytest.mark.parametrize(
    ("asked", "min_se", "granted"),
    [
        ("", "", 1800),
        ("600", "", 600),
        ("300", "", 300),
        ("7200", "", 1800),
        ("7200", "3600", 3600),
        ("7200;refresher=uac", "90", 1800),
        ("", "2400", 2400),
    ],
)
def test_interval_is_the_shorter_wish_but_not_below_anybodys_minimum(
    asked: str, min_se: str, granted: int
) -> None:
    assert accept(invite(asked, min_se=min_se), POLICY, 0.0).timer.interval_s == granted


def test_interval_below_our_minimum_is_refused_with_422_and_our_minimum() -> None:
    with pytest.raises(IntervalTooSmall) as caught:
        accept(invite("299"), POLICY, 0.0)
    assert caught.value.status == 422
    assert caught.value.min_interval_s == 300


def test_caller_that_would_not_understand_422_gets_our_minimum() -> None:
    assert accept(invite("120", knows_timers=False), POLICY, 0.0).timer.interval_s == 300


def test_no_policy_goes_below_90_seconds() -> None:
    policy = SessionTimerPolicy(interval_s=30, min_interval_s=10)
    assert (policy.interval_s, policy.min_interval_s) == (90, 90)


@pytest.mark.parametrize("value", ["x", "-1", "90;refresher=proxy", "", "99999999999"])
def test_bad_session_expires_is_refused(value: str) -> None:
    request = make_request(extra=[("Session-Expires", value)])
    with pytest.raises(ParseError):
        parse_session_expires(request)


def test_min_se_is_90_when_absent_or_below() -> None:
    assert min_se_of(invite()) == 90
    assert min_se_of(invite(min_se="30")) == 90
    assert min_se_of(invite(min_se="600;x=y")) == 600


def test_offer_names_our_interval_and_a_minimum_above_90() -> None:
    assert offer_headers(SessionTimerPolicy(1800, 90)) == [("Session-Expires", "1800")]
    assert offer_headers(POLICY) == [("Session-Expires", "1800"), ("Min-SE", "300")]


def test_offer_after_422_meets_the_demand() -> None:
    assert offer_headers(POLICY, 3600) == [("Session-Expires", "3600"), ("Min-SE", "3600")]
    assert offer_headers(POLICY, 600) == [("Session-Expires", "1800"), ("Min-SE", "600")]


@pytest.mark.parametrize(
    ("value", "we_refresh"), [("1800", True), ("1800;refresher=uac", True), ("1800;refresher=UAS", False)]
)
def test_caller_reads_who_refreshes_from_the_answer(value: str, we_refresh: bool) -> None:
    timer = accepted(Response(200, "OK", [("Session-Expires", value)]), 10.0)
    assert timer is not None
    assert timer.we_refresh is we_refresh
    assert timer.interval_s == 1800


def test_answer_without_session_expires_sets_no_timer() -> None:
    assert accepted(Response(200, "OK", []), 0.0) is None


@pytest.mark.parametrize(
    ("interval", "refresh_at", "expires_at"), [(1800, 1000.0, 1868.0), (90, 145.0, 160.0), (96, 148.0, 164.0)]
)
def test_refresh_is_due_at_half_and_the_end_a_little_before_expiry(
    interval: int, refresh_at: float, expires_at: float
) -> None:
    ours = SessionTimer(interval, 100.0, we_refresh=True)
    theirs = SessionTimer(interval, 100.0, we_refresh=False)
    assert ours.due == ours.refresh_at == refresh_at
    assert theirs.due == theirs.expires_at == expires_at


@pytest.mark.parametrize(("we_refresh", "refresher"), [(True, "uac"), (False, "uas")])
def test_refresh_keeps_interval_and_role(we_refresh: bool, refresher: str) -> None:
    timer = SessionTimer(600, 0.0, we_refresh=we_refresh)
    assert timer.refresh_headers() == [("Session-Expires", f"600;refresher={refresher}")]
