"""Opening data folders: made where missing, closed to others, refused with a sentence."""

import os
import sqlite3

import pytest

from trunkline.store.database import FILE_NAME, Database
from trunkline.store.faults import StoreFault


def mode(path):
    return path.stat().st_mode & 0o777


async def test_a_new_folder_and_its_files_belong_to_their_owner_only(tmp_path):
    folder = tmp_path / "a" / "b"
    before = os.umask(0)
    try:
        database = await Database.open(folder)
    finally:
        os.umask(before)
    async with database.writing() as connection:
        await connection.exec_driver_sql("INSERT INTO changes (noun, key) VALUES ('account', '1')")
        assert mode(folder) == 0o700
        assert {path.name: mode(path) for path in folder.iterdir()} == {
            FILE_NAME: 0o600, f"{FILE_NAME}-wal": 0o600, f"{FILE_NAME}-shm": 0o600,
        }  # fmt: skip
    await database.close()


async def test_readers_go_on_while_another_process_writes(tmp_path):
    database = await Database.open(tmp_path)
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO changes (noun, key) VALUES ('account', '1')")
    async with database.reading() as connection:
        result = await connection.exec_driver_sql("SELECT count(*) FROM changes")
        assert result.scalar_one() == 0
    other.execute("COMMIT")
    other.close()
    await database.close()


async def test_references_are_kept(tmp_path):
    database = await Database.open(tmp_path)
    async with database.reading() as connection:
        assert (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar_one() == 1
        assert (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one() == "wal"
    await database.close()


async def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / FILE_NAME).write_text("a letter to a friend, long enough to be read as a header " * 20)
    with pytest.raises(StoreFault, match=rf"{FILE_NAME} cannot be used: file is not a database"):
        await Database.open(tmp_path)


async def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreFault, match="choose another with --data"):
        await Database.open(tmp_path / "data")


@pytest.mark.parametrize(
    "url", ["mysql://u:s3cret@db.example/x", "nonsense", "postgresql://u:s3cret@:port/x"]
)
async def test_urls_that_name_no_database_are_refused_without_their_password(tmp_path, url):
    with pytest.raises(StoreFault) as fault:
        await Database.open(tmp_path, url)
    assert "postgresql://USER@HOST/NAME" in fault.value.sentence
    assert "s3cret" not in fault.value.sentence


async def test_a_server_that_is_not_there_is_named_without_the_password(tmp_path, unused_tcp_port):
    with pytest.raises(StoreFault) as fault:
        await Database.open(tmp_path, f"postgresql://trunkline:s3cret@127.0.0.1:{unused_tcp_port}/trunkline")
    assert f"127.0.0.1:{unused_tcp_port}/trunkline cannot be used" in fault.value.sentence
    assert "s3cret" not in fault.value.sentence
    assert "\n" not in fault.value.sentence
