"""sipsak: OPTIONS and registrations from a program that does nothing by halves."""

from __future__ import annotations

import subprocess

import pytest

from interop.conftest import BOB, PASSWORD
from live_server import PATIENCE_S, LiveServer

pytestmark = pytest.mark.needs("sipsak")

DEVICE = 18


def sipsak(server: LiveServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    address = f"{server.host}:{server.port}"
    return subprocess.run(
        ["sipsak", "-p", address, "-H", server.network.address(DEVICE), "-vvv", *arguments],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip


def register(
    server: LiveServer, contact: str, password: str = PASSWORD, expires: int = 120
) -> subprocess.CompletedProcess[str]:
    return sipsak(
        server, "-U", "-C", contact, "-x", str(expires), "-s", f"sip:{BOB}", "-u", "bob", "-a", password
    )


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_options_are_answered(server: LiveServer, transport: str) -> None:
    done = sipsak(server, "-E", transport, "-s", f"sip:{server.host}:{server.port}")
    assert done.returncode == 0, done.stdout
    assert "SIP/2.0 200" in done.stdout
    assert "Allow: INVITE" in done.stdout


def test_registration_is_made_listed_and_removed(server: LiveServer) -> None:
    contact = f"sip:bob@{server.network.address(DEVICE)}:6001"
    assert register(server, contact).returncode == 0
    listed = register(server, "empty")
    assert listed.returncode == 0
    assert contact in listed.stdout
    assert register(server, contact, expires=0).returncode == 0
    assert contact not in register(server, "empty").stdout.rpartition("SIP/2.0 200")[2]


def test_wrong_password_is_refused(server: LiveServer) -> None:
    done = register(server, f"sip:bob@{server.network.address(DEVICE)}:6001", password="wrong")
    assert done.returncode != 0
    assert "SIP/2.0 200" not in done.stdout
