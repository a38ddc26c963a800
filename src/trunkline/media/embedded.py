"""The embedded media engine: rtpproxy in a supervised child process, behind the port ``MediaEngine``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from pathlib import PurePath
from typing import Final, TypeVar

import structlog

from trunkline.domain.media import (
    NOWHERE,
    DigitReceived,
    LocalMedia,
    MediaEvent,
    MediaFailure,
    MediaFailureCause,
    MediaStatistics,
    RemoteMedia,
    Side,
    StreamSilent,
    StreamsLost,
)
from trunkline.media import commands, replies
from trunkline.media.channel import Reply
from trunkline.media.commands import CommandError, Destination
from trunkline.media.doorbell import Doorbell
from trunkline.media.figures import FiguresRequest
from trunkline.media.process import WorkerLauncher
from trunkline.media.recordings import RecordingsFolder
from trunkline.media.replies import UNAVAILABLE, refused
from trunkline.media.settings import MediaSettings
from trunkline.media.streams import Stream, StreamTable
from trunkline.media.supervisor import EngineSupervisor, Launcher, RunningEngine

_PROMPT_PACKET_MS: Final = 20
_LONGEST_SWEEP_BEATS: Final = 15
_EXHAUSTED_PAUSE_S: Final = 0.05
_T = TypeVar("_T")
_log: Final = structlog.get_logger("trunkline.media")


class MediaEngineStartError(Exception):
    """The media engine cannot be started; the text says why."""


class EmbeddedMediaEngine:
    """A ``MediaEngine`` on this machine. Made and used on one running event loop; it never waits for an answer.

    Figures of every stream are read every 15 seconds at least, so that those of a stream that fell silent are exact and
    those of a stream whose engine died are at hand.
    """

    def __init__(
        self,
        settings: MediaSettings,
        on_event: Callable[[MediaEvent], None],
        *,
        loop: asyncio.AbstractEventLoop | None = None,
        launcher: Launcher | None = None,
    ) -> None:
        self._settings = settings
        self._on_event = on_event
        self._loop = loop or asyncio.get_running_loop()
        self._streams = StreamTable()
        self._recordings = RecordingsFolder(settings.recordings_folder)
        self._worker = WorkerLauncher(settings, self._recordings, self.take_notice)
        self._started: asyncio.Future[None] | None = None
        # Asked for with every call: worked out once.
        self._capacity = settings.stream_capacity
        self._serves_loopback = settings.serves_loopback
        self._own = {interface.ip for interface in settings.interfaces} | {
            ip_address(interface.advertised) for interface in settings.interfaces if interface.advertised
        }
        self._versions = {interface.name: interface.ip.version for interface in settings.interfaces}
        self._doorbell = Doorbell()
        self._closed_some = False
        self._beats = 0
        # Often enough that every stream is read between its last packet and the end of its silence.
        self._sweep_beats = max(1, min(_LONGEST_SWEEP_BEATS, settings.silence_timeout_s // 2))
        self._supervisor = EngineSupervisor(
            launcher or self._worker,
            self._loop,
            hang_timeout_s=settings.hang_timeout_s,
            start_timeout_s=settings.start_timeout_s,
            up=self._up,
            down=self._down,
            failed=self._failed_to_start,
            beat=self.beat,
        )

    @property
    def is_running(self) -> bool:
        """Whether the engine takes commands now."""
        return self._supervisor.engine is not None

    @property
    def restarts(self) -> int:
        """How many times a dead engine was replaced."""
        return self._supervisor.restarts

    @property
    def open_streams(self) -> int:
        """How many streams are open or being opened."""
        return len(self._streams)

    @property
    def worker_pid(self) -> int | None:
        """Process id of the worker; None while there is none."""
        return self._worker.pid

    async def start(self) -> None:
        """Start the engine. Raises MediaEngineStartError when it does not come up."""
        self._started = self._loop.create_future()
        self._supervisor.start()
        try:
            await self._started
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the engine and every stream; recordings are put in place, no event is sent."""
        self._supervisor.stop()
        self._doorbell.close()
        await self._worker.wait_ended()

    # The port ``MediaEngine``: its docstrings are the contract.

    def set_remote(
        self,
        stream: str,
        side: Side,
        remote: RemoteMedia | None,
        facing: str,
        done: Callable[[LocalMedia | MediaFailure], None],
    ) -> None:
        """Tell where ``side`` receives; ``done`` gets the port that faces the other side."""
        engine = self._supervisor.engine
        if engine is None:
            self._later(done, UNAVAILABLE)
            return
        found = self._streams.find(stream)
        if found is not None and not found.is_open:
            again = partial(self.set_remote, stream, side, remote, facing, done)
            found.waiting.append(partial(_unless_failed, again, done))
            return
        if found is not None and found.party(side).granted == (remote, facing):
            local = found.party(side).local
            assert local is not None
            self._later(done, local)
            return
        if found is None and len(self._streams) >= self._capacity:
            # Searching a full range in vain keeps the engine from other commands for tens of milliseconds.
            self._later(done, MediaFailure(MediaFailureCause.EXHAUSTED, "as many streams as there are ports"))
            return
        try:
            where, interface = self._check(found, side, remote, facing)
            opened = found or Stream(stream, opener=side)
            tell, new_port = opened.take(side, remote, where, interface)
            command = opened.command(side, tell, new_port=new_port, silence_s=self._new_limit(opened))
            line = commands.set_party(command, engine.notify)
        except CommandError as error:
            _log.warning("media refused", stream=stream[:40], reason=str(error))
            self._later(done, refused(str(error)))
            return
        self._streams.add(opened)
        opened.party(side).granted = None
        granted = partial(self._granted, opened, side, (remote, facing), done)
        engine.commands.submit(line, partial(self._retry_exhausted, line, granted))

    def play(
        self, stream: str, to: Side, prompt: str, repeat: int, done: Callable[[MediaFailure | None], None]
    ) -> None:
        """Play a prompt file towards a side ``repeat`` times (-1: until stopped)."""
        engine, found = self._supervisor.engine, self._streams.find(stream)
        if engine is None or found is None:
            self._later(done, UNAVAILABLE if engine is None else refused("no such stream"))
            return
        if not found.is_open:
            found.waiting.append(
                partial(_unless_failed, partial(self.play, stream, to, prompt, repeat, done), done)
            )
            return
        if not (found.caller.is_set and found.callee.is_set):
            self._later(done, refused("nothing plays before both sides were set"))
            return
        try:
            # A prompt takes its packet time from the other side's settings; left there, it would go on
            # cutting and renumbering what that side sends.
            on = commands.set_party(found.command(to.other, packet_time_ms=_PROMPT_PACKET_MS), engine.notify)
            line = commands.play(stream, to, self._prompt_path(prompt), repeat)
            off = commands.set_party(found.command(to.other), engine.notify)
        except CommandError as error:
            self._later(done, refused(str(error)))
            return
        engine.commands.submit(on, _ignore)
        engine.commands.submit(line, lambda answer: done(replies.read_done(answer)))
        engine.commands.submit(off, _ignore)

    def stop_play(self, stream: str, to: Side) -> None:
        """Stop what plays towards a side; nothing happens when nothing plays."""
        self._submit_if_open(stream, partial(commands.stop_play, stream, to))

    def record(self, stream: str, side: Side, done: Callable[[str | MediaFailure], None]) -> None:
        """Start to record what ``side`` sends; ``done`` gets the path the recording will have."""
        engine, found = self._supervisor.engine, self._streams.find(stream)
        if engine is None or found is None:
            self._later(done, UNAVAILABLE if engine is None else refused("no such stream"))
            return
        if not found.is_open:
            found.waiting.append(partial(_unless_failed, partial(self.record, stream, side, done), done))
            return
        party = found.party(side)
        if party.recording is not None:
            self._later(done, party.recording)
            return
        stem = f"{stream}-{side.value}"
        party.recordings = self._recordings.free_number(stem, party.recordings + 1)
        name = f"{stem}-{party.recordings}"
        party.recording = str(self._recordings.path(name))

        def answered(line: str | None) -> None:
            failure = replies.read_done(line)
            if failure is not None:
                party.recording = None
            done(failure or str(self._recordings.path(name)))

        engine.commands.submit(commands.record(stream, side, name), answered)

    def stop_record(self, stream: str, side: Side) -> None:
        """End a side's recording and leave its file in place; nothing happens when none runs."""
        found = self._streams.find(stream)
        if found is not None and found.party(side).recording is not None:
            found.party(side).recording = None
            self._submit_if_open(stream, partial(commands.stop_record, stream, side))

    def query(self, stream: str, done: Callable[[MediaStatistics | MediaFailure], None]) -> None:
        """Ask for the figures of a stream so far."""
        engine, found = self._supervisor.engine, self._streams.find(stream)
        if engine is None or found is None:
            self._later(done, UNAVAILABLE if engine is None else refused("no such stream"))
            return
        if not found.is_open:
            found.waiting.append(partial(_unless_failed, partial(self.query, stream, done), done))
            return
        FiguresRequest(stream, done).submit(engine.commands.submit)

    def close(
        self, stream: str, done: Callable[[MediaStatistics | MediaFailure], None] | None = None
    ) -> None:
        """End a stream and free its ports; ``done`` gets its last figures."""
        report = done or _ignore_figures
        engine, found = self._supervisor.engine, self._streams.find(stream)
        if found is None or engine is None:
            statistics = self._streams.fetch_ended(stream)
            self._later(report, statistics or (UNAVAILABLE if engine is None else refused("no such stream")))
            return
        if not found.is_open:
            found.waiting.append(partial(_unless_failed, partial(self.close, stream, done), report))
            return
        self._streams.remove(stream)

        def answered(figures: MediaStatistics | MediaFailure) -> None:
            # The engine may have died, or ended the stream, with the query under way.
            report(found.statistics if isinstance(figures, MediaFailure) else figures)

        FiguresRequest(stream, answered).submit(engine.commands.submit)
        engine.commands.submit(commands.delete(stream, found.opener), _ignore)
        self._closed_some = True

    # What the engine answers and announces.

    def _granted(
        self,
        stream: Stream,
        side: Side,
        asked: tuple[RemoteMedia | None, str],
        done: Callable[[LocalMedia | MediaFailure], None],
        line: str | None,
    ) -> None:
        answer = replies.read_port(line)
        if isinstance(answer, MediaFailure):
            if not stream.is_open:
                self._streams.remove(stream.name)
            # What the engine knows of the side is unknown now: the next attempt tells it everything.
            stream.party(side).destination = None
            done(answer)
            stream.release(answer)
            return
        if replies.appended_failed(line):
            _log.warning("media engine took a port but not its extras", stream=stream.name, answer=line)
        party = stream.party(side)
        party.granted, party.local = asked, answer
        stream.is_open = True
        done(answer)
        stream.release(None)

    def _retry_exhausted(self, line: str, granted: Reply, answer: str | None) -> None:
        if not replies.is_exhausted(answer):
            granted(answer)
            return
        # Perhaps the ports are held by streams that were closed: see ``doorbell``.
        self._doorbell.ring()
        self._loop.call_later(_EXHAUSTED_PAUSE_S, self._submit_again, line, granted)

    def _submit_again(self, line: str, granted: Reply) -> None:
        engine = self._supervisor.engine
        if engine is None:
            granted(None)
        else:
            engine.commands.submit(line, granted)

    def take_notice(self, line: str) -> None:
        """Turn a notice of the engine into an event; of a stream that is closed, into nothing."""
        event = replies.read_notice(line)
        if event is None or self._streams.find(event.stream) is None:
            return
        if isinstance(event, StreamSilent):
            self._streams.end(event.stream)
            self._closed_some = True
        self._emit(event)

    def _up(self, engine: RunningEngine) -> None:
        self._doorbell.install(engine)
        if self._started is not None and not self._started.done():
            self._started.set_result(None)

    def _failed_to_start(self, reason: str) -> None:
        if self._started is not None and not self._started.done():
            self._supervisor.stop()
            self._started.set_exception(MediaEngineStartError(f"the media engine does not start: {reason}"))

    def _down(self, _reason: str) -> None:
        lost = self._streams.names()
        for name in lost:
            self._streams.end(name)
        if lost and self._supervisor.is_wanted:
            self._emit(StreamsLost(lost))

    def beat(self) -> None:
        """Do what is done each second: read figures of some streams, have ports of closed ones given back."""
        engine = self._supervisor.engine
        assert engine is not None
        if self._closed_some:
            self._closed_some = False
            self._doorbell.ring()
        self._beats = (self._beats + 1) % self._sweep_beats
        for name in self._streams.names()[self._beats :: self._sweep_beats]:
            stream = self._streams.find(name)
            assert stream is not None
            FiguresRequest(name, partial(_keep_figures, stream)).submit(engine.commands.submit)

    # Odds and ends of the operations above.

    def _check(
        self, stream: Stream | None, side: Side, remote: RemoteMedia | None, facing: str
    ) -> tuple[Destination | None, str]:
        where = None
        if remote is not None:
            where = commands.check_remote(remote, loopback=self._serves_loopback)
        if where is not None and where.address in self._own and self._streams.uses_port(where.port):
            # Media would go round in circles.
            raise CommandError(f"port {where.port} of {where.address} is one of ours")
        if where is not None and stream is not None:
            self._check_family(stream.party(side.other).interface, where)
        if facing == NOWHERE:
            return where, NOWHERE
        interface = self._settings.interface_facing(facing)
        if interface is None:
            raise CommandError(f"no media interface faces {facing!r}")
        return where, interface.name

    def _check_family(self, interface: str, where: Destination) -> None:
        if self._versions.get(interface, where.address.version) != where.address.version:
            raise CommandError(f"{where.address} cannot be reached from media interface {interface}")

    def _new_limit(self, stream: Stream) -> int | None:
        on_hold = stream.hold_changed()
        if on_hold is None:
            return None
        return self._settings.hold_timeout_s if on_hold else self._settings.silence_timeout_s

    def _prompt_path(self, prompt: str) -> str:
        path = PurePath(prompt)
        if path.is_relative_to(self._settings.prompts_folder):
            # The engine runs in that folder, whose own name may have characters that no command takes.
            return str(path.relative_to(self._settings.prompts_folder))
        return prompt

    def _submit_if_open(self, stream: str, command: Callable[[], str]) -> None:
        engine, found = self._supervisor.engine, self._streams.find(stream)
        if engine is None or found is None:
            return
        if found.is_open:
            engine.commands.submit(command(), _ignore)
        else:
            found.waiting.append(lambda failure: None if failure else self._submit_if_open(stream, command))

    def _emit(self, event: StreamSilent | DigitReceived | StreamsLost) -> None:
        try:
            self._on_event(event)
        except Exception:  # noqa: BLE001
            _log.exception("media event handler failed")

    def _later(self, done: Callable[[_T], None], answer: _T) -> None:
        self._loop.call_soon(done, answer)


def _unless_failed(
    action: Callable[[], None], done: Callable[[MediaFailure], None], failure: MediaFailure | None
) -> None:
    if failure is None:
        action()
    else:
        done(failure)


def _keep_figures(stream: Stream, figures: MediaStatistics | MediaFailure) -> None:
    if isinstance(figures, MediaStatistics):
        stream.statistics = figures


def _ignore(_line: str | None) -> None:
    """Take an answer that nobody waits for."""


def _ignore_figures(_figures: MediaStatistics | MediaFailure) -> None:
    """Take figures that nobody asked for."""
