"""What every test may rely on: a clean environment, no sockets in unit tests, parts that are there or named.

A test that calls a foreign program says so with ``@pytest.mark.needs("sipp")``. Where the program is missing the
test is skipped with the command that installs it; under ``CI=true`` it fails.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket, enable_socket

TESTS = Path(__file__).parent
IS_CI = os.environ.get("CI") == "true"
EXPECT_COMPILED = os.environ.get("EXPECT_COMPILED") == "1"

# A machine with other work may be slow with any example. In CI the examples are the same in every run.
settings.register_profile(
    "steady", deadline=None, derandomize=IS_CI, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("steady")

PACKAGES = {
    "baresip": "baresip-core",
    "cc": "gcc libc6-dev",
    "chromium": "chromium",
    "kamailio": "kamailio",
    "openssl": "openssl",
    "postgres": "postgresql",
    "sipp": "sip-tester",
    "sipsak": "sipsak",
    "tshark": "tshark",
}
"""Which Debian package brings a program."""

_PURGED = ("TRUNKLINE_", "XDG_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and take away what the machine's settings could change about a result."""
    config.addinivalue_line("markers", "needs(*programs): foreign programs without which the test cannot run")
    for name in list(os.environ):
        if name.upper().startswith(_PURGED):
            del os.environ[name]
    os.environ["TZ"] = "UTC"
    if EXPECT_COMPILED:
        _require_compiled_code()


def _require_compiled_code() -> None:
    parser = importlib.util.find_spec("trunkline.sip.parser")
    if parser is None or not (parser.origin or "").endswith(".so"):
        raise pytest.UsageError(
            f"compiled code was asked for, but {parser and parser.origin} would be tested"
        )


def find_program(name: str) -> str | None:
    """Where a foreign program is; PostgreSQL's server lies outside of PATH on Debian. None when it is missing."""
    if name == "postgres":
        return next((str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))), None)
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Close the network to unit tests, and see that the programs that a test needs are there."""
    if TESTS / "unit" in item.path.parents:
        disable_socket(allow_unix_socket=True)  # an event loop wakes itself through a Unix socket pair
    for marker in item.iter_markers("needs"):
        missing = [name for name in marker.args if find_program(name) is None]
        if missing:
            packages = " ".join(PACKAGES.get(name, name) for name in missing)
            sentence = f"{' and '.join(missing)} missing; install with: sudo apt-get install {packages}"
            pytest.fail(sentence, pytrace=False) if IS_CI else pytest.skip(sentence)


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Open the network again for the tests that follow."""
    if TESTS / "unit" in item.path.parents:
        enable_socket()
