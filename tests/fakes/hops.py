"""Next hops by a table instead of DNS."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trunkline.domain.ports import Hop
from trunkline.sip.flow import Flow, Listener
from trunkline.sip.grammar import is_ip_address
from trunkline.sip.uri import SipUri


class FakeHops:
    """A ``NextHops``: an address leads to itself at once; a name to what ``names`` says, once :meth:`flush` is called.

    ``listeners`` are ours by transport. A name that is not in the table leads nowhere.
    """

    def __init__(self, listeners: dict[str, Listener]) -> None:
        self.listeners = listeners
        self.names: dict[str, list[tuple[str, int]]] = {}
        self.asked: list[str] = []
        self._waiting: list[tuple[Callable[[Sequence[Hop]], None], list[Hop]]] = []

    def find(self, uri: SipUri, done: Callable[[Sequence[Hop]], None]) -> None:
        """See the port."""
        self.asked.append(uri.text)
        listener = self.listeners.get(uri.transport or "udp")
        if is_ip_address(uri.host):
            done([Hop(Flow(listener, uri.host, uri.port or 5060))] if listener is not None else [])
            return
        addresses = self.names.get(uri.host, [])
        self._waiting.append(
            (done, [Hop(Flow(listener, *address)) for address in addresses] if listener else [])
        )

    @property
    def waiting(self) -> int:
        """How many questions were not answered yet."""
        return len(self._waiting)

    def flush(self) -> None:
        """Answer what was asked for."""
        waiting, self._waiting = self._waiting, []
        for done, hops in waiting:
            done(hops)
