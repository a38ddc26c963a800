"""Kamailio as registrar and proxy (bench/kamailio/kamailio.cfg), with rtpengine for the media rows."""

import contextlib
import os
import shutil
import sqlite3
import time
from pathlib import Path

from bench.load import MEDIA_NUMBER, REALM, choose_ports
from bench.machine import first_line
from bench.peers.base import Peer, Site

KAMAILIO = shutil.which("kamailio", path=f"{os.environ.get('PATH', '')}:/usr/sbin")  # not in everyone's PATH
CONFIGURATION = Path(__file__).parent.parent / "kamailio" / "kamailio.cfg"
MODULES = (
    "/usr/lib/x86_64-linux-gnu/kamailio/modules",
    "/usr/lib/aarch64-linux-gnu/kamailio/modules",
    "/usr/lib/kamailio/modules",
)
SHARED_MEMORY_MB = 2048
JULIAN_1970 = 2_440_587.5  # the SQLite module writes times as Julian days
# The tables that usrloc writes, as version 5.6 expects them: the columns it names, and the versions of their layout.
LOCATION_COLUMNS = (
    "id INTEGER PRIMARY KEY, ruid TEXT, username TEXT, domain TEXT, contact TEXT, received TEXT, path TEXT, expires TIMESTAMP, "
    "q REAL, callid TEXT, cseq INTEGER, last_modified TIMESTAMP, flags INTEGER, cflags INTEGER, user_agent TEXT, socket TEXT, "
    "methods INTEGER, instance TEXT, reg_id INTEGER, server_id INTEGER, connection_id INTEGER, keepalive INTEGER, partition INTEGER"
)


class Kamailio(Peer):
    """One UDP worker, digest from a hash table, bindings in memory; calls are proxied, not terminated."""

    name = "kamailio"
    private_memory_mb = 16
    title = "Kamailio (proxy)"
    notes = (
        (
            "Kamailio proxies calls: it does not terminate two dialogs, keeps no CDR, and does not count nonces "
            "(`nonce_count` off, its default). One UDP worker, no TCP, no logging, digest from memory: its fastest fair form."
        ),
    )

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.with_media = shutil.which("rtpengine") is not None
        self.works = frozenset({"register", "call", *(("media",) if self.with_media else ())})

    def missing(self) -> str | None:
        if KAMAILIO is None:
            return "kamailio is missing. Install it with:  sudo apt-get install kamailio"
        return None

    def hint(self) -> str | None:
        if not self.with_media:
            return "rtpengine is missing (Kamailio's media rows). Install it with:  sudo apt-get install rtpengine-daemon"
        return None

    def version(self) -> str:
        parts = [first_line([KAMAILIO or "kamailio", "-v"]).removeprefix("version: ")]
        if self.with_media:
            parts.append("rtpengine " + first_line(["rtpengine", "--version"]).removeprefix("Version: "))
        return ", ".join(parts)

    def defines(self) -> list[str]:
        """Values that the configuration asks for."""
        return []

    def start(self) -> None:
        self.port, control_port, cli_port = choose_ports(3, first=17000)
        command = [
            KAMAILIO or "kamailio",
            "-f",
            str(CONFIGURATION),
            "-DD",
            "-E",
            "-m",
            str(SHARED_MEMORY_MB),
            "-M",
            str(self.private_memory_mb),
        ]
        command += ["-w", str(self.folder), "-Y", str(self.folder), "-l", f"udp:127.0.0.1:{self.port}"]
        defines = [
            f'REALM="{REALM}"',
            f'CARRIER="127.0.0.1:{self.site.ports.carrier}"',
            f"USERS={self.site.users}",
        ]
        defines += [f'MEDIA_NUMBER="{MEDIA_NUMBER}"', *self.defines()]
        if "media" in self.works:
            self.start_media(control_port, cli_port)
            defines.append(f'RTPENGINE="udp:127.0.0.1:{control_port}"')
        for define in defines:
            command += ["-A", define]
        self.launch(command)
        self.wait_for_answer(self.port)

    def start_media(self, control_port: int, cli_port: int) -> None:
        """rtpengine, forwarding in user space, with one worker thread."""
        command = [
            "rtpengine",
            "--table=-1",
            "--interface=127.0.0.1",
            f"--listen-ng=127.0.0.1:{control_port}",
            f"--listen-cli=127.0.0.1:{cli_port}",
            "--port-min=30000",
        ]
        command += ["--port-max=35998", "--foreground", "--log-stderr", "--log-level=3", "--num-threads=1"]
        self.launch(command, log="rtpengine.log")
        time.sleep(0.5)

    def roots(self, *, media: bool) -> list[int]:
        pids = super().roots(media=media)
        return pids if media else pids[-1:]


class StoredKamailio(Kamailio):
    """Kamailio with its bindings written behind to SQLite: only to see how it starts with many of them."""

    name = "kamailio-stored"
    private_memory_mb = 1024  # it reads the whole table at once
    title = "Kamailio (SQLite)"
    works = frozenset({"start"})
    notes = (
        (
            "Kamailio's start is measured with `usrloc` writing behind to SQLite (`db_mode 2`); its other rows are in memory."
        ),
    )

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.works = frozenset({"start"})

    def missing(self) -> str | None:
        if not any((Path(folder) / "db_sqlite.so").exists() for folder in MODULES):
            return "Kamailio's SQLite module is missing. Install it with:  sudo apt-get install kamailio-sqlite-modules"
        return super().missing()

    def defines(self) -> list[str]:
        return [f'DATABASE="sqlite:///{self.database}"']

    @property
    def database(self) -> Path:
        """The file with the bindings."""
        return self.folder / "location.sqlite"

    def prepare(self) -> None:
        self.database.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("CREATE TABLE version (table_name TEXT, table_version INTEGER)")
            connection.execute("INSERT INTO version VALUES ('location', 9), ('location_attrs', 1)")
            connection.execute(f"CREATE TABLE location ({LOCATION_COLUMNS})")
            connection.execute("CREATE UNIQUE INDEX location_ruid ON location (ruid)")
            connection.execute(
                "CREATE TABLE location_attrs (id INTEGER PRIMARY KEY, ruid TEXT, username TEXT, domain TEXT, aname TEXT, "
                "atype INTEGER, avalue TEXT, last_modified TIMESTAMP)"
            )

    def store_bindings(self) -> None:
        """Put every user's binding into the file as Kamailio writes it; through REGISTERs it would sync the disk for each."""
        now = time.time() / 86_400 + JULIAN_1970
        rows = [
            (
                f"uloc-0-0-{number:x}",
                f"u{number:06}",
                f"sip:u{number:06}@127.0.0.1:{self.site.ports.caller};ob",
                now + 1 / 24,
                f"r{number:06}-5c1d0b7e@127.0.0.1",
                now,
                f"udp:127.0.0.1:{self.port}",
            )
            for number in range(self.site.users)
        ]
        with contextlib.closing(sqlite3.connect(self.database)) as connection, connection:
            connection.executemany(
                "INSERT INTO location (ruid, username, contact, expires, callid, last_modified, socket, domain, q, cseq, flags, cflags, "
                "user_agent, methods, reg_id, server_id, connection_id, keepalive, partition) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, '', -1.0, 1, 0, 0, 'bench/1.0', 4767, 0, 0, -1, 0, 0)",
                rows,
            )
