"""What a server says when it is ready: what it listens on, and the next command as it is to be typed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trunkline.cli.invocation import Invocation
from trunkline.cli.serve import _command, _Greeting


def server(**found: dict[int, Any]) -> Any:
    nouns: dict[str, Any] = {"realms": {}, "credentials": {}, "trunks": {}, "numbers": {}}
    return SimpleNamespace(
        listeners=["udp:192.0.2.1:5060"], directory=SimpleNamespace(**nouns | found), bindings={}
    )


@pytest.mark.parametrize(
    ("folder", "command"),
    [(None, "trunkline"), (Path(".play"), "trunkline --data .play"), (Path("a b"), "trunkline --data 'a b'")],
)
def test_next_command_works_on_the_same_folder(folder: Path | None, command: str) -> None:
    context: Any = SimpleNamespace(obj=Invocation(folder, None))
    assert _command(context) == command


@pytest.mark.parametrize(
    ("found", "step"),
    [
        ({}, "Next: trunkline --data d realm add desk --default"),
        (
            {"realms": {1: SimpleNamespace(name="atlanta.example")}},
            "Next: trunkline --data d credential add alice --realm atlanta.example --generate",
        ),
        (
            {"realms": {1: SimpleNamespace(name="atlanta.example")}, "credentials": {1: "alice"}},
            "Next: trunkline --data d trunk add carrier --target sip:ADDRESS, so that calls can leave",
        ),
        (
            {"realms": {1: SimpleNamespace(name="a")}, "credentials": {1: "a", 2: "b"}, "trunks": {1: "c"}},
            "  2 credentials, 1 trunks, 0 numbers, 0 registered devices",
        ),
    ],
)
async def test_ready_server_says_what_is_still_missing(
    capsys: pytest.CaptureFixture[str], found: dict[str, Any], step: str
) -> None:
    await _Greeting("trunkline --data d").greet(server(**found), None)
    assert capsys.readouterr().err.splitlines() == [
        "Trunkline is ready.",
        "  SIP    'udp:192.0.2.1:5060'",
        step,
    ]
