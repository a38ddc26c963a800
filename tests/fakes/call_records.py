"""Where calls leave their traces in a test: CDRs, refusals, faults."""

from __future__ import annotations

from trunkline.domain.cdr import Cdr
from trunkline.domain.rejection import Rejection
from trunkline.domain.trunk import Trunk
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request


class CdrList:
    """A ``CdrJournal`` that keeps everything."""

    def __init__(self) -> None:
        self.answered: list[Cdr] = []
        self.ended: list[Cdr] = []

    def opened(self, cdr: Cdr) -> None:
        """See the port."""
        self.answered.append(cdr)

    def closed(self, cdr: Cdr) -> None:
        """See the port."""
        self.ended.append(cdr)


class RecordingObserver:
    """A ``CallObserver`` that keeps everything."""

    def __init__(self) -> None:
        self.refusals: list[Rejection] = []
        self.starts: list[Cdr] = []
        self.ends: list[Cdr] = []
        self.faults: list[tuple[str, Exception]] = []
        self.rests: list[tuple[str, str, float, str]] = []
        self.rests_ended: list[tuple[str, str, bool]] = []

    def refused(self, rejection: Rejection, request: Request, flow: Flow, call_id: str = "") -> None:
        """See the port."""
        self.refusals.append(rejection)

    def started(self, cdr: Cdr) -> None:
        """See the port."""
        self.starts.append(cdr)

    def ended(self, cdr: Cdr) -> None:
        """See the port."""
        self.ends.append(cdr)

    def failed(self, what: str, error: Exception) -> None:
        """See the port."""
        self.faults.append((what, error))

    def address_rests(self, trunk: Trunk, flow: Flow, seconds: float, why: str) -> None:
        """See the port."""
        self.rests.append((trunk.name, flow.host, seconds, why))

    def address_rests_no_more(self, trunk: Trunk, flow: Flow, *, has_answered: bool) -> None:
        """See the port."""
        self.rests_ended.append((trunk.name, flow.host, has_answered))
