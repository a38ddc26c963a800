"""The driver: bytes from the edge go into the endpoint, its effects to the edge, the registrar and the calls.

The one place where time passes: a single timer of the event loop is set to what the endpoint waits for next.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

import structlog

from trunkline.app.counts import Counts
from trunkline.app.line_budget import LineBudget
from trunkline.calls.exchange import Exchange
from trunkline.calls.switchboard import Switchboard
from trunkline.domain.clock import Clock
from trunkline.domain.media import MediaEvent
from trunkline.edge.edge import Edge
from trunkline.registrar.registrar import Registrar
from trunkline.sip.effects import Effect, Malformed, RequestReceived, Send
from trunkline.sip.endpoint import Endpoint
from trunkline.sip.flow import Flow
from trunkline.sip.message import response_to

_log: Final = structlog.get_logger("trunkline.sip")

_MOST_EARLY: Final = 16_777_216
"""Octets of messages that may wait while the bindings are loaded at the start."""

_TIMER_REST_S: Final = 0.02
"""Timers are looked at fifty times a second at most: nearly all of them end transactions, five for each call, and one
that lives on for so long harms nobody. To wake up for each of them would cost a good part of what the call does."""


class Trace(Protocol):
    """Shows SIP messages to people; secrets are masked."""

    def received(self, flow: Flow, data: bytes) -> None:
        """A message came."""
        ...

    def sent(self, flow: Flow, data: bytes) -> None:
        """A message goes."""
        ...


class Driver:
    """Receives for the edge. Everything happens within its calls, on the event loop's thread."""

    def __init__(
        self,
        endpoint: Endpoint,
        registrar: Registrar,
        exchange: Exchange,
        clock: Clock,
        counts: Counts,
        trace: Trace | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._registrar = registrar
        self._switchboard = Switchboard(exchange)
        self._exchange = exchange
        self._clock = clock
        self._counts = counts
        self._trace = trace
        self._edge: Edge | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._armed_at = 0.0
        self._is_settling = False
        self._is_ready = False
        self._early: list[tuple[bytes, Flow]] = []
        self._early_size = 0
        self._budget: Final = LineBudget()
        exchange.settle = self.settle
        exchange.vouch = self._vouch

    @property
    def switchboard(self) -> Switchboard:
        """Where calls are drained and ended from."""
        return self._switchboard

    def attach(self, edge: Edge, loop: asyncio.AbstractEventLoop) -> None:
        """Send through this edge from now on."""
        self._edge = edge
        self._loop = loop

    def begin(self) -> None:
        """Serve: what came in before is dealt with now."""
        self._is_ready = True
        early, self._early = self._early, []
        for data, flow in early:
            self.received(data, flow)

    # What the edge tells.

    def received(self, data: bytes, flow: Flow) -> None:
        """See :class:`~trunkline.edge.receiver.Receiver`."""
        if not self._is_ready:
            if self._early_size < _MOST_EARLY:
                self._early_size += len(data)
                self._early.append((data, flow))
            return
        if self._trace is not None:
            self._trace.received(flow, data)
        self._endpoint.receive(data, flow, self._clock.now())
        self.settle()

    def malformed(self, flow: Flow, reason: str, head: bytes) -> None:
        """See :class:`~trunkline.edge.receiver.Receiver`: a request whose length cannot be told gets its 400."""
        if self._trace is not None:
            self._trace.received(flow, head)
        self._endpoint.receive_unframed(head, flow, reason, self._clock.now())
        self.settle()

    def flow_closed(self, flow: Flow, reason: str) -> None:
        """See :class:`~trunkline.edge.receiver.Receiver`: the flow's bindings go with it."""
        _log.debug("flow closed", flow=repr(flow), reason=reason)
        self._registrar.flow_closed(flow)
        self._endpoint.flow_closed(flow, self._clock.now())
        self.settle()

    def send_failed(self, flow: Flow, data: bytes, reason: str) -> None:
        """See :class:`~trunkline.edge.receiver.Receiver`."""
        _log.debug("send failed", flow=repr(flow), reason=reason)
        self._endpoint.send_failed(flow, data, self._clock.now())
        self.settle()

    # What the media engine tells.

    def media_event(self, event: MediaEvent) -> None:
        """Pass an event of the media engine on to the calls."""
        self._switchboard.media_event(event)
        self.settle()

    # The loop.

    def settle(self) -> None:
        """Deal with every effect, and with what follows from it, until nothing is left to do."""
        if self._is_settling:
            return
        self._is_settling = True
        try:
            while self._endpoint.effects or self._exchange.posted:
                effects, self._endpoint.effects = self._endpoint.effects, []
                for effect in effects:
                    self._perform(effect)
                if self._exchange.posted:
                    self._run_programs()
        finally:
            self._is_settling = False
        self._arm()

    def _perform(self, effect: Effect) -> None:
        if isinstance(effect, Send):
            self._send(effect)
            return
        try:
            self._dispatch(effect)
        except Exception as error:  # noqa: BLE001 - the boundary: a bug ends one message, not the server
            self._failed(effect, error)

    def _send(self, effect: Send) -> None:
        if self._trace is not None:
            self._trace.sent(effect.flow, effect.data)
        if self._edge is not None:
            self._edge.send(effect.flow, effect.data)

    def _dispatch(self, effect: Effect) -> None:
        if isinstance(effect, RequestReceived) and effect.request.method == "REGISTER":
            response = self._registrar.register(effect.request, effect.flow, self._clock.now())
            self._counts.registers[response.status] = self._counts.registers.get(response.status, 0) + 1
            self._endpoint.respond_statelessly(effect.request, response, effect.flow)
            if response.status < 300:
                self._vouch(effect.flow)
        elif isinstance(effect, Malformed):
            self._counts.malformed[effect.reason] = self._counts.malformed.get(effect.reason, 0) + 1
            if self._budget.admits():
                _log.info(
                    "malformed message",
                    flow=repr(effect.flow),
                    reason=effect.reason,
                    answered=effect.status,
                    **self._budget.note(),
                )
        else:
            self._switchboard.handle(effect)

    def _vouch(self, flow: Flow) -> None:
        if self._edge is not None and flow.is_reliable:
            self._edge.vouch(flow)

    def _run_programs(self) -> None:
        try:
            self._switchboard.run_programs()
        except Exception as error:  # noqa: BLE001 - the boundary: a bug ends one call, not the server
            self._exchange.observer.failed("program", error)

    def _failed(self, effect: Effect, error: Exception) -> None:
        """A bug of ours: the request gets a 500, the log everything."""
        self._exchange.observer.failed(type(effect).__name__, error)
        if not isinstance(effect, RequestReceived) or effect.request.method == "ACK":
            return
        response = response_to(effect.request, 500, "", self._exchange.tokens())
        if effect.transaction is None:
            self._endpoint.respond_statelessly(effect.request, response, effect.flow)
        elif not effect.transaction.has_final:
            self._endpoint.respond(effect.transaction, response, self._clock.now())

    def _arm(self) -> None:
        """Set the loop's timer to the endpoint's next one, unless it is set to something sooner anyway.

        Timers that are due close together share a wake-up.
        """
        due = self._endpoint.next_timer()
        if due is None or self._loop is None or (self._timer is not None and self._armed_at <= due):
            return
        now = self._clock.now()
        at = max(due, now + _TIMER_REST_S)
        if self._timer is not None:
            if self._armed_at <= at:
                return
            self._timer.cancel()
        self._armed_at = at
        self._timer = self._loop.call_later(at - now, self._due)

    def _due(self) -> None:
        self._timer = None
        try:
            self._endpoint.handle_timer(self._clock.now())
        except Exception as error:  # noqa: BLE001 - the boundary: a bug ends one timer, not time itself
            self._exchange.observer.failed("timer", error)
        self.settle()
        self._arm()
