"""HTTP of a running server: signing in, proxies, TLS, and the way to the first user."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

import trunkline
from integration.app.conftest import Serve
from live_server import PATIENCE_S, START_S, eventually

GRANT = {"grant_type": "client_credentials"}
BY_ME = "203.0.113.9"


def ask(server, path: str, **arguments) -> httpx.Response:
    return httpx.request(
        arguments.pop("method", "GET"), server.http_url + path, timeout=PATIENCE_S, **arguments
    )


def test_a_key_made_beside_the_running_server_works_until_it_is_revoked(serve: Serve) -> None:
    server = serve()
    key = json.loads(server.cli("key", "add", "billing", "--role", "viewer", "--json"))
    account = key["account_id"]
    basic = (key["id"], key["secret"])
    realms = f"/api/accounts/{account}/realms"
    assert ask(server, realms).status_code == 401
    assert ask(server, realms, auth=(key["id"], "x")).status_code == 401
    assert ask(server, realms, auth=basic).status_code == 200
    assert ask(server, f"/api/accounts/{account + 1}/realms", auth=basic).status_code in {403, 404}
    token = ask(server, "/api/v1/oauth2/token", method="POST", data=GRANT, auth=basic).json()["access_token"]
    for bearer in (token, key["bearer"]):
        assert ask(server, realms, headers={"Authorization": f"Bearer {bearer}"}).status_code == 200
    server.cli("key", "revoke", "billing")
    assert eventually(lambda: ask(server, realms, auth=basic).status_code == 401)
    for bearer in (token, key["bearer"]):
        headers = {"Authorization": f"Bearer {bearer}"}
        assert eventually(lambda headers=headers: ask(server, realms, headers=headers).status_code == 401)
    log = server.logged("principal=billing")
    for secret in (key["secret"], token):
        assert secret not in log


def test_guessing_a_users_password_is_bounded_and_not_logged(serve: Serve) -> None:
    server = serve()
    server.cli("user", "add", "alice", "--role", "owner", "--password-stdin", given="correct horse battery\n")
    realms = "/api/accounts/1000001/realms"
    answers = [ask(server, realms, auth=("alice", f"guess number {number}")) for number in range(7)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 800
    assert "guess number" not in server.log()


def test_only_trusted_proxies_are_believed(serve: Serve) -> None:
    forwarded = {"X-Forwarded-For": f"198.51.100.1, {BY_ME}", "X-Forwarded-Proto": "https"}
    server = serve()
    answer = ask(server, "/nothing", headers=forwarded)
    assert "strict-transport-security" not in answer.headers
    assert BY_ME not in server.logged("a proxy is not trusted")
    behind = serve(settings={"web.trusted_proxies": "127.0.0.0/8"})
    answer = ask(behind, "/nothing", headers=forwarded)
    assert "strict-transport-security" in answer.headers
    log = behind.logged(f"source={BY_ME}")
    assert "198.51.100.1" not in log
    assert "a proxy is not trusted" not in log


def test_a_pipe_hears_how_to_make_the_first_user_but_no_link(serve: Serve) -> None:
    server = serve()
    assert "setup?token=" not in server.logged("user add admin --role owner --generate")
    assert ask(server, "/setup?token=guess").status_code == 403


class Terminal:
    """A server at a terminal."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._own, theirs = pty.openpty()
        command = [
            sys.executable, "-m", "trunkline", "--data", str(folder), "serve", "--sip", "udp:127.0.0.1:0",
            "--http", "127.0.0.1:0", *options,
        ]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": str(Path(trunkline.__file__).parents[1])}
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs, env=environment
        )
        os.close(theirs)
        self.text = ""

    def wait_for(self, pattern: str, limit_s: float = START_S) -> str:
        """The first group of a pattern once it was printed."""
        deadline = time.monotonic() + limit_s
        while (found := re.search(pattern, self.text)) is None:
            ready, _, _ = select.select([self._own], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, self.text
            self.text += os.read(self._own, 4096).decode(errors="replace")
        return found[1]

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(30)
        os.close(self._own)


def test_a_terminal_gets_a_link_to_the_first_users_page_once(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "data", "--log", "json")
    try:
        link = terminal.wait_for(r"(http://127\.0\.0\.1:\d+/setup\?token=[\w-]+)\s")
        assert httpx.get(link, timeout=PATIENCE_S).status_code == 200
        assert httpx.get(link[:-1], timeout=PATIENCE_S).status_code == 403
        form = {"token": link.partition("token=")[2], "name": "admin", "password": "correct horse battery"}
        made = httpx.post(link.partition("?")[0], data=form | {"again": form["password"]}, timeout=PATIENCE_S)
        assert made.status_code == 303
        assert httpx.get(link, timeout=PATIENCE_S).status_code in {303, 403, 404}
        assert terminal.text.count(form["token"]) == 1
    finally:
        terminal.stop()
    again = Terminal(tmp_path / "data")
    try:
        again.wait_for(r"(Open   http://127\.0\.0\.1:\d+/)")
        assert "First user" not in again.text
    finally:
        again.stop()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate and its key."""
    return made_certificate(tmp_path, "http")


def made_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    files = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=trunkline.example", "-addext", "subjectAltName=IP:127.0.0.1",
            "-out", str(files[0]), "-keyout", str(files[1]),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return files


def until_answered(url: str, trust: ssl.SSLContext, limit_s: float = PATIENCE_S) -> None:
    """Ask again and again until the server shows a certificate that is trusted."""
    until = time.monotonic() + limit_s
    while True:
        try:
            httpx.get(url, verify=trust, timeout=PATIENCE_S)
        except httpx.ConnectError:
            assert time.monotonic() < until
            time.sleep(0.1)
        else:
            return


def test_https_is_spoken_with_a_certificate_and_with_a_renewed_one(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / "trunkline.toml").write_text(
        f'[web]\ncertificate = "{certificate[0]}"\nkey = "{certificate[1]}"\n'
    )
    terminal = Terminal(folder)
    try:
        url = terminal.wait_for(r"HTTP +(https://127\.0\.0\.1:\d+)/health")
        trust = ssl.create_default_context(cafile=str(certificate[0]))
        answer = httpx.get(f"{url}/health", verify=trust, timeout=PATIENCE_S)
        assert answer.json()["status"] == "ok"
        assert answer.headers["strict-transport-security"]
        renewed = made_certificate(tmp_path, "renewed")
        for fresh, used in zip(renewed, certificate, strict=True):
            fresh.replace(used)
        fits = ssl.create_default_context(cafile=str(certificate[0]))
        until_answered(f"{url}/health", fits)
    finally:
        terminal.stop()


def test_a_certificate_that_cannot_be_read_is_said_in_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / "trunkline.toml").write_text('[web]\ncertificate = "/nowhere.crt"\nkey = "/nowhere.key"\n')
    terminal = Terminal(folder)
    try:
        sentence = terminal.wait_for(r"(trunkline: cannot use the HTTP certificate /nowhere.crt[^\n]*)")
        assert "No such file" in sentence
    finally:
        terminal.stop()
