"""A store whose writers go on when the running server knows what they wrote: who is told of a credential can use it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import structlog

from trunkline.provisioning.ports import ProvisioningStore, Transaction

_log: Final = structlog.get_logger("trunkline")


class PromptStore:
    """A ``ProvisioningStore`` within a server. ``catch_up`` brings what was committed into its directory."""

    def __init__(self, store: ProvisioningStore, catch_up: Callable[[], Awaitable[object]]) -> None:
        self._store = store
        self._catch_up = catch_up

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that only reads."""
        return self._store.reading()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Transaction]:
        """Open a transaction that may write; at its end the server has seen what it wrote."""
        async with self._store.writing() as rows:
            yield rows
        try:
            await self._catch_up()
        except Exception as error:  # noqa: BLE001 - it is written: that it shows later is no failure of the writer
            _log.warning("a change shows a little later", error=str(error))
