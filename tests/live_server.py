"""A server as an operator runs it, for tests: the process ``trunkline serve`` with a data folder of its own.

Every server lives in a network of its own: a /24 within 127.0.0.0/8, which Linux routes to this machine as a whole.
So all servers, devices and carriers speak at their usual ports, side by side with those of other tests.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import func, select

import trunkline
from trunkline.cli.installation import SystemClock
from trunkline.domain.cdr import Cdr
from trunkline.domain.credential import hash_pair
from trunkline.domain.trunk import TrunkTarget
from trunkline.provisioning.credentials import Privileges
from trunkline.provisioning.provisioning import Provisioning
from trunkline.provisioning.realms import RealmNaming
from trunkline.provisioning.secret_input import Password
from trunkline.provisioning.trunks import TrunkPlan
from trunkline.store.binding_listing import StoredBinding, list_bindings
from trunkline.store.cdr_listing import list_cdrs
from trunkline.store.database import FILE_NAME, Database
from trunkline.store.provisioning_store import SqlProvisioningStore
from trunkline.store.schema import changes
from trunkline.store.webhooks import SqlWebhookSource

Result = TypeVar("Result")
Change = Callable[[Provisioning, int], Awaitable[object]]

START_S = 180.0
STOP_S = 90.0
PATIENCE_S = 30.0
"""How long to wait for what must come, on a machine that has other work: much longer than it takes."""

SIP_PORT = 5060
RTP_PORTS = (30_000, 30_199)

CHICAGO = 2
DENVER = 3
MALLORY = 66
"""Where in its network the server's carriers and its enemy are; devices are at 10 and above."""


class Network:
    """Addresses of this machine that no other test uses while this object is open."""

    def __init__(self) -> None:
        for _ in range(100):
            self._prefix = f"127.{random.randint(16, 254)}.{random.randint(0, 254)}"
            self._claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                self._claim.bind((self.address(254), 9))
            except OSError:
                self._claim.close()
            else:
                return
        raise RuntimeError("there is no free loopback network")

    def address(self, number: int) -> str:
        """The address with this last part."""
        return f"{self._prefix}.{number}"

    def close(self) -> None:
        """Give the addresses back."""
        self._claim.close()


@cache
def empty_database() -> bytes:
    """A database file with all tables and nothing in them: to make one for each server would take most of a second."""

    async def make(folder: Path) -> None:
        database = await Database.open(folder)
        await database.close()

    # A test may be running an event loop of its own.
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, make(Path(folder))).result()
        return (Path(folder) / FILE_NAME).read_bytes()


class LiveServer:
    """A server process. ``settings`` are keys as in trunkline.toml: ``{"sip.drain_s": 2}``."""

    def __init__(
        self, folder: Path, *, sip: tuple[str, ...] = ("udp", "tcp"), rtp_ports: tuple[int, int] = RTP_PORTS,
        settings: Mapping[str, object] | None = None, options: tuple[str, ...] = ("--trace-sip",),
    ) -> None:  # fmt: skip
        self.folder = folder / "data"
        if not self.folder.exists():
            self.folder.mkdir(mode=0o700)
            (self.folder / FILE_NAME).touch(mode=0o600)
            (self.folder / FILE_NAME).write_bytes(empty_database())
        self.network = Network()
        self.host = self.network.address(1)
        self.port = SIP_PORT
        self.passwords: dict[str, str] = {}
        self._secrets: set[str] = set()
        self._wanted: list[Change] = []
        self._listeners = sip
        self._rtp_ports = rtp_ports
        self._settings = dict(settings or {})
        self._options = options
        self._log_path = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._http = ""

    # Its life.

    def start(self) -> None:
        """Run the server until it says that it is ready."""
        self._provision_wanted()
        self._log_start = self._log_path.stat().st_size if self._log_path.exists() else 0
        with self._log_path.open("ab") as log:
            self._process = self._spawn(log.fileno())
        deadline = time.monotonic() + START_S
        while "Trunkline is ready." not in self._recent_log():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the server did not start:\n{self._recent_log()}")
            time.sleep(0.01)
        found = None
        while found is None:
            found = re.search(r"HTTP +(http://[^/\s]+)/health", self._recent_log())
        self._http = found[1]

    def _spawn(self, log: int) -> subprocess.Popen[bytes]:
        """Begin the process; what it prints goes to the file of this descriptor."""
        return subprocess.Popen(
            self._command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self._environment()
        )

    def _command(self) -> list[str]:
        listeners = [argument for text in self._listeners for argument in ("--sip", self._listener(text))]
        first, last = self._rtp_ports
        return [
            sys.executable, "-m", "trunkline", "--data", str(self.folder), "serve", *listeners,
            "--http", f"{self.host}:0", "--rtp-ports", f"{first}-{last}", *self._options,
        ]  # fmt: skip

    def _listener(self, text: str) -> str:
        """``udp`` alone means the usual port, ``tls:5061;cert=…`` names another, ``udp:[::1]:5060`` is complete."""
        transport, _, rest = text.partition(":")
        return text if rest.startswith("[") else f"{transport}:{self.host}:{rest or self.port}"

    def _environment(self) -> dict[str, str]:
        names = {
            f"TRUNKLINE_{key.upper().replace('.', '__')}": value for key, value in self._settings.items()
        }
        source = str(Path(trunkline.__file__).parents[1])
        return {
            **os.environ,
            "PYTHONPATH": source,
            "PYTHONUNBUFFERED": "1",
            **{name: str(value) for name, value in names.items()},
        }

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def terminate(self) -> None:
        """Ask it to stop, and do not wait."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def wait(self, limit_s: float = STOP_S) -> int:
        """Wait for its end, and return its exit code."""
        assert self._process is not None
        return self._process.wait(limit_s)

    def stop(self, limit_s: float = STOP_S) -> int:
        """Stop it as an operator does; returns its exit code."""
        self.terminate()
        return self.wait(limit_s)

    def kill(self) -> None:
        """End it without any warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_S)

    def restart(self) -> None:
        """Stop it and start it again on the same data, at the same addresses."""
        if self.is_running:
            assert self.stop() == 0
        self.start()

    def close(self) -> None:
        """End it, whatever it does, and see that it went well until then."""
        try:
            if self.is_running:
                self.check()
                self.terminate()
                self.terminate()
                assert self.wait() == 0, self._recent_log()[-2000:]
            self.check_log()
        finally:
            self.kill()
            self.network.close()

    def media_pids(self) -> list[int]:
        """The process ids of its media engines."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [
            int(child) for child in children if b"media.worker" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]

    # What it is given, before the start or while it runs.

    def provision(self, *changes: Change) -> None:
        """Change what the first account has, by the use cases of provisioning: now, or before the first start."""
        self._wanted += changes
        if self._process is not None:
            self._provision_wanted()

    def _provision_wanted(self) -> None:
        async def work(database: Database) -> None:
            naming = RealmNaming("auth.trunkline.internal", "{name}.{account}.{base}")
            provisioning = Provisioning(SqlProvisioningStore(database), SystemClock(), naming)
            account = await provisioning.accounts.first()
            for change in wanted:
                await change(provisioning, account.id)

        wanted, self._wanted = self._wanted, []
        if wanted:
            self._with_database(work)

    def add_realm(self, name: str) -> None:
        """Add a realm; the first one is the default."""
        self.provision(lambda has, account: has.realms.add(account, fqdn=name))

    def add_credential(self, username: str, realm: str, password: str = "", **privileges: Any) -> str:
        """Add a credential, and return its password."""
        password = password or f"{username}-opens-the-gate-{random.randrange(10**6)}"
        self.passwords[f"{username}@{realm}"] = password
        self._keep_secret(username, realm, password)
        given = Privileges(**privileges)
        self.provision(
            lambda has, account: has.credentials.add(
                account, username, Password(password), realm=realm, privileges=given
            )
        )
        return password

    def _keep_secret(self, username: str, realm: str, password: str) -> None:
        pair = hash_pair("md5", username, realm, password)
        self._secrets |= {pair.hash1, pair.hash1b}
        if not password.isalpha():  # "password" may stand in a log for other reasons
            self._secrets.add(password)

    def add_trunk(self, name: str, *targets: int | str, **plan: Any) -> None:
        """Add a trunk. A target is a URI, or the number of an address in the server's network."""
        uris = (
            target if isinstance(target, str) else f"sip:{self.network.address(target)}:{SIP_PORT}"
            for target in targets
        )
        made = TrunkPlan(tuple(TrunkTarget(uri) for uri in uris), **plan)
        self.provision(lambda has, account: has.trunks.add(account, name, made))

    def add_number(self, number: str, to: str) -> None:
        """Own a number."""
        self.provision(lambda has, account: has.numbers.add(account, number, to))

    def wait_for_changes(self, limit_s: float = PATIENCE_S) -> None:
        """Wait until everything that was changed so far is in effect."""

        async def newest(database: Database) -> int:
            async with database.reading() as connection:
                return int((await connection.execute(select(func.max(changes.c.seq)))).scalar_one())

        wanted = self._with_database(newest)
        webhooks = self._with_database(lambda database: SqlWebhookSource(database).version())

        def is_all_in_effect() -> bool:
            metrics = self.metrics()
            return metrics["trunkline_directory_change"] >= wanted and metrics[
                "trunkline_webhooks_change"
            ] == float(webhooks)

        assert eventually(is_all_in_effect, limit_s), (wanted, webhooks)

    def cli(self, *arguments: str, given: str = "") -> str:
        """Run a command of the CLI on its data; returns what it printed."""
        command = [sys.executable, "-m", "trunkline", "--data", str(self.folder), *arguments]
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            env=self._environment(),
            timeout=START_S,
            check=False,
        )
        assert done.returncode == 0, (
            f"trunkline {' '.join(arguments)}: {done.returncode} {done.stdout}{done.stderr}"
        )
        return done.stdout

    # What can be seen of it.

    def cdrs(self) -> list[Cdr]:
        """Its call detail records on disk, the oldest first."""

        async def work(database: Database) -> list[Cdr]:
            return list(reversed((await list_cdrs(database, limit=1000)).cdrs))

        return self._with_database(work)

    def registrations(self) -> list[StoredBinding]:
        """Its bindings on disk."""
        return self._with_database(lambda database: list_bindings(database, time.time(), limit=10_000))

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page of its HTTP server."""
        try:
            with urllib.request.urlopen(f"{self._http}{path}", timeout=PATIENCE_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()

    @property
    def http_url(self) -> str:
        """Where its HTTP server is."""
        return self._http

    def metrics(self) -> dict[str, float]:
        """Its metrics by name, with labels where there are some: ``trunkline_registers_total{status="200"}``."""
        lines = [line for line in self.get("/metrics")[1].splitlines() if line and line[0] != "#"]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def log(self) -> str:
        """Everything that it logged, of all its runs, once it has logged nothing more for a moment."""
        text = self._log_text()
        for _ in range(40):
            time.sleep(0.05)
            before, text = text, self._log_text()
            if len(text) == len(before):
                break
        return text

    def logged(self, text: str) -> str:
        """Wait until it logged this; everything that it logged."""
        deadline = time.monotonic() + PATIENCE_S
        while text not in self._log_text():
            assert time.monotonic() < deadline, f"{text!r} was not logged:\n{self._log_text()[-6000:]}"
            time.sleep(0.02)
        return self.log()

    def _log_text(self) -> str:
        return self._log_path.read_text(errors="replace") if self._log_path.exists() else ""

    def _recent_log(self) -> str:
        with self._log_path.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def check(self) -> None:
        """See that it made no fault of its own."""
        assert self.metrics()["trunkline_faults_total"] == 0, self.log()[-6000:]

    def check_log(self) -> None:
        """See that no bug and no secret is in its log."""
        log = self.log()
        assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:4000]
        assert [secret for secret in self._secrets if secret in log] == []
        assert re.findall(r'\bresponse\s*=\s*"?[0-9a-f]{32}', log, re.IGNORECASE) == []

    def _with_database(self, work: Callable[[Database], Awaitable[Result]]) -> Result:
        async def run() -> Result:
            database = await Database.open(self.folder)
            try:
                return await work(database)
            finally:
                await database.close()

        # A test may be running an event loop of its own.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, run()).result()


class Records:
    """The call detail records of calls that begin from now on."""

    def __init__(self, server: LiveServer) -> None:
        self._server = server
        self._since = time.time()

    def ended(self, count: int = 1) -> list[Cdr]:
        """Wait for this many ended calls, and return all of them, the oldest first."""
        found = eventually(lambda: self.so_far() if len(self.so_far()) >= count else [])
        assert len(found) == count, [cdr.call_id for cdr in self.so_far()]
        return found

    def only(self) -> Cdr:
        """The one call there was."""
        return self.ended()[0]

    def so_far(self) -> list[Cdr]:
        """The calls that have ended and are on disk."""
        return [
            cdr for cdr in self._server.cdrs() if cdr.started_at >= self._since and cdr.end_cause is not None
        ]


@pytest.fixture
def records(server: LiveServer) -> Records:
    """The call detail records of one test."""
    return Records(server)


def attach_log(item: Any, report: Any) -> None:
    """Show what the parties and the server of a failed test said."""
    if not report.failed:
        return
    scene, server = item.funcargs.get("scene"), item.funcargs.get("server")
    if scene is not None:
        report.sections.append(("messages", scene.shown()))
    if isinstance(server, LiveServer):
        report.sections.append(("server", server.log()[-12_000:]))


def eventually(look: Callable[[], Result], limit_s: float = PATIENCE_S) -> Result:
    """Look until what is seen is true, and return it; what was seen last when the time is over."""
    deadline = time.monotonic() + limit_s
    while not (seen := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return seen


def end_process(process: subprocess.Popen[Any]) -> None:
    """End a process that a test started."""
    with suppress(ProcessLookupError):
        process.kill()
    process.wait(STOP_S)
