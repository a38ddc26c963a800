"""Keep one media engine running: notice its death or hanging, say so at once, start the next.

The launcher starts engines and reports; the timer tells time. Both are given, so that every path of this
machine can be walked without a process or a clock.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, Protocol

import structlog

from trunkline.media.channel import Reply
from trunkline.media.commands import VERSION

_HEARTBEAT_S: Final = 1.0
# An engine that ran so long is restarted at once again, not after the pause of the one before it.
_STABLE_S: Final = 10.0
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 10.0
_log: Final = structlog.get_logger("trunkline.media")


class Commands(Protocol):
    """Commands under way on a running engine."""

    @property
    def is_idle(self) -> bool:
        """Whether every command was answered."""
        ...

    def submit(self, line: str, reply: Reply) -> None:
        """Send a command."""
        ...

    def waiting_s(self) -> float:
        """Seconds that the oldest unanswered command waits."""
        ...

    def close(self) -> None:
        """Answer None to whatever is pending."""
        ...


class RunningEngine(Protocol):
    """An engine that takes commands."""

    @property
    def commands(self) -> Commands:
        """Its command channel."""
        ...

    @property
    def notify(self) -> str:
        """What commands name as the target of notices."""
        ...


class Launch(Protocol):
    """One engine process, from its start to its end."""

    def kill(self) -> None:
        """End the process whatever it does; its end is reported as always."""
        ...

    def close(self) -> None:
        """Ask the process to end in order; its end is reported as always."""
        ...


class Launcher(Protocol):
    """Starts engine processes."""

    def launch(self, ready: Callable[[RunningEngine], None], gone: Callable[[str], None]) -> Launch:
        """Start one. ``ready`` is called once at most; ``gone``, with a reason, exactly once and last."""
        ...


class Cancellable(Protocol):
    """A delayed call."""

    def cancel(self) -> None:
        """Forget it."""
        ...


class Timer(Protocol):
    """Monotonic time and delayed calls: what an event loop offers."""

    def time(self) -> float:
        """Monotonic seconds."""
        ...

    def call_later(self, delay: float, callback: Callable[[], None]) -> Cancellable:
        """Call something after ``delay`` seconds."""
        ...


class EngineState(Enum):
    """Where the supervisor is with its engine."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    DYING = "dying"
    PAUSING = "pausing"


class EngineSupervisor:
    """Owner of the engine's life."""

    def __init__(
        self,
        launcher: Launcher,
        timer: Timer,
        *,
        hang_timeout_s: float,
        start_timeout_s: float,
        up: Callable[[RunningEngine], None],
        down: Callable[[str], None],
        failed: Callable[[str], None],
        beat: Callable[[], None],
    ) -> None:
        """``up`` and ``down`` tell of an engine that takes commands, ``failed`` of one that never came up."""
        self._launcher = launcher
        self._timer = timer
        self._hang_timeout_s = hang_timeout_s
        self._start_timeout_s = start_timeout_s
        self._up = up
        self._down = down
        self._failed = failed
        self._beat = beat
        self._launch: Launch | None = None
        self._engine: RunningEngine | None = None
        self._delayed: Cancellable | None = None
        self._running_since = 0.0
        self._pause_s = 0.0
        self._is_suspect = False
        self.state = EngineState.STOPPED
        self.restarts = 0

    @property
    def engine(self) -> RunningEngine | None:
        """The engine that takes commands now; None while there is none."""
        return self._engine

    @property
    def is_wanted(self) -> bool:
        """Whether an engine should run: between start and stop."""
        return self.state is not EngineState.STOPPED

    def start(self) -> None:
        """Start an engine."""
        self.state = EngineState.STARTING
        self._delay(self._start_timeout_s, self._start_timed_out)
        self._launch = self._launcher.launch(self._ready, self._gone)

    def stop(self) -> None:
        """End the engine and start no other."""
        self.state = EngineState.STOPPED
        self._cancel_delayed()
        self._lose("stopped")
        if self._launch is not None:
            self._launch.close()

    def engine_failed(self, reason: str) -> None:
        """Replace the running engine: it no longer behaves as one."""
        if self.state in (EngineState.STARTING, EngineState.RUNNING) and self._launch is not None:
            self.state = EngineState.DYING
            self._cancel_delayed()
            _log.error("media engine killed", reason=reason)
            self._lose(reason)
            self._launch.kill()

    def _ready(self, engine: RunningEngine) -> None:
        if self.state is not EngineState.STARTING:
            return
        self.state = EngineState.RUNNING
        self._running_since = self._timer.time()
        self._is_suspect = False
        self._engine = engine
        self._delay(_HEARTBEAT_S, self._heartbeat)
        self._up(engine)

    def _gone(self, reason: str) -> None:
        self._launch = None
        if not self.is_wanted:
            return
        self._cancel_delayed()
        if self._running_since and self._timer.time() - self._running_since >= _STABLE_S:
            self._pause_s = 0.0
        if self._running_since:
            self._lose(reason)
        else:
            self._failed(reason)
        self._restart(reason)

    def _restart(self, reason: str) -> None:
        if not self.is_wanted:
            return
        pause_s = self._pause_s
        self._pause_s = min(pause_s * 2, _LONGEST_PAUSE_S) if pause_s else _FIRST_PAUSE_S
        self._running_since = 0.0
        self.restarts += 1
        _log.error("media engine gone", reason=reason, restart_in_s=pause_s)
        self.state = EngineState.PAUSING
        if pause_s:
            self._delay(pause_s, self.start)
        else:
            self.start()

    def _lose(self, reason: str) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.commands.close()
            self._down(reason)

    def _heartbeat(self) -> None:
        engine = self._engine
        if engine is None:
            return
        hangs = engine.commands.waiting_s() > self._hang_timeout_s
        if hangs and self._is_suspect:
            self.engine_failed(f"unanswered for {self._hang_timeout_s:g} s")
            return
        # Seen twice in a row: after a stall of our own loop the answer may lie unread beside this timer.
        self._is_suspect = hangs
        if engine.commands.is_idle:
            engine.commands.submit(VERSION, _ignore)
        self._delay(_HEARTBEAT_S, self._heartbeat)
        self._beat()

    def _start_timed_out(self) -> None:
        self.engine_failed(f"not ready after {self._start_timeout_s:g} s")

    def _delay(self, seconds: float, action: Callable[[], None]) -> None:
        self._cancel_delayed()
        self._delayed = self._timer.call_later(seconds, action)

    def _cancel_delayed(self) -> None:
        if self._delayed is not None:
            self._delayed.cancel()
            self._delayed = None


def _ignore(_line: str | None) -> None:
    """Take an answer that only had to come."""
