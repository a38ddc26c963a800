"""A whole server: its parts are built here, started in order, drained and stopped."""

from __future__ import annotations

import asyncio
import gc
import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, Self

import structlog

from trunkline.app.clock import SystemClock, TokenSource
from trunkline.app.counts import Counts
from trunkline.app.driver import Driver
from trunkline.app.event_feed import EventFeed
from trunkline.app.keeping_alive import NatKeeper
from trunkline.app.live import LiveOperations, capture_of, trace_of
from trunkline.app.masking import Masking
from trunkline.app.next_hops import LocatedHops
from trunkline.app.observing import CallLog, RegistrationLog
from trunkline.app.webhooks import LiveWebhooks, WebhookSettings
from trunkline.calls.exchange import CallSettings, Exchange
from trunkline.calls.pinging import Pinger
from trunkline.domain.authentication import AuthenticationPolicy, Authenticator
from trunkline.domain.binding import Binding
from trunkline.domain.cdr import EndCause
from trunkline.domain.credential import Credential
from trunkline.domain.directory import Directory, Noun
from trunkline.domain.media import MediaEvent
from trunkline.domain.ports import Hop
from trunkline.edge.edge import Edge
from trunkline.edge.limits import EdgeLimits
from trunkline.edge.listener_text import ListenerSettings
from trunkline.edge.resolver import Resolver
from trunkline.media.embedded import EmbeddedMediaEngine
from trunkline.media.settings import MediaInterface, MediaSettings
from trunkline.operations.events import EventHub
from trunkline.operations.ladders import LadderPolicy
from trunkline.operations.retention import RetentionPolicy
from trunkline.operations.secret_uses import MOST as MOST_SECRET_USES
from trunkline.operations.secret_uses import SecretUses
from trunkline.registrar.admission import AdmissionBucket
from trunkline.registrar.events import RegistrarEvent
from trunkline.registrar.location import BindingTable
from trunkline.registrar.registrar import Registrar, RegistrarPolicy
from trunkline.sip.endpoint import Endpoint
from trunkline.sip.flow import UDP, Flow, Listener
from trunkline.sip.nonce import NonceTable
from trunkline.sip.uri import SipUri
from trunkline.store.bindings import BindingWriter, listener_text, load_bindings
from trunkline.store.cdrs import CdrWriter
from trunkline.store.database import Database
from trunkline.store.directory_feed import DirectoryFeed
from trunkline.store.registration_events import RegistrationEventWriter
from trunkline.store.secret_uses import SecretUseWriter, load_secret_uses

_log: Final = structlog.get_logger("trunkline")

STATELESS: Final = frozenset({"REGISTER", "OPTIONS"})
"""Methods answered without a transaction: their answers can be given again."""


COLLECTED_AT: Final = (1_000, 5, 20_000)
"""How much the garbage collector looks at in one go, for which everything waits: 1,000 new objects (half a millisecond),
the 5,000 at most that lived through it (three). With higher bounds ten thousand credentials in one request stood
still for 100 ms. All that has come since the start is looked at after a hundred million objects, as good as never."""

_GLANCE_S: Final = 0.05
_IDLE_MARGIN_S: Final = 300.0
"""How much longer than the longest registration a silent connection is kept."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What a server is built from. Times in seconds; ``nat_ping_s`` 0 pings nobody.

    ``in_effect`` are the operator's settings by name, for people to look at.
    """

    data_dir: Path
    database_url: str
    listeners: tuple[ListenerSettings, ...]
    media_interfaces: tuple[MediaInterface, ...]
    rtp_ports: tuple[int, int]
    rtp_silence_s: int
    registrar: RegistrarPolicy
    authentication: AuthenticationPolicy
    calls: CallSettings
    nonce_lifetime_s: float = 300.0
    register_rate: float = 20_000.0
    nat_ping_s: float = 30.0
    record_refreshes: bool = False
    trace_sip: bool = False
    shows_text: bool = False
    in_effect: tuple[tuple[str, str], ...] = ()
    node: str = ""
    ladders: LadderPolicy = field(default_factory=LadderPolicy)
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)


class _Writer(Protocol):
    """What writes behind."""

    def start(self) -> None: ...

    async def close(self) -> None: ...


class _Journal:
    """Fills the registrar's journal with the write-behind of bindings."""

    def __init__(self, writer: BindingWriter) -> None:
        self._writer = writer

    def changed(self, binding: Binding) -> None:
        self._writer.changed(binding)

    def removed(self, binding: Binding) -> None:
        self._writer.removed(binding.aor, binding)


class Server:
    """A running Trunkline. Make one with :meth:`start`, end it with :meth:`stop`."""

    def __init__(self, settings: ServerSettings, database: Database) -> None:
        loop = asyncio.get_running_loop()
        self.settings: Final = settings
        self.database: Final = database
        self.clock: Final = SystemClock()
        self.counts: Final = Counts()
        self.directory: Final = Directory()
        self._tokens = TokenSource()
        self.feed = DirectoryFeed(database, self.directory)
        self.binding_writer: Final = BindingWriter(database)
        self.cdr_writer: Final = CdrWriter(database, self.clock, settings.node)
        self.event_writer: Final = RegistrationEventWriter(database, refreshes=settings.record_refreshes)
        self.bindings: Final = BindingTable(_Journal(self.binding_writer))
        self.engine: Final = EmbeddedMediaEngine(_media_settings(settings), self._media_event, loop=loop)
        self.endpoint: Final = Endpoint(
            self._tokens, server_name=settings.calls.server_name, stateless_methods=STATELESS
        )
        nonces = NonceTable(
            secrets.token_bytes(32), started_at=self.clock.now(), expiry_s=settings.nonce_lifetime_s
        )
        self._secret_use_writer: Final = SecretUseWriter(database)
        self.secret_uses: Final = SecretUses(self._secret_use_writer.used)
        authenticator = Authenticator(
            self.directory,
            nonces,
            settings.authentication,
            is_registered=self.bindings.is_reached_at,
            secret_used=self.secret_uses.used,
        )
        self.events: Final = EventHub(self.clock)
        self.event_feed: Final = EventFeed(self.events, self.directory, CallLog(self.counts), self.cdr_writer)
        self._registration_log = RegistrationLog(self.counts, self.event_writer, self.clock)
        self.registrar: Final = Registrar(
            authenticator,
            self.bindings,
            settings.registrar,
            random.random,
            AdmissionBucket(settings.register_rate, settings.register_rate),
            self._registrar_event,
        )
        self._resolver: Resolver | None = None
        self._hops = _LateHops()
        self.exchange: Final = Exchange(
            endpoint=self.endpoint,
            engine=self.engine,
            hops=self._hops,
            directory=self.directory,
            authenticator=authenticator,
            location=self.bindings,
            journal=self.event_feed,
            observer=self.event_feed,
            clock=self.clock,
            tokens=self._tokens,
            random=random.random,
            settings=settings.calls,
        )
        self.capture: Final = capture_of(settings.ladders, self.clock)
        self.masking: Final = Masking(shows_text=settings.shows_text)
        trace = trace_of(self.capture, self.masking, written=settings.trace_sip)
        self.driver: Final = Driver(
            self.endpoint, self.registrar, self.exchange, self.clock, self.counts, trace
        )
        limits = EdgeLimits(idle_s=settings.registrar.max_expires_s + _IDLE_MARGIN_S)
        self.edge: Final = Edge(settings.listeners, self.driver, limits)
        self._nat: Final = NatKeeper(
            self.bindings, Pinger(self.exchange), self.driver.flow_closed, settings.nat_ping_s or 3600.0
        )
        self.webhooks: Final = LiveWebhooks(
            settings.webhooks, database, self.events, self.clock, settings.node
        )
        self.live: Final = LiveOperations(self)
        self.operations: Final = self.live.operations
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def start(cls, settings: ServerSettings) -> Self:
        """Build a server and let it serve. Raises StoreFault, ListenError or MediaEngineStartError."""
        database = await Database.open(settings.data_dir, settings.database_url)
        server = cls(settings, database)
        try:
            await server._start()
        except BaseException:
            await server.stop()
            raise
        return server

    @property
    def _writers(self) -> tuple[_Writer, ...]:
        return self.binding_writer, self.cdr_writer, self.event_writer, self._secret_use_writer

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """What is listened on, with the ports that were free where 0 was asked for."""
        return self.edge.listeners

    async def _start(self) -> None:
        loop = asyncio.get_running_loop()
        await self.feed.load()
        interrupted = await self.cdr_writer.interrupt_open_calls(self.clock.now())
        if interrupted:
            _log.warning("calls were interrupted by the last stop", calls=len(interrupted))
        await self.engine.start()
        await self.edge.start()
        self._resolver = Resolver.towards(self.edge.listeners)
        self._hops.located = LocatedHops(self.edge, self._resolver)
        self.driver.attach(self.edge, loop)
        await self._load_bindings()
        self.secret_uses.load(await load_secret_uses(self.database, MOST_SECRET_USES))
        for writer in self._writers:
            writer.start()
        self._tasks = [
            loop.create_task(self.feed.follow(self._directory_changed)),
            loop.create_task(self._expire_bindings()),
        ]
        await self.live.start()
        self.webhooks.own_ports.update(one.port for one in self.edge.listeners if one.transport != UDP)
        await self.webhooks.start()
        if self.settings.nat_ping_s:
            self._nat.keepalive.start()
        # What was loaded stays: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECTED_AT)
        self.driver.begin()

    async def _load_bindings(self) -> None:
        now = self.clock.now()
        by_text = {listener_text(listener): listener for listener in self.edge.listeners}
        loaded = await load_bindings(self.database, by_text, now)
        for binding in loaded:
            flow = binding.flow
            # On several networks, the listener as this device sees it.
            listener = self.edge.listener_at(flow.transport, flow.listener.port, flow.host)
            if listener is not None and listener is not flow.listener:
                binding.flow = Flow(listener, flow.host, flow.port)
        self.bindings.load(loaded, now)

    async def _expire_bindings(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self.registrar.expire(self.clock.now())

    def _media_event(self, event: MediaEvent) -> None:
        self.driver.media_event(event)

    def _registrar_event(self, event: RegistrarEvent) -> None:
        self._registration_log.heard(event)
        self.event_feed.heard(event)
        self._nat.heard(event)

    def _directory_changed(self, before: Noun | None, after: Noun | None) -> None:
        """A credential that is gone or switched off takes its registrations with it."""
        self.event_feed.changed(before, after)
        if isinstance(before, Credential) and (
            not isinstance(after, Credential) or not after.enabled or after.aor != before.aor
        ):
            self.registrar.unregister(before.aor)

    async def catch_up(self) -> None:
        """Bring what was committed until now into the directory, without waiting for the next look."""
        await self.feed.poll(self._directory_changed)
        await self.webhooks.catch_up()

    async def drain(self, limit_s: float) -> None:
        """Take no new calls and wait for the running ones, at most so long; then they get a BYE."""
        self.driver.switchboard.drain()
        await _wait_while(lambda: bool(self.exchange.calls), limit_s)
        if self.exchange.calls:
            _log.info("ending calls", calls=len(self.exchange.calls))
            self.driver.switchboard.end_all(EndCause.DRAINED)
            self.driver.settle()
            # The BYEs want to be answered, and repeated where they are lost.
            await _wait_while(lambda: bool(self.endpoint.live_transactions), 2.0)

    async def stop(self) -> None:
        """Stop everything, and leave nothing unwritten."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._nat.keepalive.stop()
        if self._resolver is not None:
            self._resolver.stop()
        await self.edge.stop()
        await self.engine.stop()
        await self.live.stop()
        self.bindings.tell_all()
        await self.webhooks.stop()
        for writer in self._writers:
            await writer.close()
        await self.database.close()


class _LateHops:
    """Next hops that are known once the listeners are bound."""

    def __init__(self) -> None:
        self.located: LocatedHops | None = None

    def find(self, uri: SipUri, done: Callable[[Sequence[Hop]], None]) -> None:
        if self.located is None:
            done([])
        else:
            self.located.find(uri, done)


async def _wait_while(condition: Callable[[], bool], limit_s: float) -> None:
    """Wait until a condition no longer holds, at most so long."""
    for _ in range(int(limit_s / _GLANCE_S)):
        if not condition():
            return
        await asyncio.sleep(_GLANCE_S)


def _media_settings(settings: ServerSettings) -> MediaSettings:
    first, last = settings.rtp_ports
    return MediaSettings(
        recordings_folder=settings.data_dir / "recordings",
        prompts_folder=settings.data_dir / "prompts",
        interfaces=settings.media_interfaces,
        port_min=first,
        port_max=last,
        silence_timeout_s=settings.rtp_silence_s,
    )
