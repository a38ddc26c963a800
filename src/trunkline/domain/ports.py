"""What the use cases ask of the outside besides media and provisioning: next hops, bindings, CDRs, tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from trunkline.domain.binding import Binding
from trunkline.domain.cdr import Cdr
from trunkline.sip.flow import Flow
from trunkline.sip.uri import SipUri

Tokens = Callable[[], str]
"""Gives an unguessable token of at least 64 bits made of ``[A-Za-z0-9]``: for tags, branches, ids."""

RandomNumber = Callable[[], float]
"""Gives a number in [0, 1): for jitter and weights, never for secrets."""


class Hop:
    """One place a request may be sent to: its flow, and a stream flow for it when it is too large for UDP."""

    def __init__(self, flow: Flow, alternative: Flow | None = None) -> None:
        self.flow = flow
        self.alternative = alternative


class NextHops(Protocol):
    """Locates SIP servers (RFC 3263)."""

    def find(self, uri: SipUri, done: Callable[[Sequence[Hop]], None]) -> None:
        """Find where requests for a URI go, best first; empty when it cannot be resolved.

        ``done`` may be called before this returns, when the host is an address.
        """
        ...


class LocationService(Protocol):
    """The bindings of addresses-of-record, in memory."""

    def lookup(self, aor: str, now: float) -> Sequence[Binding]:
        """The live bindings of an address-of-record (``composite@realm``), highest q first; empty when none."""
        ...


class CdrJournal(Protocol):
    """Takes call detail records; never waits and never fails its caller."""

    def opened(self, cdr: Cdr) -> None:
        """A call was answered: were the server to die, this is what is known of it."""
        ...

    def closed(self, cdr: Cdr) -> None:
        """A call attempt ended."""
        ...
