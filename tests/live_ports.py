"""Ports of 127.0.0.1 and ::1 for tests that cannot have a network of their own.

Several runs may go on side by side. Each claims a block of ports by holding a socket in it, below the ports that the
system gives away by itself: whatever asks for any free port gets none of these.
"""

from __future__ import annotations

import atexit
import itertools
import socket
from functools import cache
from typing import Final

_FIRST: Final = 12_000
_LAST: Final = 31_999
_SIZE: Final = 1_000

MEDIA_PORTS: Final = 700
SMALL_PORTS: Final = 40
_SINGLE_FROM: Final = 800


class PortBlock:
    """Some ports that no other run uses while this object is open.

    ``media`` and ``small`` are the first and last of a range for a media engine; ``pair`` gives two single ones.
    """

    def __init__(self) -> None:
        self._first, self._claim = _claim()
        self.media = self._first, self._first + MEDIA_PORTS - 1
        self.small = self._first + MEDIA_PORTS, self._first + MEDIA_PORTS + SMALL_PORTS - 1
        self._pairs = itertools.cycle(range(self._first + _SINGLE_FROM, self._first + _SIZE - 2, 2))

    def pair(self) -> int:
        """An even port; it and the next one were not given away lately."""
        return next(self._pairs)

    def close(self) -> None:
        """Give the ports back."""
        self._claim.close()


def _claim() -> tuple[int, socket.socket]:
    for first in range(_FIRST, _LAST, _SIZE):
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", first + _SIZE - 1))
        except OSError:
            claim.close()
        else:
            return first, claim
    raise RuntimeError("there is no free block of ports")


@cache
def own_ports() -> PortBlock:
    """The block of this process."""
    block = PortBlock()
    atexit.register(block.close)
    return block
