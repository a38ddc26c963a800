"""One SQLite connection on a thread of its own, spoken to through the driver itself.

For what happens many times a second: a whole transaction is one errand of the thread. The asynchronous engine, which
serves everything else, makes an errand of every statement, every cursor, BEGIN and COMMIT, and each of them wakes the
thread and then the event loop.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final


class SqliteThread:
    """``connect`` makes the connection, in autocommit mode and on the thread, when it is first needed.

    Errors are those of :mod:`sqlite3`.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect: Final = connect
        self._connection: sqlite3.Connection | None = None
        self._thread: Final = ThreadPoolExecutor(1, "sqlite")

    async def first_value(self, statement: str) -> Any:
        """Run a SELECT that gives one row, and return its first column."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._first_value, statement)

    async def write(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each row, all in one transaction."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write, statement, rows)

    async def close(self) -> None:
        """Finish what was asked for, and close the connection."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _first_value(self, statement: str) -> Any:
        return self._open().execute(statement).fetchone()[0]

    def _write(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        connection = self._open()
        # BEGIN IMMEDIATE takes the writer's lock now: waiting for it later could fail at once.
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.executemany(statement, rows)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
