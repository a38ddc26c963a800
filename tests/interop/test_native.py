"""Credentials made by JSON: real devices register with them, and the provider calls with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from interop.baresip import Baresip
from interop.conftest import NUMBER, PASSWORD, REALM
from live_server import CHICAGO, PATIENCE_S, LiveServer, Records, eventually
from live_sipp import Play
from trunkline.domain.cdr import EndCause
from trunkline.domain.role import Role

Telephone = Callable[..., Baresip]


class Native:
    """The JSON API of a running server, in the hands of an API key."""

    def __init__(self, server: LiveServer) -> None:
        self._auth = ("", "")
        self._account_id = 0
        server.provision(self._make_key)
        base = f"{server.http_url}/native/v1/accounts/{self._account_id}/"
        self.client = httpx.Client(base_url=base, auth=self._auth, timeout=PATIENCE_S)

    async def _make_key(self, has: Any, account_id: int) -> None:
        issued = await has.api_keys.add(account_id, "json", Role.OPERATOR)
        self._auth, self._account_id = (issued.key.id, issued.secret), account_id

    def add(self, composite: str, **secret: str) -> dict[str, Any]:
        """Create a credential."""
        username, _, domain = composite.partition("@")
        wish = {"username": username, "domain": domain, "realm": REALM, **secret}
        answer = self.client.post("credentials", json=wish)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


def hashes(composite: str) -> dict[str, str]:
    """Both hashes of the usual password."""
    texts = (f"{composite}:{REALM}:{PASSWORD}", f"{composite}@{REALM}:{REALM}:{PASSWORD}")
    hash1, hash1b = (hashlib.md5(text.encode()).hexdigest() for text in texts)
    return {"hash1": hash1, "hash1b": hash1b}


@pytest.fixture(scope="module")
def native(server: LiveServer) -> Iterator[Native]:
    """The API."""
    native = Native(server)
    yield native
    native.client.close()


@pytest.fixture
def telephone(server: LiveServer, tmp_path: Path) -> Iterator[Telephone]:
    """Start telephones; they are stopped when the test is over."""
    telephones: list[Baresip] = []

    def start(user: str, number: int, password: str, **arguments: Any) -> Baresip:
        telephones.append(Baresip(server, tmp_path, user, number, hertz=400, password=password, **arguments))
        return telephones[-1]

    yield start
    for each in telephones:
        each.stop()


@pytest.mark.needs("baresip")
@pytest.mark.parametrize("domain", ["", "@somewhere.com"])
@pytest.mark.parametrize("kind", ["password", "hashes", "generated"])
def test_a_device_registers_with_what_was_made_by_json(
    native: Native, server: LiveServer, telephone: Telephone, kind: str, domain: str
) -> None:
    composite = f"json-{kind}{domain}"
    secret = {"password": {"password": PASSWORD}, "hashes": hashes(composite), "generated": {}}[kind]
    made = native.add(composite, **secret)
    password = made["password"] or PASSWORD
    device = telephone(f"{quote(composite, safe='')}@{REALM}", 30, password, login=composite)
    device.wait_until_registered()

    def registered() -> list[Any]:
        found: list[Any] = native.client.get("registrations", params={"search": composite}).json()["items"]
        return found

    (seen,) = eventually(registered)
    assert (seen["aor"], seen["host"]) == (made["aor"], device.host)
    assert "baresip" in seen["user_agent"]


@pytest.mark.needs("sipp")
def test_the_provider_calls_with_hashes_that_came_as_json(
    native: Native, server: LiveServer, play: Play, records: Records, tmp_path: Path
) -> None:
    login = native.add("json-provider", **hashes("json-provider"))["aor"]
    server.passwords[login] = PASSWORD
    sound = tmp_path / "sound"
    sound.write_bytes(b"\xff" * 8000)
    carrier = play("carrier_echoes", CHICAGO, echo=True)
    play("provider_plays", 10, call=f"{NUMBER}@{REALM}", login=login, sound=sound).done()
    carrier.done()
    assert records.only().end_cause is EndCause.CALLER_HUNG_UP
