"""The stores that the contracts run on: the fake, SQLite, and a real PostgreSQL."""

import asyncio
import shutil

import psycopg
import pytest

from conftest import find_program
from contract.postgresql import PostgresqlServer
from fakes.provisioning_store import FakeProvisioningStore
from trunkline.store.database import Database
from trunkline.store.provisioning_store import SqlProvisioningStore
from trunkline.store.schema import REVISION, metadata

POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.needs("postgres"))


@pytest.fixture(scope="session")
def postgresql_server():
    server = PostgresqlServer(find_program("postgres"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server, tmp_path_factory):
    """The URL of a database that is made once: making one for each test would take most of the time."""
    url = postgresql_server.url(postgresql_server.new_database())

    async def migrate():
        database = await Database.open(tmp_path_factory.mktemp("unused"), url)
        await database.close()

    asyncio.run(migrate())
    return url


@pytest.fixture
def postgresql_url(postgresql_server, migrated_postgresql):
    """The same database, emptied."""
    tables = ", ".join(table.name for table in metadata.sorted_tables)
    with psycopg.connect(migrated_postgresql, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
        connection.execute("UPDATE alembic_version SET version_num = %s", (REVISION,))
    return migrated_postgresql


@pytest.fixture(params=["sqlite", POSTGRESQL])
def database_url(request):
    """Empty for SQLite."""
    if request.param == "sqlite":
        return ""
    return request.getfixturevalue("postgresql_url")


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory):
    """A SQLite file with all tables: to make one for each test would take most of the time."""
    folder = tmp_path_factory.mktemp("migrated")

    async def migrate():
        database = await Database.open(folder)
        await database.close()

    asyncio.run(migrate())
    return folder


@pytest.fixture
def data_folder(tmp_path, migrated_sqlite):
    """A data folder with an empty database in it."""
    folder = tmp_path / "data"
    shutil.copytree(migrated_sqlite, folder)
    return folder


@pytest.fixture
async def database(data_folder, database_url):
    database = await Database.open(data_folder, database_url)
    yield database
    await database.close()


@pytest.fixture
async def second_database(data_folder, database_url, database):
    """The same database, opened by another process as it were."""
    second = await Database.open(data_folder, database_url)
    yield second
    await second.close()


@pytest.fixture(params=["fake", "sqlite", POSTGRESQL])
def store_url(request):
    """None for the fake, empty for SQLite."""
    if request.param == "fake":
        return None
    if request.param == "sqlite":
        return ""
    return request.getfixturevalue("postgresql_url")


@pytest.fixture
async def store(store_url, data_folder):
    if store_url is None:
        yield FakeProvisioningStore()
        return
    database = await Database.open(data_folder, store_url)
    yield SqlProvisioningStore(database)
    await database.close()
