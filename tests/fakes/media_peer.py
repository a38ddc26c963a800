"""A plain RTP party for tests: sends a tone as PCMU, keeps what it hears, measures how much of it is a tone."""

from __future__ import annotations

import asyncio
import math
import random
import struct
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from trunkline.media.g711 import decode, encode

PACKET_S = 0.02
SAMPLES = 160
RATE = 8000
EVENT_PAYLOAD_TYPE = 101


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """An RTP packet as it came in; ``at`` in seconds of the event loop."""

    at: float
    source: tuple[str, int]
    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


@dataclass
class MediaPeer(asyncio.DatagramProtocol):
    """One party. Open it with ``await MediaPeer.open(...)``."""

    frequency_hz: float
    payload_type: int
    host: str = ""
    port: int = 0
    heard: list[RtpPacket] = field(default_factory=list)
    other_datagrams: list[bytes] = field(default_factory=list)
    sent: int = 0
    lose: Callable[[int], bool] | None = None
    delay_s: Callable[[int], float] | None = None

    def __post_init__(self) -> None:
        self.ssrc = random.getrandbits(32)
        self.sequence = random.getrandbits(15)
        self.timestamp = random.getrandbits(31)
        self._phase = 0
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(
        cls, host: str = "127.0.0.1", *, frequency_hz: float = 440, payload_type: int = 0, port: int = 0
    ) -> MediaPeer:
        """Open a party on a local address."""
        loop = asyncio.get_running_loop()
        transport, peer = await loop.create_datagram_endpoint(
            lambda: cls(frequency_hz, payload_type), local_addr=(host, port)
        )
        peer._transport = transport
        peer.host, peer.port = transport.get_extra_info("sockname")[:2]
        return peer

    def datagram_received(self, data: bytes, addr: tuple) -> None:
        if len(data) < 12 or data[0] >> 6 != 2 or 192 <= data[1] <= 223:
            self.other_datagrams.append(data)
            return
        _, second, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", data)
        now = asyncio.get_running_loop().time()
        marker, payload_type = bool(second & 0x80), second & 0x7F
        self.heard.append(
            RtpPacket(now, addr[:2], marker, payload_type, sequence, timestamp, ssrc, data[12:])
        )

    def start(self, destination: tuple[str, int]) -> None:
        """Send the tone, a packet each 20 ms, until stopped."""
        self.stop()
        self._task = asyncio.get_running_loop().create_task(self._talk(destination))

    def stop(self) -> None:
        """Fall silent."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def close(self) -> None:
        """Fall silent and go."""
        self.stop()
        if self._transport is not None:
            self._transport.close()

    def send(self, destination: tuple[str, int], payload: bytes | None = None, **header: int) -> None:
        """Send one packet, the next of the tone unless a payload is given."""
        self._send(destination, self._next_payload() if payload is None else payload, **header)

    async def send_digit(
        self, destination: tuple[str, int], event: int, *, packets: int = 5, ends: int = 3
    ) -> None:
        """Press a key for so many packets (RFC 4733): no tone meanwhile, one timestamp, ends repeated."""
        talking = self._task is not None
        self.stop()
        timestamp = self.timestamp
        for number in range(packets):
            self._event(destination, event, SAMPLES * (number + 1), timestamp, marker=number == 0)
            await asyncio.sleep(PACKET_S)
        for _ in range(ends):
            self._event(destination, event | 0x8000, SAMPLES * (packets + 1), timestamp)
        self.timestamp = (timestamp + SAMPLES * (packets + 2)) & 0xFFFFFFFF
        if talking:
            self.start(destination)

    def samples(self, since: int = 0) -> np.ndarray:
        """What was heard as G.711, from the ``since``-th packet on, in the order of arrival."""
        sound = array("h")
        for packet in self.heard[since:]:
            if packet.payload_type in (0, 8):
                sound.extend(decode(packet.payload, packet.payload_type))
        return np.array(sound, dtype=float)

    def tone_share(self, frequency_hz: float, since: int = 0) -> float:
        """The share (0 to 1) of a frequency, 15 Hz either way, in the power of what was heard."""
        return tone_share(self.samples(since), frequency_hz)

    def heard_from(self, peer: MediaPeer, since: int = 0) -> int:
        """How many packets of another party's were heard."""
        return sum(packet.ssrc == peer.ssrc for packet in self.heard[since:])

    async def wait_heard(self, more: int, *, timeout_s: float = 30.0) -> None:
        """Wait until so many more packets came; fails when they do not."""
        target = len(self.heard) + more
        async with asyncio.timeout(timeout_s):
            while len(self.heard) < target:  # noqa: ASYNC110 (packets come by the hundred: no event for each)
                await asyncio.sleep(0.005)

    async def _talk(self, destination: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        begin, number = loop.time(), 0
        while True:
            late = self.delay_s(number) if self.delay_s is not None else 0.0
            await asyncio.sleep(max(0.0, begin + number * PACKET_S + late - loop.time()))
            payload = self._next_payload()
            if self.lose is not None and self.lose(number):
                self._advance()
            else:
                self._send(destination, payload)
            number += 1

    def _next_payload(self) -> bytes:
        step = 2 * math.pi * self.frequency_hz / RATE
        samples = array("h", [round(12000 * math.sin(step * (self._phase + i))) for i in range(SAMPLES)])
        self._phase += SAMPLES
        return encode(samples, self.payload_type if self.payload_type in (0, 8) else 0)

    def _send(self, destination: tuple[str, int], payload: bytes, **header: int) -> None:
        fields = {"sequence": self.sequence, "timestamp": self.timestamp, "ssrc": self.ssrc} | header
        payload_type = fields.get("payload_type", self.payload_type)
        packet = struct.pack(
            "!BBHII", 0x80, payload_type, fields["sequence"], fields["timestamp"], fields["ssrc"]
        )
        assert self._transport is not None
        self._transport.sendto(packet + payload, destination)
        self.sent += 1
        self._advance()

    def _advance(self) -> None:
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + SAMPLES) & 0xFFFFFFFF

    def _event(
        self, destination: tuple[str, int], event: int, duration: int, timestamp: int, *, marker: bool = False
    ) -> None:
        number, end = event & 0xFF, 0x80 if event & 0x8000 else 0
        second = EVENT_PAYLOAD_TYPE | (0x80 if marker else 0)
        header = struct.pack("!BBHII", 0x80, second, self.sequence, timestamp, self.ssrc)
        assert self._transport is not None
        self._transport.sendto(header + struct.pack("!BBH", number, end | 10, duration), destination)
        self.sequence = (self.sequence + 1) & 0xFFFF


def tone_share(samples: np.ndarray, frequency_hz: float) -> float:
    """The share (0 to 1) of a frequency, 15 Hz either way, in the power of a sound; 0 of silence."""
    if len(samples) < 8 * SAMPLES:
        return 0.0
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    total = power.sum()
    return float(power[np.abs(frequencies - frequency_hz) <= 15].sum() / total) if total > 0 else 0.0
