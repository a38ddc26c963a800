"""Trunkline itself, from the sources of this folder: compiled by mypyc, or interpreted."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.load import MEDIA_NUMBER, PASSWORD, PLAIN_NUMBER, REALM, choose_ports
from bench.peers.base import Peer, PeerError, Site
from bench.rows import CALLERS

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = (
    ROOT / ".cache" / "bench" / "source"
)  # a copy of its own: what is measured must not change under way
ENTRY = "import sys; from trunkline.cli import main; sys.exit(main())"


class Trunkline(Peer):
    """``trunkline serve`` on a data folder of its own, filled through the command line as an operator would."""

    works = frozenset({"register", "call", "media", "start"})
    notes = (
        (
            "Trunkline runs as `trunkline serve` on SQLite with its defaults, but for `--log-level warning`, no HTTP, and a REGISTER "
            "limit out of the way: bindings and CDRs are written to disk, nonces are counted, calls are two dialogs with hidden topology. "
            "Calls without media are by a credential and a trunk with `media = direct`."
        ),
    )

    def __init__(self, site: Site, *, compiled: bool) -> None:
        super().__init__(site)
        self.compiled = compiled
        self.name = "trunkline" if compiled else "interpreted"
        self.title = "Trunkline (compiled)" if compiled else "Trunkline (interpreted)"
        self.sources = SOURCES / self.name / "src"
        first = 37000 if compiled else 38500
        self.rtp_ports = f"{first + 1000}-{first + 2400}"

    def missing(self) -> str | None:
        if importlib.util.find_spec("trunkline") is None or not (ROOT / "src" / "trunkline" / "cli").is_dir():
            return "Trunkline is not installed here. Install it with:  tools/setup.sh bench"
        if not self.compiled:
            ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.egg-info")
            shutil.rmtree(self.sources, ignore_errors=True)
            shutil.copytree(ROOT / "src", self.sources, ignore=ignored)
            return None
        compiler = [sys.executable, str(ROOT / "tools" / "compile.py"), str(self.sources.parent)]
        done = subprocess.run(compiler, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"Trunkline could not be compiled (tools/compile.py):\n{done.stderr[-800:]}"
        return None

    def version(self) -> str:
        modules = len(list(self.sources.rglob("*.so")))
        commit = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        shape = f"{modules} modules compiled by mypyc" if self.compiled else "interpreted"
        return f"commit {commit.stdout.strip() or 'unknown'}, {shape}"

    @property
    def environment(self) -> dict[str, str]:
        """Lets this form of the sources be found first."""
        return {
            "PYTHONPATH": str(self.sources),
            "PYTHONDONTWRITEBYTECODE": "",
            "TRUNKLINE_REGISTRAR__MOST_PER_SECOND": "1000000",
        }

    def command(self, *arguments: str) -> list[str]:
        """A trunkline command on this server's data folder."""
        return [sys.executable, "-c", ENTRY, "--data", str(self.folder / "data"), *arguments]

    def run(self, *arguments: str) -> None:
        """Run a trunkline command to its end; raises PeerError with what it said."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run(
            self.command(*arguments), env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise PeerError(f"trunkline {' '.join(arguments)}:\n{done.stdout}{done.stderr}")

    def prepare(self) -> None:
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        users = self.folder / "users.csv"
        lines = [f"u{number:06},{REALM},{PASSWORD}" for number in range(self.site.users)]
        users.write_text("username,realm,password\n" + "\n".join(lines) + "\n")
        carrier = f"sip:127.0.0.1:{self.site.ports.carrier}"
        self.run("realm", "add", "--fqdn", REALM, "--default")
        self.run("credential", "import", str(users))
        for number in range(CALLERS):  # with the anchored trunk their calls are anchored all the same
            self.run("credential", "change", f"u{number:06}", "--realm", REALM, "--media", "direct")
        self.run(
            "trunk", "add", "plain", "--target", carrier, "--prefix", PLAIN_NUMBER[:5], "--media", "direct"
        )
        self.run("trunk", "add", "anchored", "--target", carrier, "--prefix", MEDIA_NUMBER[:5])

    def start(self) -> None:
        if not self.port:
            (self.port,) = choose_ports(1, first=19000)
        serve = [
            "serve",
            "--sip",
            f"udp:127.0.0.1:{self.port}",
            "--http",
            "none",
            "--rtp-ports",
            self.rtp_ports,
            "--log-level",
            "warning",
        ]
        self.launch(self.command(*serve), self.environment)
        self.wait_for_answer(self.port)
