"""Telling an outage of the database from a fault of ours: only the one is over by itself."""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_READ_ONLY: Final = "25006"
"""PostgreSQL's state of a server that has become a standby: another one writes now."""

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY: Final = 0xFF
"""SQLite's extended codes have what kind of fault it is in their lowest octet."""


def is_database_outage(error: BaseException) -> bool:
    """Whether the database cannot be asked now: unreachable, locked, full, damaged, or all connections busy.

    A statement that no database would take is none.
    """
    if isinstance(error, BaseExceptionGroup):
        return all(is_database_outage(inner) for inner in error.exceptions)
    if isinstance(error, PoolTimeoutError):
        return True
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or getattr(error.orig, "sqlstate", None) == _READ_ONLY:
            return True
        if isinstance(error.orig, sqlite3.Error):
            return _is_sqlite_outage(error.orig)
        return isinstance(error, (OperationalError, InterfaceError))
    return isinstance(error, sqlite3.Error) and _is_sqlite_outage(error)


def _is_sqlite_outage(error: sqlite3.Error) -> bool:
    """SQLite calls a statement that makes no sense operational, too; its code tells."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & _PRIMARY in _DAMAGED:
        return True
    if code is not None and code & _PRIMARY == sqlite3.SQLITE_ERROR:
        return False
    return isinstance(error, (sqlite3.OperationalError, sqlite3.InterfaceError))
