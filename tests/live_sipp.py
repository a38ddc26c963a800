"""SIPp as caller, callee, provider or carrier: one process that plays one scenario file.

In a scenario, ``@NAME@`` stands for a value that the test gives: SIPp itself takes no keywords where it compares.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from live_server import SIP_PORT, LiveServer, end_process

PATIENCE_S = 40
START_S = 30


class Sipp:
    """One SIPp. ``number`` is where it is in the server's network; a callee is one that needs no ``call``.

    ``peer`` is the address that it speaks to, the server's when empty.
    """

    def __init__(
        self, server: LiveServer, folder: Path, scenario: Path, number: int, *, call: str = "", login: str = "",
        calls: int = 1, rate: int = 10, transport: str = "u1", echo: bool = False, limit_s: int = PATIENCE_S,
        media_port: int = 6000, keys: dict[str, str] | None = None, peer: str = "", **values: object,
    ) -> None:  # fmt: skip
        self.host = server.network.address(number)
        self.scenario = scenario.stem
        self._folder = folder / f"{self.scenario}-{number}-{time.monotonic_ns()}"
        self._folder.mkdir()
        self._messages = self._folder / "messages"
        file = self._folder / scenario.name
        file.write_text(_filled(scenario.read_text(), values))
        username, _, realm = login.rpartition("@")
        command = [
            "sipp", "-sf", str(file), "-i", self.host, "-p", str(SIP_PORT), "-t", transport, "-m", str(calls),
            "-r", str(rate), "-nostdin", "-timeout", f"{limit_s}s", "-timeout_error", "-recv_timeout", f"{limit_s * 1000}",
            "-mi", self.host, "-mp", str(media_port), "-trace_msg", "-message_file", str(self._messages), "-trace_err", "-error_file",
            str(self._folder / "errors"), "-cp", str(10_000 + number), "-ci", self.host,
        ]  # fmt: skip
        if call:
            user, _, domain = call.partition("@")
            command += ["-s", user, "-key", "domain", domain]
        if login:
            command += [
                "-au",
                username,
                "-ap",
                server.passwords[login],
                "-key",
                "user",
                quote(username, safe=""),  # a domain in it is joined with an @
                "-key",
                "realm",
                realm,
            ]
        for name, value in (keys or {}).items():
            command += ["-key", name, value]
        command += ["-rtp_echo"] if echo else []
        self._output = (self._folder / "output").open("wb")
        self._process = subprocess.Popen(
            [*command, f"{peer or server.host}:{server.port}"], stdin=subprocess.DEVNULL, stdout=self._output,
            stderr=subprocess.STDOUT, cwd=self._folder,
        )  # fmt: skip
        if not call:
            self._wait_for_socket()

    def _wait_for_socket(self) -> None:
        """A callee must listen before somebody calls it. To try the port would take it away from SIPp."""
        deadline = time.monotonic() + START_S
        while not is_bound(self.host, SIP_PORT):
            if time.monotonic() > deadline or self._process.poll() is not None:
                self.close()
                raise AssertionError(f"SIPp does not listen: {self.shown()}")
            time.sleep(0.01)

    def done(self, limit_s: float = PATIENCE_S) -> None:
        """Wait for the end of the scenario, and see that it went as it is written."""
        try:
            code = self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the scenario {self.scenario} does not end:\n{self.shown()}") from None
        assert code == 0, f"the scenario {self.scenario} failed ({code}):\n{self.shown()}"

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    @property
    def messages(self) -> str:
        """Everything that it sent and received."""
        return self._messages.read_text(errors="replace").replace("\r", "") if self._messages.exists() else ""

    def received(self, start: str) -> list[str]:
        """The messages that it received whose first line starts like this, repetitions too."""
        return [message for message in self._split("received") if message.startswith(start)]

    def sent(self, start: str) -> list[str]:
        """The messages that it sent whose first line starts like this, repetitions too."""
        return [message for message in self._split("sent") if message.startswith(start)]

    def _split(self, direction: str) -> list[str]:
        blocks = re.split(r"^-{20,}.*\n", self.messages, flags=re.MULTILINE)
        found = (re.match(rf"\w+ message {direction}[^\n]*:\n\n(.*)", block, re.DOTALL) for block in blocks)
        return [match[1] for match in found if match is not None]

    def shown(self) -> str:
        """What it complains about, and the messages."""
        errors = self._folder / "errors"
        complaint = (
            errors.read_text(errors="replace")
            if errors.exists()
            else (self._folder / "output").read_text(errors="replace")[-1500:]
        )
        return f"{complaint}\n{self.messages[-6000:]}"

    def close(self) -> None:
        """End it."""
        end_process(self._process)
        self._output.close()


Play = Callable[..., Sipp]


@pytest.fixture
def play(server: LiveServer, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Play]:
    """Start SIPp with a scenario beside the test's file; whatever runs at the end of the test is ended."""
    playing: list[Sipp] = []

    def start(name: str, *arguments: Any, **keywords: Any) -> Sipp:
        scenario = request.path.with_name(f"{name}.xml")
        playing.append(Sipp(server, tmp_path, scenario, *arguments, **keywords))
        return playing[-1]

    yield start
    for each in playing:
        each.close()


def is_bound(host: str, port: int) -> bool:
    """Whether a process has a UDP socket at an IPv4 address, as the kernel tells."""
    wanted = f" {int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X} "
    return wanted in Path("/proc/net/udp").read_text()


def _filled(text: str, values: dict[str, object]) -> str:
    for name, value in values.items():
        text = text.replace(f"@{name.upper()}@", str(value))
    left = re.search(r"@[A-Z]+@", text)
    assert left is None, f"no value for {left[0]}"
    return text
