"""Make the engine give back the ports of closed streams.

rtpproxy closes the sockets of a deleted stream only when its relay threads next wake up: when a packet comes,
or when a stream is opened. With every port taken by deleted streams and no call left to send a packet, none
can be opened, and it would stay so for good. So one stream of our own is kept on loopback, and a packet to it
wakes the threads.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Final

from trunkline.domain.media import NOWHERE, LocalMedia, Side
from trunkline.media.commands import PartyCommand, set_party
from trunkline.media.replies import read_port
from trunkline.media.supervisor import RunningEngine

_STREAM: Final = "doorbell"
_FOR_EVER_S: Final = 10**7


class Doorbell:
    """The doorbell stream of the running engine."""

    def __init__(self) -> None:
        self._where: LocalMedia | None = None
        self._socket: socket.socket | None = None

    def install(self, engine: RunningEngine) -> None:
        """Open the doorbell stream on an engine that has just come up."""
        self._where = None
        for side in Side:
            engine.commands.submit(set_party(_command(side), engine.notify), self._take)

    def ring(self) -> None:
        """Wake the threads that relay RTP and RTCP."""
        if self._where is None:
            return
        if self._socket is None:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
        for port in (self._where.port, self._where.port + 1):
            with contextlib.suppress(OSError):
                self._socket.sendto(b"\0", (self._where.address, port))

    def close(self) -> None:
        """Let go of the socket."""
        self._where = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _take(self, line: str | None) -> None:
        answer = read_port(line)
        if isinstance(answer, LocalMedia):
            self._where = answer


def _command(side: Side) -> PartyCommand:
    return PartyCommand(
        stream=_STREAM,
        party=side,
        opener=Side.CALLER,
        interface=NOWHERE,
        destination=None,
        trusted=False,
        payload_types=(),
        telephone_event=None,
        silence_s=_FOR_EVER_S,
    )
