"""Programs other than the bridge: one that answers by itself, plays, hears digits, records, dials and connects."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from fakes.call_records import CdrList
from fakes.call_world import BOB, DAVE, TO_CAROL, Cast, World
from fakes.hops import FakeHops
from trunkline.calls import in_dialog
from trunkline.calls.events import (
    CALLER,
    CallEvent,
    CallStarted,
    DigitPressed,
    EndRequested,
    LegAnswered,
    LegFailed,
    LegHungUp,
    LegsConnected,
    TimerFired,
)
from trunkline.calls.plan import DialTarget
from trunkline.calls.program import Program
from trunkline.calls.verbs import (
    Answer,
    Connect,
    Dial,
    HangUp,
    Play,
    Record,
    Refer,
    Reject,
    Ring,
    StartTimer,
    StopPlay,
    StopRecord,
    StopTimer,
    Verb,
)
from trunkline.domain.application import Application
from trunkline.domain.cdr import Cdr, EndCause
from trunkline.domain.media import DigitReceived, MediaFailureCause, Side
from trunkline.domain.number import Destination, DestinationKind, Number
from trunkline.domain.rejection import Rejection
from trunkline.sip.uri import SipUri


class Script:
    """A program that answers each event with what stands for it, and remembers all it heard."""

    def __init__(self, lines: dict[str, list[Verb]]) -> None:
        self.lines = lines
        self.heard: list[str] = []

    def handle(self, event: CallEvent) -> Sequence[Verb]:
        name = type(event).__name__
        if isinstance(event, DigitPressed):
            name = f"Digit {event.digit}"
        elif isinstance(event, TimerFired):
            name = f"Timer {event.name}"
        elif isinstance(event, LegFailed | LegAnswered | LegHungUp):
            name = f"{name} {event.leg}"
        self.heard.append(name)
        return self.lines.get(name, [])


class Menu:
    """An ``Applications`` that runs every call by one program."""

    def __init__(self, program: Script) -> None:
        self.program = program
        self.asked: list[tuple[str, str]] = []

    def program_for(self, call_id: str, application: Application, called: str) -> Program | Rejection:
        self.asked.append((application.name, called))
        return self.program


def run_by(world: World, program: Script) -> Menu:
    """Let Alice's calls be run by a program."""
    world.provision(Application("app", 1, "menu"))
    world.credential("alice", "atlanta.example", application_id="app")
    world.exchange.applications = Menu(program)
    return world.exchange.applications


@pytest.fixture
def script(world: World) -> Script:
    """The program that runs Alice's calls."""
    made = Script({})
    run_by(world, made)
    return made


def to_dave(world: World) -> DialTarget:
    (binding,) = world.location.lookup("dave@atlanta.example", world.now)
    return DialTarget(
        binding.uri, DAVE, "dave", binding.flow, (), None, world.directory.credential("dave@atlanta.example")
    )


def test_call_started_is_the_first_thing_heard(cast: Cast, world: World, script: Script) -> None:
    script.lines = {
        "CallStarted": [Ring(182, "Wait"), StartTimer("patience", 3.0)],
        "Timer patience": [Reject(status=480)],
    }
    call = cast.alice.invite(BOB)
    world.advance(4)
    assert call.statuses == [182, 480]
    assert script.heard == [CallStarted.__name__, "Timer patience"]


def test_timer_that_is_stopped_is_not_heard(cast: Cast, world: World, script: Script) -> None:
    script.lines = {
        "CallStarted": [StartTimer("a", 1.0), StartTimer("b", 2.0), StopTimer("a")],
        "Timer b": [Reject(status=480)],
    }
    cast.alice.invite(BOB)
    world.advance(3)
    assert script.heard == ["CallStarted", "Timer b"]


def test_program_that_answers_plays_and_hangs_up(cast: Cast, world: World, script: Script) -> None:
    script.lines = {
        "CallStarted": [Answer()],
        "LegAnswered caller": [Play(CALLER, "/prompts/welcome", 2.5, 2)],
        "PlayEnded": [HangUp(CALLER, EndCause.CALLEE_HUNG_UP)],
    }
    call = cast.alice.invite(BOB)
    assert call.status == 200
    assert b"203.0.113.200" in call.description
    assert b"RTP/AVP 0 101" in call.description, "one codec, and the digits"
    assert "play /prompts/welcome x2 to caller" in world.engine.log
    world.advance(4.9)
    assert call.methods == []
    world.advance(0.2)
    assert call.methods == ["BYE"]
    assert script.heard == ["CallStarted", "LegAnswered caller", "PlayEnded"]
    assert (world.cdr.answered_at, world.cdr.end_cause) == (world.began, EndCause.CALLEE_HUNG_UP)


def test_far_side_of_a_leg_that_is_alone_faces_nobody(cast: Cast, world: World, script: Script) -> None:
    script.lines = {"CallStarted": [Answer()]}
    call = cast.alice.invite(BOB)
    (stream,) = world.engine.streams.values()
    assert stream.facing == {Side.CALLER: "none", Side.CALLEE: "ip4"}
    call.bye()
    assert script.heard[-1] == "LegHungUp caller", "a program hears the end of its call"


def test_digits_are_heard_from_info_and_rfc_4733(cast: Cast, world: World, script: Script) -> None:
    script.lines = {
        "CallStarted": [Answer()],
        "Digit 5": [StopPlay(CALLER), HangUp(CALLER, EndCause.CALLEE_HUNG_UP)],
    }
    call = cast.alice.invite(BOB)
    assert call.ask("INFO", b"Signal=1\r\n", [("Content-Type", "application/dtmf-relay")]).status == 200
    stream = next(iter(world.engine.streams))
    world.media(DigitReceived(stream, Side.CALLEE, "9", 100))
    world.media(DigitReceived("unknown-1", Side.CALLER, "9", 100))
    world.media(DigitReceived(stream, Side.CALLER, "5", 100))
    assert [name for name in script.heard if name.startswith("Digit")] == ["Digit 1", "Digit 5"]
    assert call.methods == ["BYE"]


def test_recording_is_started_stopped_and_named_in_the_record(
    cast: Cast, world: World, script: Script
) -> None:
    script.lines = {
        "CallStarted": [Answer()],
        "LegAnswered caller": [Record(CALLER), StartTimer("enough", 5.0)],
        "Timer enough": [StopRecord(CALLER), StartTimer("bye", 1.0)],
        "Timer bye": [HangUp(CALLER, EndCause.CALLEE_HUNG_UP)],
    }
    cast.alice.invite(BOB)
    (stream,) = world.engine.streams.values()
    (path,) = stream.recording.values()
    world.advance(5.5)
    assert stream.recording == {}
    world.advance(1)
    assert world.cdr.tags == {"recording-1": path}


def test_prompt_that_cannot_be_played_ends_at_once(cast: Cast, world: World, script: Script) -> None:
    script.lines = {"CallStarted": [Play(CALLER, "/prompts/x", 5.0), Play("nobody", "/prompts/x", 5.0)]}
    call = cast.alice.invite(BOB)
    assert script.heard == ["CallStarted", "PlayEnded", "PlayEnded"]
    call.cancel()
    assert script.heard[-1] == "LegHungUp caller"


def test_engine_that_refuses_to_play_ends_the_prompt(cast: Cast, world: World, script: Script) -> None:
    script.lines = {"CallStarted": [Answer()], "LegAnswered caller": [Play(CALLER, "/prompts/x", 50.0)]}
    world.engine.play = lambda *arguments: type(world.engine).play(world.engine, "gone", *arguments[1:])
    call = cast.alice.invite(BOB)
    assert script.heard == ["CallStarted", "LegAnswered caller", "PlayEnded"]
    call.bye()


def test_answer_without_port_or_codec_or_offer_is_refused(cast: Cast, world: World, script: Script) -> None:
    script.lines = {"CallStarted": [Answer()]}
    assert cast.alice.invite(BOB, cast.alice.offer(formats="18")).statuses == [488]
    assert cast.alice.invite(BOB, b"").statuses == [488]
    assert cast.alice.invite(BOB, cast.alice.offer(port=0)).statuses == [488]
    assert cast.alice.invite(BOB, cast.alice.offer(protocol="RTP/SAVP")).statuses == [488]
    world.engine.fault = MediaFailureCause.EXHAUSTED
    assert cast.alice.invite(BOB).statuses == [503]


def test_leg_alone_may_go_on_hold_and_come_back(cast: Cast, world: World, script: Script) -> None:
    script.lines = {"CallStarted": [Answer()]}
    call = cast.alice.invite(BOB)
    held = call.reinvite(cast.alice.offer("sendonly", version=2))
    assert b"a=recvonly" in held.body
    back = call.modify("UPDATE", cast.alice.offer(version=3))
    assert b"a=sendrecv" in back.body
    assert call.reinvite(cast.alice.offer(formats="18", version=4)).status == 488
    assert call.reinvite(b"").body == back.body
    call.bye()


def test_program_may_answer_first_and_dial_afterwards(cast: Cast, world: World, script: Script) -> None:
    script.lines = {
        "CallStarted": [Answer()],
        "LegAnswered caller": [Dial("helper", to_dave(world), CALLER)],
        "LegAnswered helper": [Connect(CALLER, "helper")],
        "LegHungUp helper": [HangUp(CALLER, EndCause.CALLEE_HUNG_UP)],
    }
    call = cast.alice.invite(BOB)
    cast.dave.call.ring()
    cast.dave.call.answer()
    assert LegsConnected.__name__ in script.heard
    assert call.methods == ["INVITE"]
    (stream,) = world.engine.streams.values()
    assert {stream.remote(side)[0] for side in Side} == {"192.0.2.1", "192.0.2.4"}
    cast.dave.call.bye()
    assert call.methods == ["INVITE", "BYE"]


def test_program_hears_that_a_dialled_leg_failed(cast: Cast, world: World, script: Script) -> None:
    script.lines = {
        "CallStarted": [
            Answer(),
            Dial("helper", to_dave(world), CALLER),
            Dial("ghost", to_dave(world), "nobody"),
        ],
        "LegFailed helper": [HangUp(CALLER, EndCause.FAILED)],
    }
    cast.alice.invite(BOB)
    cast.dave.call.respond(486)
    assert "LegFailed ghost" in script.heard
    assert "LegFailed helper" in script.heard


def test_program_may_refer_the_party_away(cast: Cast, world: World, script: Script) -> None:
    script.lines = {
        "CallStarted": [Answer()],
        "LegAnswered caller": [Refer(CALLER, "sip:elsewhere@198.51.100.9")],
    }
    call = cast.alice.invite(BOB)
    assert call.last("REFER").get("Refer-To") == "<sip:elsewhere@198.51.100.9>"
    call.bye()


def test_end_that_is_asked_for_is_heard(cast: Cast, world: World, script: Script) -> None:
    script.lines = {"CallStarted": [Answer()]}
    cast.alice.invite(BOB)
    world.switchboard.end_all(EndCause.OPERATOR)
    world.run()
    assert script.heard[-1] == EndRequested.__name__
    assert world.cdr.end_cause is EndCause.OPERATOR


class Faulty(Script):
    """A program with a bug."""

    def handle(self, event: CallEvent) -> Sequence[Verb]:
        super().handle(event)
        raise RuntimeError("a bug")


def test_bug_in_a_program_ends_its_call_and_no_other(cast: Cast, world: World) -> None:
    other = cast.dave.invite(BOB)
    cast.bob.call.answer()
    run_by(world, Faulty({}))
    call = cast.alice.invite(BOB)
    assert call.statuses == [500]
    assert [type(error) for _, error in world.observer.faults] == [RuntimeError]
    world.observer.faults.clear()
    assert other.methods == []
    other.bye()


def test_bug_in_serving_a_request_is_500_and_ends_its_call(
    cast: Cast, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()

    def broken(*_arguments: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setitem(in_dialog._HANDLERS, "INFO", broken)
    assert call.ask("INFO").status == 500
    assert (call.methods, cast.bob.call.methods) == (["BYE"], ["BYE"])
    assert world.cdr.end_cause is EndCause.FAILED
    world.observer.faults.clear()


class OnceBrokenTokens:
    """Tokens with a bug that shows at the first one only."""

    def __init__(self, sound: Callable[[], str]) -> None:
        self.sound = sound
        self.has_failed = False

    def __call__(self) -> str:
        if not self.has_failed:
            self.has_failed = True
            raise RuntimeError("a bug")
        return self.sound()


def test_bug_before_there_is_a_call_is_500(cast: Cast, world: World) -> None:
    world.exchange.tokens = OnceBrokenTokens(world.exchange.tokens)
    assert cast.alice.invite(BOB).statuses == [500]
    assert world.exchange.calls == {}
    world.observer.faults.clear()


def test_application_is_told_what_was_called(cast: Cast, world: World) -> None:
    script = Script({"CallStarted": [Reject(status=486)]})
    menu = run_by(world, script)
    call = cast.alice.invite("sip:3125550199@atlanta.example")
    assert call.statuses == [486]
    assert menu.asked == [("menu", "+13125550199")]


def test_application_may_be_reached_by_number_but_not_by_transfer(cast: Cast, world: World) -> None:
    script = Script({"CallStarted": [Reject(status=486)]})
    run_by(world, script)
    world.provision(Number("+13125550400", 1, Destination(DestinationKind.APPLICATION, "app")))
    assert cast.chicago.invite("sip:+13125550400@203.0.113.1").statuses == [486]
    call = cast.dave.invite(BOB)
    cast.bob.call.answer()
    call.refer("sip:+13125550400@203.0.113.1")
    assert call.notified == ["SIP/2.0 480 Temporarily Unavailable"]
    call.bye()


class BrokenHops(FakeHops):
    """Next hops with a bug."""

    def find(self, uri: SipUri, done: object) -> None:
        raise RuntimeError(f"a bug, met by {uri}")


def test_bug_met_by_a_response_ends_its_call(cast: Cast, world: World) -> None:
    call = cast.alice.invite(TO_CAROL)
    world.exchange.hops = BrokenHops(world.listeners)
    cast.chicago.call.answer()
    assert call.statuses == [500]
    assert cast.chicago.call.methods == ["BYE"]
    assert world.cdr.end_cause is EndCause.FAILED
    world.observer.faults.clear()


def test_bug_met_by_a_timer_ends_its_call(cast: Cast, world: World) -> None:
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    leg = next(iter(world.exchange.legs.values()))

    def broken() -> None:
        raise RuntimeError("a bug")

    world.exchange.start_timer(leg, "bug", 5.0, broken)
    world.advance(6)
    assert (call.methods, cast.bob.call.methods) == (["BYE"], ["BYE"])
    assert world.cdr.end_cause is EndCause.FAILED
    world.observer.faults.clear()


class BrokenJournal(CdrList):
    """A journal with a bug."""

    def opened(self, cdr: Cdr) -> None:
        raise RuntimeError(f"a bug, met by {cdr.call_id}")


def test_bug_met_while_a_call_is_answered_ends_it(cast: Cast, world: World) -> None:
    world.exchange.journal = BrokenJournal()
    call = cast.alice.invite(BOB)
    cast.bob.call.answer()
    assert call.methods == ["BYE"]
    assert cast.bob.call.methods == ["BYE"]
    world.observer.faults.clear()


def test_dialled_address_that_cannot_be_read_has_failed(cast: Cast, world: World, script: Script) -> None:
    bad = DialTarget("sip:", "sip:x@y", "x")
    script.lines = {"CallStarted": [Dial("bad", bad, CALLER)], "LegFailed bad": [Reject(status=404)]}
    assert cast.alice.invite(BOB).statuses == [404]


def test_program_that_connects_before_its_caller_had_an_answer_of_its_own(
    cast: Cast, world: World, script: Script
) -> None:
    """Either leg may be named first."""
    script.lines = {
        "CallStarted": [Dial("helper", to_dave(world), CALLER)],
        "LegAnswered helper": [Connect("helper", CALLER)],
        "LegHungUp caller": [HangUp("helper", EndCause.CALLER_HUNG_UP)],
    }
    call = cast.alice.invite(BOB)
    cast.dave.call.answer()
    assert call.status == 200
    call.bye()
    assert cast.dave.call.methods == ["BYE"]
