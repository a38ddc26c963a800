"""Recordings: their folder, and reading what the engine wrote into sound.

While it runs, a recording grows in a spool folder of this process and is renamed into the recordings folder
when it ends. What a dead engine left in a spool is moved as it is. A file that exists is never overwritten.

A recording is rtpproxy's list of received packets: 20 bytes of source address, the wall time, a length, the
RTP packet.
"""

from __future__ import annotations

import itertools
import os
import struct
import wave
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from trunkline.media.g711 import ALAW_PAYLOAD_TYPE, ULAW_PAYLOAD_TYPE, decode_table

_SPOOLS: Final = ".spool"
_SUFFIX: Final = ".rtp"
_RECORD_HEADER: Final = struct.Struct("=20xdH")
_RTP_HEADER: Final = struct.Struct("!BBHII")
_RTP_VERSION: Final = 2
_RATE: Final = 8000
# A timestamp further ahead is a fault of the sender's, not a silence to fill.
_LONGEST_SAMPLES: Final = 12 * 3600 * _RATE
_numbers: Final = itertools.count(1)
_log: Final = structlog.get_logger("trunkline.media")


class RecordingsFolder:
    """Where recordings end up, with the spool they grow in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._spools = folder / _SPOOLS
        # Several engines, of one process or of many, may share a recordings folder.
        self._spool = self._spools / f"{os.getpid()}-{next(_numbers)}"

    def prepare_spool(self) -> Path:
        """Put in place what dead engines left, and make an empty spool; no engine may be running on it."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._spools.mkdir(exist_ok=True, mode=0o700)
        for spool in self._spools.iterdir():
            pid = spool.name.partition("-")[0]
            if spool == self._spool or (pid.isdigit() and not _is_alive(int(pid))):
                self._salvage(spool)
        self._spool.mkdir(exist_ok=True, mode=0o700)
        return self._spool

    def clear_spool(self) -> None:
        """Put in place what is left in the spool, and remove it."""
        if self._spool.exists():
            self._salvage(self._spool)

    def free_number(self, stem: str, lowest: int) -> int:
        """Find the first number, from ``lowest`` on, whose recording ``stem-NUMBER`` does not exist."""
        number = lowest
        while self.path(f"{stem}-{number}").exists():
            number += 1
        return number

    def path(self, name: str) -> Path:
        """Return the path that the recording of a name will have."""
        return self._folder / f"{name}{_SUFFIX}"

    def _salvage(self, spool: Path) -> None:
        for left in spool.iterdir():
            target = self._folder / left.name
            if target.exists():
                _log.error("unfinished recording left where it is: its name is taken", path=str(left))
                continue
            left.rename(target)
            _log.warning("unfinished recording saved", path=str(target))
        if not any(spool.iterdir()):
            spool.rmdir()


@dataclass(frozen=True, slots=True)
class RecordedPacket:
    """One RTP packet of a recording; ``at`` is the wall time of its arrival in epoch seconds."""

    at: float
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def read_recording(path: Path) -> Iterator[RecordedPacket]:
    """Read the RTP packets of a recording; a cut-off end, as a dead engine leaves it, ends it quietly."""
    data = path.read_bytes()
    offset = 0
    while offset + _RECORD_HEADER.size <= len(data):
        at, length = _RECORD_HEADER.unpack_from(data, offset)
        offset += _RECORD_HEADER.size
        packet = _parse(at, data[offset : offset + length])
        if packet is not None and offset + length <= len(data):
            yield packet
        offset += length


def _parse(at: float, data: bytes) -> RecordedPacket | None:
    if len(data) < _RTP_HEADER.size or data[0] >> 6 != _RTP_VERSION:
        return None
    flags, second, sequence, timestamp, ssrc = _RTP_HEADER.unpack_from(data)
    start = _RTP_HEADER.size + 4 * (flags & 0x0F)
    if flags & 0x10 and len(data) >= start + 4:
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data) - (data[-1] if flags & 0x20 else 0)
    return RecordedPacket(at, second & 0x7F, sequence, timestamp, ssrc, data[start : max(start, end)])


def write_wav(target: Path, recordings: Sequence[Path]) -> float:
    """Turn G.711 recordings of one stream into one WAV, a channel each; returns its seconds.

    Every packet goes where its timestamp says, so that loss is silence and the channels stay in step. Packets
    of other codecs are passed over.
    """
    channels = [list(read_recording(path)) for path in recordings]
    begin = min((packet.at for channel in channels for packet in channel), default=0.0)
    sounds = [_lay_out(channel, begin) for channel in channels]
    samples = max((len(sound) for sound in sounds), default=0) // 2
    interleaved = array("h", bytes(2 * samples * len(sounds)))
    for number, sound in enumerate(sounds):
        sound.extend(bytes(2 * samples - len(sound)))
        interleaved[number :: len(sounds)] = array("h", sound)
    with wave.open(str(target), "wb") as file:
        file.setnchannels(max(1, len(sounds)))
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(interleaved.tobytes())
    return samples / _RATE


def _lay_out(packets: Sequence[RecordedPacket], begin: float) -> bytearray:
    sound = bytearray()
    anchors: dict[int, tuple[int, int]] = {}
    for packet in packets:
        if packet.payload_type not in (ULAW_PAYLOAD_TYPE, ALAW_PAYLOAD_TYPE):
            continue
        first, place = anchors.setdefault(packet.ssrc, (packet.timestamp, round((packet.at - begin) * _RATE)))
        ahead = (packet.timestamp - first + 2**31) % 2**32 - 2**31
        position = 2 * (place + ahead)
        if not 0 <= position <= 2 * _LONGEST_SAMPLES:
            continue
        table = decode_table(packet.payload_type)
        decoded = b"".join(table[code] for code in packet.payload)
        if len(sound) < position:
            sound.extend(bytes(position - len(sound)))
        sound[position : position + len(decoded)] = decoded
    return sound


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
