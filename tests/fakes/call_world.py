"""A whole exchange with parties around it, joined by a wire in memory, under a clock that is turned by hand.

It drives the exchange as the server's driver does. Nothing is mocked but the outside: media engine, DNS, clock, wire.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from heapq import heappop, heappush

from fakes.call_party import Party
from fakes.call_records import CdrList, RecordingObserver
from fakes.clock import FakeClock
from fakes.hops import FakeHops
from fakes.media_engine import FakeMediaEngine
from fakes.sip_bench import Tokens
from trunkline.calls.exchange import CallSettings, Exchange
from trunkline.calls.switchboard import Switchboard
from trunkline.domain.account import Account
from trunkline.domain.authentication import AuthenticationPolicy, Authenticator
from trunkline.domain.binding import Binding
from trunkline.domain.cdr import Cdr
from trunkline.domain.credential import Credential, HashPair, Secret, hash_pair
from trunkline.domain.directory import Change, Directory
from trunkline.domain.media import MediaEvent
from trunkline.domain.number import Destination, DestinationKind, Number
from trunkline.domain.realm import Realm
from trunkline.domain.trunk import Trunk, TrunkTarget
from trunkline.registrar.location import BindingTable, NoJournal
from trunkline.sip.effects import Malformed, Send
from trunkline.sip.endpoint import Endpoint
from trunkline.sip.flow import Flow, Listener
from trunkline.sip.message import Request, Response
from trunkline.sip.nonce import NonceTable
from trunkline.sip.parser import parse_message

HOST = "203.0.113.1"
ATLANTA = "atlanta.example"
BILOXI = "biloxi.example"
ALICE = "sip:alice@atlanta.example"
BOB = "sip:bob@biloxi.example"
DAVE = "sip:dave@atlanta.example"
CAROL = "+13125550199"
BOBS_NUMBER = "+13125550100"
TO_CAROL = f"sip:{CAROL}@{ATLANTA}"

_HASHES: dict[tuple[str, str, str], HashPair] = {}


class Carried:
    """One message that was put on the wire."""

    def __init__(self, time: float, sender: str, receiver: str, data: bytes) -> None:
        self.time = time
        self.sender = sender
        self.receiver = receiver
        self.data = data
        self.message: Request | Response = parse_message(data)

    @property
    def label(self) -> str:
        """Method or status."""
        return self.message.method if isinstance(self.message, Request) else str(self.message.status)

    def __repr__(self) -> str:
        return f"{self.time:.2f} {self.sender} -> {self.receiver}: {self.label} ({self.message.get('CSeq')})"


Fault = Callable[[Carried], Sequence[float]]
"""What becomes of a message: the delays of its copies; none when it is lost."""


class World:
    """The exchange under test, and everything around it."""

    def __init__(self, settings: CallSettings | None = None) -> None:
        self.host = HOST
        self.clock = FakeClock()
        self.began = self.clock.time
        self.listeners = {"udp": Listener("udp", HOST, 5060), "tcp": Listener("tcp", HOST, 5060)}
        self.endpoint = Endpoint(
            Tokens("oursx"), server_name="Trunkline", stateless_methods=frozenset({"REGISTER"})
        )
        self.engine = FakeMediaEngine()
        self.hops = FakeHops(self.listeners)
        self.directory = Directory()
        self.location = BindingTable(NoJournal())
        self.journal = CdrList()
        self.observer = RecordingObserver()
        self.random_numbers = [0.5]
        nonces = NonceTable(b"secret", started_at=self.clock.time, slots=2**10)
        policy = AuthenticationPolicy(algorithms=("MD5",), own_hosts=frozenset({HOST}))
        self.exchange = Exchange(
            endpoint=self.endpoint,
            engine=self.engine,
            hops=self.hops,
            directory=self.directory,
            authenticator=Authenticator(self.directory, nonces, policy),
            location=self.location,
            journal=self.journal,
            observer=self.observer,
            clock=self.clock,
            tokens=Tokens("leg"),
            random=self.random,
            settings=settings or CallSettings(),
        )
        self.switchboard = Switchboard(self.exchange)
        self.exchange.settle = self.settle
        self.parties: dict[tuple[str, int], Party] = {}
        self.unreachable: set[str] = set()
        self.latency_s = 0.0
        self.fault: Fault | None = None
        self.log: list[Carried] = []
        self.malformed: list[str] = []
        self.may_see: set[tuple[str, str]] = set()
        self._in_flight: list[tuple[float, int, str, tuple[str, int], bytes, int]] = []
        self._sequence = 0
        self._connections = 0
        self._is_settling = False
        self._is_running = False

    # The cast.

    def party(self, name: str, host: str, port: int = 5060, **arguments: str) -> Party:
        """Put somebody on the wire."""
        party = Party(self, name, host, port, **arguments)  # type: ignore[arg-type]
        self.parties[(host, port)] = party
        if party.listener.transport != "udp":
            self._connections += 1
            party.connection = self._connections
        return party

    def provision(self, *changes: Change) -> None:
        """Change the directory."""
        self.directory.apply(changes)

    def credential(self, username: str, realm: str, **arguments: object) -> Credential:
        """Make a credential with the password ``secret``, and provision it."""
        key = (username, realm, "secret")
        if key not in _HASHES:
            _HASHES[key] = hash_pair("md5", *key)
        realm_id = {each.name: each.id for each in self.directory.realms.values()}[realm]
        known = self.directory.credential(f"{username}@{realm}")
        number = known.id if known is not None else len(self.directory.credentials) + 1
        made = Credential(
            number,
            1,
            realm_id,
            realm,
            username,
            "",
            (Secret(_HASHES[key]),),
            **arguments,  # type: ignore[arg-type]
        )
        self.provision(made)
        return made

    def trunk(self, name: str, host: str, number: int, **arguments: object) -> Trunk:
        """Provision a trunk whose one target is this address, from which it also calls."""
        targets = arguments.pop("targets", (TrunkTarget(f"sip:{host}:5060"),))
        arguments.setdefault("prefixes", ("+1",))
        arguments.setdefault("allowed_ips", (host,))
        made = Trunk(number, 1, name, targets, **arguments)  # type: ignore[arg-type]
        self.provision(made)
        return made

    def change_trunk(self, number: int, **arguments: object) -> None:
        """Change a trunk."""
        self.provision(replace(self.directory.trunks[number], **arguments))  # type: ignore[arg-type]

    def register(
        self, party: Party, aor: str, *, q: int = 1000, path: tuple[str, ...] = (), instance: str = ""
    ) -> Binding:
        """Let a party be reached as this address-of-record."""
        binding = Binding(
            aor,
            party.contact[1:-1],
            party.contact,
            f"id-{party.name}-reg",
            1,
            self.now + 3600,
            q,
            self.flow_to(party),
            path,
            instance,
            0,
            "",
            self.now + len(self.location) / 1000,
        )
        self.location.add(binding)
        return binding

    def flow_to(self, party: Party) -> Flow:
        """The way from us to a party."""
        return Flow(self.listeners[party.listener.transport], party.host, party.port, party.connection)

    # Time and wire.

    @property
    def now(self) -> float:
        """The time."""
        return self.clock.time

    def random(self) -> float:
        """Take the next random number; the last one stays."""
        return self.random_numbers.pop(0) if len(self.random_numbers) > 1 else self.random_numbers[0]

    def settle(self) -> None:
        """What the server's driver does: effects in order, then programs, until both are empty."""
        if self._is_settling:
            return
        self._is_settling = True
        try:
            while self.endpoint.effects or self.exchange.posted:
                effects, self.endpoint.effects = self.endpoint.effects, []
                for effect in effects:
                    if isinstance(effect, Send):
                        self._send("us", effect.flow, effect.data)
                    elif isinstance(effect, Malformed):
                        self.malformed.append(effect.reason)
                    else:
                        self.switchboard.handle(effect)
                self.switchboard.run_programs()
        finally:
            self._is_settling = False

    def run(self) -> None:
        """Carry everything that can be carried without time passing."""
        if self._is_running:
            return
        self._is_running = True
        try:
            while self._step():
                pass
        finally:
            self._is_running = False

    def _step(self) -> bool:
        self.settle()
        for party in self.parties.values():
            effects, party.endpoint.effects = party.endpoint.effects, []
            for effect in effects:
                if isinstance(effect, Send):
                    data = party.mangle(effect.data) if party.mangle is not None else effect.data
                    self._send(party.name, effect.flow, data)
                else:
                    party.handle(effect)
            if effects:
                return True
        if self._in_flight and self._in_flight[0][0] <= self.now:
            self._deliver()
            return True
        if not self.engine.is_slow and self.engine.flush():
            self._must_be_settled()
            return True
        if self.hops.waiting:
            self.hops.flush()
            self._must_be_settled()
            return True
        return bool(self.endpoint.effects or self.exchange.posted)

    def _must_be_settled(self) -> None:
        """Whoever is called back from outside settles what follows: no driver stands around it."""
        if self.endpoint.effects or self.exchange.posted:
            raise AssertionError(f"a callback left {self.endpoint.effects} {self.exchange.posted}")

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        until = self.now + seconds
        self.run()
        while True:
            due = self._next_due()
            if due is None or due > until:
                break
            self.clock.time = max(self.now, due)
            self._fire()
            self.run()
        self.clock.time = until
        self.run()

    def _next_due(self) -> float | None:
        times = [
            self.endpoint.next_timer(),
            *(party.endpoint.next_timer() for party in self.parties.values()),
        ]
        if self._in_flight:
            times.append(self._in_flight[0][0])
        known = [time for time in times if time is not None]
        return min(known) if known else None

    def _fire(self) -> None:
        self.endpoint.handle_timer(self.now)
        self.settle()
        for party in self.parties.values():
            party.endpoint.handle_timer(self.now)

    def _send(self, sender: str, flow: Flow, data: bytes) -> None:
        receiver = "us"
        if sender == "us":
            found = self.parties.get((flow.host, flow.port))
            receiver = found.name if found is not None else f"{flow.host}:{flow.port}"
        carried = Carried(self.now - self.began, sender, receiver, data)
        self.log.append(carried)
        if receiver in self.unreachable:
            self.endpoint.send_failed(flow, data, self.now)
            return
        delays = [self.latency_s] if self.fault is None else self.fault(carried)
        source = self._source(sender)
        for delay in delays:
            self._put(delay, sender, (flow.host, flow.port), data, source)

    def _source(self, sender: str) -> int:
        return next((party.connection for party in self.parties.values() if party.name == sender), 0)

    def _put(self, delay: float, sender: str, target: tuple[str, int], data: bytes, connection: int) -> None:
        self._sequence += 1
        heappush(self._in_flight, (self.now + delay, self._sequence, sender, target, data, connection))

    def carry_raw(self, party: Party, data: bytes) -> None:
        """Put a party's bytes on the wire, unlogged."""
        self._put(self.latency_s, party.name, (HOST, 5060), data, party.connection)

    def _deliver(self) -> None:
        _, _, sender, target, data, _ = heappop(self._in_flight)
        if sender == "us":
            party = self.parties.get(target)
            if party is not None:
                party.endpoint.receive(data, party.flow, self.now)
            return
        party = next(each for each in self.parties.values() if each.name == sender)
        self.endpoint.receive(data, self.flow_to(party), self.now)

    def media(self, event: MediaEvent) -> None:
        """Let the media engine tell something."""
        self.switchboard.media_event(event)
        self.run()

    # What is found out.

    @property
    def cdr(self) -> Cdr:
        """The last CDR."""
        return self.journal.ended[-1]

    def labels(self, sender: str, receiver: str) -> list[str]:
        """Methods and statuses that went from one to the other."""
        return [each.label for each in self.log if each.sender == sender and each.receiver == receiver]

    def ladder(self) -> str:
        """Everything that was on the wire, for people to read."""
        return "\n".join(map(repr, self.log))

    def leaks(self) -> list[str]:
        """What of one side was shown to another: addresses, tags, Call-IDs, Contacts, products."""
        found: list[str] = []
        parties = {party.name: party for party in self.parties.values()}
        for carried in self.log:
            if carried.sender != "us" or carried.receiver not in parties:
                continue
            text = carried.data.decode("utf-8", "replace")
            for name, party in parties.items():
                if name == carried.receiver or (name, carried.receiver) in self.may_see:
                    continue
                found += [f"{carried} shows {secret}" for secret in party.secrets if _shows(text, secret)]
        return found

    def untyped_bodies(self) -> list[str]:
        """What we sent with a body, but without saying what it is."""
        ours = [each for each in self.log if each.sender == "us"]
        return [
            f"{each} has an untyped body"
            for each in ours
            if each.message.body and not each.message.content_type
        ]

    def leftovers(self) -> list[str]:
        """What should be gone when every call is over and all transactions have died."""
        exchange = self.exchange
        left = {
            "calls": exchange.calls,
            "legs": exchange.legs,
            "streams": self.engine.streams,
            "answers of the engine": self.engine.waiting,
            "posted": exchange.posted,
            "timers": len(exchange.timers),
            "transactions": self.endpoint.live_transactions,
            "limits": exchange.limits.holders,
            "anchors": exchange.anchors,
        }
        return [f"{name}: {value}" for name, value in left.items() if value]

    def check(self) -> None:
        """Let every transaction die, then see that nothing is left, nothing was shown, and nothing went wrong."""
        self.engine.is_slow = False
        self.advance(100)
        malformed = [reason for party in self.parties.values() for reason in party.malformed]
        wrong = [
            *map(repr, self.observer.faults),
            *self.untyped_bodies(),
            *self.malformed,
            *malformed,
            *self.leftovers(),
            *self.leaks(),
        ]
        if wrong:
            raise AssertionError("\n".join(wrong))


def _shows(text: str, secret: str) -> bool:
    at = text.find(secret)
    while at >= 0:
        # 192.0.2.12 does not show 192.0.2.1.
        if not text[at + len(secret) : at + len(secret) + 1].isdigit() or not secret[-1].isdigit():
            return True
        at = text.find(secret, at + 1)
    return False


def town(settings: CallSettings | None = None) -> World:
    """A world with the usual cast, reachable as attributes of nothing: see :class:`Cast`."""
    world = World(settings)
    world.provision(
        Account(1, "a1", "Account", "US", 0.0),
        Realm(1, 1, ATLANTA, "atlanta", True, "", 0.0),
        Realm(2, 1, BILOXI, "biloxi", False, "", 0.0),
        Number(BOBS_NUMBER, 1, Destination(DestinationKind.DEVICE, f"bob@{BILOXI}")),
    )
    for username, realm in (("alice", ATLANTA), ("dave", ATLANTA), ("bob", BILOXI)):
        world.credential(username, realm)
    world.trunk("chicago", "198.51.100.10", 1)
    world.trunk("denver", "198.51.100.20", 2, priority=2)
    return world


class Cast:
    """The usual parties: Alice and Dave in Atlanta, Bob in Biloxi, two trunks, and Mallory."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.alice = world.party("alice", "192.0.2.1", realm=ATLANTA)
        self.dave = world.party("dave", "192.0.2.4", realm=ATLANTA)
        self.bob = world.party("bob", "192.0.2.2", realm=BILOXI)
        self.chicago = world.party("chicago", "198.51.100.10")
        self.denver = world.party("denver", "198.51.100.20")
        self.mallory = world.party("mallory", "192.0.2.66", username="mallory")
        world.register(self.alice, f"alice@{ATLANTA}")
        world.register(self.dave, f"dave@{ATLANTA}")
        world.register(self.bob, f"bob@{BILOXI}")
