"""A server under siege, with a second account beside the usual cast, and all its transports."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from integration.attacks.enemy import Fort
from live_party import Scene
from live_server import CHICAGO, LiveServer, attach_log
from trunkline.domain.credential import CallerIdRule
from trunkline.domain.limits import Limits
from trunkline.domain.trunk import TrunkTarget
from trunkline.provisioning.credentials import Privileges
from trunkline.provisioning.provisioning import Provisioning
from trunkline.provisioning.secret_input import Password
from trunkline.provisioning.trunks import DigestLogin, TrunkPlan

ATLANTA = "atlanta.example"
BILOXI = "biloxi.example"
EVANSTON = "evanston.example"
"""The realm of another account."""

EVANS_NUMBER = "+18475550100"
BOBS_NUMBER = "+13125550100"
CARRIER_REALM = "chicago.example"
EVANSTON_TRUNK = 4
"""Where in the network the other account's carrier is."""

Built = Callable[..., Fort]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A certificate, its key in the same file, for an address."""

    def make(host: str) -> Path:
        folder = tmp_path_factory.mktemp("certificate")
        pem = folder / "both.pem"
        subject = ["-subj", "/CN=fort.example", "-addext", f"subjectAltName=IP:{host}"]
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ]
        command += [
            "-days",
            "2",
            *subject,
            "-keyout",
            str(folder / "key.pem"),
            "-out",
            str(folder / "cert.pem"),
        ]
        subprocess.run(command, check=True, capture_output=True)
        pem.write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
        pem.chmod(0o600)
        return pem

    return make


def provisioned(folder: Path, **arguments: object) -> LiveServer:
    """A server that knows the cast, not started."""
    server = LiveServer(folder, **arguments)  # type: ignore[arg-type]
    server.add_realm(ATLANTA)
    server.add_realm(BILOXI)
    for username in ("alice", "dave", "erin"):
        server.add_credential(username, ATLANTA)
    server.add_credential("owner", ATLANTA, caller_id_rule=CallerIdRule.OWNED)
    server.add_credential("fixed", ATLANTA, caller_id_rule=CallerIdRule.FIXED, caller_id=BOBS_NUMBER)
    server.add_credential("gone", ATLANTA, enabled=False)
    server.add_credential("single", ATLANTA, limits=Limits(concurrent_calls=1))
    server.add_credential("bob", BILOXI)
    server.add_number(BOBS_NUMBER, f"sip:bob@{BILOXI}")
    server.add_trunk(
        "chicago", CHICAGO, prefixes=("+1",), allowed_ips=(server.network.address(CHICAGO),), ring_timeout_s=5,
        login=DigestLogin("trunkline", CARRIER_REALM, "the-carrier-knows-it"),
    )  # fmt: skip
    password = "evan-opens-another-gate"
    server.passwords[f"evan@{EVANSTON}"] = password
    target = TrunkTarget(f"sip:{server.network.address(EVANSTON_TRUNK)}:5060")

    async def other_account(has: Provisioning, _first: int) -> None:
        account = (await has.accounts.add("Evanston")).id
        await has.realms.add(account, fqdn=EVANSTON)
        await has.credentials.add(
            account, "evan", Password(password), realm=EVANSTON, privileges=Privileges()
        )
        await has.trunks.add(account, "evanston", TrunkPlan((target,)))
        await has.numbers.add(account, EVANS_NUMBER, f"sip:evan@{EVANSTON}")

    server.provision(other_account)
    return server


@pytest.fixture(scope="session")
def fort(tmp_path_factory: pytest.TempPathFactory, certificate: Callable[[str], Path]) -> Iterator[Fort]:
    """A server with every transport, shared by tests that leave it as they found it."""
    server = provisioned(tmp_path_factory.mktemp("fort"))
    pem = certificate(server.host)
    server._listeners = ("udp", "tcp", f"tls:{Fort.tls_port};cert={pem}", f"ws:{Fort.ws_port}")
    server.start()
    yield Fort(server, pem)
    server.close()


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Built]:
    """Build a server for one test alone."""
    built: list[LiveServer] = []

    def start(**arguments: object) -> Fort:
        settings = {"sip.drain_s": 0, **arguments.pop("settings", {})}  # type: ignore[dict-item]
        server = provisioned(tmp_path, settings=settings, **arguments)
        built.append(server)
        server.start()
        return Fort(server)

    yield start
    for server in built:
        server.close()


@pytest.fixture
def server(fort: Fort) -> LiveServer:
    """The shared server."""
    return fort.server


@pytest_asyncio.fixture
async def scene(fort: Fort) -> Scene:
    """Honest parties of one test."""
    scene = Scene(fort.server)
    yield scene  # type: ignore[misc]
    await scene.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the messages and the server's log with a failure."""
    report = yield
    attach_log(item, report)
    return report
