"""One database: SQLite in the data folder, or PostgreSQL by URL; transactions that read, and that write."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from trunkline.store.faults import StoreFault
from trunkline.store.schema import REVISION
from trunkline.store.sqlite_thread import SqliteThread

FILE_NAME: Final = "trunkline.db"
BUSY_TIMEOUT_S: Final = 10
CONNECT_TIMEOUT_S: Final = 10
CACHE_KIB: Final = 16_384
CHECKPOINT_PAGES: Final = 4_000
"""SQLite copies its log into the file every 16 MB: a page that is written often is copied once."""

WRITERS_KEY: Final = 0x7472_756E
"""The PostgreSQL advisory lock that provisioning writers queue at, so that the change feed commits in order."""

_WRITES: Final = "trunkline_writes"


class Database:
    """An open database whose schema is the newest."""

    def __init__(self, engine: AsyncEngine, sqlite_file: Path | None) -> None:
        self._engine = engine
        self._sqlite_writing = asyncio.Lock()
        self._sqlite_file = sqlite_file
        # Two, as who looks shall not wait for who writes.
        self._looker = SqliteThread(self._connect_directly)
        self._writer = SqliteThread(self._connect_directly)
        self.is_sqlite: Final = sqlite_file is not None
        self.placeholder: Final = "?" if self.is_sqlite else "%s"

    @classmethod
    async def open(cls, data_dir: Path, url: str = "") -> Self:
        """Open the database of ``url``, or the SQLite file of the data folder when it is empty.

        Folder, file and tables are made where they are missing. Raises StoreFault when that is not possible.
        """
        engine = _postgresql(url) if url else _sqlite(data_dir)
        database = cls(engine, None if url else data_dir / FILE_NAME)
        try:
            await database._migrate()
        except (DBAPIError, OSError) as error:
            await database.close()
            raise StoreFault(_unusable(engine.url, error)) from error
        except BaseException:
            await database.close()
            raise
        return database

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that only reads: on SQLite a snapshot that no writer waits for."""
        async with self._engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self, *, serialised: bool = False) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that writes; committed at the end, undone by an exception.

        SQLite has one writer at a time anyway: those of this process queue fairly instead of polling.
        ``serialised``: on PostgreSQL too, one after the other.
        """
        async with (
            self._sqlite_writing if self.is_sqlite else nullcontext(),
            self._engine.connect() as connection,
        ):
            await connection.execution_options(**{_WRITES: True})
            async with connection.begin():
                if serialised and not self.is_sqlite:
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITERS_KEY})
                yield connection

    async def first_value(self, statement: str) -> Any:
        """Run a SELECT that gives one row, and return its first column: for what is looked at many times a second."""
        if self.is_sqlite:
            return await self._looker.first_value(statement)
        async with self.reading() as connection:
            return (await connection.exec_driver_sql(statement)).scalar_one()

    async def write_rows(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run a statement of the driver's once for each row, in one transaction: for what is written all the time."""
        if self.is_sqlite:
            async with self._sqlite_writing:
                await self._writer.write(statement, rows)
            return
        async with self.writing() as connection:
            await connection.exec_driver_sql(statement, list(rows))

    async def close(self) -> None:
        """Close every connection."""
        await self._looker.close()
        await self._writer.close()
        await self._engine.dispose()

    def _connect_directly(self) -> sqlite3.Connection:
        assert self._sqlite_file is not None
        connection = sqlite3.connect(self._sqlite_file, timeout=BUSY_TIMEOUT_S)
        _prepare_sqlite(connection, None)
        return connection

    async def _migrate(self) -> None:
        async with self.reading() as connection:
            found = await connection.run_sync(revision)
        if found == REVISION:
            return
        # Alembic is imported only when there is something to do: it would double the start time of the CLI.
        from trunkline.store.migration import upgrade  # noqa: PLC0415

        async with self.writing(serialised=True) as connection:
            await connection.run_sync(upgrade)


def revision(connection: Connection) -> str | None:
    """The migration that the database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _sqlite(data_dir: Path) -> AsyncEngine:
    path = data_dir / FILE_NAME
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives its journal the mode of the file, so the file is made here, for its owner only.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreFault(
            f"The data folder {data_dir} cannot be used: {error.strerror}; choose another with --data."
        ) from error
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        connect_args={"timeout": BUSY_TIMEOUT_S},
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own idea of transactions would begin them too late; _begin_sqlite does it.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    cursor.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once when another writer came between:
    # those that will write take the lock at their beginning.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(url: str) -> AsyncEngine:
    try:
        parsed = make_url(url)
        if parsed.drivername in {"postgresql", "postgres"}:
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.drivername != "postgresql+psycopg":
            raise StoreFault(
                f"'{parsed.drivername}' is no database of Trunkline; give postgresql://USER@HOST/NAME, "
                "or no URL to use SQLite in the data folder."
            )
        return create_async_engine(
            parsed,
            paramstyle="format",
            # There are hashes among them, and errors are logged.
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S},
        )
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise StoreFault(
            "The database URL cannot be read; write it like postgresql://USER@HOST/NAME."
        ) from error


def _unusable(url: URL, error: Exception) -> str:
    cause = str(getattr(error, "orig", None) or error).strip().splitlines()
    reason = cause[0] if cause else type(error).__name__
    if url.database and url.drivername.startswith("sqlite"):
        return f"{url.database} cannot be used: {reason}; mend or move the file, or choose another folder with --data."
    shown = url.render_as_string(hide_password=True)
    return f"The database {shown} cannot be used: {reason}; check that it runs and that the URL is right."
