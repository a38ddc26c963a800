"""A town with a server in the middle, for call scenarios."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from live_party import Scene
from live_server import LiveServer, Records, attach_log
from live_sipp import Sipp
from scenarios.town import town

Play = Callable[..., Sipp]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with the usual cast, shared by tests that leave it as they found it."""
    # No test finds an address resting that failed in another one.
    server = town(tmp_path_factory.mktemp("town"), settings={"calls.address_rest_s": 0})
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


@pytest_asyncio.fixture
async def scene(server: LiveServer) -> AsyncIterator[Scene]:
    """Parties of one test."""
    scene = Scene(server)
    yield scene
    await scene.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the messages and the server's log with a failure."""
    report = yield
    attach_log(item, report)
    return report
