"""The port's operations against an engine without sockets."""

import asyncio
from pathlib import Path

import pytest

from fakes.rtpproxy import FakeLauncher
from trunkline.domain.media import (
    NOWHERE,
    DigitReceived,
    LocalMedia,
    MediaFailure,
    MediaFailureCause,
    MediaStatistics,
    RemoteMedia,
    Side,
    SideStatistics,
    StreamSilent,
    StreamsLost,
)
from trunkline.media.embedded import EmbeddedMediaEngine, MediaEngineStartError
from trunkline.media.settings import MediaInterface, MediaSettings

ALICE = RemoteMedia("192.0.2.10", 4000, trusted=False, payload_types=(0, 8, 101), telephone_event=101)
BOB = RemoteMedia("198.51.100.20", 5000, trusted=True, payload_types=(0,))
LIVES = 16


class World:
    def __init__(self, folder: Path, **changes) -> None:
        interfaces = (
            MediaInterface("ip4", "192.0.2.1"),
            MediaInterface("lan", "10.0.0.5"),
            MediaInterface("six", "2001:db8::1"),
        )
        self.settings = MediaSettings(folder / "recordings", folder / "prompts", interfaces, **changes)
        self.launcher = FakeLauncher()
        self.events = []
        self.engine = EmbeddedMediaEngine(self.settings, self.events.append, launcher=self.launcher)

    @property
    def proxy(self):
        return self.launcher.engine

    async def ask(self, operation, *arguments):
        answer = asyncio.get_running_loop().create_future()
        operation(*arguments, answer.set_result)
        assert not answer.done(), "answered before the operation returned"
        return await asyncio.wait_for(answer, 30)

    async def set(self, side, remote, stream="s1", facing="ip4"):
        return await self.ask(self.engine.set_remote, stream, side, remote, facing)

    async def bridge(self, stream="s1"):
        await self.set(Side.CALLER, ALICE, stream)
        await self.set(Side.CALLEE, BOB, stream)


@pytest.fixture
async def world(tmp_path):
    world = World(tmp_path)
    await world.engine.start()
    yield world
    await world.engine.stop()


async def settle() -> None:
    for _ in range(LIVES):
        await asyncio.sleep(0)


async def test_each_side_gets_the_port_facing_the_other(world):
    facing_callee = await world.set(Side.CALLER, ALICE)
    facing_caller = await world.set(Side.CALLEE, BOB)
    assert isinstance(facing_callee, LocalMedia)
    assert isinstance(facing_caller, LocalMedia)
    assert facing_callee.port != facing_caller.port
    assert world.proxy.sent("U") == [
        "Uc0,8,101l{ip4} s1 192.0.2.10 4000 a b fd:6 silent.s1 && M3:1 digit.a.s1 101"
    ]
    assert world.proxy.sent("L") == ["Lac0l{ip4} s1 198.51.100.20 5000 a b"]


async def test_repeating_a_remote_asks_the_engine_nothing(world):
    first = await world.set(Side.CALLER, ALICE)
    assert await world.set(Side.CALLER, ALICE) == first
    assert len(world.proxy.sent("U")) == 1


async def test_another_codec_does_not_tell_the_address_again(world):
    """An address told opens the engine's latch to strangers for ten seconds."""
    await world.bridge()
    await world.set(Side.CALLER, RemoteMedia("192.0.2.10", 4000, trusted=False, payload_types=(8,)))
    assert world.proxy.sent("U")[1] == "Uc8l{ip4} s1 0.0.0.0 0 a b fd:6 silent.s1"


async def test_a_move_tells_the_new_address_with_everything_repeated(world):
    await world.bridge()
    moved = RemoteMedia("192.0.2.11", 4100, trusted=False, payload_types=(0,), telephone_event=96)
    await world.set(Side.CALLER, moved)
    assert world.proxy.sent("U")[1] == (
        "Uc0l{ip4} s1 192.0.2.11 4100 a b fd:6 silent.s1 && M3:1 digit.a.s1 96"
    )


async def test_hold_keeps_the_address_and_lifts_the_silence_limit(world):
    await world.bridge()
    await world.set(Side.CALLEE, RemoteMedia("198.51.100.20", 0, trusted=True, payload_types=(0,)))
    assert world.proxy.sent("L")[1] == "Lac0l{ip4} s1 0.0.0.0 0 a b && S ttl=14400"
    await world.set(Side.CALLEE, BOB)
    assert world.proxy.sent("L")[2] == "Lac0l{ip4} s1 0.0.0.0 0 a b && S ttl=60"


async def test_the_silence_limit_returns_only_when_no_side_is_on_hold(world):
    await world.bridge()
    await world.set(Side.CALLEE, RemoteMedia("0.0.0.0", 5000, trusted=True))
    await world.set(Side.CALLER, RemoteMedia("0.0.0.0", 4000, trusted=False))
    await world.set(Side.CALLEE, BOB)
    assert [line for line in world.proxy.lines if "ttl=60" in line] == []
    await world.set(Side.CALLER, ALICE)
    assert "S ttl=60" in world.proxy.lines[-1]


async def test_a_side_that_latched_goes_on_latching_when_a_trusted_address_follows(world):
    """The engine would keep the latched address and refuse everybody else."""
    await world.bridge()
    await world.set(Side.CALLER, RemoteMedia("203.0.113.9", 6000, trusted=True, payload_types=(0,)))
    assert world.proxy.sent("U")[1].startswith("Uc0l{ip4} s1 203.0.113.9 6000 ")


async def test_a_side_not_known_yet_is_set_and_told_later(world):
    await world.set(Side.CALLEE, BOB)
    assert isinstance(await world.set(Side.CALLER, None), LocalMedia)
    await world.set(Side.CALLER, ALICE)
    assert world.proxy.sent("U") == ["Uac0l{ip4} s1 198.51.100.20 5000 b a fd:6 silent.s1"]
    assert world.proxy.sent("L")[0] == "Ll{ip4} s1 0.0.0.0 0 b a"
    assert world.proxy.sent("L")[1].startswith("Lc0,8,101l{ip4} s1 192.0.2.10 4000 b a")


async def test_another_facing_opens_a_new_port_without_telling_the_address(world):
    first = await world.set(Side.CALLER, ALICE, facing=NOWHERE)
    await world.set(Side.CALLEE, None)
    second = await world.set(Side.CALLER, ALICE, facing="lan")
    assert second != first
    assert world.proxy.sent("U")[1].startswith("Unc0,8,101l{lan} s1 0.0.0.0 0 a b")


async def test_a_family_finds_the_first_interface_of_its_kind(world):
    await world.set(Side.CALLER, ALICE, facing="ip6")
    assert "l{six}" in world.proxy.sent("U")[0]


@pytest.mark.parametrize(
    ("remote", "facing"),
    [
        (ALICE, "wan"),
        (RemoteMedia("not an address", 4000, trusted=False), "ip4"),
        (RemoteMedia("127.0.0.1", 4000, trusted=False), "ip4"),
        (RemoteMedia("192.0.2.10", 4000, trusted=False, payload_types=(200,)), "ip4"),
    ],
)
async def test_what_must_not_reach_the_engine_is_refused(world, remote, facing):
    answer = await world.set(Side.CALLER, remote, facing=facing)
    assert answer.cause is MediaFailureCause.REFUSED
    assert world.proxy.sent("U") == []
    assert world.engine.open_streams == 0


async def test_a_name_that_is_none_is_refused(world):
    assert (await world.set(Side.CALLER, ALICE, stream="a b")).cause is MediaFailureCause.REFUSED


async def test_an_address_of_the_other_family_than_its_interface_is_refused(world):
    await world.set(Side.CALLER, ALICE, facing="ip4")
    answer = await world.set(Side.CALLEE, RemoteMedia("2001:db8::9", 5000, trusted=True))
    assert answer.cause is MediaFailureCause.REFUSED


@pytest.mark.parametrize("code", ["E71", "E72"])
async def test_no_free_port_is_tried_again_once(world, code):
    world.proxy.answers["U"] = [code]
    assert isinstance(await world.set(Side.CALLER, ALICE), LocalMedia)
    assert len(world.proxy.sent("U")) == 2


async def test_no_free_port_twice_is_exhaustion_and_leaves_nothing(world):
    world.proxy.answers["U"] = ["E72", "E72"]
    assert (await world.set(Side.CALLER, ALICE)).cause is MediaFailureCause.EXHAUSTED
    assert world.engine.open_streams == 0


async def test_more_streams_than_ports_are_not_even_asked_for(tmp_path):
    world = World(tmp_path, port_min=30000, port_max=30003)
    await world.engine.start()
    for number in range(3):
        assert isinstance(await world.set(Side.CALLER, ALICE, f"s{number}"), LocalMedia)
    assert (await world.set(Side.CALLER, ALICE, "s9")).cause is MediaFailureCause.EXHAUSTED
    assert len(world.proxy.sent("U")) == 3
    await world.engine.stop()


async def test_an_engine_that_knows_no_such_stream_refuses(world):
    await world.set(Side.CALLER, ALICE)
    world.proxy.answers["L"] = ["0"]
    assert (await world.set(Side.CALLEE, BOB)).cause is MediaFailureCause.REFUSED
    await world.set(Side.CALLEE, BOB)
    assert world.proxy.sent("L")[1] == "Lac0l{ip4} s1 198.51.100.20 5000 a b"


async def test_what_is_asked_while_a_stream_opens_waits_for_it(world):
    answers = []
    world.engine.set_remote("s1", Side.CALLER, ALICE, "ip4", answers.append)
    world.engine.set_remote("s1", Side.CALLEE, BOB, "ip4", answers.append)
    world.engine.close("s1", answers.append)
    assert len(world.proxy.sent("L")) == 0
    await settle()
    assert [type(answer) for answer in answers] == [LocalMedia, LocalMedia, MediaStatistics]
    assert world.engine.open_streams == 0


async def test_what_waits_for_a_stream_that_does_not_open_fails_with_it(world):
    answers = []
    world.proxy.answers["U"] = ["E37"]
    world.engine.set_remote("s1", Side.CALLER, ALICE, "ip4", answers.append)
    world.engine.set_remote("s1", Side.CALLEE, BOB, "ip4", answers.append)
    world.engine.play("s1", Side.CALLER, "tone", 1, answers.append)
    world.engine.close("s1", answers.append)
    await settle()
    assert [answer.cause for answer in answers] == [MediaFailureCause.REFUSED] * 4
    assert world.proxy.sent("L") == []


async def test_close_answers_the_figures_of_both_sides(world):
    await world.bridge()
    statistics = await world.ask(world.engine.close, "s1")
    assert statistics == MediaStatistics(
        SideStatistics(10, 2, 1, 1.0, 2.0), SideStatistics(20, 2, 1, 1.0, 2.0), relayed=30, dropped=3
    )
    assert world.proxy.sent("D") == ["D s1 a b"]
    assert (await world.ask(world.engine.close, "s1")).cause is MediaFailureCause.REFUSED


async def test_figures_can_be_asked_for_without_closing(world):
    await world.bridge()
    assert (await world.ask(world.engine.query, "s1")).relayed == 30
    assert world.engine.open_streams == 1
    assert (await world.ask(world.engine.query, "none")).cause is MediaFailureCause.REFUSED


async def test_close_without_a_callback_closes(world):
    await world.bridge()
    world.engine.close("s1")
    await settle()
    assert world.proxy.sessions == {}


async def test_a_prompt_takes_whole_packets_and_leaves_the_other_side_untouched(world):
    await world.bridge()
    prompt = str(world.settings.prompts_folder / "tone")
    assert await world.ask(world.engine.play, "s1", Side.CALLER, prompt, -1) is None
    assert world.proxy.lines[-3:] == [
        "Laz20c0l{ip4} s1 0.0.0.0 0 a b",
        "P-1 s1 tone session a b",
        "Lac0l{ip4} s1 0.0.0.0 0 a b",
    ]
    world.engine.stop_play("s1", Side.CALLER)
    await settle()
    assert world.proxy.lines[-1] == "S s1 a b"


async def test_a_prompt_needs_both_sides_and_a_plain_name(world):
    await world.set(Side.CALLER, ALICE)
    answer = await world.ask(world.engine.play, "s1", Side.CALLER, "tone", 1)
    assert answer.cause is MediaFailureCause.REFUSED
    await world.set(Side.CALLEE, BOB)
    answer = await world.ask(world.engine.play, "s1", Side.CALLER, "to ne", 1)
    assert answer.cause is MediaFailureCause.REFUSED
    assert world.proxy.sent("P") == []


async def test_a_prompt_that_is_not_there_is_refused(world):
    await world.bridge()
    world.proxy.answers["P"] = ["E60"]
    answer = await world.ask(world.engine.play, "s1", Side.CALLER, "nothing", 1)
    assert answer.cause is MediaFailureCause.REFUSED


async def test_every_recording_has_a_name_of_its_own(world):
    await world.bridge()
    folder = world.settings.recordings_folder
    folder.mkdir(parents=True)
    (folder / "s1-a-2.rtp").touch()
    first = await world.ask(world.engine.record, "s1", Side.CALLER)
    assert await world.ask(world.engine.record, "s1", Side.CALLER) == first
    world.engine.stop_record("s1", Side.CALLER)
    second = await world.ask(world.engine.record, "s1", Side.CALLER)
    assert [first, second] == [str(folder / "s1-a-1.rtp"), str(folder / "s1-a-3.rtp")]
    assert world.proxy.sent("C") == ["C s1 s1-a-1 a b", "C s1 s1-a-3 a b"]
    assert world.proxy.sent("N") == ["N s1 a b"]


async def test_stopping_what_does_not_run_asks_nothing(world):
    await world.bridge()
    before = len(world.proxy.lines)
    world.engine.stop_record("s1", Side.CALLER)
    world.engine.stop_play("none", Side.CALLER)
    world.engine.stop_record("none", Side.CALLER)
    await settle()
    assert len(world.proxy.lines) == before


async def test_a_digit_is_an_event_of_its_side(world):
    await world.bridge()
    world.engine.take_notice("digit.b.s1 7 10 640 1")
    assert world.events == [DigitReceived("s1", Side.CALLEE, "7", 80)]


async def test_notices_of_closed_streams_are_passed_over(world):
    world.engine.take_notice("silent.s1")
    world.engine.take_notice("digit.b.s1 7 10 640 1")
    assert world.events == []


async def test_a_silent_stream_is_told_of_and_its_figures_kept_for_close(world):
    await world.bridge()
    statistics = await world.ask(world.engine.query, "s1")
    for _ in range(15):
        world.engine.beat()
    await settle()
    world.engine.take_notice("silent.s1")
    assert world.events == [StreamSilent("s1")]
    assert world.engine.open_streams == 0
    assert await world.ask(world.engine.close, "s1") == statistics
    assert (await world.ask(world.engine.close, "s1")).cause is MediaFailureCause.REFUSED


async def test_a_dead_engines_pending_commands_fail_and_its_streams_are_lost(world):
    await world.bridge()
    await world.bridge("s2")
    answers = []
    dead = world.proxy
    dead.is_mute = True
    world.engine.query("s1", answers.append)
    world.engine.set_remote("s3", Side.CALLER, ALICE, "ip4", answers.append)
    world.engine.set_remote("s3", Side.CALLEE, BOB, "ip4", answers.append)
    dead.die()
    assert [answer.cause for answer in answers] == [MediaFailureCause.UNAVAILABLE] * 3
    assert world.events == [StreamsLost(("s1", "s2"))]
    assert isinstance(await world.ask(world.engine.close, "s1"), MediaStatistics)


async def test_while_no_engine_runs_everything_is_unavailable(world):
    await world.bridge()
    dead = world.proxy
    world.launcher.broken = True
    dead.die()
    engine = world.engine
    answers = [
        await world.set(Side.CALLER, ALICE),
        await world.ask(engine.play, "s1", Side.CALLER, "tone", 1),
        await world.ask(engine.record, "s1", Side.CALLER),
        await world.ask(engine.query, "s1"),
        await world.ask(engine.close, "other"),
    ]
    engine.stop_play("s1", Side.CALLER)
    engine.stop_record("s1", Side.CALLER)
    assert all(isinstance(answer, MediaFailure) for answer in answers)
    assert {answer.cause for answer in answers} == {MediaFailureCause.UNAVAILABLE}


async def test_new_streams_open_at_once_on_the_next_engine(world):
    await world.bridge()
    world.proxy.die()
    await settle()
    assert len(world.launcher.engines) == 2
    assert isinstance(await world.set(Side.CALLER, ALICE, "s2"), LocalMedia)
    assert world.engine.restarts == 1


async def test_an_engine_that_does_not_start_is_told_with_its_reason(tmp_path):
    world = World(tmp_path)
    world.launcher.broken = True
    with pytest.raises(MediaEngineStartError, match="no such address"):
        await world.engine.start()
    await settle()
    assert len(world.launcher.engines) == 1


async def test_stopping_loses_no_streams_by_event(world):
    await world.bridge()
    await world.engine.stop()
    assert world.events == []
    assert world.proxy.was_closed


async def test_a_faulty_event_handler_does_not_stop_the_engine(tmp_path):
    world = World(tmp_path)

    def faulty(_event):
        raise ZeroDivisionError

    engine = EmbeddedMediaEngine(world.settings, faulty, launcher=world.launcher)
    await engine.start()
    await world.ask(engine.set_remote, "s1", Side.CALLER, ALICE, "ip4")
    engine.take_notice("silent.s1")
    assert engine.is_running
    await engine.stop()


async def test_media_does_not_go_back_into_our_own_ports(world):
    ours = await world.set(Side.CALLER, ALICE)
    assert isinstance(ours, LocalMedia)
    for port in (ours.port, ours.port + 1):
        for stream in ("s1", "s2"):
            back = RemoteMedia(ours.address, port, trusted=False)
            answer = await world.set(Side.CALLEE, back, stream)
            assert isinstance(answer, MediaFailure)
            assert answer.cause is MediaFailureCause.REFUSED
    # Somebody else may live on this machine.
    assert isinstance(
        await world.set(Side.CALLEE, RemoteMedia(ours.address, 1024, trusted=False)), LocalMedia
    )
