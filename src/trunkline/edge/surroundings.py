"""What every part of the edge works with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from trunkline.edge.counters import Counters
from trunkline.edge.limits import EdgeLimits
from trunkline.edge.receiver import Receiver


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The event loop, who is above, what is counted and what is bounded."""

    loop: asyncio.AbstractEventLoop
    receiver: Receiver
    counters: Counters
    limits: EdgeLimits
