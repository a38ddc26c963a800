"""Outages of the database, told from statements that no database would take."""

import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from trunkline.store.outage import is_database_outage


def wrapped(kind, original):
    return kind("SELECT 1", {}, original)


def of_sqlite(statement, kind=OperationalError):
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.execute(statement)
    except sqlite3.Error as error:
        return wrapped(kind, error)
    finally:
        connection.close()
    raise AssertionError(statement)


def locked(tmp_path):
    first, second = (sqlite3.connect(tmp_path / "file", timeout=0, isolation_level=None) for _ in range(2))
    first.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError) as caught:
        second.execute("BEGIN IMMEDIATE")
    first.close()
    second.close()
    return caught.value


def test_what_is_over_by_itself_is_an_outage(tmp_path):
    standby = psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT in a read-only transaction")
    for error in (
        PoolTimeoutError("QueuePool limit of size 5 overflow 10 reached"),
        wrapped(OperationalError, psycopg.OperationalError("connection refused")),
        wrapped(OperationalError, psycopg.errors.TooManyConnections("sorry, too many clients already")),
        wrapped(ProgrammingError, standby),
        wrapped(OperationalError, locked(tmp_path)),
        locked(tmp_path),
    ):
        assert is_database_outage(error), error
        assert is_database_outage(ExceptionGroup("a stream", [error]))


def test_a_damaged_file_is_an_outage(tmp_path):
    (tmp_path / "file").write_bytes(b"no database at all " * 100)
    connection = sqlite3.connect(tmp_path / "file")
    with pytest.raises(sqlite3.DatabaseError) as caught:
        connection.execute("SELECT * FROM sqlite_master")
    connection.close()
    assert is_database_outage(caught.value)


def test_what_no_database_would_take_is_a_fault_of_ours():
    for error in (
        of_sqlite("SELECT nonsense FROM nowhere"),
        of_sqlite("NONSENSE"),
        wrapped(ProgrammingError, psycopg.errors.UndefinedTable("relation does not exist")),
        wrapped(IntegrityError, psycopg.errors.UniqueViolation("duplicate key")),
        RuntimeError("x"),
        FileNotFoundError("x"),
        TimeoutError(),
    ):
        assert not is_database_outage(error), error
    mixed = ExceptionGroup("a stream", [RuntimeError("x"), PoolTimeoutError("x")])
    assert not is_database_outage(mixed)
