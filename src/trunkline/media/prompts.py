"""Write prompts in the form that the engine plays: raw G.711 beside each other as ``NAME.0`` and ``NAME.8``.

The engine picks the file by the codec a party negotiated and cannot convert. A prompt is written once: its
name tells its content, and files in place are kept. A prompt longer than a minute takes a noticeable part of
a second to encode; such ones belong to start-up, not into a call.
"""

from __future__ import annotations

import hashlib
import math
import os
import wave
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from trunkline.media.g711 import ALAW_PAYLOAD_TYPE, SILENCE, ULAW_PAYLOAD_TYPE, encode

_RATE: Final = 8000
# The engine sends whole packets of 20 ms only; a shorter tail would be cut off.
_PACKET_SAMPLES: Final = 160
_FULL_SCALE: Final = 32767


class PromptError(ValueError):
    """A sound cannot become a prompt; the text says why and how to mend it."""


class PromptLibrary:
    """Prompts in one folder. Every method returns what ``MediaEngine.play`` takes as ``prompt``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tone(self, frequencies_hz: Sequence[float], seconds: float, *, level_dbfs: float = -12.0) -> str:
        """Write a tone of one or more frequencies; 0 dBFS is full scale of the sum. No frequency: silence."""
        if not 0 < seconds <= 3600:
            raise PromptError("a tone lasts more than 0 and at most 3600 seconds")
        name = "-".join(
            ["tone", *(f"{each:g}" for each in frequencies_hz), f"{seconds:g}s", f"{-level_dbfs:g}dB"]
        )
        if not self._has(name):
            self._write(name, _tone_samples(frequencies_hz, seconds, level_dbfs))
        return name

    def wav(self, path: Path) -> str:
        """Take a WAV file of 16-bit PCM, 8 kHz, mono. Raises PromptError for any other."""
        content = path.read_bytes()
        name = f"wav-{hashlib.sha256(content).hexdigest()[:32]}"
        if not self._has(name):
            self._write(name, _wav_samples(path))
        return name

    def _has(self, name: str) -> bool:
        return all((self._folder / f"{name}.{payload_type}").exists() for payload_type in SILENCE)

    def _write(self, name: str, samples: array[int]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for payload_type in (ULAW_PAYLOAD_TYPE, ALAW_PAYLOAD_TYPE):
            encoded = encode(samples, payload_type)
            missing = -len(encoded) % _PACKET_SAMPLES
            target = self._folder / f"{name}.{payload_type}"
            # Renamed when whole: the engine must never play the half of a file.
            part = target.with_name(f"{target.name}.part{os.getpid()}")
            part.write_bytes(encoded + bytes([SILENCE[payload_type]]) * missing)
            part.replace(target)


def _tone_samples(frequencies_hz: Sequence[float], seconds: float, level_dbfs: float) -> array[int]:
    amplitude = _FULL_SCALE * 10 ** (min(0.0, level_dbfs) / 20) / max(1, len(frequencies_hz))
    steps = [2 * math.pi * frequency / _RATE for frequency in frequencies_hz]
    return array(
        "h",
        [
            round(amplitude * sum(math.sin(step * at) for step in steps))
            for at in range(round(seconds * _RATE))
        ],
    )


def _wav_samples(path: Path) -> array[int]:
    try:
        with wave.open(str(path), "rb") as file:
            shape = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise PromptError(f"{path.name} is not a WAV file of PCM: {error}") from error
    if shape != (1, 2, _RATE):
        raise PromptError(
            f"{path.name} has {shape[0]} channels of {8 * shape[1]} bits at {shape[2]} Hz; "
            "convert it to one channel of 16 bits at 8000 Hz"
        )
    if not frames:
        raise PromptError(f"{path.name} is empty")
    return array("h", frames)
