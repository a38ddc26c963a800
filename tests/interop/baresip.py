"""A headless baresip: a tone as its microphone, what it hears in a WAV file, driven over its control socket."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import wave
from pathlib import Path
from typing import Any

import numpy as np

from live_server import PATIENCE_S, LiveServer, end_process, eventually

CONTROL_PORT = 4444
RATE = 8000
MODULES = (
    "/usr/lib/baresip/modules",
    "/usr/local/lib/baresip/modules",
    "/usr/lib/x86_64-linux-gnu/baresip/modules",
)

CONFIG = """
sip_listen {host}:5060
audio_path /usr/share/baresip
audio_player aubridge,nil
audio_source aufile,{folder}/tone.wav
audio_alert aubridge,nil
rtp_ports {rtp_port}-{last_rtp_port}
snd_path {folder}
module_path {modules}
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:{control_port}
"""
ACCOUNT = (
    "<sip:{user}@{realm};transport={transport}>;auth_user={login};auth_pass={password};regint=120;answermode={answer};"
    'audio_codecs=pcmu,pcma;outbound="sip:{server}:5060;transport={transport}"\n'
)


class Baresip:
    """A telephone at an address of its own in the server's network. ``login`` is its digest user, when it is not its name."""

    def __init__(
        self, server: LiveServer, folder: Path, user: str, number: int, *, hertz: int, password: str, transport: str = "udp",
        answers: bool = False, login: str = "",
    ) -> None:  # fmt: skip
        self.host = server.network.address(number)
        self.hertz = hertz
        self._user, _, realm = user.partition("@")
        self._folder = folder / f"{self._user}-{number}"
        self._folder.mkdir()
        self._events: list[dict[str, Any]] = []
        self._seen = 0
        self._rest = b""
        _write_tone(self._folder / "tone.wav", hertz)
        rtp_port = 40_000 + 100 * (number % 200)
        (self._folder / "config").write_text(
            CONFIG.format(
                host=self.host, folder=self._folder, rtp_port=rtp_port, last_rtp_port=rtp_port + 98,
                modules=next(path for path in MODULES if Path(path).is_dir()), control_port=CONTROL_PORT,
            )
        )  # fmt: skip
        (self._folder / "accounts").write_text(
            ACCOUNT.format(
                user=self._user, login=login or self._user, realm=realm, transport=transport, password=password, server=server.host,
                answer="auto" if answers else "manual",
            )
        )  # fmt: skip
        (self._folder / "contacts").write_text("")
        self._output = (self._folder / "output").open("wb")
        self._process = subprocess.Popen(
            ["baresip", "-f", str(self._folder), "-s", "-v"], stdin=subprocess.DEVNULL, stdout=self._output,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        control = eventually(self._control)
        assert control is not None, self.said[-2000:]
        self._socket = control
        self._socket.settimeout(0.05)

    def _control(self) -> socket.socket | None:
        try:
            return socket.create_connection((self.host, CONTROL_PORT), 1.0)
        except OSError:
            return None

    @property
    def said(self) -> str:
        """Its output, all SIP messages among it."""
        return (self._folder / "output").read_text(errors="replace").replace("\r", "")

    def command(self, name: str, parameters: str = "") -> None:
        """Give it a command, such as ``dial`` with a URI."""
        text = json.dumps({"command": name, "params": parameters})
        self._socket.sendall(f"{len(text)}:{text},".encode())

    def wait(self, *kinds: str, limit_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait for the next event of one of these kinds; those before it are forgotten."""
        found = eventually(lambda: self._next(kinds), limit_s)
        assert found is not None, f"{self._user} saw none of {kinds} but {self._events}:\n{self.said[-3000:]}"
        return found

    def _next(self, kinds: tuple[str, ...]) -> dict[str, Any] | None:
        self._read()
        for index in range(self._seen, len(self._events)):
            if self._events[index].get("type") in kinds:
                self._seen = index + 1
                return self._events[index]
        return None

    def _read(self) -> None:
        try:
            self._rest += self._socket.recv(65_536)
        except TimeoutError:
            return
        while (length := re.match(rb"(\d+):", self._rest)) is not None:
            end = length.end() + int(length[1])
            if len(self._rest) <= end:
                return
            self._events.append(json.loads(self._rest[length.end() : end]))
            self._rest = self._rest[end + 1 :]

    def answers_to_register(self) -> list[int]:
        """The statuses that its REGISTERs got."""
        return [
            int(found[1])
            for found in re.finditer(r"SIP/2\.0 (\d+) [^\n]*\n(?:[^\n]+\n)*?CSeq: \d+ REGISTER", self.said)
        ]

    def wait_until_registered(self) -> None:
        """Wait for the 200 to its REGISTER."""
        assert eventually(lambda: 200 in self.answers_to_register()), self.said[-3000:]

    def wait_until_it_says(self, text: str, *, after: int = 0) -> int:
        """Wait for a text behind this place of its output, and return the place behind it."""
        place = eventually(lambda: self.said.find(text, after) + 1)
        assert place, f"{self._user} does not say {text!r}:\n{self.said[after:][-3000:]}"
        return place

    def heard(self, hertz: int) -> tuple[float, float]:
        """Which share of what it heard is this tone, and for how many seconds there was any sound."""
        recordings = [_tone_share(path, hertz) for path in self._folder.glob("dump-*-dec.wav")]
        return max(recordings, default=(0.0, 0.0))

    def stop(self) -> None:
        """Let it unregister and end."""
        if self._process.poll() is None:
            self.command("quit")
            try:
                self._process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                end_process(self._process)
        self._socket.close()
        self._output.close()


def _write_tone(path: Path, hertz: int, seconds: int = 60) -> None:
    samples = 12_000 * np.sin(2 * np.pi * hertz * np.arange(seconds * RATE) / RATE)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())


def _tone_share(path: Path, hertz: int, width: int = 30) -> tuple[float, float]:
    """The median share of power near a tone over quarters of a second with sound, and how many seconds those are.

    The file's header may never have been finished: the samples are taken as they lie behind it.
    """
    data = path.read_bytes()
    rate = int.from_bytes(data[24:28], "little")
    start = data.find(b"data") + 8
    samples = np.frombuffer(data[start : len(data) - (len(data) - start) % 2], "<i2").astype(float)
    size = rate // 4
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    near = abs(frequencies - hertz) <= width
    shares = []
    for index in range(0, len(samples) - size + 1, size):
        piece = samples[index : index + size]
        if abs(piece).max() < 200:
            continue
        power = abs(np.fft.rfft(piece * np.hanning(size))) ** 2
        power[frequencies < 20] = 0
        shares.append(power[near].sum() / power.sum())
    return (float(np.median(shares)) if shares else 0.0), len(shares) / 4
