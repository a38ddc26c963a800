"""The ladder of a real call has everything that was said on both its sides."""

import asyncio
import json
import re
import subprocess

import pytest

from fakes.waiting import until
from scenarios.town import ATLANTA, BILOXI, BOB

PHONE, DESK = 10, 11
NOBODY = 999


def said(ladder, lane):
    """Direction and what was said, on one side."""
    return [
        ("<" if one.is_sent else ">") + re.sub(r"^SIP/2.0 (\d+).*|^(\w+) .*", r"\1\2", one.first_line)
        for one in ladder.messages
        if one.lane == lane
    ]


async def bridged(scene):
    alice = await scene.device("alice", ATLANTA, PHONE)
    bob = await scene.device("bob", BILOXI, DESK)
    call = alice.invite(f"sip:{BOB}")
    (await bob.rung()).ring()
    await scene.until(lambda: 180 in call.statuses)
    bob.call.answer()
    await scene.until(lambda: call.status == 200)
    return alice, bob, call


CALLER = [">INVITE", "<407", ">ACK", ">INVITE", "<100", "<180", "<200", ">ACK"]
CALLEE = ["<INVITE", ">180", ">200", "<ACK"]


async def test_all_messages_of_both_legs_are_there_in_their_order_during_the_call_and_after(opened, enter):
    server = await opened()
    scene, here = enter(server), server.operations
    alice, bob, call = await bridged(scene)
    await scene.conversation(call, bob.call)
    (live,) = (await here.calls.page(server.account)).calls
    running = await here.ladders.of(server.account, live.call_id)
    assert said(running, "caller") == CALLER
    assert [one for one in said(running, "callee-1") if one != ">100"] == CALLEE
    assert any("packets relayed" in note.text for note in running.notes)
    assert await here.ladders.of(NOBODY, live.call_id) is None

    await alice.hang_up(call)
    await scene.until(lambda: bob.call.is_over)
    at_once = await here.ladders.of(server.account, live.call_id)
    await until(lambda: here.ladders.kept == 1)
    for ladder in (at_once, await here.ladders.of(server.account, live.call_id)):
        assert said(ladder, "caller")[:8] == CALLER
        assert said(ladder, "caller")[8:] == [">BYE", "<200"]
        assert said(ladder, "callee-1")[-2:] == ["<BYE", ">200"]
        assert [one.at for one in ladder.messages] == sorted(one.at for one in ladder.messages)
        notes = [note.text for note in ladder.notes]
        assert f"routed to 1 device of {BOB}" in notes
        assert notes[-1].startswith("ended: caller-hung-up, status 200")
    assert await here.ladders.of(NOBODY, live.call_id) is None
    assert await here.ladders.of(server.account, "nothing") is None


async def test_no_secret_is_in_any_form_of_a_ladder(opened, enter):
    server = await opened()
    scene, here = enter(server), server.operations
    alice, bob, call = await bridged(scene)
    (live,) = (await here.calls.page(server.account)).calls
    text = await here.ladders.text(server.account, live.call_id)
    pcap = await here.ladders.pcap(server.account, live.call_id)
    assert 'response="***"' in text
    for shown in (text.encode(), pcap):
        assert re.findall(rb'response="?[0-9a-f]{32}', shown) == []
    await alice.hang_up(call)
    assert bob is not None


def read_by_tshark(path):
    found = subprocess.run(
        [
            "tshark",
            "-r",
            str(path),
            "-T",
            "json",
            "-o",
            "udp.check_checksum:TRUE",
            "-o",
            "ip.check_checksum:TRUE",
        ],
        capture_output=True,
        check=True,
        timeout=90,
    )
    return [packet["_source"]["layers"] for packet in json.loads(found.stdout)]


@pytest.mark.needs("tshark")
async def test_wireshark_reads_an_exported_ladder(opened, enter, tmp_path):
    server = await opened()
    scene, here = enter(server), server.operations
    alice, _, call = await bridged(scene)
    await alice.hang_up(call)
    await until(lambda: here.ladders.kept == 1)
    (cdr,) = (await here.cdrs.page(server.account)).cdrs
    ladder = await here.ladders.of(server.account, cdr.call_id)
    path = tmp_path / "call.pcap"
    path.write_bytes(await here.ladders.pcap(server.account, cdr.call_id))
    packets = await asyncio.to_thread(read_by_tshark, path)
    assert len(packets) == len(ladder.messages)
    for packet, message in zip(packets, ladder.messages, strict=True):
        assert "sip" in packet
        assert packet["udp"]["udp.checksum.status"] == "1"
        assert packet["ip"]["ip.checksum.status"] == "1"
        first = packet["sip"].get("sip.Request-Line") or packet["sip"]["sip.Status-Line"]
        assert first == message.first_line
        assert "_ws.malformed" not in packet
