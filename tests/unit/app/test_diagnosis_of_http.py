"""Whether passwords could be read on their way to the server."""

import pytest

from trunkline.app.diagnosis import Verdict, _http, _users
from trunkline.app.http_settings import HttpSettings
from trunkline.domain.user import User
from trunkline.provisioning.realms import RealmNaming

NAMING = RealmNaming("auth.example.net")


@pytest.mark.parametrize(
    ("host", "more", "verdict"),
    [
        ("127.0.0.1", {}, Verdict.GOOD),
        ("::1", {}, Verdict.GOOD),
        ("localhost", {}, Verdict.GOOD),
        ("0.0.0.0", {}, Verdict.DOUBTFUL),
        ("192.0.2.1", {}, Verdict.DOUBTFUL),
        ("", {}, Verdict.DOUBTFUL),
        ("192.0.2.1", {"certificate": "a.crt", "key": "a.key"}, Verdict.GOOD),
        ("192.0.2.1", {"trusted_proxies": ("192.0.2.9",)}, Verdict.GOOD),
    ],
)
def test_http_open_to_others_without_tls_is_doubtful(host, more, verdict):
    assert _http(HttpSettings(host, 8080, NAMING, **more)).verdict is verdict


def test_an_installation_that_nobody_can_sign_in_to_is_doubtful():
    assert _users([]).verdict is Verdict.DOUBTFUL
    assert _users([User(1, "alice", enabled=False)]).verdict is Verdict.DOUBTFUL
    assert _users([User(1, "alice"), User(2, "bob", enabled=False)]).sentence == "alice"
