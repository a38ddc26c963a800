"""Prompts, recordings, digits and figures, through the real engine."""

# ruff: noqa: ASYNC240 (files and processes are what is tested; nobody else waits)

import asyncio
import itertools
import wave
from array import array
from pathlib import Path

import numpy as np
import pytest

from fakes.media_peer import RATE, tone_share
from fakes.waiting import until
from trunkline.domain.media import NOWHERE, DigitReceived, MediaFailure, MediaFailureCause, Side, StreamSilent
from trunkline.media.prompts import PromptLibrary
from trunkline.media.recordings import read_recording, write_wav

from .conftest import remote, where


def digits_of(listener):
    """The packets of pressed keys that a party heard."""
    return [packet for packet in listener.heard if packet.payload_type == 101]


def jitter_ms(heard):
    """The largest interarrival jitter there was by a listener's own clock (RFC 3550 §6.4.1), in milliseconds."""
    jitter = largest = 0.0
    for before, packet in itertools.pairwise(heard):
        late_s = packet.at - before.at - ((packet.timestamp - before.timestamp) & 0xFFFFFFFF) / RATE
        jitter += (abs(late_s) * 1000 - jitter) / 16
        largest = max(largest, jitter)
    return largest


@pytest.fixture
def prompts(settings):
    return PromptLibrary(settings.prompts_folder)


@pytest.mark.parametrize("payload_type", [0, 8])
async def test_a_prompt_is_heard_in_the_partys_codec_by_20_ms_packets(studio, prompts, payload_type):
    alice = await studio.peer(payload_type=payload_type)
    described = remote(alice, payload_types=(payload_type, 101))
    await studio.set("s1", Side.CALLER, described, NOWHERE)
    await studio.set("s1", Side.CALLEE, None)
    name = prompts.tone([700], 1.0)
    assert await studio.ask(studio.engine.play, "s1", Side.CALLER, name, 1) is None
    await until(lambda: len(alice.heard) >= 50)
    await asyncio.sleep(0.2)
    assert len(alice.heard) == 50, "it was played once"
    assert {(packet.payload_type, len(packet.payload)) for packet in alice.heard} == {(payload_type, 160)}
    assert alice.tone_share(700) > 0.95


async def test_music_plays_until_stopped_and_the_call_goes_on(studio, prompts):
    alice, bob = await studio.peer(), await studio.peer(frequency_hz=1000)
    for_alice, for_bob = await studio.bridge("s1", alice, bob)
    alice.start(for_alice)
    bob.start(for_bob)
    await alice.wait_heard(5)
    # By its absolute path, as the demo may give it: the folder's name has a space in it.
    path = str(studio.settings.prompts_folder / prompts.tone([700], 0.1))
    assert await studio.ask(studio.engine.play, "s1", Side.CALLER, path, -1) is None
    before = len(alice.heard)
    await alice.wait_heard(60)
    assert alice.tone_share(700, before) > 0.9
    heard_by_bob = len(bob.heard)
    studio.engine.stop_play("s1", Side.CALLER)
    await asyncio.sleep(0.1)
    after = len(alice.heard)
    await alice.wait_heard(30)
    assert alice.tone_share(1000, after) > 0.95
    assert bob.heard_from(alice, heard_by_bob) > 20


async def test_a_prompt_leaves_the_other_direction_as_it_is(studio, prompts):
    """The engine's packet time would go on renumbering what Alice sends: a lost packet would be hidden."""
    alice, bob = await studio.peer(), await studio.peer()
    for_alice, _ = await studio.bridge("s1", alice, bob)
    name = prompts.tone([700], 0.1)
    assert await studio.ask(studio.engine.play, "s1", Side.CALLEE, name, 1) is None
    assert await studio.ask(studio.engine.play, "s1", Side.CALLER, name, 1) is None
    await asyncio.sleep(0.3)
    before = len(bob.heard)
    for number in range(10):
        alice.send(for_alice)
        if number == 4:
            alice.sequence += 1
    await until(lambda: len(bob.heard) == before + 10)
    sequences = [packet.sequence for packet in bob.heard[before:]]
    assert sequences[-1] - sequences[0] == 10


async def test_a_missing_prompt_is_refused(studio):
    alice, bob = await studio.peer(), await studio.peer()
    await studio.bridge("s1", alice, bob)
    failure = await studio.ask(studio.engine.play, "s1", Side.CALLER, "nothing", 1)
    assert isinstance(failure, MediaFailure)
    assert failure.cause is MediaFailureCause.REFUSED


async def test_digits_are_told_with_their_side_and_still_relayed(studio):
    alice, bob = await studio.peer(), await studio.peer()
    for_alice, for_bob = await studio.bridge("s1", alice, bob)
    alice.start(for_alice)
    bob.start(for_bob)
    await alice.wait_heard(5)
    await alice.send_digit(for_alice, 5)
    digit = await studio.event(DigitReceived)
    assert digit == DigitReceived("s1", Side.CALLER, "5", 120)
    await bob.send_digit(for_bob, 11, packets=9)
    assert await studio.event(DigitReceived) == DigitReceived("s1", Side.CALLEE, "#", 200)
    for listener, packets in ((bob, 8), (alice, 12)):
        await until(lambda listener=listener, packets=packets: len(digits_of(listener)) == packets)
    await asyncio.sleep(0.1)
    assert (len(digits_of(bob)), len(digits_of(alice))) == (8, 12)
    assert studio.events == []


async def test_digits_are_told_of_a_stream_the_callee_opened_and_after_a_change(studio):
    alice, bob = await studio.peer(), await studio.peer()
    for_alice = where(await studio.set("s1", Side.CALLEE, remote(bob)))
    for_bob = where(await studio.set("s1", Side.CALLER, remote(alice)))
    await studio.set("s1", Side.CALLEE, remote(bob, payload_types=(8, 101)))
    await alice.send_digit(for_alice, 1)
    assert (await studio.event(DigitReceived)).side is Side.CALLER
    await bob.send_digit(for_bob, 2)
    assert (await studio.event(DigitReceived)).side is Side.CALLEE


async def test_each_side_is_recorded_and_no_part_overwrites_another(studio, tmp_path):
    alice, bob = await studio.peer(frequency_hz=440), await studio.peer(frequency_hz=1000)
    for_alice, for_bob = await studio.bridge("s1", alice, bob)
    alice.start(for_alice)
    bob.start(for_bob)
    await alice.wait_heard(5)
    first = await studio.ask(studio.engine.record, "s1", Side.CALLER)
    other = await studio.ask(studio.engine.record, "s1", Side.CALLEE)
    await alice.wait_heard(40)
    studio.engine.stop_record("s1", Side.CALLER)
    second = await studio.ask(studio.engine.record, "s1", Side.CALLER)
    assert Path(first).stat().st_size > 40 * 172
    assert first != second
    await alice.wait_heard(40)
    await studio.ask(studio.engine.close, "s1")
    await asyncio.sleep(0.1)
    assert {Path(path).exists() for path in (first, other, second)} == {True}
    packets = list(read_recording(Path(first)))
    assert {packet.ssrc for packet in packets} == {alice.ssrc}
    write_wav(tmp_path / "out.wav", [Path(first), Path(other)])
    with wave.open(str(tmp_path / "out.wav")) as file:
        sound = np.array(array("h", file.readframes(file.getnframes())), dtype=float)
    assert tone_share(sound[0::2], 440) > 0.9
    assert tone_share(sound[1::2], 1000) > 0.9
    assert Path(first).stat().st_mode & 0o077 == 0


async def test_figures_tell_loss_duplicates_and_jitter_of_each_side(studio):
    alice, bob = await studio.peer(), await studio.peer()
    for_alice, for_bob = await studio.bridge("s1", alice, bob)
    alice.lose = lambda number: number % 10 == 7
    bob.delay_s = lambda number: 0.005 if number % 2 else -0.005
    alice.start(for_alice)
    bob.start(for_bob)
    await alice.wait_heard(120)
    alice.stop()
    bob.stop()
    alice.send(for_alice, sequence=alice.sequence - 1)
    await asyncio.sleep(0.1)
    running = await studio.ask(studio.engine.query, "s1")
    statistics = await studio.ask(studio.engine.close, "s1")
    assert running == statistics
    assert statistics.caller.received == alice.sent - 1
    assert statistics.caller.lost == pytest.approx(alice.sent / 9, abs=2)
    assert statistics.caller.duplicates == 1
    assert statistics.callee.received == bob.sent
    assert statistics.callee.lost == 0
    assert statistics.relayed == alice.sent + bob.sent
    # Packets 5 ms early and late in turn come 10 ms off: RFC 3550 jitter tends to 10 ms. Other work of the machine adds
    # to it, which the one who hears them sees too.
    assert 6 < statistics.callee.jitter_ms < max(14, 2 * jitter_ms(alice.heard) + 4)
    assert statistics.caller.jitter_ms < max(5, 2 * jitter_ms(bob.heard) + 4)
    assert statistics.callee.jitter_max_ms >= statistics.callee.jitter_ms


@pytest.mark.parametrize("settings", [{"silence_timeout_s": 3}], indirect=True)
async def test_the_figures_of_a_stream_that_fell_silent_are_exact(studio):
    alice, bob = await studio.peer(), await studio.peer()
    for_alice, _ = await studio.bridge("s1", alice, bob)
    for _ in range(25):
        alice.send(for_alice)
    await studio.event(StreamSilent)
    statistics = await studio.ask(studio.engine.close, "s1")
    assert statistics.caller.received == 25
