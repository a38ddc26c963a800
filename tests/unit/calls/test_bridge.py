"""The bridge as a pure program: events in, verbs out."""

from __future__ import annotations

from typing import Any

import pytest

from trunkline.calls.bridge import MAX_REDIRECTS, RING_TIMER, Bridge
from trunkline.calls.events import (
    CALLER,
    CallEvent,
    CallStarted,
    ConnectFailed,
    DigitPressed,
    EndRequested,
    LegAnswered,
    LegFailed,
    LegHungUp,
    LegJoined,
    LegRang,
    LegTaken,
    TimerFired,
    TransferRequested,
)
from trunkline.calls.plan import ANY_FAILURE, DialPlan, DialTarget, Stage
from trunkline.calls.verbs import Dial, Verb
from trunkline.domain.cdr import EndCause
from trunkline.domain.rejection import MEDIA_UNSUPPORTED, UNKNOWN_DESTINATION, Rejection

TRUNK_CODES = frozenset({408, 500, 503})


def target(name: str) -> DialTarget:
    return DialTarget(f"sip:{name}", f"sip:{name}", name)


def stage(*names: str, failover: frozenset[int] = frozenset()) -> Stage:
    return Stage([target(name) for name in names], 30.0, failover)


class Subject:
    """A bridge, and the plans that redirections and transfers would get."""

    def __init__(self, *stages: Stage) -> None:
        self.plans: dict[str, DialPlan | Rejection] = {}
        self.asked: list[tuple[str, str]] = []
        self.bridge = Bridge(stages, self.plan_for)

    def plan_for(self, leg: str, uri: str) -> DialPlan | Rejection:
        self.asked.append((leg, uri))
        return self.plans[uri]

    def hear(self, event: CallEvent) -> list[str]:
        return [shown(verb) for verb in self.bridge.handle(event)]


def values_of(verb: Verb) -> dict[str, Any]:
    """The attributes of a verb; compiled ones have no ``__dict__``."""
    return {name: getattr(verb, name) for name in set(dir(verb)) - set(dir(Verb))}


def shown(verb: Verb) -> str:
    """A verb in short: ``Dial callee-1 sip:a for caller``."""
    name = type(verb).__name__
    values = values_of(verb)
    if name == "Dial":
        return f"Dial {values['leg']} {values['target'].uri} for {values['offer_of']}"
    if name == "HangUp":
        return f"HangUp {values['leg']} {values['cause'].value}{' elsewhere' if values['elsewhere'] else ''}"
    if name == "Reject":
        return f"Reject {values['status']} {values['reason']}"
    if name == "StartTimer":
        return f"StartTimer {values['seconds']:g}"
    if name == "StopTimer":
        return "StopTimer"
    if name == "Ring":
        return f"Ring {values['status']}{' with ' + values['media_from'] if values['media_from'] else ''}"
    if name == "Connect":
        return f"Connect {values['first']} {values['second']}"
    if name == "NotifyTransfer":
        return f"NotifyTransfer {values['leg']} {values['status']}"
    return name


def answered(*names: str) -> Subject:
    """A bridge whose caller talks to ``callee-1``."""
    subject = Subject(stage(*(names or ("a",))))
    subject.hear(CallStarted())
    subject.hear(LegAnswered("callee-1"))
    return subject


def test_all_targets_of_a_stage_are_dialled_at_once() -> None:
    subject = Subject(stage("a", "b"), stage("c"))
    verbs = ["Dial callee-1 sip:a for caller", "Dial callee-2 sip:b for caller", "StartTimer 30"]
    assert subject.hear(CallStarted()) == verbs


def test_empty_plan_is_rejected() -> None:
    assert Subject().hear(CallStarted()) == ["StopTimer", "Reject 480 Temporarily Unavailable"]


def test_ringing_is_passed_on_with_media_where_there_is_some() -> None:
    subject = Subject(stage("a"))
    subject.hear(CallStarted())
    assert subject.hear(LegRang("callee-1", 180, "", has_media=False)) == ["Ring 180"]
    assert subject.hear(LegRang("callee-1", 183, "", has_media=True)) == ["Ring 183 with callee-1"]
    assert subject.hear(LegRang("callee-9", 180, "", has_media=False)) == []


def test_first_answer_stops_the_others_and_is_connected() -> None:
    subject = Subject(stage("a", "b", "c"))
    subject.hear(CallStarted())
    assert subject.hear(LegAnswered("callee-2")) == [
        "StopTimer", "HangUp callee-1 cancelled elsewhere", "HangUp callee-3 cancelled elsewhere",
        "Connect caller callee-2",
    ]  # fmt: skip
    assert subject.hear(LegAnswered("callee-3")) == ["HangUp callee-3 cancelled"]


@pytest.mark.parametrize(("status", "goes_on"), [(503, True), (408, True), (404, False), (486, False)])
def test_stage_decides_what_leads_to_the_next(status: int, goes_on: bool) -> None:
    subject = Subject(stage("a", failover=TRUNK_CODES), stage("b"))
    subject.hear(CallStarted())
    verbs = subject.hear(LegFailed("callee-1", status, "No"))
    expected = (
        ["Dial callee-2 sip:b for caller", "StartTimer 30"]
        if goes_on
        else ["StopTimer", f"Reject {status} No"]
    )
    assert verbs == expected


def test_silence_always_leads_to_the_next() -> None:
    subject = Subject(stage("a"), stage("b"))
    subject.hear(CallStarted())
    assert (
        subject.hear(LegFailed("callee-1", 408, "", is_silence=True))[0] == "Dial callee-2 sip:b for caller"
    )


def test_stage_goes_on_only_when_all_of_it_may() -> None:
    subject = Subject(stage("a", "b", failover=ANY_FAILURE), stage("c"))
    subject.hear(CallStarted())
    assert subject.hear(LegFailed("callee-1", 486, "Busy")) == []
    assert subject.hear(LegFailed("callee-2", 500, "Broken")) == ["StopTimer", "Reject 486 Busy"]


def test_global_failure_stops_everything() -> None:
    subject = Subject(stage("a", "b", failover=ANY_FAILURE), stage("c"))
    subject.hear(CallStarted())
    assert subject.hear(LegFailed("callee-1", 603, "Decline")) == [
        "HangUp callee-2 cancelled", "StopTimer", "Reject 603 Decline",
    ]  # fmt: skip
    assert subject.hear(LegFailed("callee-2", 487, "")) == []


@pytest.mark.parametrize(
    ("statuses", "best"),
    [
        ((486, 500), 486), ((500, 486), 486), ((408, 404), 404), ((503, 401), 401), ((480, 486), 480),
        ((503, 500), 500), ((302, 500), 480),
    ],
)  # fmt: skip
def test_best_refusal_is_given(statuses: tuple[int, int], best: int) -> None:
    subject = Subject(stage("a", "b"))
    subject.hear(CallStarted())
    subject.hear(LegFailed("callee-1", statuses[0], ""))
    assert subject.hear(LegFailed("callee-2", statuses[1], ""))[-1].startswith(f"Reject {best}")


def test_refusal_of_ours_is_given_whole() -> None:
    subject = Subject(stage("a"))
    subject.hear(CallStarted())
    rejection = MEDIA_UNSUPPORTED.because("why")
    verbs = subject.bridge.handle(LegFailed("callee-1", 488, "", rejection, is_silence=True))
    assert values_of(verbs[-1])["rejection"] is rejection


@pytest.mark.parametrize(("rang", "status"), [(True, 480), (False, 408)])
def test_time_that_runs_out_cancels_and_says_whether_it_rang(rang: bool, status: int) -> None:
    subject = Subject(stage("a"))
    subject.hear(CallStarted())
    if rang:
        subject.hear(LegRang("callee-1", 180, "", has_media=False))
    verbs = subject.hear(TimerFired(RING_TIMER))
    assert verbs[0] == "HangUp callee-1 cancelled"
    assert verbs[-1].startswith(f"Reject {status}")


def test_ringing_that_ran_out_goes_on_only_where_the_stage_says_so() -> None:
    subject = Subject(stage("a", failover=TRUNK_CODES), stage("b"))
    subject.hear(CallStarted())
    subject.hear(LegRang("callee-1", 180, "", has_media=False))
    assert subject.hear(TimerFired(RING_TIMER))[-1] == "Reject 480 No Answer"
    devices = Subject(stage("a", failover=ANY_FAILURE), stage("b"))
    devices.hear(CallStarted())
    devices.hear(LegRang("callee-1", 180, "", has_media=False))
    assert "Dial callee-2 sip:b for caller" in devices.hear(TimerFired(RING_TIMER))


def test_other_timers_and_digits_mean_nothing() -> None:
    subject = answered()
    assert subject.hear(TimerFired("other")) == []
    assert subject.hear(DigitPressed(CALLER, "1")) == []


def test_redirection_is_followed_on_behalf_of_who_redirects() -> None:
    subject = Subject(stage("a"))
    subject.plans["<sip:b>"] = (stage("b"), stage("c"))
    subject.hear(CallStarted())
    assert (
        subject.hear(LegFailed("callee-1", 302, "", contacts=("<sip:b>",)))[0]
        == "Dial callee-2 sip:b for caller"
    )
    assert subject.asked == [("callee-1", "<sip:b>")]
    assert (
        subject.hear(LegFailed("callee-2", 500, "", is_silence=True))[0] == "Dial callee-3 sip:c for caller"
    )


def test_redirection_that_is_not_allowed_is_480() -> None:
    subject = Subject(stage("a"))
    subject.plans["<sip:b>"] = UNKNOWN_DESTINATION
    subject.hear(CallStarted())
    verbs = subject.hear(LegFailed("callee-1", 302, "Moved", contacts=("<sip:b>",)))
    assert verbs[-1] == "Reject 480 Temporarily Unavailable"


def test_redirections_are_followed_so_often_and_no_more() -> None:
    subject = Subject(stage("a"))
    subject.plans["<sip:a>"] = (stage("a"),)
    subject.hear(CallStarted())
    for number in range(1, MAX_REDIRECTS + 1):
        assert subject.hear(LegFailed(f"callee-{number}", 302, "", contacts=("<sip:a>",)))[0].startswith(
            "Dial"
        )
    last = subject.hear(LegFailed(f"callee-{MAX_REDIRECTS + 1}", 302, "", contacts=("<sip:a>",)))
    assert last[-1].startswith("Reject 480")


@pytest.mark.parametrize("leg", [CALLER, "callee-1"])
def test_one_side_hanging_up_ends_the_other(leg: str) -> None:
    subject = answered()
    other = "callee-1" if leg == CALLER else CALLER
    assert subject.hear(LegHungUp(leg, EndCause.PEER_LOST)) == ["StopTimer", f"HangUp {other} peer-lost"]
    assert subject.hear(LegHungUp(other, EndCause.PEER_LOST)) == []


def test_caller_that_gives_up_cancels_all() -> None:
    subject = Subject(stage("a", "b"))
    subject.hear(CallStarted())
    verbs = ["StopTimer", "HangUp callee-1 cancelled", "HangUp callee-2 cancelled"]
    assert subject.hear(LegHungUp(CALLER, EndCause.CANCELLED)) == verbs


def test_callee_that_hangs_up_before_it_was_connected_has_failed() -> None:
    subject = Subject(stage("a"))
    subject.hear(CallStarted())
    verbs = subject.hear(LegHungUp("callee-1", EndCause.CALLEE_HUNG_UP))
    assert verbs == ["StopTimer", "Reject 480 Temporarily Unavailable"]


def test_end_that_is_asked_for_ends_all() -> None:
    verbs = ["StopTimer", "HangUp caller drained", "HangUp callee-1 drained"]
    assert answered().hear(EndRequested(EndCause.DRAINED)) == verbs


def test_failed_connection_ends_all() -> None:
    verbs = ["StopTimer", "HangUp caller failed", "HangUp callee-1 failed"]
    assert answered().hear(ConnectFailed(CALLER, "callee-1", MEDIA_UNSUPPORTED)) == verbs


def test_blind_transfer_dials_for_who_stays_and_lets_the_asker_go() -> None:
    subject = answered()
    subject.plans["sip:x"] = (stage("x"),)
    assert subject.hear(TransferRequested(CALLER, "sip:x")) == [
        "NotifyTransfer caller 100", "Dial callee-2 sip:x for callee-1", "StartTimer 30",
    ]  # fmt: skip
    assert subject.hear(LegRang("callee-2", 180, "", has_media=True)) == ["NotifyTransfer caller 180"]
    assert subject.hear(LegAnswered("callee-2")) == [
        "StopTimer", "NotifyTransfer caller 200", "HangUp caller transferred", "Connect callee-1 callee-2",
    ]  # fmt: skip
    assert subject.hear(LegHungUp(CALLER, EndCause.CALLER_HUNG_UP)) == []
    assert subject.hear(LegHungUp("callee-2", EndCause.CALLEE_HUNG_UP))[1:] == [
        "HangUp callee-1 callee-hung-up", "HangUp caller callee-hung-up",
    ]  # fmt: skip


def test_transfer_is_retried_along_its_plan_and_then_given_up() -> None:
    subject = answered()
    subject.plans["sip:x"] = (stage("x", failover=TRUNK_CODES), stage("y"))
    subject.hear(TransferRequested("callee-1", "sip:x"))
    assert subject.hear(LegFailed("callee-2", 503, ""))[0] == "Dial callee-3 sip:y for caller"
    assert subject.hear(LegFailed("callee-3", 404, "")) == ["StopTimer", "NotifyTransfer callee-1 404"]
    assert subject.hear(LegHungUp(CALLER, EndCause.CALLER_HUNG_UP))[1:] == ["HangUp callee-1 caller-hung-up"]


def test_transfer_that_is_not_allowed_is_told_to_the_asker() -> None:
    subject = answered()
    subject.plans["sip:x"] = UNKNOWN_DESTINATION
    assert subject.hear(TransferRequested(CALLER, "sip:x")) == ["NotifyTransfer caller 404"]
    assert subject.hear(TransferRequested("callee-7", "sip:x")) == ["NotifyTransfer callee-7 491"]


def test_leg_that_joins_takes_the_place_of_the_other() -> None:
    subject = answered()
    assert subject.hear(LegJoined("joined-1", CALLER)) == [
        "StopTimer", "NotifyTransfer caller 200", "HangUp caller transferred", "Connect callee-1 joined-1",
    ]  # fmt: skip
    assert subject.hear(LegHungUp("callee-1", EndCause.CALLEE_HUNG_UP))[1] == "HangUp joined-1 callee-hung-up"


def test_leg_that_joins_while_it_rings_picks_the_call_up() -> None:
    subject = Subject(stage("a", "b"))
    subject.hear(CallStarted())
    verbs = subject.hear(LegJoined("joined-1", "callee-2"))
    assert verbs[:3] == [
        "StopTimer",
        "HangUp callee-1 cancelled elsewhere",
        "HangUp callee-2 cancelled elsewhere",
    ]
    assert verbs[-1] == "Connect caller joined-1"


def test_leg_that_was_taken_ends_what_is_left() -> None:
    assert answered().hear(LegTaken("callee-1")) == ["StopTimer", "HangUp caller transferred"]


def dialled(subject: Subject, event: CallEvent) -> list[tuple[str, bool]]:
    """Which targets are dialled, and whether each would give way."""
    verbs = subject.bridge.handle(event)
    return [(verb.target.uri, verb.gives_way) for verb in verbs if isinstance(verb, Dial)]


def resting(leg: str, seconds: float) -> LegFailed:
    return LegFailed(leg, 503, "Resting", is_silence=True, resting_s=seconds)


def test_only_target_gives_way_to_nobody() -> None:
    assert dialled(Subject(stage("a")), CallStarted()) == [("sip:a", False)]


def test_targets_that_rest_are_passed_over_and_the_one_that_rests_least_is_tried_in_the_end() -> None:
    subject = Subject(stage("a"), stage("b"), stage("c"))
    assert dialled(subject, CallStarted()) == [("sip:a", True)]
    assert dialled(subject, resting("callee-1", 30)) == [("sip:b", True)]
    assert dialled(subject, resting("callee-2", 10)) == [("sip:c", True)]
    assert dialled(subject, resting("callee-3", 20)) == [("sip:b", False)]
    assert subject.hear(LegFailed("callee-4", 500, "No")) == ["StopTimer", "Reject 500 No"]


def test_target_that_rests_is_not_tried_when_another_one_failed() -> None:
    subject = Subject(stage("a"), stage("b", failover=TRUNK_CODES))
    subject.hear(CallStarted())
    assert dialled(subject, resting("callee-1", 30)) == [("sip:b", True)]
    assert subject.hear(LegFailed("callee-2", 500, "No")) == ["StopTimer", "Reject 500 No"]


def test_transfer_begins_with_nobody_resting() -> None:
    subject = answered("a")
    subject.plans["sip:z"] = (stage("y"), stage("z"))
    subject.plans["sip:w"] = (stage("w"),)
    subject.hear(TransferRequested("callee-1", "sip:z"))
    subject.hear(resting("callee-2", 30))
    subject.hear(LegFailed("callee-3", 404, "No"))
    assert dialled(subject, TransferRequested("callee-1", "sip:w")) == [("sip:w", False)]
