"""The engine's process: its death, its end with its parent, its start."""

# ruff: noqa: ASYNC220, ASYNC240 (files and processes are what is tested; nobody else waits)

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import trunkline
from fakes.waiting import until
from live_ports import own_ports
from trunkline.domain.media import (
    LocalMedia,
    MediaFailureCause,
    MediaStatistics,
    RemoteMedia,
    Side,
    StreamsLost,
)
from trunkline.media import process
from trunkline.media.embedded import EmbeddedMediaEngine, MediaEngineStartError
from trunkline.media.settings import MediaInterface, MediaSettings

from .conftest import Studio

FAR = RemoteMedia("127.0.0.1", 5000, trusted=False, payload_types=(0,))


def is_running(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


async def test_a_killed_engine_loses_its_streams_and_new_ones_are_served_at_once(studio):
    alice, bob = await studio.peer(), await studio.peer()
    await studio.bridge("s1", alice, bob)
    killed = studio.engine.worker_pid
    os.kill(killed, signal.SIGKILL)
    assert await studio.event(StreamsLost) == StreamsLost(("s1",))
    await until(lambda: studio.engine.is_running)
    assert studio.engine.worker_pid != killed
    for_alice, for_bob = await studio.bridge("s2", alice, bob)
    alice.start(for_alice)
    bob.start(for_bob)
    await asyncio.gather(alice.wait_heard(10), bob.wait_heard(10))
    assert isinstance(await studio.ask(studio.engine.close, "s1"), MediaStatistics)


async def test_commands_under_way_when_the_engine_dies_are_answered(studio):
    answers = []
    os.kill(studio.engine.worker_pid, signal.SIGSTOP)
    for number in range(100):
        studio.engine.set_remote(f"s{number}", Side.CALLER, FAR, "ip4", answers.append)
    await asyncio.sleep(0.05)
    assert answers == []
    os.kill(studio.engine.worker_pid, signal.SIGKILL)
    await until(lambda: len(answers) == 100)
    assert {answer.cause for answer in answers} == {MediaFailureCause.UNAVAILABLE}
    assert studio.events == []


@pytest.mark.parametrize("settings", [{"hang_timeout_s": 2}], indirect=True)
async def test_an_engine_that_hangs_is_replaced(studio):
    await studio.set("s1", Side.CALLER, FAR)
    hung = studio.engine.worker_pid
    os.kill(hung, signal.SIGSTOP)
    assert await studio.event(StreamsLost) == StreamsLost(("s1",))
    await until(lambda: studio.engine.is_running)
    assert not is_running(hung)
    await studio.set("s2", Side.CALLER, FAR)


async def test_a_recording_under_way_when_the_engine_dies_is_saved(studio):
    alice, bob = await studio.peer(), await studio.peer()
    for_alice, _ = await studio.bridge("s1", alice, bob)
    path = Path(await studio.ask(studio.engine.record, "s1", Side.CALLER))
    alice.start(for_alice)
    await bob.wait_heard(60)
    assert not path.exists()
    os.kill(studio.engine.worker_pid, signal.SIGKILL)
    await studio.event(StreamsLost)
    await until(lambda: studio.engine.is_running)
    assert path.stat().st_size > 0


async def test_stopping_puts_recordings_in_place_and_leaves_no_process(settings):
    studio = Studio(settings)
    await studio.engine.start()
    alice, bob = await studio.peer(), await studio.peer()
    for_alice, _ = await studio.bridge("s1", alice, bob)
    path = Path(await studio.ask(studio.engine.record, "s1", Side.CALLER))
    alice.start(for_alice)
    await bob.wait_heard(20)
    pid = studio.engine.worker_pid
    began = time.monotonic()
    await studio.close()
    assert time.monotonic() - began < process._GRACE_S, "it was killed, it did not end by itself"
    assert not is_running(pid)
    assert path.stat().st_size > 20 * 172
    assert studio.events == []
    assert not list((settings.recordings_folder / ".spool").iterdir())


async def test_a_terminals_interrupt_and_a_service_managers_term_leave_media_alone(studio):
    alice, bob = await studio.peer(), await studio.peer()
    for_alice, _ = await studio.bridge("s1", alice, bob)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(studio.engine.worker_pid, number)
    await asyncio.sleep(0.1)
    alice.start(for_alice)
    await bob.wait_heard(10)
    assert studio.engine.restarts == 0


async def test_an_address_that_is_not_ours_is_told_at_the_start(tmp_path):
    settings = MediaSettings(tmp_path / "r", tmp_path / "p", (MediaInterface("ip4", "192.0.2.1"),))
    engine = EmbeddedMediaEngine(settings, lambda event: None)
    with pytest.raises(MediaEngineStartError, match=r"media interface ip4: 192\.0\.2\.1 cannot be used"):
        await engine.start()
    assert not engine.is_running


async def test_the_engine_starts_again_after_a_stop(settings):
    for _ in range(2):
        studio = Studio(settings)
        await studio.engine.start()
        assert isinstance(await studio.set("s1", Side.CALLER, FAR), LocalMedia)
        await studio.close()


PARENT = """
import asyncio, sys
from pathlib import Path
from trunkline.domain.media import RemoteMedia, Side
from trunkline.media.embedded import EmbeddedMediaEngine
from trunkline.media.settings import MediaSettings

async def main():
    folder = Path(sys.argv[1])
    engine = EmbeddedMediaEngine(MediaSettings(folder / "r", folder / "p", port_min=int(sys.argv[2]), port_max=int(sys.argv[3])), print)
    await engine.start()
    far = RemoteMedia("127.0.0.1", 5000, trusted=False, payload_types=(0,))
    for side in Side:
        engine.set_remote("s1", side, far, "ip4", lambda answer: None)
    engine.record("s1", Side.CALLER, lambda path: print(engine.worker_pid, path, flush=True))
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_dead_parent_takes_the_engine_with_it_and_its_recordings_are_put_in_place(tmp_path, number):
    source = str(Path(trunkline.__file__).parents[1])
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), *map(str, own_ports().media)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": source},
    )
    try:
        words = (await asyncio.to_thread(parent.stdout.readline)).decode().split(maxsplit=1)
        pid, recording = int(words[0]), Path(words[1].strip())
        assert is_running(pid)
        parent.send_signal(number)
        await asyncio.to_thread(parent.wait)
        await until(lambda: not is_running(pid))
        assert recording.exists()
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
