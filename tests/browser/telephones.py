"""Telephones for tests in a browser: the scene runs on an event loop of its own, for the browser's runs on this thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from live_party import LiveParty, Scene
from live_server import LiveServer

_T = TypeVar("_T")


class Telephones:
    """A scene around a server, driven from a thread without an event loop."""

    def __init__(self, server: LiveServer) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="telephones", daemon=True)
        self._thread.start()
        self.scene = self.run(_scene(server))

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do something on the scene's loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(90)

    def device(self, username: str, realm: str, number: int, **arguments: Any) -> LiveParty:
        """A registered device."""
        return self.run(self.scene.device(username, realm, number, **arguments))

    def stranger(self, username: str, realm: str, number: int, password: str, user_agent: str) -> None:
        """A device with a wrong password tries to register."""

        async def knock() -> None:
            party = await self.scene.party(f"stranger-{number}", number, username=username, realm=realm)
            party.password = password
            asked = party.registering(headers=[("User-Agent", user_agent)])
            await self.scene.until(lambda: asked.status)
            party.register_cseq = 0  # it has nothing to say goodbye for
            assert asked.status in {401, 403}

        self.run(knock())

    def talk(self, caller: LiveParty, callee: LiveParty, target: str) -> None:
        """One calls the other, who answers; they talk for a moment, and stay connected."""

        async def speak() -> None:
            call = caller.invite(target)
            other = await callee.rung(len(callee.incoming) + 1)
            other.ring()
            await asyncio.sleep(0.15)
            other.answer()
            await self.scene.until(lambda: call.status == 200)
            await self.scene.conversation(call, other)

        self.run(speak())

    def hang_up(self, caller: LiveParty) -> None:
        """The caller of the last call hangs up."""
        self.run(caller.hang_up(caller.placed[-1]))

    def close(self) -> None:
        """Everybody leaves."""
        try:
            self.run(self.scene.close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)
            self._loop.close()


async def _scene(server: LiveServer) -> Scene:
    return Scene(server)
