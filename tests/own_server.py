"""A server within the test's own event loop, where a test can look into it; parties meet it as they meet any other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from live_server import LiveServer
from trunkline.app.configuration import server_settings
from trunkline.app.server import Server
from trunkline.edge.listener_text import parse_listener
from trunkline.operations.operations import Operations
from trunkline.settings import read_settings


class OwnServer(LiveServer):
    """Started with :meth:`open` and stopped with :meth:`shut`; ``server`` is what runs."""

    server: Server | None = None

    async def open(self) -> None:
        """Run the server here."""
        self._provision_wanted()
        self._process = None
        built = server_settings(read_settings(self.folder, **_sections(self._settings)))
        listeners = tuple(parse_listener(self._listener(text)) for text in self._listeners)
        interface = replace(built.media_interfaces[0], name="ip4", address=self.host, advertised=None)
        self.server = await Server.start(
            replace(built, listeners=listeners, media_interfaces=(interface,), rtp_ports=self._rtp_ports)
        )

    async def shut(self) -> None:
        """Stop it, when it runs."""
        server, self.server = self.server, None
        if server is not None:
            assert server.counts.faults == 0
            await server.drain(0.0)
            await server.stop()

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self.server is not None

    @property
    def operations(self) -> Operations:
        """What an operator sees and does."""
        assert self.server is not None
        return self.server.operations

    @property
    def account(self) -> int:
        """The account that has everything."""
        assert self.server is not None
        return next(iter(self.server.directory.accounts))


def _sections(flat: dict[str, object]) -> dict[str, Any]:
    """``{"sip.drain_s": 2}`` as settings are nested."""
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        section, _, name = key.partition(".")
        nested.setdefault(section, {})[name] = value
    return nested
