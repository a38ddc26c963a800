"""Whoever sent a request and waits for what becomes of it."""

from __future__ import annotations

from trunkline.sip.flow import Flow
from trunkline.sip.message import Response


class Requester:
    """Kept as the ``user`` of a client transaction."""

    def responded(self, response: Response, flow: Flow) -> None:
        """A provisional or final response came over a flow; the 2xx of an INVITE may come again."""
        raise NotImplementedError

    def gave_up(self, status: int) -> None:
        """No final response will come: 408 after silence, 503 when the request could not be sent."""
        raise NotImplementedError


class Change(Requester):
    """A change of a session that is under way; a leg has at most one."""

    def abandon(self) -> None:
        """A leg that takes part has ended: wait for nothing more."""
        raise NotImplementedError
