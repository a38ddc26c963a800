"""Events: what happens now, told to whoever listens: live pages, webhooks, logs of other systems."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from trunkline.domain.clock import Clock
from trunkline.operations.shown import shown

BACKLOG: Final = 2_000
"""Events that are kept for listeners who were away for a moment; so many refusals are kept besides."""

QUEUE: Final = 1_000

JsonValue = str | int | float | bool | list["JsonValue"] | dict[str, "JsonValue"] | None


class EventKind(StrEnum):
    """What happened."""

    REGISTERED = "registered"
    MOVED = "moved"
    EXPIRED = "expired"
    UNREGISTERED = "unregistered"
    REFUSED = "refused"
    CALL_STARTED = "call-started"
    CALL_ANSWERED = "call-answered"
    CALL_ENDED = "call-ended"
    LIMIT_REACHED = "limit-reached"
    TRUNK_RESTING = "trunk-resting"
    PROVISIONED = "provisioned"


REFUSALS: Final = frozenset({EventKind.REFUSED, EventKind.LIMIT_REACHED})


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened at epoch seconds ``at``.

    ``id`` grows with each event, over restarts too. ``account_id`` is None for what belongs to no account.
    ``subject`` names what it happened to: an address-of-record, a call id, a trunk, ``noun:key``. ``data`` has the
    particulars, never a secret; what came by SIP in it is a stranger's text.
    """

    id: int
    at: float
    kind: EventKind
    account_id: int | None
    subject: str
    data: dict[str, JsonValue]


Listener = Callable[[Event], None]


class Subscription:
    """One listener's place at the hub. Close it when nobody listens any more.

    With a ``listener`` each event is given to it at once; without one, events wait here for :meth:`next`. ``missed``
    counts the events that were lost because too many waited.
    """

    def __init__(
        self, hub: EventHub, account_id: int | None, kinds: frozenset[str] | None, listener: Listener | None
    ) -> None:
        self._hub = hub
        self._account_id = account_id
        self._kinds = kinds
        self._listener = listener
        self._waiting: deque[Event] = deque()
        self._bell: asyncio.Event | None = None
        self.missed = 0
        self.is_closed = False

    @property
    def waits(self) -> bool:
        """Whether events are fetched by :meth:`next` and not given to a listener."""
        return self._listener is None

    def wants(self, event: Event) -> bool:
        """Whether an event is for this listener."""
        return (self._account_id is None or event.account_id == self._account_id) and (
            self._kinds is None or event.kind in self._kinds
        )

    def take(self, event: Event) -> None:
        """Take an event that is wanted; never waits."""
        if self._listener is not None:
            self._listener(event)
            return
        if len(self._waiting) >= self._hub.queue:
            self._waiting.popleft()
            self.missed += 1
        self._waiting.append(event)
        if self._bell is not None:
            self._bell.set()

    async def next(self, limit_s: float | None = None) -> Event | None:
        """The next event, waited for at most so long; None when there was none, or the subscription is closed."""
        if not self._waiting and not self.is_closed:
            self._bell = asyncio.Event()
            try:
                await asyncio.wait_for(self._bell.wait(), limit_s)
            except TimeoutError:
                return None
            finally:
                self._bell = None
        return self._waiting.popleft() if self._waiting else None

    def close(self) -> None:
        """Hear nothing more; who waits in :meth:`next` is let go."""
        self.is_closed = True
        self._hub.forget(self)
        if self._bell is not None:
            self._bell.set()


class EventHub:
    """Passes events on to those who subscribed. All of it happens on the event loop's thread.

    ``queue`` is how many events may wait for one listener; the oldest gives way.
    """

    def __init__(self, clock: Clock, queue: int = QUEUE) -> None:
        self._clock = clock
        self.queue: Final = queue
        self._last_id = int(clock.now() * 1000)
        self._backlog: deque[Event] = deque(maxlen=BACKLOG)
        self._refusals: deque[Event] = deque(maxlen=BACKLOG)
        self._subscriptions: list[Subscription] = []
        self.failures = 0

    @property
    def last_id(self) -> int:
        """The id of the last event; what is read now shows all that happened up to it."""
        return self._last_id

    def publish(
        self,
        kind: EventKind,
        subject: str,
        account_id: int | None = None,
        data: dict[str, JsonValue] | None = None,
    ) -> Event:
        """Tell everybody who wants to know. A listener that fails harms nobody else; it is counted."""
        self._last_id += 1
        told: dict[str, JsonValue] = {
            name: shown(value) if isinstance(value, str) else value for name, value in (data or {}).items()
        }
        event = Event(self._last_id, self._clock.now(), kind, account_id, shown(subject), told)
        (self._refusals if kind in REFUSALS else self._backlog).append(event)
        for subscription in tuple(self._subscriptions):
            if subscription.wants(event):
                try:
                    subscription.take(event)
                except Exception:  # noqa: BLE001 - the boundary: a listener's bug is its own
                    self.failures += 1
        return event

    def subscribe(
        self,
        listener: Listener | None = None,
        *,
        account_id: int | None = None,
        kinds: frozenset[str] | None = None,
        after_id: int | None = None,
    ) -> Subscription:
        """Listen from now on, or from behind an event that was seen before (``after_id``) as far as it is kept.

        ``account_id`` None hears all accounts: for the installation's own parts only.
        """
        subscription = Subscription(self, account_id, kinds, listener)
        if after_id is not None:
            for event in heapq.merge(self._backlog, self._refusals, key=_id):
                if event.id > after_id and subscription.wants(event):
                    subscription.take(event)
        self._subscriptions.append(subscription)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        """Tell a subscription nothing more."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def let_go(self) -> None:
        """Close the subscriptions of those who wait for events: the server stops. Listeners go on hearing."""
        for subscription in tuple(self._subscriptions):
            if subscription.waits:
                subscription.close()

    def recent(
        self, account_id: int, *, kinds: frozenset[str] | None = None, limit: int = 50
    ) -> tuple[Event, ...]:
        """The newest kept events of an account, the newest first."""
        found: list[Event] = []
        is_refusals = kinds is not None and kinds <= REFUSALS
        kept = self._refusals_of(account_id) if is_refusals else self._of(account_id)
        for event in kept:
            if kinds is None or event.kind in kinds:
                found.append(event)
                if len(found) >= limit:
                    break
        return tuple(found)

    def find(self, account_id: int, event_id: int) -> Event | None:
        """A kept event of an account; None when it is gone, or somebody else's."""
        return next((event for event in self._of(account_id) if event.id == event_id), None)

    def _refusals_of(self, account_id: int) -> Iterator[Event]:
        return (event for event in reversed(self._refusals) if event.account_id == account_id)

    def _of(self, account_id: int) -> Iterator[Event]:
        kept = heapq.merge(reversed(self._backlog), reversed(self._refusals), key=_id, reverse=True)
        return (event for event in kept if event.account_id == account_id)


def _id(event: Event) -> int:
    return event.id
