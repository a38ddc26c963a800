"""A change by the command line, seen by a running server."""

import asyncio
import subprocess
import sys

from fakes.waiting import until
from trunkline.domain.directory import Directory
from trunkline.store.database import Database
from trunkline.store.directory_feed import DirectoryFeed


async def test_a_command_takes_effect_in_a_running_server(tmp_path):
    database = await Database.open(tmp_path)
    directory = Directory()
    feed = DirectoryFeed(database, directory)
    await feed.load()
    following = asyncio.create_task(feed.follow())
    program = [sys.executable, "-m", "trunkline", "--data", tmp_path]
    for arguments in (
        ["realm", "add", "--fqdn", "desk.example.net"],
        ["credential", "add", "alice", "--generate"],
    ):
        await asyncio.to_thread(subprocess.run, [*program, *arguments], check=True, capture_output=True)
    await until(lambda: directory.credential("alice@desk.example.net") is not None)
    following.cancel()
    await asyncio.wait([following])
    await database.close()
