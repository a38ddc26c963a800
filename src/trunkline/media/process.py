"""Start rtpproxy's child process, take its sockets, route its log, see its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import sys
from collections import deque
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import structlog

from trunkline.domain.media import NOWHERE
from trunkline.media.channel import CommandChannel, NoticeReader
from trunkline.media.recordings import RecordingsFolder
from trunkline.media.settings import MediaSettings
from trunkline.media.supervisor import RunningEngine

_PACKAGE_ROOT: Final = str(Path(__file__).parents[2])
# Nothing else of our environment is a media engine's business.
_ENVIRONMENT: Final = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")
_MODULES: Final = ("catch_dtmf",)
_LOG_LINE: Final = re.compile(r"(?:[0-9:.]+/)?(DBUG|INFO|WARN|ERR|CRIT):([^:]*):([^:]*):[0-9]+: (.*)")
_LEVELS: Final = {"DBUG": "debug", "INFO": "info", "WARN": "warning", "ERR": "error", "CRIT": "critical"}
_LOG_LINES_PER_S: Final = 20
_LONGEST_LOG_LINE: Final = 4096
_GRACE_S: Final = 3.0
_log: Final = structlog.get_logger("trunkline.media")


class WorkerStartError(Exception):
    """The media engine did not start."""


def proxy_arguments(settings: MediaSettings, spool: Path) -> dict[str, Any]:
    """Say in rtpproxy's words what the settings ask for."""
    arguments = ["-F", "-R", "-m", str(settings.port_min), "-M", str(settings.port_max)]
    nowhere = f"{NOWHERE}@127.0.0.1"
    for interface in settings.interfaces:
        option = "-6" if interface.ip.version == 6 else "-l"
        text = f"{interface.name}@{interface.ip}"
        if interface.advertised is not None:
            text += f"={ip_address(interface.advertised)}"
        arguments += [option, text]
    arguments += ["-l", nowhere]
    return {
        "modules": _MODULES,
        "debug_level": settings.log_level,
        "ttl": settings.silence_timeout_s,
        "setup_ttl": settings.setup_timeout_s,
        "rec_spool_dir": str(spool),
        "rec_final_dir": str(settings.recordings_folder),
        "extra_args": arguments,
    }


def check_addresses(settings: MediaSettings) -> None:
    """Raise WorkerStartError when an interface's address is none of this machine's; rtpproxy does not look."""
    for interface in settings.interfaces:
        family = socket.AF_INET6 if interface.ip.version == 6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((str(interface.ip), 0))
            except OSError as error:
                raise WorkerStartError(
                    f"media interface {interface.name}: {interface.ip} cannot be used: {error.strerror}"
                ) from error


class WorkerLauncher:
    """Starts worker processes on the running event loop; at most one lives at a time."""

    def __init__(
        self, settings: MediaSettings, recordings: RecordingsFolder, notice: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._recordings = recordings
        self._notice = notice
        self._process: WorkerProcess | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the worker; None while there is none."""
        return self._process.pid if self._process is not None else None

    def launch(self, ready: Callable[[RunningEngine], None], gone: Callable[[str], None]) -> WorkerProcess:
        """Start a worker; what an earlier one left half recorded is put in place first."""
        self._settings.prompts_folder.mkdir(parents=True, exist_ok=True)
        spool = self._recordings.prepare_spool()
        self._process = WorkerProcess(self._settings, spool, self._notice, ready, gone)
        return self._process

    async def wait_ended(self) -> None:
        """Wait until the last worker has ended, and clear up behind it."""
        if self._process is not None:
            await self._process.task
        self._recordings.clear_spool()


class WorkerProcess:
    """One worker process, from its start to its end."""

    def __init__(
        self,
        settings: MediaSettings,
        spool: Path,
        notice: Callable[[str], None],
        ready: Callable[[RunningEngine], None],
        gone: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._arguments = proxy_arguments(settings, spool)
        self._notice = notice
        self._ready = ready
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._process: asyncio.subprocess.Process | None = None
        self._log_router = LogRouter(self._loop.time)
        self._log_task: asyncio.Task[None] | None = None
        self._notices: asyncio.BaseTransport | None = None
        self._killed = False
        self._control, self._child_control = socket.socketpair()
        self._control.setblocking(False)
        self._commands = CommandChannel(self._loop.time, self._loop.call_soon, self._socket_closed)
        self.notify = ""
        self.task = self._loop.create_task(self._live())

    @property
    def commands(self) -> CommandChannel:
        """The command channel."""
        return self._commands

    @property
    def pid(self) -> int | None:
        """Process id; None before it was started."""
        return self._process.pid if self._process is not None else None

    def kill(self) -> None:
        """End the process whatever it does."""
        self._killed = True
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    def close(self) -> None:
        """Let the process put recordings in place and end; kill it when it takes long."""
        self._commands.close()
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        self._loop.call_later(_GRACE_S, self.kill)

    async def _live(self) -> None:
        reason = "ended"
        try:
            await self._spawn()
            await self._take_sockets()
            self._ready(self)
            assert self._process is not None
            reason = f"exit status {await self._process.wait()}"
        except (OSError, WorkerStartError) as error:
            reason = str(error) or type(error).__name__
        finally:
            await self._bury()
        self._gone(reason)

    async def _spawn(self) -> None:
        check_addresses(self._settings)
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, (_PACKAGE_ROOT, os.environ.get("PYTHONPATH")))
        )
        fd = self._child_control.fileno()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "trunkline.media.worker", str(fd), str(os.getpid())),
            pass_fds=(fd,),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            cwd=str(self._settings.prompts_folder),
            env=environment,
        )
        self._child_control.close()
        if self._killed:
            self.kill()
        assert self._process.stderr is not None
        self._log_task = self._loop.create_task(self._log_router.route(self._process.stderr))

    async def _take_sockets(self) -> None:
        try:
            await self._loop.sock_sendall(self._control, json.dumps(self._arguments).encode() + b"\n")
            data, descriptors = await self._receive_descriptors()
        except OSError:
            data, descriptors = b"", []
        if len(descriptors) != 2:
            for descriptor in descriptors:
                os.close(descriptor)
            await self._wait_ended()
            raise WorkerStartError(self._log_router.last_words() or "the media engine ended while starting")
        commands, notices = (socket.socket(fileno=each) for each in descriptors)
        commands.setblocking(False)
        notices.setblocking(False)
        self.notify = str(json.loads(data)["notify"])
        await self._loop.create_unix_connection(lambda: self._commands, sock=commands)
        self._notices, _ = await self._loop.create_unix_connection(
            lambda: NoticeReader(self._notice), sock=notices
        )

    async def _receive_descriptors(self) -> tuple[bytes, list[int]]:
        readable: asyncio.Future[None] = self._loop.create_future()

        def on_readable() -> None:
            if not readable.done():
                readable.set_result(None)

        self._loop.add_reader(self._control, on_readable)
        try:
            await readable
        finally:
            self._loop.remove_reader(self._control)
        data, descriptors, _flags, _address = socket.recv_fds(self._control, 4096, 2)
        return data, list(descriptors)

    async def _bury(self) -> None:
        self.kill()
        self._commands.close()
        self._control.close()
        self._child_control.close()
        if self._notices is not None:
            self._notices.close()
        await self._wait_ended()

    async def _wait_ended(self) -> None:
        if self._process is not None:
            await self._process.wait()
        if self._log_task is not None:
            await self._log_task

    def _socket_closed(self) -> None:
        # rtpproxy let go of its socket while the process may live on: no engine any more.
        self.kill()


class LogRouter:
    """Carry rtpproxy's lines on stderr into our log, by level, and not more of them than a reader can bear."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._second = 0
        self._in_second = 0
        self._suppressed = 0
        self._last: deque[str] = deque(maxlen=5)

    def last_words(self) -> str:
        """Return the last lines, in one."""
        return "; ".join(self._last)

    async def route(self, reader: asyncio.StreamReader) -> None:
        """Log every line until the stream ends."""
        rest = b""
        while data := await reader.read(_LONGEST_LOG_LINE):
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) > _LONGEST_LOG_LINE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self.log(line.decode("utf-8", "replace"))

    def log(self, line: str) -> None:
        """Log one line."""
        text = "".join(each if each.isprintable() else "?" for each in line).strip()
        if not text:
            return
        match = _LOG_LINE.fullmatch(text)
        self._last.append(match[4] if match else text)
        if self._is_too_much():
            return
        if match is None:
            _log.warning("media engine", message=text)
            return
        level, stream, place, message = match.groups()
        getattr(_log, _LEVELS[level])("media engine", message=message, stream=stream, place=place)

    def _is_too_much(self) -> bool:
        second = int(self._now())
        if second != self._second:
            if self._suppressed:
                _log.warning("media engine log lines left out", lines=self._suppressed)
            self._second, self._in_second, self._suppressed = second, 0, 0
        self._in_second += 1
        if self._in_second <= _LOG_LINES_PER_S:
            return False
        self._suppressed += 1
        return True
