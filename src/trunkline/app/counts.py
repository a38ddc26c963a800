"""What the server counts for its metrics besides what the edge and the endpoint count themselves."""

from __future__ import annotations


class Counts:
    """Plain numbers that only grow, by status, rejection code, or reason."""

    def __init__(self) -> None:
        self.registers: dict[int, int] = {}
        self.refusals: dict[str, int] = {}
        self.malformed: dict[str, int] = {}
        self.calls_ended: dict[str, int] = {}
        self.registration_events: dict[str, int] = {}
        self.address_rests: dict[str, int] = {}
        self.faults = 0
        self.http_outages = 0
        self.answered_seconds = 0.0
