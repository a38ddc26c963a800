"""Browsers are called what people call them; whatever else somebody sends is shown, but not at length."""

import pytest

from trunkline.dashboard.browsers import MOST, browser_name

LIKE_GECKO = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            f"Mozilla/5.0 (X11; Linux x86_64) {LIKE_GECKO} HeadlessChrome/150.0 Safari/537.36",
            "Chrome on Linux",
        ),
        (f"Mozilla/5.0 (Windows NT 10.0) {LIKE_GECKO} Chrome/150 Safari/537.36 Edg/150", "Edge on Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 15) {LIKE_GECKO} Chrome/150 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("Firefox/1", "Firefox"),
        ("curl/8.5", "curl/8.5"),
        ("<b>" * 40, ("<b>" * 40)[:MOST] + "…"),
        ("", "unknown"),
    ],
)
def test_a_browser_has_a_name(user_agent, name):
    assert browser_name(user_agent) == name
