"""The same credential by each of four roads: page, XML, JSON, CLI; it registers devices and lets the provider call."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import httpx
import pytest

from interop.baresip import Baresip
from interop.conftest import NUMBER
from live_server import CHICAGO, PATIENCE_S, LiveServer, Records, eventually
from live_sipp import Play, Sipp
from trunkline.domain.cdr import EndCause
from trunkline.domain.principal import Membership
from trunkline.domain.role import Role

REALM = "roads.atlanta.example"
USER_PASSWORD = "correct horse battery"
SCENARIOS = Path(__file__).parents[1] / "scenarios"
WAYS = [
    (road, kind, domain)
    for road, kinds in {
        "page": ("password", "hashes"),
        "xml": ("hashes",),  # its wire has no passwords
        "json": ("password", "hashes"),
        "cli": ("password", "hashes"),
    }.items()
    for kind in kinds
    for domain in ("", "somewhere.com")
]
ONE_OF_EACH = [
    ("page", "password", "somewhere.com"),
    ("xml", "hashes", ""),
    ("json", "password", ""),
    ("cli", "hashes", "somewhere.com"),
]


class Road(Protocol):
    """A way to create a credential, with a password or with both its hashes."""

    def add(
        self, username: str, domain: str, *, password: str = "", hashes: tuple[str, str] = ("", "")
    ) -> None:
        """Create it, and see that this was said to have gone well."""


def hashes_of(composite: str, password: str) -> tuple[str, str]:
    """Hash1 and Hash1b of a user name with its domain."""
    texts = (f"{composite}:{REALM}:{password}", f"{composite}@{REALM}:{REALM}:{password}")
    hash1, hash1b = (hashlib.md5(text.encode()).hexdigest() for text in texts)
    return hash1, hash1b


class Page:
    """The form of the dashboard, as a browser sends it."""

    def __init__(self, server: LiveServer, account_id: int) -> None:
        self._origin = server.http_url
        self._path = f"/{account_id}/credentials"
        self.client = httpx.Client(base_url=server.http_url, timeout=PATIENCE_S)
        signed_in = self._send("/sign-in", {"name": "operator", "password": USER_PASSWORD})
        assert signed_in.status_code == 303, signed_in.text

    def _send(self, path: str, fields: dict[str, str]) -> httpx.Response:
        return self.client.post(
            path, data=fields, headers={"Origin": self._origin, "Sec-Fetch-Site": "same-origin"}
        )

    def add(
        self, username: str, domain: str, *, password: str = "", hashes: tuple[str, str] = ("", "")
    ) -> None:
        """Fill the form that is shown, with its hidden fields and its chosen realm, and send it."""
        text = self.client.get(f"{self._path}/new").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', text)
        realm = re.search(rf'<option value="(\d+)"[^>]*>{re.escape(REALM)}', text)
        assert token is not None
        assert realm is not None
        fields = {
            "csrf_token": token[1], "username": username, "domain": domain, "realm": realm[1], "caller_id_rule": "any",
            "media": "anchored", "secret": "password" if password else "hashes", "password": password,
            "hash1": hashes[0], "hash1b": hashes[1],
        }  # fmt: skip
        forged = self._send(self._path, {**fields, "csrf_token": "0" * 64})
        assert forged.status_code == 403
        assert self._send(self._path, fields).status_code == 201


class Programs:
    """Both APIs, asked by a program with an API key."""

    def __init__(self, server: LiveServer, account_id: int, auth: tuple[str, str]) -> None:
        self.account_id = account_id
        self.client = httpx.Client(base_url=server.http_url, auth=auth, timeout=PATIENCE_S)


class Xml(Programs):
    """The Dashboard's API."""

    def add(
        self, username: str, domain: str, *, password: str = "", hashes: tuple[str, str] = ("", "")
    ) -> None:
        """Post one SipCredential; passwords have no place in it."""
        assert not password
        texts = {
            "UserName": username,
            "Domain": domain,
            "Hash1": hashes[0],
            "Hash1b": hashes[1],
            "Realm": REALM,
        }
        inner = "".join(f"<{name}>{text}</{name}>" for name, text in texts.items() if text)
        answer = self.client.post(
            f"/api/accounts/{self.account_id}/sipcredentials",
            content=f"<SipCredentials><SipCredential>{inner}</SipCredential></SipCredentials>",
            headers={"Content-Type": "application/xml"},
        )
        assert answer.status_code == 201, answer.text


class Json(Programs):
    """Our own API."""

    def add(
        self, username: str, domain: str, *, password: str = "", hashes: tuple[str, str] = ("", "")
    ) -> None:
        """Post one object."""
        secret = {"password": password} if password else {"hash1": hashes[0], "hash1b": hashes[1]}
        answer = self.client.post(
            f"/native/v1/accounts/{self.account_id}/credentials",
            json={"username": username, "domain": domain, "realm": REALM, **secret},
        )
        assert answer.status_code == 201, answer.text


class Cli:
    """The command line."""

    def __init__(self, server: LiveServer) -> None:
        self._server = server

    def add(
        self, username: str, domain: str, *, password: str = "", hashes: tuple[str, str] = ("", "")
    ) -> None:
        """Run ``trunkline credential add``."""
        secret = ("--password-stdin",) if password else ("--hash1", hashes[0], "--hash1b", hashes[1])
        where = ("--domain", domain) if domain else ()
        self._server.cli(
            "credential", "add", username, "--realm", REALM, *where, *secret,
            given=f"{password}\n" if password else "",
        )  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with a realm, a carrier, and an operator."""
    server = LiveServer(tmp_path_factory.mktemp("roads"))
    server.add_realm(REALM)
    server.add_trunk("carrier", CHICAGO)
    server.provision(
        lambda has, account: has.users.add("operator", USER_PASSWORD, (Membership(account, Role.OPERATOR),))
    )
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def roads(server: LiveServer) -> Iterator[dict[str, Road]]:
    """The four of them."""
    issued: list[Any] = []

    async def make_key(has: Any, account_id: int) -> None:
        made = await has.api_keys.add(account_id, "roads", Role.OPERATOR)
        issued.extend((account_id, (made.key.id, made.secret)))

    server.provision(make_key)
    account_id, auth = issued
    page, xml, own = (
        Page(server, account_id), Xml(server, account_id, auth), Json(server, account_id, auth),
    )  # fmt: skip
    yield {"page": page, "xml": xml, "json": own, "cli": Cli(server)}
    for each in (page, xml, own):
        each.client.close()


@pytest.fixture
def make(server: LiveServer, roads: dict[str, Road]) -> Callable[[str, str, str, str], str]:
    """Create a credential in a way, and return its address-of-record; its password is the server's to know."""

    def make(purpose: str, road: str, kind: str, domain: str) -> str:
        username = f"{purpose}-{road}-{kind}-{'b' if domain else 'a'}"
        password = f"{username}-opens-7"
        composite = f"{username}@{domain}" if domain else username
        if kind == "password":
            roads[road].add(username, domain, password=password)
        else:
            roads[road].add(username, domain, hashes=hashes_of(composite, password))
        server.passwords[f"{composite}@{REALM}"] = password
        server.wait_for_changes()
        return f"{composite}@{REALM}"

    return make


@pytest.mark.needs("sipp")
@pytest.mark.parametrize(("road", "kind", "domain"), WAYS)
def test_what_any_road_made_registers_a_device_and_authenticates_a_call_of_the_provider(
    server: LiveServer, make: Callable[[str, str, str, str], str], play: Play, records: Records, tmp_path: Path, road: str,
    kind: str, domain: str,
) -> None:  # fmt: skip
    aor = make("sipp", road, kind, domain)
    device = Sipp(server, tmp_path, SCENARIOS / "device_registers.xml", 11, call=f"nobody@{REALM}", login=aor)
    try:
        device.done()
    finally:
        device.close()
    sound = tmp_path / "sound"
    sound.write_bytes(b"\xff" * 8000)
    carrier = play("carrier_echoes", CHICAGO, echo=True)
    play("provider_plays", 10, call=f"{NUMBER}@{REALM}", login=aor, sound=sound).done()
    carrier.done()
    assert records.only().end_cause is EndCause.CALLER_HUNG_UP


@pytest.mark.needs("baresip")
@pytest.mark.parametrize(("road", "kind", "domain"), ONE_OF_EACH)
def test_a_telephone_registers_with_what_any_road_made(
    server: LiveServer,
    make: Callable[[str, str, str, str], str],
    tmp_path: Path,
    road: str,
    kind: str,
    domain: str,
) -> None:
    aor = make("baresip", road, kind, domain)
    composite = aor.removesuffix(f"@{REALM}")
    telephone = Baresip(
        server, tmp_path, f"{quote(composite, safe='')}@{REALM}", 20, hertz=400, password=server.passwords[aor], login=composite,
    )  # fmt: skip
    try:
        telephone.wait_until_registered()
        assert eventually(lambda: aor in {binding.aor for binding in server.registrations()})
    finally:
        telephone.stop()
