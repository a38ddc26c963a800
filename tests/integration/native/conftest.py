"""A running server, asked over HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from live_party import Scene
from live_server import PATIENCE_S, LiveServer, attach_log
from scenarios.town import town
from trunkline.domain.role import Role


class Native:
    """The JSON API of a running server, in the hands of an API key."""

    def __init__(self, server: LiveServer, role: Role = Role.OWNER) -> None:
        self.auth = ("", "")
        self.account_id = 0
        self._role = role
        server.provision(self._make_key)
        self.base = f"{server.http_url}/native/v1/accounts/{self.account_id}/"
        self.client = httpx.AsyncClient(base_url=self.base, auth=self.auth, timeout=PATIENCE_S)

    async def _make_key(self, has: Any, account_id: int) -> None:
        issued = await has.api_keys.add(account_id, "test", self._role)
        self.auth, self.account_id = (issued.key.id, issued.secret), account_id

    async def ask(self, method: str, path: str, document: Any = None, status: int = 200) -> Any:
        """Send a request, and return the document of its answer."""
        answer = await self.client.request(method, path, json=document)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def get(self, path: str) -> Any:
        """Ask for a document."""
        return await self.ask("GET", path)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    """A server with the usual cast."""
    server = town(
        tmp_path,
        settings={"web.requests_per_second": 0, "web.requests_per_second_of_address": 0, "sip.drain_s": 0},
    )
    server.start()
    with contextlib.closing(server):
        yield server


@pytest_asyncio.fixture
async def native(server: LiveServer) -> AsyncIterator[Native]:
    """Its API."""
    native = Native(server)
    yield native
    await native.client.aclose()


@pytest_asyncio.fixture
async def scene(server: LiveServer) -> AsyncIterator[Scene]:
    """Parties."""
    scene = Scene(server)
    yield scene
    await scene.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the messages and the server's log with a failure."""
    report = yield
    attach_log(item, report)
    return report
