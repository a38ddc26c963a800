"""Devices register and call while the JSON API looks on, and acts."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from fakes.waiting import until_found
from integration.native.conftest import Native
from live_party import Scene
from live_server import PATIENCE_S, LiveServer
from scenarios.town import ALICE, ATLANTA, BILOXI, BOB

PHONE, DESK, LOBBY = 10, 11, 12


async def events(native: Native, lines: AsyncIterator[str]) -> AsyncIterator[tuple[int, str, Any]]:
    """Id, kind and data of each event of a stream."""
    fields: dict[str, str] = {}
    async for line in lines:
        name, _, text = line.partition(": ")
        if line and name:
            fields[name] = text
        elif "event" in fields:
            yield int(fields["id"]), fields["event"], json.loads(fields["data"])
            fields = {}


async def until_seen(native: Native, path: str, wanted: int = 1) -> list[Any]:
    """Ask for a list until it is so long."""

    async def look() -> list[Any]:
        items: list[Any] = (await native.get(path))["items"]
        return items if len(items) >= wanted else []

    return await until_found(look)


async def test_a_credential_made_by_json_registers_at_once_and_is_thrown_out(native: Native, server: LiveServer, scene: Scene) -> None:  # fmt: skip
    made = await native.ask("POST", "credentials", {"username": "carol", "realm": ATLANTA}, 201)
    server.passwords[made["aor"]] = made["password"]
    await asyncio.to_thread(server.wait_for_changes)
    async with native.client.stream("GET", "events", timeout=PATIENCE_S) as stream:
        heard = events(native, stream.aiter_lines())
        await scene.device("carol", ATLANTA, LOBBY, "tcp")
        number, kind, event = await anext(heard)
        assert (kind, event["subject"]) == ("registered", made["aor"])
        (device,) = await until_seen(native, "registrations?search=carol")
        assert (device["aor"], device["transport"]) == (made["aor"], "tcp")
        assert await native.ask("DELETE", f"registrations/{made['aor']}") == {"removed": 1}
        number, kind, event = await anext(heard)
        assert (kind, event["data"]["departure"]) == ("unregistered", "operator")
    headers = {"Last-Event-ID": str(number - 1)}
    async with native.client.stream("GET", "events", timeout=PATIENCE_S, headers=headers) as stream:
        again, kind, _ = await anext(events(native, stream.aiter_lines()))
    assert (again, kind) == (number, "unregistered")
    assert (await native.get("registrations?search=carol"))["items"] == []
    timeline = await until_seen(native, f"registrations/{made['aor']}/timeline", 2)
    assert [entry["kind"] for entry in timeline] == ["unregistered", "registered"]


async def test_a_running_call_is_seen_hung_up_and_explained(native: Native, scene: Scene) -> None:
    alice = await scene.device("alice", ATLANTA, PHONE)
    bob = await scene.device("bob", BILOXI, DESK)
    would = await native.ask("POST", "dry-run", {"aor": ALICE, "to": f"sip:{BOB}"})
    assert (would["outcome"], [device["aor"] for device in would["devices"]]) == ("device", [BOB])
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).answer()
    await scene.until(lambda: call.status == 200)
    (seen,) = await until_seen(native, "calls")
    assert (seen["state"], len(seen["legs"])) == ("answered", 2)
    await native.ask("DELETE", f"calls/{seen['id']}", status=204)
    await scene.until(lambda: call.is_over and bob.call.is_over)
    ladder = await native.get(f"calls/{seen['id']}/ladder")
    assert ladder["is_captured"]
    assert [one["first_line"].split()[0] for one in ladder["messages"]].count("INVITE") >= 2
    assert "response=" not in json.dumps(ladder) or "***" in json.dumps(ladder)
    capture = await native.client.get(f"calls/{seen['id']}/ladder.pcap")
    assert len(capture.content) > 1000
    assert [one["id"] for one in await until_seen(native, "cdrs")] == [seen["id"]]

    async def ended() -> Any:
        record = await native.get(f"cdrs/{seen['id']}")
        return record if record["ended_at"] else None

    past = await until_found(ended)
    assert past["end_cause"] == "operator"
    rows = list(csv.DictReader(io.StringIO((await native.client.get("cdrs.csv")).text)))
    assert [row["call_id"] for row in rows] == [seen["id"]]


async def test_a_wrong_password_is_diagnosed_from_what_the_device_sent(native: Native, server: LiveServer, scene: Scene) -> None:  # fmt: skip
    right = server.passwords[ALICE]
    server.passwords[ALICE] = right.upper()
    alice = await scene.party("alice", PHONE, username="alice", realm=ATLANTA)
    server.passwords[ALICE] = right
    with contextlib.suppress(AssertionError, TimeoutError):
        await asyncio.wait_for(alice.register(), PATIENCE_S)
    (refusal, *_) = await until_seen(native, "rejections")
    assert refusal["data"]["code"] == "wrong-password"
    found = await native.ask("POST", "diagnosis", {"event_id": refusal["id"], "password": right})
    assert found["cause"] == "wrong-password"
    assert "in upper case" in found["form"]


async def test_the_server_stops_while_somebody_listens(native: Native, server: LiveServer) -> None:
    async with native.client.stream("GET", "events", timeout=PATIENCE_S) as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 3000"
        assert await asyncio.to_thread(server.stop) == 0
        with contextlib.suppress(httpx.HTTPError):
            async for _ in lines:
                pass


async def test_the_page_and_the_description_are_served(native: Native, server: LiveServer) -> None:
    root = httpx.URL(server.http_url)
    page = await native.client.get(root.join("/docs"))
    assert page.status_code == 200
    assert "openapi.json" in page.text
    assert (await native.client.get(root.join("/openapi.json"))).json()["openapi"] == "3.1.0"
    assert (
        (await native.client.get(root.join("/docs/style.css"))).headers["content-type"].startswith("text/css")
    )
