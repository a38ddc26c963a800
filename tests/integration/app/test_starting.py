"""Starting: what is wrong is said in a sentence, what works is shown, and the demonstration runs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import trunkline
from live_server import START_S, Network

SOURCE = str(Path(trunkline.__file__).parents[1])


def trunkline_command(*arguments: str, limit_s: float = START_S) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    return subprocess.run(
        [sys.executable, "-m", "trunkline", *arguments], capture_output=True, text=True, timeout=limit_s, env=environment, check=False
    )  # fmt: skip


def test_taken_port_is_named_in_one_sentence(tmp_path: Path) -> None:
    network = Network()
    host = network.address(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((host, 5060))
        done = trunkline_command(
            "--data", str(tmp_path), "serve", "--sip", f"udp:{host}:5060", "--http", "none"
        )
    network.close()
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert f"{host}:5060" in done.stderr


def test_taken_http_port_is_named_in_one_sentence(tmp_path: Path) -> None:
    network = Network()
    host = network.address(1)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind((host, 8080))
        taken.listen()
        done = trunkline_command(
            "--data", str(tmp_path), "serve", "--sip", f"udp:{host}:5060", "--http", f"{host}:8080",
            "--rtp-ports", "30000-30099",
        )  # fmt: skip
    network.close()
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert f"{host}:8080" in done.stderr


def test_unknown_setting_is_named_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "trunkline.toml").write_text("[sip]\ndrain = 3\n")
    done = trunkline_command("--data", str(tmp_path), "serve")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "sip.drain" in done.stderr


def test_demonstration_succeeds_within_twenty_seconds() -> None:
    began = time.monotonic()
    done = trunkline_command("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - began < 20
    for word in ("Registration", "INVITE", "Media", "Call detail records"):
        assert word in done.stdout
