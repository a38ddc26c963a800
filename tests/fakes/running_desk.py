"""Operations over dictionaries, in one piece, as pages and APIs ask them."""

from __future__ import annotations

from fakes.operations import (
    NOW,
    OURS,
    TCP,
    UDP,
    FakeBindings,
    FakeCalls,
    FakeCdrs,
    FakeTimeline,
    binding,
    cdr,
    directory,
    live_call,
)
from trunkline.app.live import hash_forms
from trunkline.app.masking import Masking
from trunkline.calls.limits import LimitTable
from trunkline.domain.account import Account
from trunkline.domain.cdr import CdrLeg, EndCause, TrunkAttempt
from trunkline.domain.media import MediaStatistics, SideStatistics
from trunkline.domain.registration_event import RegistrationEvent, RegistrationEventKind
from trunkline.domain.trunk import Trunk, TrunkTarget
from trunkline.operations.attempts import AttemptFinder
from trunkline.operations.calls import Calls
from trunkline.operations.capture import Capture
from trunkline.operations.cdrs import Cdrs
from trunkline.operations.diagnosis import DiagnosisOfRefusals
from trunkline.operations.dry_run import DryRun
from trunkline.operations.events import EventHub, EventKind, Subscription
from trunkline.operations.ladders import LadderPolicy, Ladders
from trunkline.operations.operations import Operations
from trunkline.operations.overview import Overview
from trunkline.operations.registrations import Registrations
from trunkline.operations.secret_uses import SecretUses
from trunkline.registrar.location import BindingTable, NoJournal
from trunkline.routing.decision import Router
from trunkline.routing.trunk_selection import TrunkRestTable
from trunkline.sip.flow import Flow

ALICE = "alice@atlanta.example"
DIGEST = "0123456789abcdef" * 2
"""What Alice's device proved its password with: nobody may read it."""

HOSTILE = "<script>alert(1)</script>\"'\u202eback\x07"
LEGS = (
    CdrLeg("caller", "alices", "udp", "192.0.2.10", 5060, is_uas=True),
    CdrLeg("callee-1", "ours", "tcp", "198.51.100.7", 5061, is_uas=False),
)
OF_ALICE = Flow(UDP, "192.0.2.10", 5060)
OF_CAROL = Flow(TCP, "198.51.100.7", 5061, 2)


class EndedHub:
    """A hub whose streams are over as soon as they begin."""

    def __init__(self, clock) -> None:  # type: ignore[no-untyped-def]
        self._hub = EventHub(clock)

    def __getattr__(self, name: str):  # type: ignore[no-untyped-def]
        return getattr(self._hub, name)

    def subscribe(self, listener=None, **arguments) -> Subscription:  # type: ignore[no-untyped-def]
        subscription = self._hub.subscribe(listener, **arguments)
        if listener is None:
            subscription.close()
        return subscription


class NoSamples:
    """A ``SampleStore`` without any."""

    async def write(self, samples) -> None:  # type: ignore[no-untyped-def]
        pass

    async def load(self, since: float) -> list[object]:
        return []

    async def trim(self, before: float) -> None:
        pass


class RunningDesk:
    """A device of Alice's, a running call and past ones, what happened, and the ``operations`` over them.

    What came by SIP is hostile everywhere. The account is the first of an installation.
    """

    def __init__(self, clock, *, hub: EventHub | EndedHub | None = None) -> None:  # type: ignore[no-untyped-def]
        self.clock = clock
        now = clock.now()
        self.directory = directory()
        self.directory.apply([Account(OURS, "a", "", "US", NOW)])
        self.directory.apply(
            [Trunk(1, OURS, "chicago", (TrunkTarget("sip:198.51.100.7"),), prefixes=("+1",))]
        )
        self.events = hub or EventHub(clock)
        self.bindings = FakeBindings(
            binding(ALICE, agent=HOSTILE, expires_at=now + 300),
            binding("bob@biloxi.example", expires_at=now + 300),
        )
        self.timeline = FakeTimeline(
            RegistrationEvent(now - 9, ALICE, RegistrationEventKind.REGISTERED, "sip:a@x", "udp:192.0.2.10:5060", HOSTILE),
            RegistrationEvent(now - 5, ALICE, RegistrationEventKind.MOVED, "sip:a@y", "udp:192.0.2.11:5060", HOSTILE),
            RegistrationEvent(
                now - 1, ALICE, RegistrationEventKind.REFUSED, "", "udp:192.0.2.66:5060", HOSTILE,
                "wrong-password: The digest answer is wrong.",
            ),
        )  # fmt: skip
        self.running = FakeCalls(live_call("now", caller=HOSTILE, callee="bob", started_at=now - 7))
        self.cdrs = FakeCdrs(
            cdr(
                "one", started_at=now - 60, caller=HOSTILE, user_agent=HOSTILE, legs=LEGS, answered_at=now - 58,
                route="to +13125550199 through trunk chicago", ended_at=now - 53, end_cause=EndCause.CALLER_HUNG_UP,
                status=200, attempts=(TrunkAttempt(1, "sip:x@198.51.100.7", 200),), trunk_id=1,
                media=MediaStatistics(SideStatistics(250), SideStatistics(240, 3), 490),
            ),
            cdr(
                "refused", started_at=now - 90, ended_at=now - 90, rejection="no-trunk", detail=HOSTILE, status=404,
                callee="=1+1",
            ),
        )  # fmt: skip
        self.capture = Capture(clock, 1, 3600)
        self._calls = LimitTable()
        self.operations = self._operations()
        told = {"code": "wrong-password", "what": "registration", "aor": HOSTILE, "user_agent": HOSTILE}
        self.events.publish(EventKind.REFUSED, HOSTILE, OURS, told)
        told = {"code": "no-trunk", "what": "call", "caller": HOSTILE, "callee": "bob", "detail": HOSTILE}
        self.events.publish(EventKind.REFUSED, "refused", OURS, told)
        self.events.publish(EventKind.LIMIT_REACHED, "limited", OURS, {})

    def _operations(self) -> Operations:
        ladders = Ladders(
            capture=self.capture, live=self.running, cdrs=self.cdrs, store=NoLadders(), mask=Masking(),
            clock=self.clock, policy=LadderPolicy(),
        )  # fmt: skip
        router = Router(self.directory, BindingTable(NoJournal()), TrunkRestTable(), lambda: 0.5)
        return Operations(
            registrations=Registrations(self.bindings, self.timeline, self.directory, self.clock),
            calls=Calls(self.running),
            cdrs=Cdrs(self.cdrs),
            ladders=ladders,
            dry_run=DryRun(self.directory, router, self, self.clock),
            diagnosis=DiagnosisOfRefusals(
                directory=self.directory, timeline=self.timeline, cdrs=self.cdrs, events=self.events,
                attempts=AttemptFinder(self.capture), forms=hash_forms,
            ),
            overview=Overview(
                bindings=self.bindings, calls=self, directory=self.directory, events=self.events,
                store=NoSamples(), clock=self.clock,
            ),
            events=self.events,
            secret_uses=SecretUses(),
        )  # fmt: skip

    def said(self, at: float, is_sent: bool, flow: Flow, call_id: str, first: str, body: str = "") -> None:
        """A message of a call."""
        data = f'{first}\r\nCall-ID: {call_id}\r\nCSeq: 1 INVITE\r\nAuthorization: Digest response="{DIGEST}"\r\n\r\n{body}'
        octets = data.encode()
        self.clock.time, before = at, self.clock.time
        (self.capture.sent if is_sent else self.capture.received)(flow, octets)
        self.clock.time = before

    # ``CallsNow`` and ``CallsCounted``.

    def why_closed(self):  # type: ignore[no-untyped-def]
        return None

    def why_not(self, holder, limits, now):  # type: ignore[no-untyped-def]
        return self._calls.why_not(holder, limits, now)

    def trunk_rests_s(self, trunk_id: int, now: float) -> float:
        return 0.0

    def resting_addresses(self, trunk_id: int, now: float) -> dict[str, float]:
        return {}

    def why_no_application(self, application, called):  # type: ignore[no-untyped-def]
        return None

    def counts(self) -> dict[int, int]:
        return {OURS: len(self.running.running)}

    def trunk_calls(self, trunk_id: int) -> int:
        return 0


class NoLadders:
    """A ``LadderStore`` without any."""

    async def keep(self, ladders) -> None:  # type: ignore[no-untyped-def]
        pass

    async def find(self, call_id: str) -> None:
        return None

    async def trim(self, most: int, oldest: float) -> None:
        pass
