"""What the APIs and the dashboard cost at 100,000 credentials, and what SIP feels of it: writes docs/benchmarks-api.md."""

import argparse
import base64
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path

from bench.api_load import Connection, Crowd, Question
from bench.load import PASSWORD, REALM, Generator, LoadError, Ports, build, choose_ports
from bench.machine import choose_cores, describe_machine
from bench.measure import read_machine
from bench.peers import PeerError, Site, Trunkline

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".cache" / "bench"
REPORT = ROOT / "docs" / "benchmarks-api.md"

BULK = 10_000
BULKS = 10
REQUESTS = 200
CONNECTIONS = 8
LOAD_S = 8.0
REGISTER_RATE = 200
DEVICES = 1_000
NEW = 1_000_000  # user numbers from here on are made while SIP is measured
BUSY = 0.15  # of a core: what else may run on a machine that is called idle
HTTP_LIMIT_S = 60.0
USER, USER_PASSWORD = "measurer", "a long phrase to get in"


class ApiServer(Trunkline):
    """``trunkline serve`` with HTTP, its limits of requests out of the way, a key and a user."""

    def __init__(self, site: Site, *, compiled: bool, as_built: bool) -> None:
        super().__init__(site, compiled=compiled)
        self.as_built = as_built
        self.http_port = 0
        self.key = ""
        self.name = "api"

    @property
    def environment(self) -> dict[str, str]:
        """Without bounds of requests: what is measured is what an answer costs."""
        limits = {
            "TRUNKLINE_WEB__REQUESTS_PER_SECOND": "0",
            "TRUNKLINE_WEB__REQUESTS_PER_SECOND_OF_ADDRESS": "0",
        }
        return super().environment | limits

    def missing(self) -> str | None:
        if not self.as_built:
            return super().missing()
        return None if self.built else "nothing was compiled yet: leave out --as-built"

    @property
    def built(self) -> list[Path]:
        """The compiled modules that are there."""
        return list(self.sources.rglob("*.so"))

    def version(self) -> str:
        if not self.as_built:
            return super().version()
        # This folder is made when compiling begins, just after the sources were copied.
        at = (self.sources.parent / ".mypy_cache").stat().st_mtime
        command = ["git", "log", "-1", f"--before=@{at:.0f}", "--format=%h"]
        commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        begun = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))
        return f"commit {commit.stdout.strip() or 'unknown'} as it was at {begun}, {len(self.built)} modules compiled by mypyc"

    def prepare(self) -> None:
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        self.run("realm", "add", "--fqdn", REALM, "--default")
        issued = json.loads(self.said("key", "add", "bench", "--role", "owner", "--json"))
        self.key = f"{issued['id']}:{issued['secret']}"
        self.said("user", "add", USER, "--role", "owner", "--password-stdin", given=USER_PASSWORD + "\n")

    def said(self, *arguments: str, given: str = "") -> str:
        """Run a command and return what it printed; raises PeerError."""
        done = subprocess.run(
            self.command(*arguments), env={**os.environ, **self.environment}, input=given,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise PeerError(f"trunkline {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self) -> None:
        (self.port,) = choose_ports(1, first=19000)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.http_port = probe.getsockname()[1]
        self.launch(
            self.command(
                "serve", "--sip", f"udp:127.0.0.1:{self.port}", "--http", f"127.0.0.1:{self.http_port}",
                "--rtp-ports", self.rtp_ports, "--log-level", "warning",
            ),
            self.environment,
        )  # fmt: skip
        self.wait_for_answer(self.port)
        self._wait_for_http()

    def _wait_for_http(self) -> None:
        """HTTP comes a moment after SIP."""
        begun = time.monotonic()
        while time.monotonic() < begun + HTTP_LIMIT_S:
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", self.http_port)):
                    return
            time.sleep(0.02)
        raise PeerError("Trunkline serves no HTTP")


@dataclass(slots=True)
class Pages:
    """Everything that is asked for, with who asks."""

    key: str
    account: int
    cookie: str
    first_id: int

    @property
    def basic(self) -> dict[str, str]:
        """The header fields of a program with an API key."""
        return {"Authorization": "Basic " + base64.b64encode(self.key.encode()).decode()}

    def json(self, path: str) -> Question:
        """A page of the JSON API."""
        return Question(f"/native/v1/accounts/{self.account}/{path}", self.basic)

    def xml(self, path: str) -> Question:
        """A page of the Dashboard's XML."""
        return Question(f"/api/accounts/{self.account}/{path}", self.basic)

    def page(self, path: str) -> Question:
        """A page of the dashboard."""
        return Question(f"/{self.account}/{path}", {"Cookie": self.cookie})

    def one(self, number: int) -> Question:
        """One credential by JSON."""
        return self.json(f"credentials/{self.first_id + number * 7919 % (BULK * BULKS)}")

    def add(self, first: int, count: int) -> Question:
        """Credentials by XML, hashes alone, as programs of the original service send them."""
        headers = {**self.basic, "Content-Type": "application/xml"}
        path = f"/api/accounts/{self.account}/sipcredentials"
        return Question(path, headers, "POST", _document(range(first, first + count)), 201)


@dataclass(slots=True)
class Findings:
    """What was measured."""

    began: float = field(default_factory=time.time)
    bulk_s: list[float] = field(default_factory=list)
    latency_ms: dict[str, list[float]] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    sip: dict[str, dict[str, float]] = field(default_factory=dict)
    others: float = 0.0
    took_s: float = 0.0


def _document(numbers: Iterable[int]) -> bytes:
    parts = [b'<?xml version="1.0" encoding="UTF-8"?><SipCredentials>']
    for number in numbers:
        user = f"u{number:06}"
        hash1 = hashlib.md5(f"{user}:{REALM}:{PASSWORD}".encode()).hexdigest()
        hash1b = hashlib.md5(f"{user}@{REALM}:{REALM}:{PASSWORD}".encode()).hexdigest()
        parts.append(
            f"<SipCredential><UserName>{user}</UserName><Hash1>{hash1}</Hash1><Hash1b>{hash1b}</Hash1b></SipCredential>".encode()
        )
    return b"".join(parts) + b"</SipCredentials>"


class ApiBench:
    """One run."""

    def __init__(self, *, compiled: bool, as_built: bool) -> None:
        cores = choose_cores()
        ports = Ports(*choose_ports(4))
        build(FOLDER / "native")
        self.generator = Generator(FOLDER / "native", cores, ports)
        self.server = ApiServer(Site(FOLDER, cores, ports, 0), compiled=compiled, as_built=as_built)
        self.findings = Findings()

    def run(self) -> Findings:
        """Everything; stops the server however it ends."""
        reason = self.server.missing()
        if reason is not None:
            raise PeerError(reason)
        self.server.prepare()
        self.findings.others = _others_share()
        self.findings.began = time.time()
        self.server.start()
        try:
            self._measure()
        finally:
            self.server.stop()
        self.findings.took_s = time.time() - self.findings.began
        return self.findings

    def _measure(self) -> None:
        connection = Connection(self.server.http_port)
        pages = self._pages(connection)
        for run in range(BULKS):
            took, _ = connection.ask(pages.add(run * BULK, BULK))
            self.findings.bulk_s.append(took)
            _say(f"bulk {run + 1}: {BULK / took:,.0f} credentials/s")
        _, body = connection.ask(pages.json("credentials?limit=1"))
        pages.first_id = json.loads(body)["items"][0]["id"]
        for title, ask in _lists(pages).items():
            self._latencies(connection, title, ask)
        connection.close()
        self._rate(f"GET credential, JSON, {CONNECTIONS} connections", self._crowd(pages.one))
        self._rate("GET credential, JSON, 1 connection", self._crowd(pages.one, 1))
        self._sip(pages)

    def _pages(self, connection: Connection) -> Pages:
        form = f"name={USER}&password={USER_PASSWORD.replace(' ', '+')}".encode()
        signing_in = Question(
            "/sign-in", {"Content-Type": "application/x-www-form-urlencoded"}, "POST", form, 303
        )
        cookie = self._cookie(signing_in)
        pages = Pages(self.server.key, 0, cookie, 0)
        _, body = connection.ask(Question("/native/v1/accounts", pages.basic))
        pages.account = json.loads(body)["items"][0]["id"]
        return pages

    def _cookie(self, signing_in: Question) -> str:
        client = http.client.HTTPConnection("127.0.0.1", self.server.http_port, timeout=10)
        client.request(signing_in.method, signing_in.path, signing_in.body, dict(signing_in.headers))
        answer = client.getresponse()
        answer.read()
        jar = SimpleCookie("; ".join(answer.headers.get_all("set-cookie", [])))
        client.close()
        return "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())

    def _latencies(self, connection: Connection, title: str, ask: Callable[[int], Question]) -> None:
        for number in range(5):
            connection.ask(ask(number))
        found = [connection.ask(ask(number))[0] * 1000 for number in range(REQUESTS)]
        self.findings.latency_ms[title] = found
        _say(f"{title}: p50 {_part(found, 0.5):.1f} ms, p99 {_part(found, 0.99):.1f} ms")

    def _crowd(self, *asks: Callable[[int], Question] | int) -> Crowd:
        count = next((one for one in asks if isinstance(one, int)), CONNECTIONS)
        kinds = [one for one in asks if not isinstance(one, int)]
        return Crowd(
            self.server.http_port,
            [[kinds[each % len(kinds)](1000 * each + n) for n in range(100)] for each in range(count)],
        )

    def _rate(self, title: str, crowd: Crowd) -> None:
        crowd.start()
        time.sleep(LOAD_S / 2)
        self.findings.rates[title] = crowd.stop()
        _say(f"{title}: {self.findings.rates[title]:,.0f}/s")

    def _sip(self, pages: Pages) -> None:
        self._registers("first")  # so that all devices are there
        self.findings.sip.clear()
        self._registers("idle")
        for title, kinds in {
            f"{CONNECTIONS} connections: GET credential, JSON": [pages.one],
            f"{CONNECTIONS} connections: all lists and searches in turn": list(_lists(pages).values()),
        }.items():
            self._under(title, self._crowd(*kinds))
        writers = [[pages.add(NEW * (each + 1) + n, 1) for n in range(4_000)] for each in range(CONNECTIONS)]
        title = f"{CONNECTIONS} connections: POST one credential, XML"
        self._under(title, Crowd(self.server.http_port, writers))
        bulks = [[pages.add(NEW * (CONNECTIONS + 1) + n * BULK, BULK) for n in range(20)]]
        title = f"1 connection: POST {BULK:,} credentials at once, XML"
        self._under(title, Crowd(self.server.http_port, bulks))

    def _under(self, title: str, crowd: Crowd) -> None:
        crowd.start()
        time.sleep(0.5)
        self._registers(title)
        self.findings.sip[title]["http"] = crowd.stop()

    def _registers(self, title: str) -> None:
        result = self.generator.run(
            "register", self.server.port,
            {"rate": REGISTER_RATE, "seconds": LOAD_S, "count": round(REGISTER_RATE * LOAD_S), "users": DEVICES},
        )  # fmt: skip
        both = [result["first_answer_us"], result["final_answer_us"]]
        self.findings.sip[title] = {
            part: max(one[part] for one in both) / 1000 for part in ("p50", "p95", "p99", "max")
        } | {"failed": result["failed"], "completed": result["completed"], "again": result["retransmissions"]}
        _say(f"REGISTER, {title}: {self.findings.sip[title]}")


def _lists(pages: Pages) -> dict[str, Callable[[int], Question]]:
    """What is asked for among all credentials. Searches are for other names each time."""
    return {
        "list, JSON, 100 of a page": lambda _n: pages.json("credentials?limit=100"),
        "list, XML, 100 of a page, deep": lambda n: pages.xml(f"sipcredentials?page={1 + n * 450}&size=100"),
        "list, dashboard page": lambda _n: pages.page("credentials"),
        "search, JSON": lambda n: pages.json(f"credentials?search={_word(n)}&limit=100"),
        "search, XML": lambda n: pages.xml(f"sipcredentials?userNameFragment={_word(n)}&page=1&size=100"),
        "search, dashboard page": lambda n: pages.page(f"credentials?search={_word(n)}"),
    }


def _word(number: int) -> str:
    """A piece that about a hundred of the user names have in them."""
    return f"{number * 37 % 1000:03}"


def _part(values: Sequence[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def _others_share() -> float:
    """Cores that everything else on the machine uses."""
    before = read_machine()
    time.sleep(2.0)
    return (read_machine() - before) / 2.0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def write_report(findings: Findings, server: ApiServer, path: Path) -> None:
    """Write the whole document."""
    path.write_text("\n\n".join(_document_parts(findings, server)) + "\n")


def _document_parts(findings: Findings, server: ApiServer) -> list[str]:
    rates = [BULK / took for took in findings.bulk_s]
    first = rates[:3]
    return [
        "# Benchmarks of the APIs and the dashboard",
        "Written by `make bench-api`; every run replaces it. What registrations and calls cost is in [benchmarks.md](benchmarks.md).",
        _table(("", "what"), _about(findings, server)),
        "## Creating credentials",
        (f"One POST of {BULK:,} `SipCredential` elements with hashes to the Dashboard's XML API, from the first octet sent to the "
        f"whole answer, each written to disk and to the audit log."),
        _table(
            ("run", "credentials/s"),
            [
                ("first three, median (lowest-highest)", f"{statistics.median(first):,.0f} ({min(first):,.0f}-{max(first):,.0f})"),
                (f"run {len(rates)}, among {BULK * (BULKS - 1):,} others", f"{rates[-1]:,.0f}"),
            ],
        ),
        f"## Lists and searches among {BULK * BULKS:,} credentials",
        (f"{REQUESTS} requests one after the other on one connection, milliseconds until the whole answer is there. A search is for "
        "three digits anywhere in the user name, others each time."),
        _table(
            ("request", "p50 ms", "p99 ms", "max ms"),
            [
                (title, f"{_part(found, 0.5):.1f}", f"{_part(found, 0.99):.1f}", f"{max(found):.1f}")
                for title, found in findings.latency_ms.items()
            ],
        ),
        "## Requests per second",
        ("With an API key by HTTP Basic, other credentials each time, the bounds of requests per second switched off. Left as they are, "
        "one user or key gets 50 answers per second, which is what a server that has calls to carry should be asked."),
        _table(("request", "answers/s"), [(title, f"{rate:,.0f}") for title, rate in findings.rates.items()]),
        "## What SIP feels of it",
        (f"{REGISTER_RATE} REGISTERs per second, each a 401 and a 200, of {DEVICES:,} devices, while the API is asked as fast as it answers. "
        "Milliseconds until an answer, the slower of the two kinds."),
        _table(
            ("meanwhile", "HTTP answers/s", "p50 ms", "p95 ms", "p99 ms", "max ms", "failed", "sent again"),
            [
                (
                    title,
                    f"{row['http']:,.1f}" if "http" in row else "-",
                    *(f"{row[part]:.1f}" for part in ("p50", "p95", "p99", "max")),
                    f"{row['failed']:.0f} of {row['failed'] + row['completed']:.0f}",
                    f"{row['again']:.0f}",
                )
                for title, row in findings.sip.items()
            ],
        ),
        ("HTTP and SIP share one event loop: what an answer costs is time in which no SIP message is looked at. A program that is "
        "bound to 50 requests per second, as each is unless set otherwise, does far less than what is shown here."),
    ]  # fmt: skip


def _about(findings: Findings, server: ApiServer) -> list[tuple[str, str]]:
    idle = (
        "idle"
        if findings.others < BUSY
        else f"**not idle**: others used {findings.others:.2f} cores before it began, so the figures are worse than they could be"
    )
    return [
        ("date", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(findings.began))),
        ("command", f"`{' '.join(['python -m bench.api', *sys.argv[1:]])}`"),
        ("took", f"{findings.took_s:.0f} s"),
        *describe_machine(),
        ("machine", idle),
        ("Trunkline", f"{server.version()}, SQLite, uvicorn on the event loop of SIP"),
    ]


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [head, ["---"] + ["---:"] * (len(head) - 1), *lines]
    text = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return text.replace("| --- | ---: |", "| --- | --- |") if len(head) == 2 and not head[0] else text


def main(arguments: list[str] | None = None) -> int:
    """Run and report; 2 when something that is needed is missing."""
    parser = argparse.ArgumentParser(prog="python -m bench.api", description=__doc__)
    parser.add_argument(
        "--interpreted", action="store_true", help="measure the sources as they are, not compiled"
    )
    parser.add_argument("--as-built", action="store_true", help="do not compile again what has changed since")
    parser.add_argument(
        "--output", type=Path, default=REPORT, help="the report (default docs/benchmarks-api.md)"
    )
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    try:
        bench = ApiBench(compiled=not chosen.interpreted, as_built=chosen.as_built)
        findings = bench.run()
    except (LoadError, PeerError) as error:
        _say(str(error))
        return 2
    write_report(findings, bench.server, chosen.output)
    print(chosen.output.read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
