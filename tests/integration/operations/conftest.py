"""Servers that tests look into, and parties around them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from live_party import Scene
from own_server import OwnServer
from scenarios.town import town

Open = Callable[..., Awaitable[OwnServer]]


@pytest_asyncio.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Open]:
    """Start servers with the usual cast; each is stopped when the test is over."""
    servers: list[OwnServer] = []

    async def start(**arguments: Any) -> OwnServer:
        folder = tmp_path / f"server-{len(servers)}"
        folder.mkdir()
        server = town(folder, make=OwnServer, **arguments)
        assert isinstance(server, OwnServer)
        servers.append(server)
        await server.open()
        return server

    yield start
    for server in servers:
        await server.shut()
        server.network.close()


@pytest_asyncio.fixture
async def enter() -> AsyncIterator[Callable[[OwnServer], Scene]]:
    """Bring parties to a server."""
    scenes: list[Scene] = []

    def bring(server: OwnServer) -> Scene:
        scenes.append(Scene(server))
        return scenes[-1]

    yield bring
    for scene in scenes:
        await scene.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Show the messages with a failure."""
    report = yield
    if report.failed and "shown" in item.funcargs:
        report.sections.append(("messages", item.funcargs["shown"]))
    return report
