"""Batches of ready rows: the driver's own statements for what is written thousands of times a second.

A row that the database will not take (a NUL or half a character from the wire) must not hold up the others:
such a batch is written row by row, with the texts mended.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import Final

from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection

from trunkline.store.database import Database

Value = str | int | float | None
RowValues = tuple[Value, ...]

_OUTAGES: Final = (
    OperationalError, InterfaceError, PoolTimeoutError, OSError, sqlite3.OperationalError, sqlite3.InterfaceError,
)  # fmt: skip

_log: Final = logging.getLogger(__name__)


def is_outage(error: BaseException) -> bool:
    """Whether the database, not what is written, is at fault: trying again later makes sense."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, _OUTAGES)


def placeholder_of(connection: AsyncConnection) -> str:
    """What stands for a value in a statement of the driver's own."""
    return "?" if connection.dialect.name == "sqlite" else "%s"


def insert_sql(table: Table, placeholder: str, *, skip: frozenset[str] = frozenset()) -> str:
    """An INSERT of every column of a table in its order, but those to skip."""
    names = [column.name for column in table.columns if column.name not in skip]
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join([placeholder] * len(names))})"  # noqa: S608 - our own names


def upsert_sql(table: Table, placeholder: str) -> str:
    """An INSERT that replaces the row of the same primary key."""
    keys = [column.name for column in table.primary_key]
    news = [f"{column.name} = excluded.{column.name}" for column in table.columns if column.name not in keys]
    return f"{insert_sql(table, placeholder)} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {', '.join(news)}"


def delete_sql(table: Table, placeholder: str) -> str:
    """A DELETE by primary key."""
    keys = " AND ".join(f"{column.name} = {placeholder}" for column in table.primary_key)
    return f"DELETE FROM {table.name} WHERE {keys}"  # noqa: S608 - our own names


async def write_batch(database: Database, statement: str, rows: list[RowValues]) -> int:
    """Run a driver's statement for each row in one transaction; return how many were refused for their content.

    Raises what the database raises in an outage; nothing of the batch may be relied on then.
    """
    if not rows:
        return 0
    try:
        await database.write_rows(statement, rows)
    except Exception as error:
        if is_outage(error):
            raise
        return await _write_one_by_one(database, statement, rows)
    return 0


async def _write_one_by_one(database: Database, statement: str, rows: list[RowValues]) -> int:
    refused = 0
    for row in rows:
        try:
            await database.write_rows(statement, [mended(row)])
        except Exception as error:
            if is_outage(error):
                raise
            refused += 1
            _log.exception("A row cannot be written and is left out: %r", row)
    return refused


def mended(row: RowValues) -> RowValues:
    """The row with texts that every database takes: no NUL, no half characters."""
    return tuple(_mended_text(value) if isinstance(value, str) else value for value in row)


def _mended_text(text: str) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
