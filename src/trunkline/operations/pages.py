"""Pages over tables in memory that are too long to be looked through in one go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final, TypeVar

MOST_AT_ONCE: Final = 200
"""How many rows are looked at before SIP gets its turn again: less than a millisecond's work."""

LARGEST_PAGE: Final = 1_000

_T = TypeVar("_T")


async def in_pieces(rows: Sequence[_T], size: int = MOST_AT_ONCE) -> AsyncIterator[Sequence[_T]]:
    """Slices of a list, with a turn for everybody else between them."""
    for start in range(0, len(rows), size):
        if start:
            await asyncio.sleep(0)
        yield rows[start : start + size]


def page_size(limit: int) -> int:
    """A page size that was asked for, brought between 1 and :data:`LARGEST_PAGE`."""
    return max(1, min(limit, LARGEST_PAGE))
