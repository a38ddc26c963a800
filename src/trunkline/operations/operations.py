"""The facade: everything an operator can see and do, in one object that pages, APIs and commands share."""

from __future__ import annotations

from typing import Final

from trunkline.operations.calls import Calls
from trunkline.operations.cdrs import Cdrs
from trunkline.operations.events import EventHub
from trunkline.operations.ladders import Ladders
from trunkline.operations.registrations import Registrations


class Operations:
    """Each attribute is one subject; each of its methods takes the account it works for, and shows no other's things."""

    def __init__(
        self, *, registrations: Registrations, calls: Calls, cdrs: Cdrs, ladders: Ladders, events: EventHub
    ) -> None:
        self.registrations: Final = registrations
        self.calls: Final = calls
        self.cdrs: Final = cdrs
        self.ladders: Final = ladders
        self.events: Final = events
