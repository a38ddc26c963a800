"""Mutations for runs without a coverage-guided fuzzer: repeatable from a seed, and fond of what breaks parsers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

_WORDS: Final = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\r\n ", b"\r\n\t", b"\x00", b"\x7f", b"\xff", b"\xc3\xa9", b'"', b'\\"', b"\\", b"<", b">",
    b",", b";", b";;", b"=", b":", b"@", b"?", b"&", b"%", b"%00", b"%zz", b"[", b"]", b"[::1]", b"*", b" ", b"\t", b"/", b"--",
    b"-1", b"0", b"65536", b"4294967296", b"99999999999999999999", b"SIP/2.0", b"sip:", b"tel:", b"Content-Length: 5\r\n",
    b"l: 0\r\n", b"Via: ", b"To: x\r\n", b";tag=x", b";branch=z9hG4bK", b";rport", b";received=", b";lr", b"Digest ", b'nonce="',
    b"qop=auth", b"nc=", b"m=audio 1 RTP/AVP 0\r\n", b"a=", b"c=IN IP6 ::1\r\n", b"o=", b"--b1\r\n", b"boundary=",
)  # fmt: skip
"""What grammars turn on."""


def mutate(generator: random.Random, corpus: Sequence[bytes]) -> bytes:
    """One input made from one of the corpus by a few changes."""
    data = bytearray(generator.choice(corpus))
    for _ in range(generator.choice((1, 1, 1, 2, 2, 3, 5, 8, 13))):
        _change(generator, data, corpus)
    return bytes(data[:70_000])


def _change(generator: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    position = generator.randint(0, len(data))
    length = generator.choice((1, 1, 2, 4, 8, 32, 128))
    match generator.randrange(8):
        case 0:
            data[position : position + 1] = bytes([generator.randrange(256)])
        case 1:
            del data[position : position + length]
        case 2 | 3:
            data[position:position] = generator.choice(_WORDS)
        case 4:
            data[position : position + length] = generator.choice(_WORDS)
        case 5:
            data[position:position] = data[position : position + length] * generator.choice((1, 2, 70, 300))
        case 6:
            other = generator.choice(corpus)
            start = generator.randint(0, len(other))
            data[position : position + length] = other[start : start + generator.choice((16, 64, 256))]
        case _:
            _move_line(generator, data)


def _move_line(generator: random.Random, data: bytearray) -> None:
    """Lines doubled, dropped or moved: what happens to header fields."""
    lines = bytes(data).split(b"\r\n")
    line = generator.choice(lines)
    if generator.random() < 0.5:
        lines.remove(line)
    lines.insert(generator.randint(0, len(lines)), line)
    data[:] = b"\r\n".join(lines)
