"""A server among programs that others wrote."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from live_server import CHICAGO, LiveServer, attach_log, records
from live_sipp import play

__all__ = ["play", "records", "server"]

REALM = "custxx.auth.bandwidth.com"
NUMBER = "+17778889999"
PROVIDER = f"sipauthtest@{REALM}"
BOB = f"bob@{REALM}"
CAROL = f"carol@{REALM}"
PASSWORD = "password"
WS_PORT = 5080


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with the realm, the number and the users of the provider's documents."""
    server = LiveServer(tmp_path_factory.mktemp("interop"), sip=("udp", "tcp", f"ws:{WS_PORT}"))
    server.add_realm(REALM)
    for login in (PROVIDER, BOB, CAROL):
        server.add_credential(login.partition("@")[0], REALM, PASSWORD)
    server.add_trunk("carrier", CHICAGO)
    server.start()
    yield server
    server.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the server's log with a failure."""
    report = yield
    attach_log(item, report)
    return report
