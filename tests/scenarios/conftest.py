"""A town with a server in the middle, for call scenarios."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator

import pytest
import pytest_asyncio

from live_party import Scene
from live_server import LiveServer, attach_log, records
from live_sipp import play
from scenarios.town import town

__all__ = ["play", "records", "scene", "server"]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with the usual cast, shared by tests that leave it as they found it."""
    # No test finds an address resting that failed in another one.
    server = town(tmp_path_factory.mktemp("town"), settings={"calls.address_rest_s": 0})
    server.start()
    yield server
    server.close()


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
