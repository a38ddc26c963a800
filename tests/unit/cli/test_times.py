"""Times as people type them."""

import pytest

from trunkline.cli.invocation import CommandFault
from trunkline.cli.times import past_instant, span_s

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("90", 90), ("90s", 90), ("1.5h", 5400), ("30M", 1800), ("7 d", 604_800)]
)
def test_spans_are_read(text, seconds):
    assert span_s(text) == seconds


@pytest.mark.parametrize("text", ["", "-5", "h", "5 weeks", "1h30m"])
def test_what_is_no_span_is_refused(text):
    with pytest.raises(CommandFault, match="no span of time"):
        span_s(text)


def test_a_span_is_a_time_ago():
    assert past_instant("2h", NOW) == NOW - 7200


def test_instants_are_read_with_and_without_a_zone():
    assert past_instant("2023-11-14T22:13:20Z", 0) == NOW
    assert past_instant("2023-11-14T23:13:20+01:00", 0) == NOW
    assert past_instant("2023-11-14", 0) == past_instant("2023-11-14T00:00", 0)


@pytest.mark.parametrize("text", ["yesterday", "2023-13-01", ""])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(CommandFault, match="is no time"):
        past_instant(text, NOW)
