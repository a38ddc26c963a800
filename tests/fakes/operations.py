"""The ports of operations on dictionaries."""

from __future__ import annotations

from trunkline.domain.binding import Binding
from trunkline.domain.cdr import Cdr
from trunkline.domain.cdr_search import CdrFilter, CdrPage
from trunkline.domain.credential import Credential, HashPair, Secret
from trunkline.domain.directory import Directory
from trunkline.domain.media import MediaStatistics
from trunkline.domain.realm import Realm
from trunkline.domain.registration_event import RegistrationEvent, RegistrationEventKind
from trunkline.operations.ports import LiveCall, LiveLeg
from trunkline.sip.flow import Flow, Listener

OURS = 1_000_001
THEIRS = 2_000_002
NOW = 1_700_000_000.0
UDP = Listener("udp", "203.0.113.1", 5060)
TCP = Listener("tcp", "203.0.113.1", 5060)


def directory() -> Directory:
    """Alice of our Atlanta, Bob of their Biloxi."""
    made = Directory()
    made.apply(
        [
            Realm(1, OURS, "atlanta.example", "", True, "", NOW),
            Realm(2, THEIRS, "biloxi.example", "", True, "", NOW),
            credential(7, "alice", "atlanta.example", OURS, 1),
            credential(8, "bob", "biloxi.example", THEIRS, 2),
        ]
    )
    return made


def credential(
    number: int, user: str, realm: str, account_id: int, realm_id: int, **more: object
) -> Credential:
    """A credential whose hashes fit no password."""
    secret = Secret(HashPair("0" * 32, "1" * 32))
    return Credential(number, account_id, realm_id, realm, user, "", (secret,), **more)  # type: ignore[arg-type]


def binding(
    aor: str, uri: str = "", host: str = "192.0.2.10", agent: str = "Phone/1.0", expires_at: float = NOW + 300
) -> Binding:
    """A binding over UDP."""
    uri = uri or f"sip:{aor.partition('@')[0]}@{host}:5060"
    flow = Flow(UDP, host, 5060)
    return Binding(aor, uri, f"<{uri}>", f"call-{aor}", 1, expires_at, 1000, flow, (), "", 0, agent, NOW - 60)


class FakeBindings:
    """A ``LiveBindings``."""

    def __init__(self, *bindings: Binding) -> None:
        self.held: dict[str, list[Binding]] = {}
        for one in bindings:
            self.held.setdefault(one.aor, []).append(one)

    def aors(self) -> list[str]:
        return list(self.held)

    def bindings_of(self, aor: str) -> list[Binding]:
        return list(self.held.get(aor, []))

    def unregister(self, aor: str, uri: str = "") -> list[Binding]:
        dropped = [one for one in self.bindings_of(aor) if uri in ("", one.uri)]
        self.held[aor] = [one for one in self.bindings_of(aor) if one not in dropped]
        return dropped


class FakeTimeline:
    """A ``RegistrationTimeline``; accounts own what ends with their realm."""

    def __init__(self, *events: RegistrationEvent) -> None:
        self.kept = list(enumerate(events, 1))

    async def events(
        self,
        *,
        account_id: int | None = None,
        aor: str = "",
        kind: RegistrationEventKind | None = None,
        before: int = 0,
        limit: int = 100,
    ) -> list[tuple[int, RegistrationEvent]]:
        realm = {OURS: "@atlanta.example", THEIRS: "@biloxi.example", None: ""}[account_id]
        found = [
            (number, event)
            for number, event in reversed(self.kept)
            if event.aor.endswith(realm)
            and aor in ("", event.aor)
            and kind in (None, event.kind)
            and (not before or number < before)
        ]
        return found[:limit]

    async def event(self, event_id: int) -> RegistrationEvent | None:
        return dict(self.kept).get(event_id)


def cdr(call_id: str, account_id: int = OURS, started_at: float = NOW, **more: object) -> Cdr:
    """A call that begins now."""
    fields = {
        "sip_call_id": f"sip-{call_id}", "credential_id": 7, "inbound_trunk_id": None, "caller": "alice",
        "callee": "+13125550199", "source": "192.0.2.10:5060", "user_agent": "Phone/1.0",
    } | more  # fmt: skip
    return Cdr(call_id=call_id, account_id=account_id, started_at=started_at, **fields)  # type: ignore[arg-type]


def live_call(call_id: str, account_id: int = OURS, **more: object) -> LiveCall:
    """A running call of one leg."""
    leg = LiveLeg("caller", True, "trying", f"sip-{call_id}", "udp:192.0.2.10:5060", "alice", None, 7)
    return LiveCall(cdr(call_id, account_id, **more), "trying", (leg,))


class FakeCalls:
    """A ``LiveCalls``."""

    def __init__(self, *calls: LiveCall) -> None:
        self.running = {call.call_id: call for call in calls}
        self.figures: dict[str, MediaStatistics] = {}

    def ids(self, account_id: int) -> list[str]:
        return [call_id for call_id, call in self.running.items() if call.cdr.account_id == account_id]

    def get(self, call_id: str) -> LiveCall | None:
        return self.running.get(call_id)

    async def media(self, call_id: str) -> MediaStatistics | None:
        return self.figures.get(call_id)

    def end(self, call_id: str) -> bool:
        return self.running.pop(call_id, None) is not None


class FakeCdrs:
    """A ``CdrSearch`` that knows of accounts and pages only."""

    def __init__(self, *kept: Cdr) -> None:
        self.kept = sorted(kept, key=lambda one: -one.started_at)
        self.asked: list[CdrFilter] = []

    async def page(self, wanted: CdrFilter, *, after: str = "", limit: int = 50) -> CdrPage:
        self.asked.append(wanted)
        mine = [one for one in self.kept if one.account_id == wanted.account_id]
        start = int(after or 0)
        end = start + limit
        return CdrPage(tuple(mine[start:end]), str(end) if len(mine) > end else "")

    async def find(self, call_id: str) -> Cdr | None:
        return next((one for one in self.kept if one.call_id == call_id), None)
