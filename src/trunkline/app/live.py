"""Operations over a running server: their ports are filled from its tables, their events from what it tells."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from trunkline.app.driver import Driver, Trace
from trunkline.app.masking import Masking
from trunkline.app.observing import SipTrace, TwoTraces
from trunkline.calls.admission import why_closed
from trunkline.calls.call import Call
from trunkline.calls.exchange import Exchange, NoApplications
from trunkline.calls.leg import Leg, LegState
from trunkline.domain.application import Application
from trunkline.domain.binding import Binding
from trunkline.domain.cdr import EndCause
from trunkline.domain.clock import Clock
from trunkline.domain.limits import Limits
from trunkline.domain.media import MediaFailure, MediaStatistics
from trunkline.domain.rejection import Rejection
from trunkline.operations.attempts import AttemptFinder, KnownForm
from trunkline.operations.calls import Calls
from trunkline.operations.capture import Capture
from trunkline.operations.cdrs import Cdrs
from trunkline.operations.diagnosis import DiagnosisOfRefusals
from trunkline.operations.dry_run import DryRun
from trunkline.operations.ladders import LadderPolicy, Ladders
from trunkline.operations.operations import Operations
from trunkline.operations.overview import Overview
from trunkline.operations.ports import LiveCall, LiveLeg
from trunkline.operations.registrations import Registrations
from trunkline.operations.retention import Retention
from trunkline.operations.shown import shown
from trunkline.provisioning.hashes import known_forms
from trunkline.registrar.location import BindingTable
from trunkline.registrar.registrar import Registrar
from trunkline.sip.flow import Flow
from trunkline.store.cdr_listing import SqlCdrSearch
from trunkline.store.ladders import SqlLadders
from trunkline.store.old_rows import SqlOldRows
from trunkline.store.registration_events import SqlRegistrationTimeline
from trunkline.store.samples import SqlSamples

if TYPE_CHECKING:
    from trunkline.app.server import Server


class FlowCloser(Protocol):
    """Closes the connection of a flow; the edge is one."""

    def close_flow(self, flow: Flow) -> None:
        """Close the flow's connection, where it has one."""
        ...


_FIGURES_LIMIT_S: Final = 2.0


def capture_of(policy: LadderPolicy, clock: Clock) -> Capture | None:
    """What keeps messages in memory; None when the operator wants no ladders."""
    return Capture(clock, policy.megabytes, policy.age_s) if policy.megabytes else None


def trace_of(capture: Capture | None, masking: Masking, *, written: bool) -> Trace | None:
    """What the driver shows its messages to; ``written``: to the log too."""
    if not written:
        return capture
    return SipTrace(masking) if capture is None else TwoTraces(capture, SipTrace(masking))


class LiveOperations:
    """The operations of a server, with what has to go on all the time for their sake."""

    def __init__(self, server: Server) -> None:
        bindings = BindingsInMemory(server.bindings, server.registrar, server.edge)
        calls = CallsInMemory(server.exchange, server.driver)
        cdrs = SqlCdrSearch(server.database)
        timeline = SqlRegistrationTimeline(server.database)
        self._capture: Final = server.capture
        self._ladders: Final = Ladders(
            capture=server.capture,
            live=calls,
            cdrs=cdrs,
            store=SqlLadders(server.database),
            mask=server.masking,
            clock=server.clock,
            policy=server.settings.ladders,
        )
        server.event_feed.call_ended = self._ladders.ended
        decisions = DecisionsInMemory(server.exchange)
        self._overview: Final = Overview(
            bindings=bindings,
            calls=decisions,
            directory=server.directory,
            events=server.events,
            store=SqlSamples(server.database),
            clock=server.clock,
        )
        self.operations: Final = Operations(
            registrations=Registrations(bindings, timeline, server.directory, server.clock),
            calls=Calls(calls),
            cdrs=Cdrs(cdrs),
            secret_uses=server.secret_uses,
            ladders=self._ladders,
            dry_run=DryRun(server.directory, server.exchange.router, decisions, server.clock),
            diagnosis=DiagnosisOfRefusals(
                directory=server.directory,
                timeline=timeline,
                cdrs=cdrs,
                events=server.events,
                attempts=AttemptFinder(server.capture),
                forms=hash_forms,
            ),
            overview=self._overview,
            events=server.events,
        )
        self._retention: Final = Retention(
            SqlOldRows(server.database), server.settings.retention, server.clock, self._ladders.trim
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Read what was kept, and let go on what has to."""
        await self._overview.load()
        work: list[Coroutine[Any, Any, None]] = [self._overview.run(), self._retention.run()]
        if self._capture is not None:
            work += [self._capture.run(), self._ladders.run()]
        self._tasks = [asyncio.get_running_loop().create_task(one) for one in work]

    async def stop(self) -> None:
        """Stop, and leave nothing unwritten; nothing happens when it was never started."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._ladders.close()
            await self._overview.close()


def hash_forms(username: str, realm: str, domain: str, password: str) -> list[KnownForm]:
    """Fills ``HashForms`` with the forms that the hash doctor knows."""
    return [
        KnownForm(form.name, form.algorithm, form.value, form.note)
        for form in known_forms(username, realm, domain, password)
    ]


class DecisionsInMemory:
    """Fills ``CallsNow`` and ``CallsCounted``: what calls and trunks are allowed, and do, now."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def why_closed(self) -> Rejection | None:
        """See the port."""
        return why_closed(self._exchange)

    def why_not(self, holder: str, limits: Limits, now: float) -> Rejection | None:
        """See the port."""
        return self._exchange.limits.why_not(holder, limits, now)

    def trunk_rests_s(self, trunk_id: int, now: float) -> float:
        """See the port."""
        return self._exchange.rests.resting_s(trunk_id, now)

    def resting_addresses(self, trunk_id: int, now: float) -> dict[str, float]:
        """See the port."""
        return self._exchange.address_rests.of_trunk(trunk_id, now)

    def why_no_application(self, application: Application, called: str) -> Rejection | None:
        """See the port. Only a server without any applications is asked: others would begin to run one."""
        applications = self._exchange.applications
        if not isinstance(applications, NoApplications):
            return None
        program = applications.program_for("", application, called)
        return program if isinstance(program, Rejection) else None

    def counts(self) -> dict[int, int]:
        """See the port."""
        return dict(Counter(call.account_id for call in self._exchange.calls.values()))

    def trunk_calls(self, trunk_id: int) -> int:
        """See the port."""
        return self._exchange.limits.in_use(f"trunk:{trunk_id}")


class BindingsInMemory:
    """Fills ``LiveBindings``."""

    def __init__(self, table: BindingTable, registrar: Registrar, flows: FlowCloser) -> None:
        self._table = table
        self._registrar = registrar
        self._flows = flows

    def aors(self) -> list[str]:
        """See the port."""
        return self._table.aors()

    def bindings_of(self, aor: str) -> list[Binding]:
        """See the port."""
        return self._table.bindings_of(aor)

    def unregister(self, aor: str, uri: str = "") -> list[Binding]:
        """See the port. A connection that another device's registration still uses stays open."""
        dropped = self._registrar.unregister(aor, uri)
        for binding in dropped:
            if binding.flow.is_reliable and not self._table.over_flow(binding.flow):
                self._flows.close_flow(binding.flow)
        return dropped


class CallsInMemory:
    """Fills ``LiveCalls``."""

    def __init__(self, exchange: Exchange, driver: Driver) -> None:
        self._exchange = exchange
        self._driver = driver

    def ids(self, account_id: int) -> list[str]:
        """See the port."""
        return [call.call_id for call in self._exchange.calls.values() if call.account_id == account_id]

    def get(self, call_id: str) -> LiveCall | None:
        """See the port."""
        call = self._exchange.calls.get(call_id)
        return None if call is None else _live_call(call)

    async def media(self, call_id: str) -> MediaStatistics | None:
        """See the port."""
        call = self._exchange.calls.get(call_id)
        if call is None:
            return None
        streams = [name for anchor in call.anchors for name in anchor.streams.values()]
        found = await asyncio.gather(*(self._figures(stream) for stream in streams))
        known = [figures for figures in found if figures is not None]
        return max(known, key=lambda figures: figures.relayed, default=call.media)

    async def _figures(self, stream: str) -> MediaStatistics | None:
        answered: asyncio.Future[MediaStatistics | None] = asyncio.get_running_loop().create_future()

        def take(result: MediaStatistics | MediaFailure) -> None:
            if not answered.done():
                answered.set_result(result if isinstance(result, MediaStatistics) else None)

        self._exchange.engine.query(stream, take)
        try:
            return await asyncio.wait_for(answered, _FIGURES_LIMIT_S)
        except TimeoutError:
            return None

    def end(self, call_id: str) -> bool:
        """See the port."""
        ended = self._driver.switchboard.end(call_id, EndCause.OPERATOR)
        self._driver.settle()
        return ended


def _live_call(call: Call) -> LiveCall:
    cdr = call.cdr()
    cdr = replace(
        cdr,
        sip_call_id=shown(cdr.sip_call_id),
        caller=shown(cdr.caller),
        callee=shown(cdr.callee),
        user_agent=shown(cdr.user_agent),
        detail=shown(cdr.detail),
    )
    return LiveCall(cdr, _state(call), tuple(_live_leg(leg) for leg in call.legs.values()))


def _state(call: Call) -> str:
    if call.answered_at is not None:
        return LegState.ANSWERED.value
    return LegState.TRYING.value if call.rang_at is None else LegState.RINGING.value


def _live_leg(leg: Leg) -> LiveLeg:
    return LiveLeg(
        name=leg.name,
        is_caller=leg.is_uas,
        state=leg.state.value,
        sip_call_id=shown(leg.sip_call_id),
        address=repr(leg.flow),
        party=shown(leg.target.uri if leg.target is not None else leg.claimed.user),
        trunk_id=leg.trunk.id if leg.trunk is not None else None,
        credential_id=leg.credential.id if leg.credential is not None else None,
    )
