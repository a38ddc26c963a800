"""Registered devices: which there are now, what happened to one, and making the server forget it."""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass
from typing import Final

from trunkline.domain.binding import Binding
from trunkline.domain.clock import Clock
from trunkline.domain.registration_event import RegistrationEvent, RegistrationEventKind
from trunkline.operations.ownership import Owners, account_of_aor, normalised_aor
from trunkline.operations.pages import in_pieces, page_size
from trunkline.operations.ports import LiveBindings, RegistrationTimeline
from trunkline.operations.shown import shown

FLAP_WINDOW_S: Final = 86_400.0
FLAP_GAP_S: Final = 600.0
"""A device that is gone for no longer than this, and back, has flapped."""

_MOST_COUNTED: Final = 1_000
_DESCRIBED_AT_ONCE: Final = 50

_GONE: Final = frozenset({RegistrationEventKind.EXPIRED, RegistrationEventKind.UNREGISTERED})


@dataclass(frozen=True, slots=True)
class Registration:
    """A live binding. ``q`` is between 0 and 1; ``host`` and ``port`` are where the device's requests come from."""

    aor: str
    contact: str
    transport: str
    host: str
    port: int
    user_agent: str
    registered_at: float
    expires_at: float
    q: float
    instance: str
    reg_id: int
    path: tuple[str, ...]
    sip_call_id: str


@dataclass(frozen=True, slots=True)
class RegistrationPage:
    """Registrations in the order of their addresses; ``total`` counts the addresses-of-record that were searched for.

    ``after`` is where to go on, empty behind the last.
    """

    registrations: tuple[Registration, ...]
    after: str
    total: int


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One event of a registration. ``code`` is the rejection's where it was refused, else empty."""

    id: int
    event: RegistrationEvent

    @property
    def code(self) -> str:
        """The rejection's code; empty where nothing was refused."""
        if self.event.kind is not RegistrationEventKind.REFUSED:
            return ""
        return self.event.detail.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened to an address-of-record, the newest first.

    ``flaps`` counts over the last day how often a device came back within ten minutes of having gone, or moved to
    another address or contact. ``before`` is where to go on, 0 behind the last.
    """

    aor: str
    entries: tuple[TimelineEntry, ...]
    flaps: int
    refusals: int
    before: int


class Registrations:
    """See the module."""

    def __init__(
        self, bindings: LiveBindings, timeline: RegistrationTimeline, owners: Owners, clock: Clock
    ) -> None:
        self._bindings = bindings
        self._timeline = timeline
        self._owners = owners
        self._clock = clock

    async def page(
        self, account_id: int, *, search: str = "", after: str = "", limit: int = 50
    ) -> RegistrationPage:
        """Live bindings of an account, by address-of-record; all those of one address stand on one page.

        ``search`` is a piece of the address-of-record, the contact, the network address or the User-Agent, in any
        case; ``limit`` counts addresses-of-record.
        """
        size = page_size(limit)
        wanted, now = search.strip().lower(), self._clock.now()
        total = 0
        kept: list[str] = []
        async for aors in in_pieces(self._bindings.aors()):
            found = [aor for aor in aors if self._shows(account_id, aor, wanted, now)]
            total += len(found)
            kept = heapq.nsmallest(size + 1, kept + [aor for aor in found if aor > after])
        shown = kept[:size]
        await asyncio.sleep(0)
        registrations: list[Registration] = []
        async for some in in_pieces(shown, _DESCRIBED_AT_ONCE):
            registrations += [one for aor in some for one in self._live(aor, now)]
        return RegistrationPage(tuple(registrations), shown[-1] if len(kept) > size else "", total)

    async def count(self, account_id: int) -> int:
        """How many devices of an account are registered now."""
        now, count = self._clock.now(), 0
        async for aors in in_pieces(self._bindings.aors()):
            for aor in aors:
                if self._is_of(account_id, aor):
                    count += sum(one.expires_at > now for one in self._bindings.bindings_of(aor))
        return count

    def of(self, account_id: int, aor: str) -> tuple[Registration, ...]:
        """The live bindings of one address-of-record; empty when there are none, or it is another account's."""
        key = normalised_aor(aor)
        return self._live(key, self._clock.now()) if self._is_of(account_id, key) else ()

    async def timeline(self, account_id: int, aor: str, *, before: int = 0, limit: int = 100) -> Timeline:
        """What happened to an address-of-record; an empty timeline when it is another account's."""
        key = normalised_aor(aor)
        if not self._is_of(account_id, key):
            return Timeline(key, (), 0, 0, 0)
        size = page_size(limit)
        found = await self._timeline.events(aor=key, before=before, limit=size + 1)
        entries = tuple(TimelineEntry(number, event) for number, event in found[:size])
        since = self._clock.now() - FLAP_WINDOW_S
        counted = [event for _, event in await self._timeline.events(aor=key, limit=_MOST_COUNTED)]
        lately = [event for event in reversed(counted) if event.at >= since]
        refusals = sum(event.kind is RegistrationEventKind.REFUSED for event in lately)
        return Timeline(
            key, entries, count_flaps(lately), refusals, entries[-1].id if len(found) > size else 0
        )

    async def events(
        self,
        account_id: int,
        *,
        kind: RegistrationEventKind | None = None,
        before: int = 0,
        limit: int = 100,
    ) -> tuple[TimelineEntry, ...]:
        """What happened to all registrations of an account, the newest first; ``before`` is the id to go on from."""
        found = await self._timeline.events(
            account_id=account_id, kind=kind, before=before, limit=page_size(limit)
        )
        return tuple(TimelineEntry(number, event) for number, event in found)

    async def unregister(self, account_id: int, aor: str, *, contact: str = "") -> int:
        """Forget the devices of an address-of-record, or the one with this contact URI; returns how many.

        They are gone from memory at once, from disk within a second, and their connections are closed; a device
        may register anew. 0 when there was none, or it is another account's.
        """
        key = normalised_aor(aor)
        return len(self._bindings.unregister(key, contact)) if self._is_of(account_id, key) else 0

    def _is_of(self, account_id: int, aor: str) -> bool:
        return account_of_aor(self._owners, aor) == account_id

    def _shows(self, account_id: int, aor: str, wanted: str, now: float) -> bool:
        if not self._is_of(account_id, aor):
            return False
        live = [one for one in self._bindings.bindings_of(aor) if one.expires_at > now]
        return bool(live) and (not wanted or wanted in aor.lower() or any(_has(one, wanted) for one in live))

    def _live(self, aor: str, now: float) -> tuple[Registration, ...]:
        return tuple(_registration(one) for one in self._bindings.bindings_of(aor) if one.expires_at > now)


def count_flaps(events: list[RegistrationEvent]) -> int:
    """How often a device moved, or came back soon after it had gone; the oldest event comes first."""
    flaps = 0
    gone_at: float | None = None
    for event in events:
        if event.kind in _GONE:
            gone_at = event.at
        elif event.kind is RegistrationEventKind.MOVED:
            flaps += 1
        elif event.kind is RegistrationEventKind.REGISTERED:
            if gone_at is not None and event.at - gone_at <= FLAP_GAP_S:
                flaps += 1
            gone_at = None
    return flaps


def _has(binding: Binding, wanted: str) -> bool:
    flow = binding.flow
    return (
        wanted in binding.user_agent.lower()
        or wanted in f"{flow.host}:{flow.port}"
        or wanted in binding.uri.lower()
    )


def _registration(binding: Binding) -> Registration:
    flow = binding.flow
    return Registration(
        aor=binding.aor,
        contact=shown(binding.uri),
        transport=flow.transport,
        host=flow.host,
        port=flow.port,
        user_agent=shown(binding.user_agent),
        registered_at=binding.registered_at,
        expires_at=binding.expires_at,
        q=binding.q / 1000,
        instance=shown(binding.instance),
        reg_id=binding.reg_id,
        path=tuple(shown(one) for one in binding.path),
        sip_call_id=shown(binding.call_id),
    )
