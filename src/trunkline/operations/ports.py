"""What operations ask of the running server and of the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from trunkline.domain.binding import Binding
from trunkline.domain.cdr import Cdr
from trunkline.domain.cdr_search import CdrFilter, CdrPage
from trunkline.domain.media import MediaStatistics
from trunkline.domain.registration_event import RegistrationEvent, RegistrationEventKind


class LiveBindings(Protocol):
    """The bindings in the memory of the server."""

    def aors(self) -> list[str]:
        """Every address-of-record that has a binding; a new list."""
        ...

    def bindings_of(self, aor: str) -> list[Binding]:
        """The bindings of an address-of-record, some perhaps just over; a new list."""
        ...

    def unregister(self, aor: str, uri: str = "") -> list[Binding]:
        """Drop the bindings of an address-of-record, or only that of one contact URI, and close what they hold open.

        Memory forgets them now, the disk within a second. Returns those that were dropped.
        """
        ...


@dataclass(frozen=True, slots=True)
class LiveLeg:
    """One side of a running call.

    ``state`` is trying, ringing, answered or ended; ``address`` is ``transport:host:port`` of the party; ``party``
    the URI that was asked, or who called.
    """

    name: str
    is_caller: bool
    state: str
    sip_call_id: str
    address: str
    party: str
    trunk_id: int | None
    credential_id: int | None


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A running call: what its CDR would say now, its legs, and its RTP figures where they were asked for."""

    cdr: Cdr
    state: str
    legs: tuple[LiveLeg, ...]
    media: MediaStatistics | None = None

    @property
    def call_id(self) -> str:
        """Our id of the call."""
        return self.cdr.call_id


class LiveCalls(Protocol):
    """The calls in the memory of the server."""

    def ids(self, account_id: int) -> list[str]:
        """The ids of an account's calls, the oldest first; a new list."""
        ...

    def get(self, call_id: str) -> LiveCall | None:
        """A call without its RTP figures; None when it is not, or no longer, running."""
        ...

    async def media(self, call_id: str) -> MediaStatistics | None:
        """The RTP figures of a call so far; None when there are none."""
        ...

    def end(self, call_id: str) -> bool:
        """End a call with the cause *operator*; False when it is not running."""
        ...


class RegistrationTimeline(Protocol):
    """Registration events on disk."""

    async def events(
        self,
        *,
        account_id: int | None = None,
        aor: str = "",
        kind: RegistrationEventKind | None = None,
        before: int = 0,
        limit: int = 100,
    ) -> Sequence[tuple[int, RegistrationEvent]]:
        """Events with their ids, the newest first; ``before`` an id gives those that are older than it."""
        ...

    async def event(self, event_id: int) -> RegistrationEvent | None:
        """One event; None when it is gone."""
        ...


class CdrSearch(Protocol):
    """Call detail records on disk."""

    async def page(self, wanted: CdrFilter, *, after: str = "", limit: int = 50) -> CdrPage:
        """One page, the newest start first. Raises StoreFault when ``after`` is not what a page gave."""
        ...

    async def find(self, call_id: str) -> Cdr | None:
        """The record of a call; None when there is none."""
        ...
