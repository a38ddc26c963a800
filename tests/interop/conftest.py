"""A server among programs that others wrote."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from live_server import CHICAGO, LiveServer, Records, attach_log
from live_sipp import Sipp

REALM = "custxx.auth.bandwidth.com"
NUMBER = "+17778889999"
PROVIDER = f"sipauthtest@{REALM}"
BOB = f"bob@{REALM}"
CAROL = f"carol@{REALM}"
PASSWORD = "password"

Play = Callable[..., Sipp]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with the realm, the number and the users of the provider's documents."""
    server = LiveServer(tmp_path_factory.mktemp("interop"))
    server.add_realm(REALM)
    for login in (PROVIDER, BOB, CAROL):
        server.add_credential(login.partition("@")[0], REALM, PASSWORD)
    server.add_trunk("carrier", CHICAGO)
    server.start()
    yield server
    server.close()


@pytest.fixture
def records(server: LiveServer) -> Records:
    """The call detail records of one test."""
    return Records(server)


@pytest.fixture
def play(server: LiveServer, tmp_path: Path) -> Iterator[Play]:
    """Start SIPp with a scenario; whatever runs at the end of the test is ended."""
    playing: list[Sipp] = []

    def start(name: str, *arguments: Any, **keywords: Any) -> Sipp:
        scenario = Path(__file__).with_name(f"{name}.xml")
        playing.append(Sipp(server, tmp_path, scenario, *arguments, **keywords))
        return playing[-1]

    yield start
    for each in playing:
        each.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the server's log with a failure."""
    report = yield
    attach_log(item, report)
    return report
