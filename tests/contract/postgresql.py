"""A PostgreSQL server of the tests' own: started on a free port in a folder of its own, stopped at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql

from live_ports import own_ports

START_LIMIT_S = 90.0


class PostgresqlServer:
    """A running server. As root it runs as the user ``postgres``, because it refuses to run as root."""

    def __init__(self, postgres: str) -> None:
        self._programs = Path(postgres).parent
        self._folder = Path(tempfile.mkdtemp(prefix="trunkline-postgresql-"))
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user is not None:
            account = pwd.getpwnam(self._user)
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        self.port = own_ports().pair()
        self._databases = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make a cluster and run it; returns when it answers."""
        data = self._folder / "data"
        subprocess.run(
            [self._programs / "initdb", "-D", data, "-U", "tests", "--auth=trust", "-E", "UTF8", "--no-sync"],
            check=True, capture_output=True, user=self._user, group=self._user, extra_groups=[] if self._user else None,
            cwd=self._folder, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        settings = {
            "port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self._folder,
            "fsync": "off", "max_connections": 100,
        }  # fmt: skip
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", data, *options],
                stdout=subprocess.DEVNULL, stderr=log, user=self._user, group=self._user,
                extra_groups=[] if self._user else None, cwd=self._folder,
            )  # fmt: skip
        self._wait()

    def url(self, database: str) -> str:
        """How Trunkline is told of a database."""
        return f"postgresql://tests@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Create an empty database and return its name."""
        self._databases += 1
        name = f"tests_{self._databases}"
        with self._connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return name

    def disconnect_all(self) -> None:
        """Break every other connection, as a restart of the server would."""
        with self._connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname LIKE 'tests%'"
            )

    def stop(self) -> None:
        """Stop it at once and remove its folder."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(f"host=127.0.0.1 port={self.port} user=tests dbname=postgres", autocommit=True)

    def _wait(self) -> None:
        assert self._process is not None
        limit = time.monotonic() + START_LIMIT_S
        while True:
            try:
                self._connect().close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > limit:
                    raise RuntimeError((self._folder / "log").read_text()) from None
                time.sleep(0.05)
            else:
                return
