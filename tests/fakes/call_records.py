"""Where calls leave their traces in a test: CDRs, refusals, faults."""

from __future__ import annotations

from trunkline.domain.cdr import Cdr
from trunkline.domain.rejection import Rejection
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
        self.ends: list[Cdr] = []
        self.faults: list[tuple[str, Exception]] = []

    def refused(self, rejection: Rejection, request: Request, flow: Flow) -> None:
        """See the port."""
        self.refusals.append(rejection)

    def ended(self, cdr: Cdr) -> None:
        """See the port."""
        self.ends.append(cdr)

    def failed(self, what: str, error: Exception) -> None:
        """See the port."""
        self.faults.append((what, error))
