"""The exchange: the ports that calls run on, and the tables by which calls and legs are found.

It decides nothing. The modules beside it take it as their first argument; whatever they learn for a program
they post here, and it is handed on when the current piece of work is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from trunkline.calls.call import Call
from trunkline.calls.events import CallEvent
from trunkline.calls.leg import Leg
from trunkline.calls.limits import LimitTable
from trunkline.calls.program import Program
from trunkline.domain.application import Application
from trunkline.domain.authentication import Authenticator
from trunkline.domain.cdr import Cdr
from trunkline.domain.clock import Clock
from trunkline.domain.directory import Directory
from trunkline.domain.media import MediaEngine
from trunkline.domain.ports import CdrJournal, LocationService, NextHops, RandomNumber, Tokens
from trunkline.domain.rejection import APPLICATION_UNAVAILABLE, Rejection
from trunkline.domain.trunk import Trunk
from trunkline.routing.address_rests import AddressRestTable
from trunkline.routing.decision import Router
from trunkline.routing.trunk_selection import TrunkRestTable
from trunkline.sip.endpoint import Endpoint
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request

CALL_TIMER: Final = "call"
"""The kind of every timer that calls put on the endpoint's heap."""


@dataclass(frozen=True, slots=True)
class CallSettings:
    """What an operator may set about calls. Times in seconds."""

    ring_timeout_s: float = 60.0
    session_expires_s: int = 1800
    min_session_expires_s: int = 90
    longest_call_s: int | None = None
    serial_ring: bool = False
    server_name: str = "Trunkline"
    max_calls: int = 10_000
    address_rest_s: float = 60.0


class CallObserver(Protocol):
    """Hears what is worth a log line and a count."""

    def refused(self, rejection: Rejection, request: Request, flow: Flow, call_id: str = "") -> None:
        """A request was refused; ``call_id`` is the call that it became, whose CDR tells the same, "" when none."""
        ...

    def started(self, cdr: Cdr) -> None:
        """A call was admitted, and is on its way to where it was routed."""
        ...

    def ended(self, cdr: Cdr) -> None:
        """A call attempt is over."""
        ...

    def failed(self, what: str, error: Exception) -> None:
        """A bug of ours ended a call."""
        ...

    def address_rests(self, trunk: Trunk, flow: Flow, seconds: float, why: str) -> None:
        """An address of a trunk failed and is left alone for so long."""
        ...

    def address_rests_no_more(self, trunk: Trunk, flow: Flow, *, has_answered: bool) -> None:
        """An address of a trunk answered, or its time is over and a call tries it."""
        ...


class Applications(Protocol):
    """Voice applications: where a call's next step is decided elsewhere."""

    def program_for(self, call_id: str, application: Application, called: str) -> Program | Rejection:
        """Give the program that runs a call of this application, or why there is none."""
        ...


class NoApplications:
    """A server that runs no voice applications."""

    def program_for(self, call_id: str, application: Application, called: str) -> Program | Rejection:  # noqa: ARG002
        """See :class:`Applications`."""
        return APPLICATION_UNAVAILABLE.because(f"application {application.name}")


class CallTimer:
    """Something of a call, or of one of its legs, that is due later. Without ``due`` the program hears its name."""

    def __init__(self, owner: Call | Leg, name: str, due: Callable[[], None] | None = None) -> None:
        self.owner: Final = owner
        self.name: Final = name
        self.due: Final = due

    @property
    def call(self) -> Call:
        """The call it concerns."""
        return self.owner.call if isinstance(self.owner, Leg) else self.owner


class Exchange:
    """Everything a call needs from around it. ``applications``, ``settle`` and ``vouch`` are put in by whoever has them.

    ``vouch`` is told of flows over which somebody proved who it is.
    """

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        engine: MediaEngine,
        hops: NextHops,
        directory: Directory,
        authenticator: Authenticator,
        location: LocationService,
        journal: CdrJournal,
        observer: CallObserver,
        clock: Clock,
        tokens: Tokens,
        random: RandomNumber,
        settings: CallSettings,
    ) -> None:
        self.endpoint = endpoint
        self.engine = engine
        self.hops = hops
        self.directory = directory
        self.authenticator = authenticator
        self.location = location
        self.journal = journal
        self.observer = observer
        self.clock = clock
        self.tokens = tokens
        self.random = random
        self.settings = settings
        self.applications: Applications = NoApplications()
        self.limits = LimitTable()
        self.calls: dict[str, Call] = {}
        self.legs: dict[tuple[str, str], Leg] = {}
        self.anchors: dict[str, Call] = {}
        self.rests = TrunkRestTable()
        self.address_rests = AddressRestTable()
        self.router = Router(directory, location, self.rests, random)
        self.posted: list[tuple[Call, CallEvent]] = []
        self.timers = endpoint.timers
        self.is_draining = False
        self.settle: Callable[[], None] = _nothing
        self.vouch: Callable[[Flow], None] = _nobody

    def now(self) -> float:
        """Epoch seconds, never decreasing."""
        return self.clock.now()

    def post(self, call: Call, event: CallEvent) -> None:
        """Let a call's program hear an event once the current work is done."""
        self.posted.append((call, event))

    def remember(self, leg: Leg) -> None:
        """Make a leg findable by the requests of its dialog."""
        self.legs[leg.key] = leg
        leg.call.note_leg(leg)

    def forget(self, leg: Leg) -> None:
        """A leg has ended; its dialog is unknown from now on."""
        self.legs.pop(leg.key, None)

    def leg_of(self, request: Request) -> Leg | None:
        """The leg in whose dialog a request is; None when there is none."""
        leg = self.legs.get((request.call_id, request.to_tag))
        return leg if leg is not None and leg.dialog_with(request.from_tag) is not None else None

    def start_timer(
        self, owner: Call | Leg, name: str, seconds: float, due: Callable[[], None] | None = None
    ) -> None:
        """Start or restart a timer of a call or leg; of one that is over, nothing.

        Without ``due`` the call's program hears it by name.
        """
        if owner.is_over:
            return
        self.stop_timer(owner, name)
        owner.timers[name] = self.timers.start(self.now() + seconds, CALL_TIMER, CallTimer(owner, name, due))

    def stop_timer(self, owner: Call | Leg, name: str) -> None:
        """Forget a timer; nothing happens when there is none."""
        if owner.timers:
            self.timers.cancel(owner.timers.pop(name, None))

    def stop_timers(self, owner: Call | Leg) -> None:
        """Forget every timer of a call or leg."""
        if owner.timers:
            for timer in owner.timers.values():
                self.timers.cancel(timer)
            owner.timers.clear()


def _nothing() -> None:
    """Stand in until the driver is wired."""


def _nobody(_flow: Flow) -> None:
    """Stand in until somebody wants to know."""
