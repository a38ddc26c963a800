"""The requests of the provider's guides, octet by octet as they are printed there, against a running server.

Only the account and who asks are filled in. The bodies are those of the contract tests.
"""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lxml import etree

from interop.conftest import REALM
from interop.test_bandwidth_dashboard import Dashboard
from live_server import LiveServer
from live_sipp import Sipp

DOCUMENTS = Path(__file__).parents[1] / "contract" / "bandwidth_dashboard" / "documents"
SCENARIOS = Path(__file__).parents[1] / "scenarios"

OLDEST_GUIDE = "POST /accounts/{account}/sipcredentials HTTP/1.1\nContent-Type: text/xml\n"
REGISTRAR = (
    "POST https://dashboard.bandwidth.com/api/accounts/{account}/sipCredentials HTTP/1.1\n"
    "Content-Type: application/xml; charset=utf-8\n"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with the realm of the oldest guide."""
    server = LiveServer(tmp_path_factory.mktemp("printed"))
    server.add_realm(REALM)
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def key(server: LiveServer) -> Iterator[Dashboard]:
    """Who asks."""
    key = Dashboard(server)
    yield key
    key.close()


def send(server: LiveServer, key: Dashboard, head: str, document: str) -> tuple[int, etree._Element]:
    """Send the head and the body of a guide, with what HTTP/1.1 wants besides; status and document of the answer."""
    body = (DOCUMENTS / f"{document}.xml").read_bytes()
    basic = base64.b64encode(f"{key.key}:{key.secret}".encode()).decode()
    lines = head.format(account=key.account_id) + (
        f"Authorization: Basic {basic}\nHost: dashboard.bandwidth.com\nContent-Length: {len(body)}\nConnection: close\n\n"
    )
    address = urlsplit(server.http_url)
    with socket.create_connection((address.hostname or "", address.port or 0), 10) as connection:
        connection.sendall(lines.replace("\n", "\r\n").encode() + body)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    first, _, content = answer.partition(b"\r\n\r\n")
    return int(first.split()[1]), etree.fromstring(content)


@pytest.mark.needs("sipp")
def test_the_credential_of_the_oldest_guide_is_created_and_registers_with_its_password(
    server: LiveServer, key: Dashboard, tmp_path: Path
) -> None:
    status, answer = send(server, key, OLDEST_GUIDE, "oldest_guide")
    assert status == 201
    assert answer.findtext(".//SipCredential/UserName") == "sipauthtest"
    server.passwords[f"sipauthtest@{REALM}"] = "password"
    server.wait_for_changes()
    device = Sipp(
        server,
        tmp_path,
        SCENARIOS / "device_registers.xml",
        11,
        call=f"x@{REALM}",
        login=f"sipauthtest@{REALM}",
    )
    try:
        device.done()
    finally:
        device.close()


@pytest.mark.parametrize("document", ["registrar_page", "registrar_guide"])
def test_the_unclosed_element_of_the_newer_guides_is_named(
    server: LiveServer, key: Dashboard, document: str
) -> None:
    status, answer = send(server, key, REGISTRAR, document)
    assert status == 400
    assert "<Realm> of line" in (answer.findtext("ResponseStatus/Description") or "")


def test_each_credential_of_the_newer_guides_is_judged_by_itself(server: LiveServer, key: Dashboard) -> None:
    key.ask("POST", "realms", "<Realm><Realm>realmname</Realm><Default>false</Default></Realm>", 201)
    status, answer = send(server, key, REGISTRAR, "registrar_guide_closed")
    assert status == 201
    assert answer.findtext("ValidSipCredentials/SipCredential/Domain") == "somewhere.com"
    assert answer.findtext("Errors/Error/ErrorCode") == "23001"  # its second hash has lost a digit
