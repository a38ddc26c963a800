"""The bridge: the built-in call program that rings a plan's targets and connects the first that answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from trunkline.calls.events import (
    CALLER,
    CallEvent,
    CallStarted,
    ConnectFailed,
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
from trunkline.calls.plan import DialPlan, Stage
from trunkline.calls.verbs import (
    Connect,
    Dial,
    HangUp,
    NotifyTransfer,
    Reject,
    Ring,
    StartTimer,
    StopTimer,
    Verb,
)
from trunkline.domain.cdr import EndCause
from trunkline.domain.rejection import Rejection
from trunkline.sip.reason import SIP, Reason

RING_TIMER: Final = "ring"
MAX_REDIRECTS: Final = 5
MAX_TRANSFERS: Final = 50
"""Of one call: each leaves legs and a line in the CDR behind, whether it succeeds or not."""

PlanFor = Callable[[str, str], DialPlan | Rejection]
"""Plan the way to a URI on behalf of a leg (its name): for redirections and transfers."""

_NO_ANSWER: Final = 480


class _Failure:
    """The best refusal so far (RFC 3261 §16.7 step 6): a 6xx before all else, then what says most."""

    def __init__(self, status: int, reason: str, rejection: Rejection | None = None) -> None:
        self.status: Final = status
        self.reason: Final = reason
        self.rejection: Final = rejection

    def is_better_than(self, other: _Failure | None) -> bool:
        return other is None or _rank(self.status) < _rank(other.status)


def _rank(status: int) -> tuple[int, int]:
    if status >= 600:
        return (0, status)
    # A busy or unwilling person says more than a device that did not answer.
    preferred = status in (486, 480, 404, 484, 488, 415)
    late = status in (408, 503, 500, 502)
    return (1 if preferred else 3 if late else 2, status)


class _Transfer:
    """A transfer under way: who asked, who stays on the line."""

    def __init__(self, transferor: str, transferee: str) -> None:
        self.transferor: Final = transferor
        self.transferee: Final = transferee
        self.transferor_left = False


def _rest_left(resting: tuple[float, Stage]) -> float:
    return resting[0]


class Bridge:
    """Rings stage after stage of a plan, connects the answering leg, and ends all when a side hangs up."""

    def __init__(self, plan: DialPlan, plan_for: PlanFor) -> None:
        self._stages: list[Stage] = list(plan)
        # Stages passed over because the target rests, with the seconds that it still does.
        self._resting: list[tuple[float, Stage]] = []
        self._plan_for: Final = plan_for
        # Which legs ring, and whether each was heard of; the stage they belong to decides what follows.
        self._stage: Stage | None = None
        self._ringing: dict[str, bool] = {}
        self._goes_on = True
        self._legs_made = 0
        self._redirects = 0
        self._transfers = 0
        self._best: _Failure | None = None
        self._partner: dict[str, str] = {}
        self._transfer: _Transfer | None = None
        self._ended = False

    def handle(self, event: CallEvent) -> Sequence[Verb]:
        """See :class:`~trunkline.calls.program.Program`."""
        if self._ended:
            return ()
        if isinstance(event, CallStarted):
            return self._next_stage()
        if isinstance(event, LegRang):
            return self._rang(event)
        if isinstance(event, LegAnswered):
            return self._answered(event)
        if isinstance(event, LegFailed):
            return self._failed(event)
        if isinstance(event, LegHungUp):
            return self._hung_up(event)
        if isinstance(event, TimerFired):
            return self._no_answer() if event.name == RING_TIMER else ()
        if isinstance(event, TransferRequested):
            return self._transfer_to(event)
        if isinstance(event, LegJoined):
            return self._replace(event)
        if isinstance(event, LegTaken):
            return self._end_all(EndCause.TRANSFERRED, besides=event.leg)
        if isinstance(event, ConnectFailed):
            return self._connect_failed(event)
        if isinstance(event, EndRequested):
            return self._end_all(event.cause)
        return ()

    # Ringing.

    def _next_stage(self) -> list[Verb]:
        if self._stages:
            # Nobody gives way who is the only one.
            gives_way = len(self._stages) > 1 or bool(self._resting) or self._best is not None
            return self._dial_stage(self._stages.pop(0), gives_way=gives_way)
        resting, self._resting = self._resting, []
        if resting and self._best is None:
            # Rather than nothing, the one whose rest ends first.
            return self._dial_stage(min(resting, key=_rest_left)[1])
        return self._give_up()

    def _dial_stage(self, stage: Stage, *, gives_way: bool = False) -> list[Verb]:
        self._goes_on = True
        self._stage = stage
        return self._dial(stage, gives_way=gives_way)

    def _dial(self, stage: Stage, *, gives_way: bool = False) -> list[Verb]:
        offer_of = self._transfer.transferee if self._transfer is not None else CALLER
        verbs: list[Verb] = []
        for target in stage.targets:
            self._legs_made += 1
            name = f"callee-{self._legs_made}"
            self._ringing[name] = False
            verbs.append(Dial(name, target, offer_of, gives_way))
        verbs.append(StartTimer(RING_TIMER, stage.ring_timeout_s))
        return verbs

    def _rang(self, event: LegRang) -> list[Verb]:
        if event.leg not in self._ringing:
            return []
        self._ringing[event.leg] = True
        if self._transfer is not None:
            return [NotifyTransfer(self._transfer.transferor, event.status, event.reason)]
        return [Ring(event.status, event.reason, event.leg if event.has_media else "")]

    def _answered(self, event: LegAnswered) -> list[Verb]:
        if event.leg not in self._ringing:
            return [HangUp(event.leg, EndCause.CANCELLED)]
        del self._ringing[event.leg]
        verbs: list[Verb] = [StopTimer(RING_TIMER)]
        verbs.extend(self._stop_ringing(elsewhere=True))
        self._stages.clear()
        transfer, self._transfer = self._transfer, None
        if transfer is None:
            self._join(CALLER, event.leg)
            verbs.append(Connect(CALLER, event.leg))
            return verbs
        self._partner.pop(transfer.transferor, None)
        self._join(transfer.transferee, event.leg)
        verbs.append(NotifyTransfer(transfer.transferor, 200))
        verbs.append(HangUp(transfer.transferor, EndCause.TRANSFERRED))
        verbs.append(Connect(transfer.transferee, event.leg))
        return verbs

    def _failed(self, event: LegFailed) -> list[Verb]:
        if event.leg not in self._ringing:
            # It had been connected, or is about to be: whoever heard it is left alone.
            return self._end_all(EndCause.FAILED) if event.leg in self._partner else []
        del self._ringing[event.leg]
        if event.resting_s and self._stage is not None:
            self._resting.append((event.resting_s, self._stage))
            return self._next_stage()
        if event.contacts:
            redirected = self._redirect(event)
            if redirected is not None:
                return redirected
        failure = _Failure(event.status, event.reason, event.rejection)
        if event.status < 400:
            failure = _Failure(_NO_ANSWER, "Temporarily Unavailable")
        return self._count_failure(failure, goes_on=event.is_silence or self._allows_next(event.status))

    def _allows_next(self, status: int) -> bool:
        return self._stage is None or self._stage.goes_on_after(status)

    def _count_failure(self, failure: _Failure, *, goes_on: bool) -> list[Verb]:
        """Remember a refusal; when it was the last of its stage, or meant everybody, go on."""
        if failure.is_better_than(self._best):
            self._best = failure
        self._goes_on &= goes_on
        if failure.status >= 600:
            self._stages.clear()
            return [*self._stop_ringing(), *self._give_up()]
        if self._ringing:
            return []
        if not self._goes_on:
            self._stages.clear()
        return self._next_stage()

    def _redirect(self, event: LegFailed) -> list[Verb] | None:
        """Follow a 3xx of a callee (RFC 3261 §8.1.3.4) where the callee itself might call; None when it may not."""
        self._redirects += 1
        if self._redirects > MAX_REDIRECTS:
            return None
        plan = self._plan_for(event.leg, event.contacts[0])
        if isinstance(plan, Rejection):
            return None
        if not self._ringing:
            self._stage, self._goes_on = plan[0], True
        self._stages = [*plan[1:], *self._stages]
        return self._dial(plan[0])

    def _no_answer(self) -> list[Verb]:
        """Nobody answered in time: 480 where it rang, 408 where there was but silence."""
        rang = any(self._ringing.values())
        verbs = self._stop_ringing()
        failure = _Failure(_NO_ANSWER, "No Answer") if rang else _Failure(408, "Request Timeout")
        goes_on = not rang or self._allows_next(failure.status)
        return [*verbs, *self._count_failure(failure, goes_on=goes_on)]

    def _stop_ringing(self, *, elsewhere: bool = False) -> list[Verb]:
        verbs: list[Verb] = [HangUp(name, EndCause.CANCELLED, elsewhere=elsewhere) for name in self._ringing]
        self._ringing.clear()
        return verbs

    def _give_up(self) -> list[Verb]:
        best = self._best or _Failure(_NO_ANSWER, "Temporarily Unavailable")
        transfer, self._transfer = self._transfer, None
        if transfer is None:
            self._ended = True
            return [StopTimer(RING_TIMER), Reject(best.rejection, best.status, best.reason)]
        self._best = None
        verbs: list[Verb] = [
            StopTimer(RING_TIMER),
            NotifyTransfer(transfer.transferor, best.status, best.reason),
        ]
        if transfer.transferor_left:
            verbs.extend(self._end_all(EndCause.TRANSFERRED, str(Reason(SIP, best.status, best.reason))))
        return verbs

    # After the answer.

    def _join(self, first: str, second: str) -> None:
        self._partner[first] = second
        self._partner[second] = first

    def _hung_up(self, event: LegHungUp) -> list[Verb]:
        transfer = self._transfer
        if transfer is not None and event.leg == transfer.transferor:
            # A blind transfer: who asked for it has left, and the target still rings.
            transfer.transferor_left = True
            self._partner.pop(event.leg, None)
            return []
        if event.leg in self._ringing:
            return self._failed(LegFailed(event.leg, _NO_ANSWER, "Temporarily Unavailable"))
        if event.leg not in self._partner and (event.leg != CALLER or self._partner):
            # It was transferred away before: its hanging up ends nothing.
            return []
        return self._end_all(event.cause, event.reason, besides=event.leg)

    def _end_all(self, cause: EndCause, reason: str = "", besides: str = "") -> list[Verb]:
        self._ended = True
        legs = dict.fromkeys([*self._ringing, *self._partner, CALLER])
        return [StopTimer(RING_TIMER), *(HangUp(leg, cause, reason) for leg in legs if leg != besides)]

    def _connect_failed(self, event: ConnectFailed) -> list[Verb]:
        reason = Reason(SIP, event.rejection.status, event.rejection.sentence)
        return self._end_all(EndCause.FAILED, str(reason))

    def _replace(self, event: LegJoined) -> list[Verb]:
        """A leg takes another's place: an attended transfer, or a call picked up elsewhere."""
        partner = self._partner.pop(event.replaces, CALLER)
        verbs: list[Verb] = [StopTimer(RING_TIMER), *self._stop_ringing(elsewhere=True)]
        self._stages.clear()
        self._transfer = None
        self._join(partner, event.leg)
        verbs.append(NotifyTransfer(event.replaces, 200))
        verbs.append(HangUp(event.replaces, EndCause.TRANSFERRED))
        verbs.append(Connect(partner, event.leg))
        return verbs

    def _transfer_to(self, event: TransferRequested) -> list[Verb]:
        """A blind transfer: the other party is connected to the target, the asking leg leaves."""
        transferee = self._partner.get(event.leg)
        if transferee is None or self._transfer is not None:
            return [NotifyTransfer(event.leg, 491, "Request Pending")]
        self._transfers += 1
        if self._transfers > MAX_TRANSFERS:
            return [NotifyTransfer(event.leg, 403, "Too Many Transfers")]
        plan = self._plan_for(event.leg, event.target)
        if isinstance(plan, Rejection):
            return [NotifyTransfer(event.leg, plan.status, plan.reason)]
        self._transfer = _Transfer(event.leg, transferee)
        self._stages = list(plan)
        self._resting.clear()
        self._best = None
        return [NotifyTransfer(event.leg, 100), *self._next_stage()]
