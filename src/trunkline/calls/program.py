"""The contract of a call program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from trunkline.calls.events import CallEvent
from trunkline.calls.verbs import Verb


class Program(Protocol):
    """Decides a call's next step. Pure: it holds its own state and answers each event with verbs."""

    def handle(self, event: CallEvent) -> Sequence[Verb]:
        """What is to be done now; nothing when the event changes nothing."""
        ...
