"""The engine's life, without processes and without a clock."""

import heapq
import itertools

import pytest

from trunkline.media.supervisor import EngineState, EngineSupervisor


class FakeTimer:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._due = []
        self._count = itertools.count()

    def time(self):
        return self.now

    def call_later(self, delay, callback):
        entry = [self.now + delay, next(self._count), callback]
        heapq.heappush(self._due, entry)
        return FakeDelayed(entry)

    def advance(self, seconds):
        end = self.now + seconds
        while self._due and self._due[0][0] <= end:
            at, _, callback = heapq.heappop(self._due)
            self.now = at
            if callback is not None:
                callback()
        self.now = end


class FakeDelayed:
    def __init__(self, entry) -> None:
        self._entry = entry

    def cancel(self):
        self._entry[2] = None


class FakeCommands:
    def __init__(self) -> None:
        self.waits_s = 0.0
        self.is_idle = True
        self.lines = []
        self.is_closed = False

    def submit(self, line, reply):
        self.lines.append(line)

    def waiting_s(self):
        return self.waits_s

    def close(self):
        self.is_closed = True


class FakeProcess:
    """Launch and engine in one."""

    notify = "fd:6"

    def __init__(self, ready, gone) -> None:
        self.become_ready = lambda: ready(self)
        self.go = gone
        self.commands = FakeCommands()
        self.killed = 0
        self.closed = 0

    def kill(self):
        self.killed += 1

    def close(self):
        self.closed += 1


class World:
    def __init__(self) -> None:
        self.timer = FakeTimer()
        self.processes = []
        self.log = []
        self.supervisor = EngineSupervisor(
            self,
            self.timer,
            hang_timeout_s=3,
            start_timeout_s=10,
            up=lambda engine: self.log.append("up"),
            down=lambda reason: self.log.append(f"down: {reason}"),
            failed=lambda reason: self.log.append(f"failed: {reason}"),
            beat=lambda: self.log.append("beat"),
        )
        self.supervisor.start()

    @property
    def process(self):
        return self.processes[-1]

    def launch(self, ready, gone):
        self.processes.append(FakeProcess(ready, gone))
        return self.process

    def events(self):
        log, self.log = [each for each in self.log if each != "beat"], []
        return log


@pytest.fixture
def world():
    return World()


def test_an_engine_is_there_once_it_is_ready(world):
    assert world.supervisor.engine is None
    world.process.become_ready()
    assert world.supervisor.engine is world.process
    assert world.events() == ["up"]


def test_a_dead_engine_is_told_of_and_the_next_started_at_once(world):
    world.process.become_ready()
    first = world.process
    first.go("crashed")
    assert first.commands.is_closed
    assert world.events() == ["up", "down: crashed"]
    assert len(world.processes) == 2
    world.process.become_ready()
    assert world.supervisor.engine is world.process
    assert world.supervisor.restarts == 1


def test_engines_that_die_young_are_started_after_growing_pauses(world):
    pauses = []
    for _ in range(9):
        world.process.become_ready()
        started = len(world.processes)
        world.process.go("crashed")
        paused = 0.0
        while len(world.processes) == started:
            world.timer.advance(0.25)
            paused += 0.25
        pauses.append(paused)
    assert pauses == [0, 0.5, 1, 2, 4, 8, 10, 10, 10]


def test_an_engine_that_ran_well_is_replaced_at_once_again(world):
    for _ in range(4):
        world.process.become_ready()
        world.process.go("crashed")
        world.timer.advance(10)
    world.process.become_ready()
    world.timer.advance(11)
    started = len(world.processes)
    world.process.go("crashed")
    assert len(world.processes) == started + 1


def test_a_command_unanswered_for_long_kills_the_engine(world):
    world.process.become_ready()
    world.process.commands.waits_s = 3.5
    world.timer.advance(1)
    assert world.process.killed == 0
    world.timer.advance(1)
    hung = world.process
    assert hung.killed == 1
    assert hung.commands.is_closed
    assert world.events() == ["up", "down: unanswered for 3 s"]
    assert world.supervisor.engine is None
    hung.go("killed")
    assert len(world.processes) == 2


def test_an_answer_that_lay_unread_while_we_stalled_kills_no_engine(world):
    world.process.become_ready()
    world.process.commands.waits_s = 30
    world.timer.advance(1)
    world.process.commands.waits_s = 0
    world.timer.advance(1)
    world.process.commands.waits_s = 30
    world.timer.advance(1)
    assert world.process.killed == 0


def test_an_idle_engine_is_asked_whether_it_lives(world):
    world.process.become_ready()
    world.timer.advance(2.5)
    assert world.process.commands.lines == ["V", "V"]
    world.process.commands.is_idle = False
    world.timer.advance(5)
    assert len(world.process.commands.lines) == 2


def test_an_engine_that_does_not_get_ready_is_killed(world):
    world.timer.advance(10)
    assert world.process.killed == 1
    world.process.go("killed")
    assert world.events() == ["failed: killed"]
    assert len(world.processes) == 2


def test_an_engine_ready_too_late_is_not_used(world):
    world.timer.advance(10)
    world.process.become_ready()
    assert world.supervisor.engine is None
    assert world.events() == []


def test_stop_ends_the_engine_in_order_and_starts_no_other(world):
    world.process.become_ready()
    world.supervisor.stop()
    assert world.process.closed == 1
    assert world.process.commands.is_closed
    world.process.go("exit status 0")
    world.timer.advance(60)
    assert len(world.processes) == 1
    assert world.supervisor.state is EngineState.STOPPED


def test_stop_in_a_pause_starts_no_other(world):
    for _ in range(2):
        world.process.become_ready()
        world.process.go("crashed")
    world.supervisor.stop()
    world.timer.advance(60)
    assert len(world.processes) == 2


def test_an_engine_reported_as_failed_is_killed_once(world):
    world.process.become_ready()
    world.supervisor.engine_failed("odd")
    world.supervisor.engine_failed("odd")
    assert world.process.killed == 1
