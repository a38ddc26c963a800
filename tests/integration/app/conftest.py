"""Whole servers as processes, and parties around them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from live_party import Scene
from live_server import LiveServer, attach_log
from scenarios.town import town

Serve = Callable[..., LiveServer]
Enter = Callable[[LiveServer], Scene]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start servers with the usual cast; each is ended, and its log looked at, when the test is over."""
    servers: list[LiveServer] = []

    def start(**arguments: Any) -> LiveServer:
        folder = tmp_path / f"server-{len(servers)}"
        folder.mkdir()
        servers.append(town(folder, **arguments))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest_asyncio.fixture
async def enter(serve: Serve) -> AsyncIterator[Enter]:
    """Bring parties to a server."""
    scenes: list[Scene] = []

    def bring(server: LiveServer) -> Scene:
        scenes.append(Scene(server))
        return scenes[-1]

    yield bring
    for scene in scenes:
        await scene.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the server's log with a failure."""
    report = yield
    attach_log(item, report)
    return report
