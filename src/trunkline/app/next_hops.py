"""Next hops: targets that the resolver finds become flows of the listener that reaches them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from trunkline.domain.ports import Hop
from trunkline.domain.reach import Reach, reach_of
from trunkline.sip.flow import TCP, UDP, Flow, Listener
from trunkline.sip.grammar import parameter
from trunkline.sip.locating import Target, numeric_host
from trunkline.sip.uri import SipUri


class Resolving(Protocol):
    """The resolver, as far as it is asked here."""

    def resolve(
        self,
        uri_host: str,
        uri_port: int | None,
        transport: str | None,
        secure: bool,
        done: Callable[[list[Target]], None],
    ) -> None:
        """Call ``done`` with the targets of a URI."""
        ...


class Listening(Protocol):
    """The edge, as far as it is asked here."""

    def is_own_address(self, host: str, port: int) -> bool:
        """Whether a host and port are one of our listeners'."""
        ...

    def listener_for(self, transport: str, host: str) -> Listener | None:
        """Return the listener to reach a remote IP address from."""
        ...


class LocatedHops:
    """Fills :class:`~trunkline.domain.ports.NextHops` with RFC 3263 and the edge's listeners."""

    def __init__(self, edge: Listening, resolver: Resolving) -> None:
        self._edge = edge
        self._resolver = resolver

    def find(self, uri: SipUri, done: Callable[[Sequence[Hop]], None]) -> None:
        """See the port."""
        host = parameter(uri.parameters, "maddr") or uri.host
        # No name has a server on our link only, such as where a cloud tells its machines their secrets.
        least = Reach.MACHINE if numeric_host(host) is not None else Reach.NETWORK
        self._resolver.resolve(
            host, uri.port, uri.transport, uri.is_secure, lambda targets: done(self._hops(targets, least))
        )

    def _hops(self, targets: Sequence[Target], least: Reach) -> list[Hop]:
        hops: list[Hop] = []
        for target in targets:
            if not _is_reachable(target.host, least):
                continue
            flow = self._flow(target.transport, target)
            if flow is not None:
                alternative = self._flow(TCP, target) if target.transport == UDP else None
                hops.append(Hop(flow, alternative))
        return hops

    def _flow(self, transport: str, target: Target) -> Flow | None:
        """The flow to a target; None when no listener reaches it, or when it is a listener of ours.

        A call to ourselves would come back as another call, again and again.
        """
        if self._edge.is_own_address(target.host, target.port):
            return None
        listener = self._edge.listener_for(transport, target.host)
        return (
            Flow(listener, target.host, target.port, 0, target.server_name) if listener is not None else None
        )


def _is_reachable(host: str, least: Reach) -> bool:
    """Whether an address is that of one host, and of none that an answer of DNS must not lead to."""
    reach = reach_of(host)
    return reach >= least or reach is Reach.MACHINE
