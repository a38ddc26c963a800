"""Waiting for what another task or process does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Found = TypeVar("Found")


async def until(condition: Callable[[], bool], limit_s: float = 30.0, step_s: float = 0.005) -> None:
    """Wait until something holds. Raises TimeoutError."""
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - what is watched tells nobody
            await asyncio.sleep(step_s)


async def until_found(look: Callable[[], Awaitable[Found]], limit_s: float = 30.0) -> Found:
    """Look again and again until something true is found, and return it. Raises TimeoutError."""
    async with asyncio.timeout(limit_s):
        while not (found := await look()):  # noqa: ASYNC110 - what is looked at tells nobody
            await asyncio.sleep(0.005)
    return found
