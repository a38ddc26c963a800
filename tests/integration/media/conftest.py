"""A real media engine on loopback, and parties that talk through it."""

from __future__ import annotations

import asyncio
import time

import pytest

from fakes.media_peer import MediaPeer
from live_ports import own_ports
from live_server import PATIENCE_S
from trunkline.domain.media import LocalMedia, MediaEvent, RemoteMedia, Side
from trunkline.media.embedded import EmbeddedMediaEngine
from trunkline.media.settings import MediaInterface, MediaSettings

LOOPBACK = (MediaInterface("ip4", "127.0.0.1"), MediaInterface("ip6", "::1"))


class Studio:
    """An engine, the events it sent, and the parties opened."""

    def __init__(self, settings: MediaSettings) -> None:
        self.settings = settings
        self.events: list[MediaEvent] = []
        self.engine = EmbeddedMediaEngine(settings, self.events.append)
        self._peers: list[MediaPeer] = []

    async def ask(self, operation, *arguments, timeout_s: float = PATIENCE_S):
        """Call an operation of the port and return what its callback gets."""
        answer = asyncio.get_running_loop().create_future()
        operation(*arguments, answer.set_result)
        return await asyncio.wait_for(answer, timeout_s)

    async def peer(self, host: str = "127.0.0.1", **arguments) -> MediaPeer:
        peer = await MediaPeer.open(host, **arguments)
        self._peers.append(peer)
        return peer

    async def set(self, stream, side, remote, facing="ip4") -> LocalMedia:
        answer = await self.ask(self.engine.set_remote, stream, side, remote, facing)
        assert isinstance(answer, LocalMedia), answer
        return answer

    async def bridge(self, stream, alice, bob, *, trusted=False, **described):
        """Join two parties; returns where Alice and where Bob must send to."""
        for_bob = await self.set(stream, Side.CALLER, remote(alice, trusted=trusted, **described))
        for_alice = await self.set(stream, Side.CALLEE, remote(bob, trusted=trusted, **described))
        return where(for_alice), where(for_bob)

    async def event(self, kind, *, timeout_s: float = PATIENCE_S):
        """Wait for an event of a kind and take it off the list."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            for event in self.events:
                if isinstance(event, kind):
                    self.events.remove(event)
                    return event
            await asyncio.sleep(0.005)
        raise AssertionError(f"no {kind.__name__} within {timeout_s} s, only {self.events}")

    async def close(self) -> None:
        for peer in self._peers:
            peer.close()
        await self.engine.stop()


def remote(peer: MediaPeer, *, trusted=False, payload_types=(0, 8, 101), telephone_event=101) -> RemoteMedia:
    """How a party describes itself."""
    return RemoteMedia(peer.host, peer.port, trusted, payload_types, telephone_event)


def where(local: LocalMedia) -> tuple[str, int]:
    return local.address, local.port


@pytest.fixture
def settings(tmp_path, request):
    """Settings of the engine; ``@pytest.mark.parametrize("settings", [...], indirect=True)`` changes some."""
    first, last = own_ports().media
    changes = {"interfaces": LOOPBACK, "port_min": first, "port_max": last} | getattr(request, "param", {})
    # A space in the path: no folder name of an operator's may break a command.
    return MediaSettings(tmp_path / "my recordings", tmp_path / "my prompts", **changes)


@pytest.fixture
async def studio(settings):
    studio = Studio(settings)
    await studio.engine.start()
    yield studio
    await studio.close()
