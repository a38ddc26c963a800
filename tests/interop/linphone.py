"""A headless Linphone, driven by the commands of its daemon; what it says comes with all its events."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from live_server import PATIENCE_S, LiveServer, end_process, eventually

SIP_PORT = 5060
RTP_PORT = 7078

CONFIG = """
[sip]
sip_port={udp_port}
sip_tcp_port={tcp_port}
sip_tls_port=0
bind_address={host}
use_ipv6=0
guess_hostname=0
contact=sip:{user}@{host}
[rtp]
audio_rtp_port={rtp_port}
bind_address={host}
[proxy_0]
reg_proxy=<sip:{proxy};transport={transport}>
reg_route=<sip:{proxy};transport={transport};lr>
reg_identity=<sip:{user}@{realm}>
reg_expires=600
reg_sendregister=1
publish=0
[auth_info_0]
username={user}
passwd={password}
realm={realm}
domain={realm}
[net]
dns_srv_enabled=0
[sound]
remote_ring=
local_ring=
"""


RUNNING = "LinphoneCallStreamsRunning"


class Linphone:
    """A telephone at an address of its own in the server's network; ``proxy`` is whom it speaks to."""

    def __init__(
        self, server: LiveServer, folder: Path, user: str, number: int, *, password: str, transport: str = "udp",
        proxy: str = "",
    ) -> None:  # fmt: skip
        self._user, _, realm = user.partition("@")
        home = folder / f"linphone-{self._user}-{number}"
        (home / ".local" / "share" / "linphone").mkdir(
            parents=True
        )  # it ends where it cannot keep its database
        is_udp = transport == "udp"
        (home / "config").write_text(
            CONFIG.format(
                host=server.network.address(number), user=self._user, realm=realm, password=password, transport=transport,
                proxy=proxy or server.host, udp_port=SIP_PORT if is_udp else 0, tcp_port=0 if is_udp else SIP_PORT,
                rtp_port=RTP_PORT,
            )
        )  # fmt: skip
        self._log = home / "log"
        self._output = (home / "output").open("wb")
        self._process = subprocess.Popen(
            ["linphone-daemon", "--config", str(home / "config"), "--log", str(self._log), "--disable-stats-events"],
            stdin=subprocess.PIPE, stdout=self._output, stderr=subprocess.STDOUT, cwd=home,
            env={**os.environ, "HOME": str(home), "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": ""},
        )  # fmt: skip
        self._said = home / "output"
        self._place = 0

    @property
    def said(self) -> str:
        """Its answers and events."""
        return self._said.read_text(errors="replace")

    def command(self, text: str) -> str:
        """Give it a command; what it said in answer to it, which is a status at least. Events before it stay to be waited for."""
        assert self._process.stdin is not None
        start = len(self.said)
        self._process.stdin.write(f"{text}\n".encode())
        self._process.stdin.flush()
        assert eventually(lambda: "Status: " in self.said[start:]), self.shown()
        return self.said[start:]

    def wait(self, *events: str) -> str:
        """Wait for the next of these events of a call, such as ``LinphoneCallEnd``; those before it are forgotten."""

        def next_one() -> str:
            text = self.said
            found = [(text.find(f"Event: {each}\n", self._place), each) for each in events]
            first = min((each for each in found if each[0] >= 0), default=(0, ""))
            if first[1]:
                self._place = first[0] + 1
            return first[1]

        found = eventually(next_one)
        assert found, f"{self._user} saw none of {events}:\n{self.shown()}"
        return found

    def wait_until_registration(self, state: str) -> None:
        """Wait for its registration to be ``Ok`` or ``Failed``."""
        deadline = time.monotonic() + PATIENCE_S
        while f"State: LinphoneRegistration{state}\n" not in self.command("register-status ALL"):
            assert time.monotonic() < deadline, self.shown()
            time.sleep(0.05)

    def shown(self) -> str:
        """What it said and logged last."""
        log = self._log.read_text(errors="replace") if self._log.exists() else ""
        return f"{self.said[-2000:]}\n{log[-6000:]}"

    def stop(self) -> None:
        """Let it unregister and end."""
        if self._process.poll() is None and self._process.stdin is not None:
            self._process.stdin.write(b"quit\n")
            self._process.stdin.close()
            try:
                self._process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                end_process(self._process)
        self._output.close()


def hold_and_resume(holder: Linphone, held: Linphone) -> None:
    """One puts their call on hold and takes it up again; both see it."""
    holder.command("call-pause 1")
    held.wait("LinphoneCallPausedByRemote")
    holder.wait("LinphoneCallPaused")
    holder.command("call-resume 1")
    held.wait(RUNNING)
    holder.wait(RUNNING)
