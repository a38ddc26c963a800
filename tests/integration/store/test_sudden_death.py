"""What is on disk when a process is killed, and when it is asked to stop."""

import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trunkline.domain.cdr import EndCause
from trunkline.sip.flow import Listener
from trunkline.store.bindings import listener_text, load_bindings
from trunkline.store.cdrs import CdrWriter, open_calls
from trunkline.store.database import FILE_NAME, Database

CHILD = Path(__file__).with_name("writing_process.py")
LISTENER = Listener("udp", "127.0.0.1", 5060)
COMMITTING_S = 2.0
"""What a commit may take on a busy machine and disk, beyond the delays that are promised."""


@pytest.fixture
def run_until(tmp_path):
    """Run the writing process until it has worked for some seconds, end it, and say what it did and when it ended."""

    def run(seconds, end):
        with subprocess.Popen([sys.executable, CHILD, tmp_path], stdout=subprocess.PIPE, text=True) as child:
            first = child.stdout.readline()
            time.sleep(seconds)
            ended_at = time.monotonic()
            child.send_signal(end)
            lines = [first, *child.stdout]
            status = child.wait()
        done = [
            (int(number), float(at))
            for _, number, at in (line.split() for line in lines if line.endswith("\n"))
        ]
        return status, done, ended_at

    return run


async def on_disk(tmp_path):
    database = await Database.open(tmp_path)
    try:
        bindings = await load_bindings(database, {listener_text(LISTENER): LISTENER}, time.time())
        calls = await open_calls(database)
    finally:
        await database.close()
    return {one.call_id for one in bindings}, {one.call_id for one in calls}


async def test_a_killed_process_loses_no_more_than_a_second_of_bindings(run_until, tmp_path):
    status, done, ended_at = run_until(1.5 + COMMITTING_S, signal.SIGKILL)
    assert status == -signal.SIGKILL
    bindings, _ = await on_disk(tmp_path)
    settled = {f"call-{number}" for number, at in done if at < ended_at - 1.0 - COMMITTING_S}
    assert len(settled) > 20
    assert settled <= bindings


async def test_a_killed_process_loses_no_call_answered_a_fifth_of_a_second_ago(run_until, tmp_path):
    _, done, ended_at = run_until(0.7 + COMMITTING_S, signal.SIGKILL)
    _, calls = await on_disk(tmp_path)
    settled = {f"call-{number}" for number, at in done if at < ended_at - 0.2 - COMMITTING_S}
    assert len(settled) > 20
    assert settled <= calls


async def test_calls_of_a_killed_process_are_closed_as_interrupted_at_the_next_start(run_until, tmp_path):
    run_until(0.5, signal.SIGKILL)
    _, calls = await on_disk(tmp_path)
    database = await Database.open(tmp_path)
    writer = CdrWriter(database, clock=None)
    closed = await writer.interrupt_open_calls(time.time())
    assert {one.call_id for one in closed} == calls
    assert {one.end_cause for one in closed} == {EndCause.INTERRUPTED}
    assert all(one.answered_at <= one.ended_at <= time.time() for one in closed)
    assert await open_calls(database) == []
    await database.close()


async def test_a_process_that_is_asked_to_stop_loses_nothing(run_until, tmp_path):
    status, done, _ = run_until(0.7, signal.SIGTERM)
    assert status == 0
    everything = {f"call-{number}" for number, _ in done}
    assert await on_disk(tmp_path) == (everything, everything)


def test_a_killed_import_leaves_a_sound_database(tmp_path):
    data = tmp_path / "data"
    program = [sys.executable, "-m", "trunkline", "--data", data]
    subprocess.run([*program, "realm", "add", "desk"], check=True, capture_output=True)
    lines = tmp_path / "credentials.csv"
    lines.write_text("".join(f"user{number},desk,password{number}\n" for number in range(60_000)))
    with subprocess.Popen([*program, "credential", "import", lines], stdout=subprocess.DEVNULL) as child:
        limit = time.monotonic() + 90
        while _count(data) < 2000 and time.monotonic() < limit and child.poll() is None:
            time.sleep(0.02)
        child.kill()
    count = _count(data)
    assert 2000 <= count < 60_000
    with sqlite3.connect(data / FILE_NAME) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        told = connection.execute("SELECT count(*) FROM changes WHERE noun = 'credential'").fetchone()[0]
    connection.close()
    assert told == count
    again = subprocess.run(
        [*program, "credential", "list", "--limit", "1"], check=True, capture_output=True, text=True
    )
    assert "user0" in again.stdout


def _count(data):
    connection = sqlite3.connect(data / FILE_NAME)
    try:
        return connection.execute("SELECT count(*) FROM credentials").fetchone()[0]
    finally:
        connection.close()
