"""Reading rtpproxy's answers and notices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.media import (
    DigitReceived,
    LocalMedia,
    MediaFailure,
    MediaFailureCause,
    Side,
    StreamSilent,
)
from trunkline.media import replies

FIGURES = "nrelayed=135 ndropped=4 rtpa_nrcvd=135 rtpa_nlost=15 rtpa_ndups=2 rtpa_javg=63.75 rtpa_jmax=80.0"


@pytest.mark.parametrize(
    ("line", "local"),
    [
        ("30150 192.0.2.1", LocalMedia("192.0.2.1", 30150)),
        ("39922 2001:db8::1 6", LocalMedia("2001:db8::1", 39922)),
        ("30150 192.0.2.1 && -1", LocalMedia("192.0.2.1", 30150)),
    ],
)
def test_a_port_is_read_with_its_address(line, local):
    assert replies.read_port(line) == local


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (None, MediaFailureCause.UNAVAILABLE),
        ("E71", MediaFailureCause.EXHAUSTED),
        ("E72", MediaFailureCause.EXHAUSTED),
        ("E37", MediaFailureCause.REFUSED),
        ("0", MediaFailureCause.REFUSED),
        ("", MediaFailureCause.REFUSED),
        ("30150", MediaFailureCause.REFUSED),
        ("30150 host.example", MediaFailureCause.REFUSED),
        ("99999 192.0.2.1", MediaFailureCause.REFUSED),
    ],
)
def test_what_is_no_port_is_a_failure_with_its_cause(line, cause):
    failure = replies.read_port(line)
    assert isinstance(failure, MediaFailure)
    assert failure.cause is cause


def test_an_appended_refusal_is_seen():
    assert replies.appended_failed("30150 192.0.2.1 && -1")
    assert replies.appended_failed("30150 192.0.2.1 && 0 && -1")
    assert not replies.appended_failed("30150 192.0.2.1")
    assert not replies.appended_failed(None)


def test_done_is_success_and_everything_else_is_not():
    assert replies.read_done("0") is None
    assert replies.read_done("E60").cause is MediaFailureCause.REFUSED
    assert replies.read_done(None).cause is MediaFailureCause.UNAVAILABLE


def test_figures_are_read_and_jitter_turned_from_ticks_into_milliseconds():
    figures = replies.read_figures(FIGURES)
    assert (figures.side.received, figures.side.lost, figures.side.duplicates) == (135, 15, 2)
    assert figures.side.jitter_ms == pytest.approx(7.97, abs=0.01)
    assert figures.side.jitter_max_ms == pytest.approx(10.0)
    assert (figures.relayed, figures.dropped) == (135, 4)


@pytest.mark.parametrize("line", ["E50", "", "nrelayed=1", FIGURES.replace("15", "x")])
def test_what_are_no_figures_is_a_failure(line):
    assert isinstance(replies.read_figures(line), MediaFailure)


def test_notices_become_events():
    assert replies.read_notice("silent.s1") == StreamSilent("s1")
    assert replies.read_notice("digit.b.s1 # 10 960 1") == DigitReceived("s1", Side.CALLEE, "#", 120)


@pytest.mark.parametrize(
    "line",
    ["digit.a.s1   10 960 0", "digit.a.s1 \0 10 960 0", "digit.c.s1 1 10 960 0", "silent.", "", "silent.a b"],
)
def test_a_flash_and_noise_are_no_events(line):
    assert replies.read_notice(line) is None


@given(st.text(max_size=80))
def test_any_answer_is_read_without_raising(line):
    replies.read_port(line)
    replies.read_done(line)
    replies.read_figures(line)
    replies.read_notice(line)
    replies.appended_failed(line)
    replies.is_exhausted(line)
