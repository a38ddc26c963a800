"""Ladders and dry runs from the command line, on the data folder of a server."""

import asyncio
import json
from dataclasses import asdict

import pytest

from fakes.waiting import until
from live_server import START_S
from scenarios.town import ALICE, ATLANTA, BILOXI, BOB, CAROL, ERIN

PHONE, DESK = 10, 11


async def run(server, *arguments, code=0):
    """What a command printed; a command with another exit code fails the test."""
    command = [*server._command()[:5], *arguments]
    process = await asyncio.create_subprocess_exec(
        *command, env=server._environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), START_S)
    assert process.returncode == code, (out, err)
    return (out or err).decode()


@pytest.fixture
async def called(opened, enter):
    """A server that has carried a call, which has its ladder; the call's id."""
    server = await opened()
    scene = enter(server)
    alice = await scene.device("alice", ATLANTA, PHONE)
    bob = await scene.device("bob", BILOXI, DESK)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status == 200)
    await alice.hang_up(call)
    await until(lambda: server.operations.ladders.kept == 1)
    await until(lambda: len(server.registrations()) == 2)
    (cdr,) = (await server.operations.cdrs.page(server.account)).cdrs
    return server, cdr.call_id


async def test_the_kept_ladder_of_a_call_is_shown_and_exported(called, tmp_path):
    server, call_id = called
    text = await run(server, "ladder", call_id)
    assert text.rstrip("\n") == (await server.operations.ladders.text(server.account, call_id)).rstrip("\n")
    assert "Content-Type: application/sdp" not in await run(server, "ladder", call_id, "--brief")
    path = tmp_path / "call.pcap"
    await run(server, "ladder", call_id, "--pcap", str(path))
    assert path.read_bytes() == await server.operations.ladders.pcap(server.account, call_id)
    document = json.loads(await run(server, "ladder", call_id, "--json"))
    assert document["call_id"] == call_id
    assert {one["from"] for one in document["messages"]} == {"caller", "callee-1", "trunkline"}
    refusal = await run(server, "ladder", "nothing", code=2)
    assert "There is no call 'nothing'" in refusal
    record = json.loads(await run(server, "cdrs", "--json"))["cdrs"][0]
    assert record["route"] == f"to 1 device of {BOB}"
    assert [leg["name"] for leg in record["legs"]] == ["caller", "callee-1"]


CASES = [(ALICE, BOB), (ALICE, CAROL), (ERIN, "+19005550199"), (ALICE, "erin")]


async def test_a_dry_run_from_disk_tells_what_the_server_tells(called):
    server, _ = called
    for caller, to in CASES:
        told = server.operations.dry_run.of_credential(server.account, caller, to)
        code = 1 if told.rejection else 0
        document = json.loads(await run(server, "dry-run", to, "--from", caller, "--json", code=code))
        assert document["outcome"] == told.outcome.value
        assert document["steps"] == [asdict(step) for step in told.steps]
        assert document["rejection"] == (asdict(told.rejection) if told.rejection else None)
        assert [one["contact"] for one in document["devices"]] == [one.contact for one in told.devices]
        assert "not seen" in document["not_seen"]


async def test_a_dry_run_needs_one_caller(opened):
    server = await opened()
    assert "Give either" in await run(server, "dry-run", CAROL, code=2)
    assert "would go to" in await run(server, "dry-run", CAROL, "--from", "alice")
    refused = await run(server, "dry-run", "911", "--from", "alice", code=1)
    assert "would be refused with 404" in refused
    assert "To mend it:" in refused
    assert "unknown-destination" in await run(server, "dry-run", CAROL, "--trunk", "chicago", code=1)
