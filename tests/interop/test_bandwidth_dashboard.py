"""Credentials made over the Dashboard's XML: real devices register with them, and the provider calls with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from lxml import etree

from interop.baresip import Baresip
from interop.conftest import NUMBER, PASSWORD
from live_server import CHICAGO, PATIENCE_S, LiveServer, Records, eventually
from live_sipp import Play
from trunkline.domain.cdr import EndCause
from trunkline.domain.role import Role

Telephone = Callable[..., Baresip]


class Dashboard:
    """The XML API of a running server, in the hands of an API key."""

    def __init__(self, server: LiveServer) -> None:
        self.key = ""
        self.secret = ""
        self.account_id = 0
        server.provision(self._make_key)
        self._client = httpx.Client(
            base_url=f"{server.http_url}/api/accounts/{self.account_id}/",
            auth=(self.key, self.secret),
            timeout=PATIENCE_S,
        )

    async def _make_key(self, has: Any, account_id: int) -> None:
        issued = await has.api_keys.add(account_id, "interop", Role.OPERATOR)
        self.key, self.secret, self.account_id = issued.key.id, issued.secret, account_id

    def ask(self, method: str, path: str, body: str = "", status: int = 200) -> etree._Element:
        """Send a request, and return the document of its answer."""
        headers = {"Content-Type": "application/xml; charset=utf-8"}
        answer = self._client.request(method, path, content=body or None, headers=headers)
        assert answer.status_code == status, answer.text
        return etree.fromstring(answer.content) if answer.content else etree.Element("nothing")

    def add_credential(self, composite: str, *, with_hash1b: bool = True, **elements: str) -> None:
        """Create a credential of the usual password, by hashes alone."""
        user, _, domain = composite.partition("@")
        hash1 = _md5(f"{composite}:{self.realm}:{PASSWORD}")
        hash1b = _md5(f"{composite}@{self.realm}:{self.realm}:{PASSWORD}")
        texts = {"UserName": user, "Domain": domain, "Hash1": hash1, "Hash1b": hash1b if with_hash1b else ""}
        inner = "".join(f"<{name}>{text}</{name}>" for name, text in {**texts, **elements}.items() if text)
        self.ask(
            "POST",
            "sipcredentials",
            f"<SipCredentials><SipCredential>{inner}</SipCredential></SipCredentials>",
            201,
        )

    @property
    def realm(self) -> str:
        """The whole name of the realm that was made first."""
        name = self.ask("GET", "realms").findtext("Realms/Realm/Realm")
        assert name is not None
        return name

    def close(self) -> None:
        """Close its connections."""
        self._client.close()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server without any realm: this test makes them over HTTP."""
    server = LiveServer(tmp_path_factory.mktemp("dashboard"))
    server.add_trunk("carrier", CHICAGO)
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def dashboard(server: LiveServer) -> Iterator[Dashboard]:
    """The API, with the realm of the test made."""
    dashboard = Dashboard(server)
    created = dashboard.ask(
        "POST", "realms", "<Realm><Realm>desk</Realm><Default>true</Default></Realm>", 201
    )
    assert created.findtext("Realm/Status") == "CREATE_PENDING"
    shown = dashboard.ask("GET", f"realms/{created.findtext('Realm/Id')}")
    assert shown.findtext("Realm/Status") == "ACTIVE"
    yield dashboard
    dashboard.close()


@pytest.fixture
def telephone(server: LiveServer, tmp_path: Path) -> Iterator[Telephone]:
    """Start telephones; they are stopped when the test is over."""
    telephones: list[Baresip] = []

    def start(user: str, number: int, **arguments: Any) -> Baresip:
        telephones.append(Baresip(server, tmp_path, user, number, hertz=400, password=PASSWORD, **arguments))
        return telephones[-1]

    yield start
    for each in telephones:
        each.stop()


@pytest.mark.needs("baresip")
@pytest.mark.parametrize(
    ("composite", "with_hash1b", "sends_realm"),
    [
        ("hash1-only", False, False),
        ("both", True, False),
        ("both-b", True, True),
        ("bob@somewhere.com", False, False),
        ("bob-b@somewhere.com", True, True),
    ],
)
def test_a_device_registers_with_hashes_that_came_as_xml(
    dashboard: Dashboard, server: LiveServer, telephone: Telephone, composite: str, with_hash1b: bool, sends_realm: bool
) -> None:  # fmt: skip
    dashboard.add_credential(composite, with_hash1b=with_hash1b)
    login = f"{composite}@{dashboard.realm}" if sends_realm else composite
    device = telephone(f"{quote(composite, safe='')}@{dashboard.realm}", 20, login=login)
    device.wait_until_registered()
    aor = f"{composite}@{dashboard.realm}"
    assert eventually(lambda: aor in {binding.aor for binding in server.registrations()})


@pytest.mark.needs("baresip")
def test_without_hash1b_a_device_that_sends_the_realm_is_refused(
    dashboard: Dashboard, telephone: Telephone
) -> None:
    dashboard.add_credential("no-b", with_hash1b=False)
    device = telephone(f"no-b@{dashboard.realm}", 21, login=f"no-b@{dashboard.realm}")
    assert eventually(lambda: 403 in device.answers_to_register()), device.said[-2000:]
    assert 200 not in device.answers_to_register()


@pytest.mark.needs("baresip")
def test_new_hashes_lock_the_old_password_out(dashboard: Dashboard, telephone: Telephone) -> None:
    dashboard.add_credential("rotated")
    dashboard.ask(
        "PUT", "sipcredentials/rotated", f"<SipCredential><Hash1>{'a' * 32}</Hash1></SipCredential>"
    )
    device = telephone(f"rotated@{dashboard.realm}", 22)
    assert eventually(lambda: 403 in device.answers_to_register()), device.said[-2000:]


@pytest.mark.needs("sipp")
def test_the_provider_calls_with_hashes_that_came_as_xml(
    dashboard: Dashboard, server: LiveServer, play: Play, records: Records, tmp_path: Path
) -> None:
    dashboard.add_credential("sipauthtest", with_hash1b=False)
    login = f"sipauthtest@{dashboard.realm}"
    server.passwords[login] = PASSWORD
    sound = tmp_path / "sound"
    sound.write_bytes(b"\xff" * 8000)
    carrier = play("carrier_echoes", CHICAGO, echo=True)
    play("provider_plays", 10, call=f"{NUMBER}@{dashboard.realm}", login=login, sound=sound).done()
    carrier.done()
    assert records.only().end_cause is EndCause.CALLER_HUNG_UP


@pytest.mark.needs("baresip")
def test_calls_of_a_credential_that_is_bound_to_an_application_are_refused_clearly(
    dashboard: Dashboard, telephone: Telephone, records: Records
) -> None:
    application = dashboard.ask(
        "POST", "applications",
        "<Application><AppName>ivr</AppName><CallInitiatedCallbackUrl>http://127.0.0.1:9/</CallInitiatedCallbackUrl></Application>",
        201,
    ).findtext("Application/ApplicationId")  # fmt: skip
    assert application is not None
    dashboard.add_credential("bound", HttpVoiceV2AppId=application)
    device = telephone(f"bound@{dashboard.realm}", 23)
    device.wait_until_registered()
    device.command("dial", f"sip:{NUMBER}@{dashboard.realm}")
    assert device.wait("CALL_CLOSED")["param"].startswith("480")
    cdr = records.only()
    assert (cdr.status, cdr.rejection) == (480, "application-unavailable")
