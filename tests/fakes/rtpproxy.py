"""An rtpproxy without sockets: a launcher whose engines answer commands as the real one was seen to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from trunkline.media.supervisor import RunningEngine


class FakeRtpproxy:
    """One engine: its sessions, and every command it got."""

    def __init__(self, gone: Callable[[str], None]) -> None:
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._next_port = 30000
        self._pending: list[Callable[[str | None], None]] = []
        self.notify = "fd:6"
        self.lines: list[str] = []
        self.sessions: dict[str, dict[str, str]] = {}
        self.answers: dict[str, list[str]] = {}
        self.is_mute = False
        self.is_alive = True
        self.was_closed = False

    @property
    def commands(self) -> FakeRtpproxy:
        return self

    @property
    def is_idle(self) -> bool:
        return not self._pending

    def waiting_s(self) -> float:
        return 0.0

    def submit(self, line: str, reply: Callable[[str | None], None]) -> None:
        self.lines.append(line)
        self._pending.append(reply)
        if not self.is_mute:
            answer = self._answer(line)
            self._loop.call_soon(self._deliver, reply, answer)

    def close(self) -> None:
        """The commands' end: pending ones are answered None."""
        pending, self._pending = self._pending, []
        for reply in pending:
            reply(None)

    def kill(self) -> None:
        if self.is_alive:
            self.is_alive = False
            self._loop.call_soon(self._gone, "killed")

    def die(self) -> None:
        """End as a crash does: the sockets first, then the process."""
        self.is_alive = False
        self.close()
        self._gone("crashed")

    def sent(self, letter: str) -> list[str]:
        """Return the commands that begin with a letter, without the doorbell's."""
        return [line for line in self.lines if line.startswith(letter) and " doorbell " not in line]

    def _deliver(self, reply: Callable[[str | None], None], answer: str) -> None:
        if reply in self._pending:
            self._pending.remove(reply)
            reply(answer)

    def _answer(self, line: str) -> str:
        word, *rest = line.split()
        if word == "V":
            return "20040107"
        name = rest[0]
        if name == "doorbell":
            return "E72"
        for beginning, answers in self.answers.items():
            if line.startswith(beginning) and answers:
                return answers.pop(0)
        if word[0] == "U":
            self.sessions.setdefault(name, {})
        if name not in self.sessions:
            return "0" if word[0] == "L" else "E50"
        if word[0] in "UL":
            ports = self.sessions[name]
            if word[0] not in ports or word[1:2] == "n":
                ports[word[0]] = str(self._next_port)
                self._next_port += 2
            return f"{ports[word[0]]} 192.0.2.1"
        if word[0] == "Q":
            side = 10 if rest[1] == "a" else 20
            return f"nrelayed=30 ndropped=3 rtpa_nrcvd={side} rtpa_nlost=2 rtpa_ndups=1 rtpa_javg=8.0 rtpa_jmax=16.0"
        if word[0] == "D":
            del self.sessions[name]
        return "0"


class FakeLauncher:
    """Starts fake engines at once; ``broken`` ones go without having come up."""

    def __init__(self) -> None:
        self.engines: list[FakeRtpproxy] = []
        self.broken = False

    @property
    def engine(self) -> FakeRtpproxy:
        """The engine started last."""
        return self.engines[-1]

    def launch(self, ready: Callable[[RunningEngine], None], gone: Callable[[str], None]) -> _FakeLaunch:
        engine = FakeRtpproxy(gone)
        self.engines.append(engine)
        loop = asyncio.get_running_loop()
        if self.broken:
            loop.call_soon(gone, "no such address")
        else:
            loop.call_soon(ready, engine)
        return _FakeLaunch(engine)


class _FakeLaunch:
    def __init__(self, engine: FakeRtpproxy) -> None:
        self._engine = engine

    def kill(self) -> None:
        self._engine.kill()

    def close(self) -> None:
        self._engine.was_closed = True
        self._engine.kill()
