"""Tones: made, sent as RTP, and recognised in what comes back."""

from __future__ import annotations

import asyncio
import math
import random
import struct
from array import array
from typing import Final

from trunkline.media.g711 import ULAW_PAYLOAD_TYPE, decode, encode

RATE: Final = 8000
FRAME: Final = 160
FRAME_S: Final = 0.02
_HEADER: Final = struct.Struct("!BBHII")


def tone(hertz: int) -> bytes:
    """One second of a sine as PCMU."""
    step = 2 * math.pi * hertz / RATE
    return encode(
        array("h", (round(12000 * math.sin(step * index)) for index in range(RATE))), ULAW_PAYLOAD_TYPE
    )


def share_of(hertz: int, payload: bytes) -> float:
    """How much of the power of PCMU audio is in a tone, 0 to 1 (Goertzel's algorithm)."""
    samples = decode(payload, ULAW_PAYLOAD_TYPE)
    total = sum(sample * sample for sample in samples)
    if not total:
        return 0.0
    coefficient = 2 * math.cos(2 * math.pi * hertz / RATE)
    before = last = 0.0
    for sample in samples:
        last, before = sample + coefficient * last - before, last
    power = last * last + before * before - coefficient * last * before
    return min(1.0, 2 * power / (len(samples) * total))


class Talk(asyncio.DatagramProtocol):
    """An RTP socket that sends a tone and keeps what it hears."""

    def __init__(self, hertz: int) -> None:
        self._tone = tone(hertz)
        self._transport: asyncio.DatagramTransport | None = None
        self._task: asyncio.Task[None] | None = None
        self.sent = 0
        self.heard: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = transport  # type: ignore[assignment]  # asyncio and uvloop disagree about base classes

    @property
    def port(self) -> int:
        """The local port."""
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, _address: object) -> None:
        """Keep PCMU; everything else is passed over."""
        if len(data) > _HEADER.size and data[1] & 0x7F == 0:
            self.heard.append(data[_HEADER.size :])

    def start(self, host: str, port: int) -> None:
        """Talk to this address until stopped."""
        self._task = asyncio.get_running_loop().create_task(self._talk(host, port))

    async def _talk(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        source = random.getrandbits(32)
        began = loop.time()
        while self._transport is not None:
            offset = self.sent * FRAME % RATE
            packet = _HEADER.pack(0x80, 0, self.sent & 0xFFFF, self.sent * FRAME & 0xFFFFFFFF, source)
            self._transport.sendto(packet + self._tone[offset : offset + FRAME], (host, port))
            self.sent += 1
            await asyncio.sleep(max(0.0, began + self.sent * FRAME_S - loop.time()))

    def stop(self) -> None:
        """Fall silent and close."""
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.close()

    def share(self, hertz: int) -> float:
        """How much of what was heard is this tone; the first tenth of a second does not count."""
        return share_of(hertz, b"".join(self.heard[5:]))
