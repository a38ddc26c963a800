"""G.711: 16-bit samples to µ-law and A-law bytes and back (ITU-T G.711), by tables made on first use."""

from __future__ import annotations

import sys
from array import array
from functools import cache
from typing import Final

ULAW_PAYLOAD_TYPE: Final = 0
ALAW_PAYLOAD_TYPE: Final = 8
SILENCE: Final = {ULAW_PAYLOAD_TYPE: 0xFF, ALAW_PAYLOAD_TYPE: 0xD5}
"""The byte of a silent sample, by payload type."""

_ULAW_BIAS: Final = 0x84
_ULAW_CLIP: Final = 32635
_ALAW_INVERTED_BITS: Final = 0x55


def encode(samples: array[int], payload_type: int) -> bytes:
    """Encode signed 16-bit samples in the law of a payload type (0 or 8)."""
    table = _encode_table(payload_type)
    return bytes([table[sample & 0xFFFF] for sample in samples])


@cache
def _encode_table(payload_type: int) -> bytes:
    law = _to_ulaw if payload_type == ULAW_PAYLOAD_TYPE else _to_alaw
    return bytes(law(code - 65536 if code >= 32768 else code) for code in range(65536))


@cache
def decode_table(payload_type: int) -> tuple[bytes, ...]:
    """Each of the 256 codes of a payload type's law as a 16-bit sample in this machine's byte order."""
    law = _from_ulaw if payload_type == ULAW_PAYLOAD_TYPE else _from_alaw
    return tuple(law(code).to_bytes(2, sys.byteorder, signed=True) for code in range(256))


def decode(payload: bytes, payload_type: int) -> array[int]:
    """Decode bytes of a payload type's law (0 or 8) into signed 16-bit samples."""
    table = decode_table(payload_type)
    return array("h", b"".join([table[code] for code in payload]))


def _to_ulaw(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _ULAW_CLIP) + _ULAW_BIAS
    segment = max(0, magnitude.bit_length() - 8)
    return ~(sign | segment << 4 | (magnitude >> (segment + 3)) & 0x0F) & 0xFF


def _from_ulaw(code: int) -> int:
    bits = ~code & 0xFF
    magnitude = (((bits & 0x0F) << 3) + _ULAW_BIAS << (bits >> 4 & 7)) - _ULAW_BIAS
    return -magnitude if bits & 0x80 else magnitude


def _to_alaw(sample: int) -> int:
    # Negative values are counted from -1, so that the two halves mirror each other.
    sign, magnitude = (0x80, sample) if sample >= 0 else (0, ~sample)
    segment = max(0, magnitude.bit_length() - 8)
    mantissa = magnitude >> (segment + 3 if segment else 4) & 0x0F
    return (sign | segment << 4 | mantissa) ^ _ALAW_INVERTED_BITS


def _from_alaw(code: int) -> int:
    bits = code ^ _ALAW_INVERTED_BITS
    segment = bits >> 4 & 7
    magnitude = ((bits & 0x0F) << 4) + 8
    if segment:
        magnitude = magnitude + 0x100 << (segment - 1)
    return magnitude if bits & 0x80 else -magnitude
