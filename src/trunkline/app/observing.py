"""One log line per call and per refusal, and the counts beside them."""

from __future__ import annotations

import logging
from typing import Final

import structlog

from trunkline.app.counts import Counts
from trunkline.app.driver import Trace
from trunkline.app.line_budget import LineBudget
from trunkline.app.masking import Masking, without_password
from trunkline.domain.cdr import Cdr
from trunkline.domain.clock import Clock
from trunkline.domain.registration_event import RegistrationEvent, RegistrationEventKind
from trunkline.domain.rejection import Rejection
from trunkline.domain.trunk import Trunk
from trunkline.registrar.events import (
    Departure,
    Expired,
    Moved,
    Refreshed,
    Registered,
    RegistrarEvent,
    RegistrationRefused,
    Unregistered,
)
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request
from trunkline.store.registration_events import RegistrationEventWriter

_calls: Final = structlog.get_logger("trunkline.calls")
_call_lines: Final = logging.getLogger("trunkline.calls")
"""Beneath it: tells at once whether anybody wants the line of each call."""
_registrar: Final = structlog.get_logger("trunkline.registrar")


class CallLog:
    """Fills :class:`~trunkline.calls.exchange.CallObserver`."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._budget: Final = LineBudget()

    def started(self, cdr: Cdr) -> None:
        """See the port: a line is written when it ends."""

    def refused(self, rejection: Rejection, request: Request, flow: Flow, call_id: str = "") -> None:  # noqa: ARG002 - the call's own line follows
        """See the port."""
        self._counts.refusals[rejection.code] = self._counts.refusals.get(rejection.code, 0) + 1
        if not self._budget.admits():
            return
        _calls.info(
            "refused",
            code=rejection.code,
            status=rejection.status,
            method=request.method,
            source=repr(flow),
            target=without_password(request.uri_text),
            why=rejection.sentence,
            detail=rejection.detail,
            cure=rejection.cure,
            **self._budget.note(),
        )

    def ended(self, cdr: Cdr) -> None:
        """See the port."""
        cause = cdr.end_cause.value if cdr.end_cause is not None else ""
        self._counts.calls_ended[cause] = self._counts.calls_ended.get(cause, 0) + 1
        self._counts.answered_seconds += cdr.duration_s
        if not _call_lines.isEnabledFor(logging.INFO):
            return
        _calls.info(
            "call",
            call_id=cdr.call_id,
            caller=cdr.caller,
            callee=cdr.callee,
            source=cdr.source,
            status=cdr.status,
            cause=cause,
            seconds=round(cdr.duration_s, 1),
            rejection=cdr.rejection,
        )

    def failed(self, what: str, error: Exception) -> None:
        """See the port."""
        self._counts.faults += 1
        _calls.error("a fault of the server's own", what=what, exc_info=error)

    def address_rests(self, trunk: Trunk, flow: Flow, seconds: float, why: str) -> None:
        """See the port."""
        self._counts.address_rests[why] = self._counts.address_rests.get(why, 0) + 1
        _calls.warning(
            "an address of a trunk rests",
            trunk=trunk.name,
            address=repr(flow),
            seconds=round(seconds),
            why=why,
        )

    def address_rests_no_more(self, trunk: Trunk, flow: Flow, *, has_answered: bool) -> None:
        """See the port."""
        why = "it answers again" if has_answered else "its time is over, and a call tries it"
        _calls.info("an address of a trunk rests no more", trunk=trunk.name, address=repr(flow), why=why)


class RegistrationLog:
    """Hears the registrar: lines, counts, and the timeline on disk."""

    def __init__(self, counts: Counts, writer: RegistrationEventWriter, clock: Clock) -> None:
        self._counts = counts
        self._writer = writer
        self._clock = clock
        self._budget: Final = LineBudget()

    def heard(self, event: RegistrarEvent) -> None:
        """Take one event."""
        kind = _KINDS[type(event)]
        self._counts.registration_events[kind.value] = self._counts.registration_events.get(kind.value, 0) + 1
        detail = ""
        if isinstance(event, RegistrationRefused):
            rejection = event.rejection
            self._counts.refusals[rejection.code] = self._counts.refusals.get(rejection.code, 0) + 1
            if not self._budget.admits():
                return
            detail = f"{rejection.code}: {rejection.sentence} {rejection.detail}".strip()
            _registrar.info(
                "refused",
                code=rejection.code,
                status=rejection.status,
                aor=event.aor,
                source=repr(event.flow),
                why=rejection.sentence,
                detail=rejection.detail,
                cure=rejection.cure,
                **self._budget.note(),
            )
        elif kind is not RegistrationEventKind.REFRESHED:
            _registrar.info(kind.value, aor=event.aor, contact=event.contact, flow=repr(event.flow))
            if isinstance(event, Unregistered) and event.departure is Departure.OPERATOR:
                detail = "by the operator"
        contact = "" if isinstance(event, RegistrationRefused) else event.contact
        self._writer.record(
            RegistrationEvent(
                self._clock.now(), event.aor, kind, contact, repr(event.flow), event.user_agent, detail
            )
        )


_KINDS: Final = {
    Registered: RegistrationEventKind.REGISTERED,
    Refreshed: RegistrationEventKind.REFRESHED,
    Moved: RegistrationEventKind.MOVED,
    Expired: RegistrationEventKind.EXPIRED,
    Unregistered: RegistrationEventKind.UNREGISTERED,
    RegistrationRefused: RegistrationEventKind.REFUSED,
}


class SipTrace:
    """Writes SIP messages to the log, masked."""

    def __init__(self, masking: Masking) -> None:
        self._masking = masking

    def received(self, flow: Flow, data: bytes) -> None:
        """See :class:`~trunkline.app.driver.Trace`."""
        self._write("<-", flow, data)

    def sent(self, flow: Flow, data: bytes) -> None:
        """See :class:`~trunkline.app.driver.Trace`."""
        self._write("->", flow, data)

    def _write(self, arrow: str, flow: Flow, data: bytes) -> None:
        structlog.get_logger("trunkline.trace").info(f"{arrow} {flow!r}\n{self._masking.text(data)}")


class TwoTraces:
    """Gives every message to two others."""

    def __init__(self, first: Trace, second: Trace) -> None:
        self._first = first
        self._second = second

    def received(self, flow: Flow, data: bytes) -> None:
        """See :class:`~trunkline.app.driver.Trace`."""
        self._first.received(flow, data)
        self._second.received(flow, data)

    def sent(self, flow: Flow, data: bytes) -> None:
        """See :class:`~trunkline.app.driver.Trace`."""
        self._first.sent(flow, data)
        self._second.sent(flow, data)
