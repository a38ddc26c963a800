"""Next hops: targets that the resolver finds become flows of the listener that reaches them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trunkline.domain.ports import Hop
from trunkline.edge.edge import Edge
from trunkline.edge.resolver import Resolver
from trunkline.sip.flow import TCP, UDP, Flow
from trunkline.sip.grammar import parameter
from trunkline.sip.locating import Target
from trunkline.sip.uri import SipUri


class LocatedHops:
    """Fills :class:`~trunkline.domain.ports.NextHops` with RFC 3263 and the edge's listeners."""

    def __init__(self, edge: Edge, resolver: Resolver) -> None:
        self._edge = edge
        self._resolver = resolver

    def find(self, uri: SipUri, done: Callable[[Sequence[Hop]], None]) -> None:
        """See the port."""
        host = parameter(uri.parameters, "maddr") or uri.host
        self._resolver.resolve(
            host, uri.port, uri.transport, uri.is_secure, lambda targets: done(self._hops(targets))
        )

    def _hops(self, targets: Sequence[Target]) -> list[Hop]:
        hops: list[Hop] = []
        for target in targets:
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
