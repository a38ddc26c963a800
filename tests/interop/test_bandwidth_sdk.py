"""Bandwidth's own ``bandwidth-sdk`` and our token: client credentials there, and a bearer token back.

The SDK has no class for realms and credentials. What it has is the way by which it gets in: it fetches a token with
its client id and secret, keeps it until it ends, and sends it along. That is tried here with its own API client.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from lxml import etree

from interop.test_bandwidth_dashboard import Dashboard
from live_server import LiveServer

pytest.importorskip("bandwidth", reason="install with: pip install bandwidth-sdk")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with a realm and a credential in it."""
    server = LiveServer(tmp_path_factory.mktemp("oauth"))
    server.add_realm("desk.atlanta.example")
    server.add_credential("alice", "desk.atlanta.example")
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def key(server: LiveServer) -> Iterator[Dashboard]:
    """An API key: what a client of OAuth is here."""
    key = Dashboard(server)
    yield key
    key.close()


def client_of(server: LiveServer, name: str, secret: str) -> Any:
    """The SDK's API client, as its documentation sets it up, but for where the token is fetched."""
    from bandwidth import ApiClient, Configuration

    return ApiClient(
        Configuration(
            host=f"{server.http_url}/api",
            client_id=name,
            client_secret=secret,
            access_token_url=f"{server.http_url}/api/v1/oauth2/token",
        )
    )


def ask(client: Any, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    """Send a request through the SDK, signed in by its own machinery."""
    headers = {"Accept": "application/xml"} | ({"Content-Type": "application/xml"} if body else {})
    request = client.param_serialize(
        method=method, resource_path=path, header_params=headers, body=body, auth_settings=["OAuth2"]
    )
    answer = client.call_api(*request)
    return answer.status, answer.read()


def test_a_token_is_fetched_and_opens_the_account(server: LiveServer, key: Dashboard) -> None:
    client = client_of(server, key.key, key.secret)
    status, body = ask(client, "GET", f"/accounts/{key.account_id}/sipcredentials")
    assert status == 200
    assert etree.fromstring(body).findtext(".//SipCredential/UserName") == "alice"
    assert client.configuration.temp_access_token.count(".") == 2


def test_the_token_writes_as_its_client_may(server: LiveServer, key: Dashboard) -> None:
    client = client_of(server, key.key, key.secret)
    status, body = ask(
        client,
        "POST",
        f"/accounts/{key.account_id}/realms",
        "<Realm><Realm>lab</Realm><Default>false</Default></Realm>",
    )
    assert status == 201
    assert (etree.fromstring(body).findtext("Realm/Realm") or "").startswith("lab.")


def test_the_same_token_is_used_until_it_ends(server: LiveServer, key: Dashboard) -> None:
    configuration = client_of(server, key.key, key.secret).configuration
    first = configuration.get_access_token()
    assert configuration.get_access_token() == first
    assert configuration.temp_access_token_expiration > 0


def test_another_account_stays_closed_to_the_token(server: LiveServer, key: Dashboard) -> None:
    client = client_of(server, key.key, key.secret)
    status, body = ask(client, "GET", f"/accounts/{key.account_id + 1}/realms")
    assert status == 403
    assert etree.fromstring(body).findtext("ResponseStatus/Description")


def test_a_wrong_secret_gets_no_token(server: LiveServer, key: Dashboard) -> None:
    import urllib3

    headers = urllib3.make_headers(basic_auth=f"{key.key}:wrong")
    answer = urllib3.request(
        "POST",
        f"{server.http_url}/api/v1/oauth2/token",
        headers=headers | {"Content-Type": "application/x-www-form-urlencoded"},
        body="grant_type=client_credentials",
    )
    assert (answer.status, json.loads(answer.data)["error"]) == (401, "invalid_client")
    configuration = client_of(server, key.key, "wrong").configuration
    with pytest.raises(KeyError):
        configuration.get_access_token()
