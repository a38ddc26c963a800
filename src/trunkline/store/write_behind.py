"""Writing behind: callers hand over and go on, one task writes soon after, tries again when it must.

A failing database is logged once when it begins to fail and once when it works again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from trunkline.store.batches import is_outage

FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
CLOSING_TRIES: Final = 3

_log: Final = logging.getLogger(__name__)


class WriteBehind:
    """Calls ``flush`` at most ``delay_s`` seconds after :meth:`wake`, again and again until it succeeds.

    ``failures`` counts the attempts that an outage spoilt. An exception of any other kind is a bug in ``flush``:
    it is logged, and what it had taken is its own loss.
    """

    def __init__(self, name: str, flush: Callable[[], Awaitable[None]], delay_s: float) -> None:
        self._name = name
        self._flush = flush
        self._delay_s = delay_s
        self._waiting = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.failures = 0

    def start(self) -> None:
        """Begin to write. Needs a running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"write behind {self._name}")

    def wake(self) -> None:
        """Something waits to be written."""
        self._waiting.set()

    async def close(self) -> None:
        """Write what waits and stop. An outage is given a few more tries."""
        self._closing.set()
        self._waiting.set()
        if self._task is not None:
            await self._task
            self._task = None

    async def _run(self) -> None:
        while not self._closing.is_set():
            await self._waiting.wait()
            await self._pause(self._delay_s)
            self._waiting.clear()
            await self._flush_until_done()
        await self._flush_until_done()  # what came while the last batch was being written

    async def _flush_until_done(self) -> None:
        pause_s = FIRST_PAUSE_S
        tries = 0
        while True:
            try:
                await self._flush()
            except Exception as error:  # noqa: BLE001 - is_outage tells theirs from ours
                if not is_outage(error):
                    _log.exception("%s: a batch could not be written", self._name)
                    return
                tries += 1
                self._count_failure(error, first=tries == 1)
                if self._closing.is_set() and tries >= CLOSING_TRIES:
                    _log.error("%s: the database still fails; what waited to be written is lost", self._name)
                    return
                if self._closing.is_set():
                    await asyncio.sleep(FIRST_PAUSE_S)
                else:
                    await self._pause(pause_s)
                    pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                if tries:
                    _log.warning("%s: the database works again after %d failures", self._name, tries)
                return

    def _count_failure(self, error: Exception, *, first: bool) -> None:
        self.failures += 1
        if first:
            cause = getattr(error, "orig", None) or error
            _log.error("%s: the database fails (%s); trying again until it works", self._name, cause)

    async def _pause(self, seconds: float) -> None:
        """Wait, but not when the end has come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()
