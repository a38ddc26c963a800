"""The schema: what the migrations make is what the code means, on both databases."""

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from trunkline.store.database import Database, revision
from trunkline.store.faults import StoreFault
from trunkline.store.migration import head
from trunkline.store.schema import REVISION, metadata


def test_the_code_knows_the_newest_migration():
    assert head() == REVISION


async def test_migrations_make_the_tables_of_the_code(database):
    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with database.reading() as connection:
        assert await connection.run_sync(revision) == REVISION
        assert await connection.run_sync(differences) == []


async def test_many_may_open_an_empty_database_at_once(tmp_path, request, database_url):
    if database_url:
        server = request.getfixturevalue("postgresql_server")
        database_url = server.url(server.new_database())
    opened = await asyncio.gather(*(Database.open(tmp_path / "fresh", database_url) for _ in range(4)))
    for database in opened:
        async with database.reading() as connection:
            assert await connection.run_sync(revision) == REVISION
        await database.close()


async def test_a_database_of_a_newer_version_is_left_alone(database, tmp_path, database_url):
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreFault, match="another version of Trunkline"):
        await Database.open(tmp_path / "data", database_url)
    async with database.reading() as connection:
        assert await connection.run_sync(revision) == "9999"
